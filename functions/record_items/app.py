"""The state RecordItems: book the items of a chunk. See workflow/record_items.py."""

from pleo_export.services.events import ChunkRun
from pleo_export.services.handler import state
from pleo_export.workflow.record_items import record_items

handler = state(ChunkRun, record_items)
