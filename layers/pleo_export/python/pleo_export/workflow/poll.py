"""The scheduled poll: wake every connected company. The same code as a webhook, with another trigger (R-1.1)."""

from __future__ import annotations

from pleo_export.observability import logger
from pleo_export.workflow.events import WakeUp
from pleo_export.workflow.runtime import Runtime


def poll(runtime: Runtime) -> int:
    """Returns how many companies were woken."""
    minute = runtime.clock().strftime("%Y%m%dT%H%M")
    woken = list(runtime.connections.company_ids())
    for company_id in woken:
        runtime.wake_ups.send(WakeUp(company_id=company_id, reason="poll"), once_per=f"poll-{minute}-{company_id}")
    logger.info("poll", extra={"companies": len(woken)})
    return len(woken)
