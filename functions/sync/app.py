"""A request of the sync queue, one per invocation: keep a company's lists in step. See workflow/run_sync.py."""

from pleo_export.services.handler import queue_handler
from pleo_export.services.messages import SyncRequest
from pleo_export.services.services import Services
from pleo_export.workflow.run_sync import run_sync


@queue_handler(SyncRequest)
def handler(request: SyncRequest, services: Services) -> dict[str, str]:
    return {"outcome": run_sync(request, services)}
