"""At night: reconcile the bills and payments that people have posted. See workflow/reconcile_drafts.py."""

from pleo_export.services.handler import schedule_handler
from pleo_export.workflow.reconcile_drafts import reconcile_drafts

handler = schedule_handler(reconcile_drafts)
