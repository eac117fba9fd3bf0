"""A wake-up from the queue, one per invocation: start the company's oldest job. See workflow/dispatch.py."""

from pleo_export.services.handler import queue_handler
from pleo_export.services.messages import WakeUpEvent
from pleo_export.services.services import Services
from pleo_export.services.wake_up import WakeUp
from pleo_export.workflow.dispatch import dispatch


@queue_handler(WakeUpEvent)
def handler(event: WakeUpEvent, services: Services) -> dict[str, str]:
    return {"outcome": dispatch(WakeUp(event.company_id, event.reason), services)}
