"""Every five minutes: wake all connected companies. See workflow/poll.py."""

from pleo_export.services.handler import error_boundary
from pleo_export.services.services import Services
from pleo_export.workflow.poll import poll

services = Services()


def handler(_event, context):
    services.invocation = context
    with error_boundary():
        return {"companies": poll(services)}
