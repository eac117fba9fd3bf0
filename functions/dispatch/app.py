"""A wake-up from the queue, one per invocation: start the company's oldest job. See workflow/dispatch.py."""

from pleo_export.services.events import WakeUp
from pleo_export.services.handler import our_errors, parse
from pleo_export.services.services import Runtime
from pleo_export.workflow.dispatch import dispatch

services = Runtime()


def handler(event, context):
    services.invocation = context
    (record,) = event["Records"]
    wake_up = parse(WakeUp, record["body"])
    with our_errors(company_id=wake_up.company_id, wake_up=wake_up.reason):
        return {"outcome": dispatch(wake_up, services)}
