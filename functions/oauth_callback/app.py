"""GET /oauth/pleo/callback: Pleo sends the person back, with a code. See authorisation/authorise.py."""

from pleo_export.authorisation.authorise import finish
from pleo_export.authorisation.pages import kept_by_browser, shown
from pleo_export.services.services import Runtime

services = Runtime()


def handler(event, _context):
    answer = event.get("queryStringParameters") or {}
    return shown(lambda: finish(answer, kept_by_browser(event), services))
