"""Every five minutes: wake all connected companies. See workflow/poll.py."""

from pleo_export.workflow.entry import our_errors
from pleo_export.workflow.poll import poll
from pleo_export.workflow.runtime import Runtime

runtime = Runtime()


def handler(_event, context):
    runtime.invocation = context
    with our_errors():
        return {"companies": poll(runtime)}
