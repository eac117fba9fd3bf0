"""GET /oauth/pleo/connect/{invitation}: a person opens the link that they were sent. See authorisation/authorise.py."""

from pleo_export.authorisation.authorise import start_authorisation
from pleo_export.authorisation.pages import as_page
from pleo_export.services.services import Services

services = Services()


def handler(event, _context):
    return as_page(lambda: start_authorisation(event["pathParameters"]["invitation"], services))
