"""At night: reconcile the bills and payments that people have posted. See workflow/reconcile_drafts.py."""

from pleo_export.services.handler import our_errors
from pleo_export.services.services import Runtime
from pleo_export.workflow.reconcile_drafts import reconcile_drafts

services = Runtime()


def handler(_event, context):
    services.invocation = context
    with our_errors():
        return reconcile_drafts(services)
