"""The state FetchItems: fetch what is to be booked, in chunks. See workflow/fetch_items.py."""

from pleo_export.services.handler import state_handler
from pleo_export.workflow.fetch_items import FetchItemsInput, fetch_items

handler = state_handler(FetchItemsInput, fetch_items)
