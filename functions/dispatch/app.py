"""A wake-up from the queue, one per invocation: start the company's oldest job. See workflow/dispatch.py."""

from pleo_export.services.events import WakeUp
from pleo_export.services.handler import queue_handler
from pleo_export.services.services import Services
from pleo_export.workflow.dispatch import dispatch


@queue_handler(WakeUp)
def handler(wake_up: WakeUp, services: Services) -> dict[str, str]:
    return {"outcome": dispatch(wake_up, services)}
