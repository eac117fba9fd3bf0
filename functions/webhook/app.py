"""POST /webhooks/pleo/{companyId}: Pleo says that something happened. See workflow/receive_webhook.py."""

from pleo_export.services.handler import error_boundary
from pleo_export.services.services import Services
from pleo_export.workflow.receive_webhook import receive_webhook
from pleo_export.workflow.webhook_request import RequestRefused, read_request

services = Services()


def handler(event, _context):
    try:
        request = read_request(event)
    except RequestRefused as refused:
        return {"statusCode": refused.status}
    with error_boundary(company_id=request.company_id):
        return {"statusCode": receive_webhook(request, services)}
