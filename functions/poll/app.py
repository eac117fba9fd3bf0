"""Every five minutes: wake all connected companies. See workflow/poll.py."""

from pleo_export.services.handler import our_errors
from pleo_export.services.services import Runtime
from pleo_export.workflow.poll import poll

services = Runtime()


def handler(_event, context):
    services.invocation = context
    with our_errors():
        return {"companies": poll(services)}
