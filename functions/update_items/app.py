"""The state UpdateItems: report a recorded chunk to Pleo. See workflow/update_items.py."""

from pleo_export.services.events import ChunkRun
from pleo_export.services.handler import state
from pleo_export.workflow.update_items import update_items

handler = state(ChunkRun, update_items)
