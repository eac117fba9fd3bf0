"""POST /webhooks/pleo/{companyId}: Pleo says that something happened. See workflow/receive_webhook.py."""

import base64

from pleo_export.workflow.entry import our_errors
from pleo_export.workflow.receive_webhook import receive_webhook
from pleo_export.workflow.runtime import Runtime

runtime = Runtime()


def handler(event, _context):
    company_id = event["pathParameters"]["companyId"].lower()
    body = event.get("body") or ""
    # The signature covers the raw bytes; API Gateway hands binary bodies over in base64.
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    with our_errors(company_id=company_id):
        return {"statusCode": receive_webhook(company_id, event["headers"], raw, runtime)}
