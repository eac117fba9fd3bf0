"""A notification of what a night's check has found that the night before did not know. It names codes and places, no
person, name or amount. One that fails changes nothing: `doctor` and the report tell of the findings all the same."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from pleo_export.observability import count, logger
from pleo_export.services.notifications import Notification
from pleo_export.services.services import Services
from pleo_export.store.mapping_health import KeptFinding

EVENT_TYPE = "mapping.findings"
MOST_TOLD = 20  # findings of one message; SNS takes 256 KB, and people read less


def notify_of_findings(company_id: str, new: Sequence[KeptFinding], number: int, services: Services) -> None:
    """Tell whoever is to be told of the new findings; `number` counts all of the company. Raises nothing."""
    try:
        notifiers, told = services.notifiers, _notification(company_id, new, number, services)
    except Exception as error:
        _failed("none", error)
        return
    for notifier in notifiers:
        try:
            notifier.send(told)
        except Exception as error:
            _failed(notifier.channel, error)
        else:
            count("NotificationsSent", channel=notifier.channel)
            logger.info("notification sent", extra={"channel": notifier.channel})


def _failed(channel: str, error: Exception) -> None:
    count("NotificationsFailed")
    logger.error("notification not sent", extra={"channel": channel, "error": type(error).__name__})


def _notification(company_id: str, new: Sequence[KeptFinding], number: int, services: Services) -> Notification:
    now = services.clock()
    shown = new[:MOST_TOLD]
    more = [f"and {len(new) - len(shown)} more"] if len(new) > len(shown) else []
    lines = [
        f"The nightly check of the Pleo company {company_id} has found what exports will fail for.",
        "",
        *(f"- {each.told} ({each.who})" for each in shown),
        *more,
        "",
        f"All that is to be put right ({number}): pleo-export doctor {company_id}",
    ]
    return Notification(
        id=f"mapping_{company_id}_{now:%Y%m%d}_{_hash(new)}",
        at=now,
        type=EVENT_TYPE,
        subject=f"Pleo export: {len(new)} thing{'' if len(new) == 1 else 's'} to put right before exports fail",
        text="\n".join(lines),
        data={
            "companyId": company_id,
            "findings": number,
            "newFindings": [{"finding": each.code, "told": each.told, "whoCanFix": each.who} for each in shown],
            "moreNewFindings": len(new) - len(shown),
        },
    )


def _hash(new: Sequence[KeptFinding]) -> str:
    """Return what tells one set of findings from another of the same day."""
    return sha256("\n".join(sorted(each.key for each in new)).encode()).hexdigest()[:12]
