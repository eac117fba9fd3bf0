"""GET /oauth/{provider}/connect/{invitation}: a person opens the link that they were sent. See
authorisation/authorise.py."""

from typing import Any

from pleo_export.authorisation.authorise import start_authorisation
from pleo_export.authorisation.pages import as_page
from pleo_export.services.api_request import ApiRequest
from pleo_export.services.handler import api_handler
from pleo_export.services.services import Services


@api_handler
def handler(event: ApiRequest, services: Services) -> dict[str, Any]:
    path = event["pathParameters"]
    return as_page(lambda: start_authorisation(path["provider"], path["invitation"], services))
