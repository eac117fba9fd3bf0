"""POST /webhooks/pleo/{companyId}: Pleo says that something happened. See workflow/receive_webhook.py."""

from pleo_export.services.api_request import ApiRequest
from pleo_export.services.handler import api_handler
from pleo_export.services.services import Services
from pleo_export.workflow.receive_webhook import receive_webhook
from pleo_export.workflow.webhook_request import RequestRefused, read_request


@api_handler
def handler(event: ApiRequest, services: Services) -> dict[str, int]:
    try:
        request = read_request(event)
    except RequestRefused as refused:
        return {"statusCode": refused.status}
    return {"statusCode": receive_webhook(request, services)}
