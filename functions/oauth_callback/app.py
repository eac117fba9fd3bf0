"""GET /oauth/pleo/callback: Pleo sends the person back, with a code. See authorisation/authorise.py."""

from pleo_export.authorisation.authorise import handle_callback
from pleo_export.authorisation.pages import browser_secret_from, as_page
from pleo_export.services.services import Services

services = Services()


def handler(event, _context):
    answer = event.get("queryStringParameters") or {}
    return as_page(lambda: handle_callback(answer, browser_secret_from(event), services))
