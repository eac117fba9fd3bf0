"""GET /oauth/{provider}/callback: Pleo or an accounting system sends the person back, with a code. See
authorisation/authorise.py."""

from typing import Any

from pleo_export.authorisation.authorise import handle_callback
from pleo_export.authorisation.pages import as_page, browser_secret_from
from pleo_export.services.api_request import ApiRequest
from pleo_export.services.handler import api_handler
from pleo_export.services.services import Services


@api_handler
def handler(event: ApiRequest, services: Services) -> dict[str, Any]:
    provider, query = event["pathParameters"]["provider"], event.get("queryStringParameters") or {}
    return as_page(lambda: handle_callback(provider, query, browser_secret_from(event), services))
