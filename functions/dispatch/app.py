"""A wake-up from the queue, one per invocation: start the company's oldest job. See workflow/dispatch.py."""

from pleo_export.services.events import WakeUp
from pleo_export.services.handler import error_boundary, parse_event
from pleo_export.services.services import Services
from pleo_export.workflow.dispatch import dispatch

services = Services()


def handler(event, context):
    services.invocation = context
    (record,) = event["Records"]
    wake_up = parse_event(WakeUp, record["body"])
    with error_boundary(company_id=wake_up.company_id, wake_up=wake_up.reason):
        return {"outcome": dispatch(wake_up, services)}
