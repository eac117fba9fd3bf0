"""POST /webhooks/pleo/{companyId}: Pleo says that something happened. See workflow/receive_webhook.py."""

from pleo_export.services.handler import our_errors
from pleo_export.services.services import Runtime
from pleo_export.workflow.receive_webhook import receive_webhook
from pleo_export.workflow.webhook_request import RequestRefused, read_request

services = Runtime()


def handler(event, _context):
    try:
        request = read_request(event)
    except RequestRefused as refused:
        return {"statusCode": refused.status}
    with our_errors(company_id=request.company_id):
        return {"statusCode": receive_webhook(request, services)}
