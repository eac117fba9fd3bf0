"""GET /oauth/pleo/connect/{invitation}: a person opens the link that they were sent. See authorisation/authorise.py."""

from pleo_export.authorisation.authorise import begin
from pleo_export.authorisation.pages import shown
from pleo_export.services.services import Runtime

services = Runtime()


def handler(event, _context):
    return shown(lambda: begin(event["pathParameters"]["invitation"], services))
