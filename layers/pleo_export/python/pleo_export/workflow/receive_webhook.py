"""The webhook: check the signature on the raw body, leave a wake-up, answer at once (R-1.11).

| Delivery                                   | Answer | Queued |
|--------------------------------------------|--------|--------|
| company in the address not connected       | 401    | no     |
| signature missing, wrong or stale          | 401    | no     |
| signed, not JSON or an unknown event       | 202    | no     |
| signed, for a company that is not connected| 202    | no     |
| signed, an export job was created          | 202    | yes    |

A correctly signed event never gets a 4xx: Pleo may fail jobs whose webhook it cannot deliver (open question 20).
"""

from __future__ import annotations

from collections.abc import Mapping

from pleo_export.observability import logger
from pleo_export.pleo.webhook import Ignored, SignatureInvalid, parse_event, verify
from pleo_export.workflow.events import WakeUp
from pleo_export.workflow.runtime import Runtime

ACCEPTED = 202
UNAUTHORIZED = 401


def receive_webhook(company_id: str, headers: Mapping[str, str], body: bytes, runtime: Runtime) -> int:
    """The HTTP status to answer. `company_id` is the one in the subscription's address: it names the secret."""
    secret_arn = runtime.connections.secret_arn(company_id)
    if secret_arn is None:
        logger.warning("webhook refused: company not connected", extra={"company_id": company_id})
        return UNAUTHORIZED
    try:
        verify(runtime.secrets.get(secret_arn).webhook_secrets, headers, body, runtime.clock())
    except SignatureInvalid as error:
        logger.warning("webhook refused", extra={"company_id": company_id, "reason": str(error)})
        return UNAUTHORIZED
    event = parse_event(body)
    if isinstance(event, Ignored):
        logger.warning("webhook ignored", extra={"company_id": company_id, "reason": event.reason})
        return ACCEPTED
    if event.company_id != company_id and runtime.connections.secret_arn(event.company_id) is None:
        logger.warning("webhook ignored: company not connected", extra={"company_id": event.company_id})
        return ACCEPTED
    # The delivery's id stays the same over Pleo's retries of one message: the queue drops the duplicates.
    runtime.wake_ups.send(WakeUp(company_id=event.company_id, reason="webhook"), once_per=f"webhook-{event.event_id}")
    logger.info("webhook queued", extra={"company_id": event.company_id, "job_id": event.job_id})
    return ACCEPTED
