"""The state UpdateItems: report a recorded chunk to Pleo. See workflow/update_items.py."""

from pleo_export.services.events import ChunkInput
from pleo_export.services.handler import state_handler
from pleo_export.workflow.update_items import update_items

handler = state_handler(ChunkInput, update_items)
