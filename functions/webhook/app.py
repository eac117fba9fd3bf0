"""POST /webhooks/pleo/{companyId}: Pleo says that something happened. See workflow/receive_webhook.py."""

import base64

from pleo_export.errors import InvalidSettings
from pleo_export.workflow.entry import our_errors, parse
from pleo_export.workflow.events import Address
from pleo_export.workflow.receive_webhook import UNAUTHORIZED, receive_webhook
from pleo_export.workflow.runtime import Runtime

runtime = Runtime()


def handler(event, _context):
    try:
        company_id = parse(Address, event.get("pathParameters") or {}).company_id
    except InvalidSettings:  # an address that we never gave to Pleo
        return {"statusCode": UNAUTHORIZED}
    body = event.get("body") or ""
    # The signature covers the raw bytes; API Gateway hands binary bodies over in base64.
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    with our_errors(company_id=company_id):
        return {"statusCode": receive_webhook(company_id, event["headers"], raw, runtime)}
