"""GET /oauth/pleo/connect/{invitation}: a person opens the link that they were sent. See workflow/authorise.py."""

from pleo_export.workflow.authorise import begin
from pleo_export.workflow.pages import shown
from pleo_export.workflow.runtime import Runtime

runtime = Runtime()


def handler(event, _context):
    return shown(lambda: begin(event["pathParameters"]["invitation"], runtime))
