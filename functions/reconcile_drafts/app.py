"""At night: reconcile the bills and payments that people have posted. See workflow/reconcile_drafts.py."""

from pleo_export.services.handler import error_boundary
from pleo_export.services.services import Services
from pleo_export.workflow.reconcile_drafts import reconcile_drafts

services = Services()


def handler(_event, context):
    services.invocation = context
    with error_boundary():
        return reconcile_drafts(services)
