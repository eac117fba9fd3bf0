"""Every five minutes: wake all connected companies. See workflow/poll.py."""

from pleo_export.services.handler import schedule_handler
from pleo_export.services.services import Services
from pleo_export.workflow.poll import poll


@schedule_handler
def handler(services: Services) -> dict[str, int]:
    return {"companies": poll(services)}
