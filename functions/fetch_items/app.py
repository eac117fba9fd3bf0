"""The state FetchItems: what is to be booked, in chunks. See workflow/fetch_items.py."""

from pleo_export.services.handler import state
from pleo_export.workflow.fetch_items import FetchRun, fetch_items

handler = state(FetchRun, fetch_items)
