"""The state RecordItems: book the items of a chunk. See workflow/record_items.py."""

from pleo_export.services.events import ChunkInput
from pleo_export.services.handler import state_handler
from pleo_export.workflow.record_items import record_items

handler = state_handler(ChunkInput, record_items)
