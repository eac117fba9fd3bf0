"""The scheduled poll: wake every connected company, as a webhook wakes one (R-1.1).

One that is paused is woken too: dispatch starts nothing for it, but keeps its grants alive.

A poll that has no time for all leaves the rest to the next one, which goes on behind the last company that was woken:
so many companies are polled less often, and each is polled.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from pleo_export.errors import JobFailure, TryAgain
from pleo_export.failures.job import OVERLOADED
from pleo_export.observability import logger, measure
from pleo_export.services.company_queue import BATCH
from pleo_export.services.services import Services
from pleo_export.services.wake_up import WakeUp

RESERVE = timedelta(seconds=10)  # of the function's time: for one more batch, and for noting how far we came


def poll(services: Services) -> int:
    """Return how many companies were woken. Raises TryAgain when the queue has not taken all wake-ups; the others are
    sent all the same."""
    minute = services.clock().strftime("%Y%m%dT%H%M")
    begin_after = services.polls.stopped_after()
    woken = refused = 0
    for batch in _batches(services, begin_after):
        wake_ups = {f"poll-{minute}-{each}": WakeUp(company_id=each, reason="poll") for each in batch}
        refused += services.wake_ups.send_batch(wake_ups)
        woken += len(batch)
        if services.time_left() < RESERVE:
            services.polls.stop_after(batch[-1])
            logger.warning("poll without time for all companies", extra={"companies": woken})
            break
    else:
        if begin_after:
            services.polls.all_woken()
    logger.info("poll", extra={"companies": woken - refused})
    measure("CompaniesWoken", woken - refused)
    _write_zeros()
    if refused:
        logger.warning("wake-ups not taken by the queue", extra={"companies": refused})
        raise TryAgain(JobFailure.SERVICE_TIMEOUT, OVERLOADED.told())
    return woken


def _write_zeros() -> None:
    """Let the metrics of Dispatch have a value while it does not run: an alarm on silence needs one to compare."""
    measure("WakeUpsHandled", 0)
    for trigger in ("poll", "webhook"):
        measure("JobsStarted", 0, trigger=trigger)


def _batches(services: Services, begin_after: str | None) -> Iterator[list[str]]:
    connections = services.connections
    companies = connections.company_ids_after(begin_after) if begin_after else connections.company_ids()
    while batch := list(islice(companies, BATCH)):
        yield batch
