"""Every five minutes: ask for the syncs of the companies whose time it is. See workflow/schedule_syncs.py."""

from pleo_export.services.handler import schedule_handler
from pleo_export.services.services import Services
from pleo_export.workflow.schedule_syncs import schedule_syncs


@schedule_handler
def handler(services: Services) -> dict[str, int]:
    return {"companies": schedule_syncs(services)}
