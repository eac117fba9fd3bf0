"""Receive a webhook: authenticate it as Pleo's, queue a wake-up, answer at once (R-1.11).

| Delivery                                            | Answer        | Queued |
|-----------------------------------------------------|---------------|--------|
| body or headers too large                           | 413, 431      | no     |
| company in the address not connected                | 401           | no     |
| credential missing, wrong or stale                  | 401           | no     |
| authentic, not JSON or an unknown event             | 202           | no     |
| authentic, names another company than the address   | 202           | no     |
| authentic, an export job of the company was created | 202           | yes    |
| authentic, a vendor of the company was created      | 202           | a sync |
| authentic, but AWS does not answer                  | 5xx, by error | later  |

An authentic event never gets a 4xx: Pleo may fail jobs whose webhook it cannot deliver (open question 20). A 5xx makes
Pleo deliver it again. One company's secret opens that company's address and wakes that company, no other.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pleo_export.observability import logger
from pleo_export.pleo.webhook_authentication import NotFromPleo, WebhookAuthentication, authenticate
from pleo_export.pleo.webhook_event import Ignored, VendorCreated, parse_event
from pleo_export.services.services import Services
from pleo_export.services.wake_up import WakeUp
from pleo_export.workflow.webhook_request import UNAUTHORIZED, WebhookRequest

if TYPE_CHECKING:
    from pleo_export.services.messages import SyncRequest
    from pleo_export.store.secrets import ConnectionSecrets

ACCEPTED = 202
RECHECK_SECONDS = 5  # a refused delivery is checked once more against secrets no older: one may just have been replaced


def receive_webhook(request: WebhookRequest, services: Services) -> int:
    """Return the HTTP status to answer. Raises TryAgain and what else AWS's faults become."""
    logger.append_keys(company_id=request.company_id)
    try:
        message_id = _authenticate(request, services)
    except NotFromPleo as error:
        logger.warning("webhook refused", extra={"reason": error.reason})
        return UNAUTHORIZED
    event = parse_event(request.body)
    if isinstance(event, Ignored):
        logger.warning("webhook ignored", extra={"reason": event.reason})
        return ACCEPTED
    if event.company_id != request.company_id:
        logger.warning("webhook ignored: it names another company", extra={"named": event.company_id})
        return ACCEPTED
    once_per = _message(request, message_id)
    if isinstance(event, VendorCreated):
        services.sync_queue.send(_sync_of(event), once_per=once_per)
        logger.info("webhook queued", extra={"vendor_id": event.vendor_id})
    else:
        services.wake_ups.send(WakeUp(company_id=request.company_id, reason="webhook"), once_per=once_per)
        logger.info("webhook queued", extra={"job_id": event.job_id})
    return ACCEPTED


def _sync_of(created: VendorCreated) -> SyncRequest:
    # Only here: an export's webhook starts without pydantic.
    from pleo_export.accounting.ledger_list import LedgerList  # noqa: PLC0415
    from pleo_export.services.messages import SyncRequest  # noqa: PLC0415

    return SyncRequest(
        company_id=created.company_id,
        lists=(LedgerList.VENDORS,),
        run_id=f"vendor-{created.vendor_id}",
        reason="vendor_created",
        vendor_id=created.vendor_id,
    )


def _authenticate(request: WebhookRequest, services: Services) -> str:
    """Return the delivery's `webhook-id`, or "". Raises NotFromPleo."""
    access = services.connections.webhook_access(request.company_id)
    if access is None:
        raise NotFromPleo("company not connected")
    secret_arn, method = access
    known = services.secrets.get(secret_arn)
    try:
        return _check(request, method, known, services)
    except NotFromPleo:
        newer = services.secrets.get(secret_arn, RECHECK_SECONDS)
        if newer == known:
            raise
        return _check(request, method, newer, services)


def _check(
    request: WebhookRequest, method: WebhookAuthentication, secrets: ConnectionSecrets, services: Services
) -> str:
    return authenticate(method, secrets.webhook_credentials(method), request.headers, request.body, services.clock())


def _message(request: WebhookRequest, message_id: str) -> str:
    """Name one message of Pleo's over all its retries, so that the queue drops the duplicates.

    A hash, since the queue takes 128 characters of its own alphabet. With the company in it, since the queue compares
    over all companies, and one company's ids must not drop another's wake-up.
    """
    message = (request.company_id.encode(), message_id.encode() or request.body)
    return f"webhook-{hashlib.sha256(b'.'.join(message)).hexdigest()}"
