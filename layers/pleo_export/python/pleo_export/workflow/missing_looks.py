"""Give each connected company a next look that has none: those that a release without an index of looks has stored.

The index of looks cannot tell of them. So once an hour all connected companies are checked, a page at a time and not
more than PAGES in one poll; the next poll goes on behind the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from pleo_export.batches import in_batches
from pleo_export.observability import logger
from pleo_export.services.services import Services
from pleo_export.store.connected_companies import SHORTEST
from pleo_export.store.polls import LastPoll
from pleo_export.workflow.look_times import next_look

EVERY = timedelta(hours=1)
PAGE, PAGES = 100, 40
RESERVE = timedelta(seconds=40)  # of the poll's minute: for the poll itself


def add_missing_looks(last: LastPoll, services: Services) -> LastPoll:
    """Check the next companies if it is time to, and return how far the check has come."""
    now = services.clock()
    if last.checked_to is None and last.checked_at is not None and now - last.checked_at < EVERY:
        return last
    companies = services.connections.company_ids(after=last.checked_to)
    for number, page in enumerate(in_batches(companies, PAGE), start=1):
        _add(page, services)
        if number == PAGES or services.time_left() < RESERVE:
            return replace(last, checked_to=page[-1])
    return replace(last, checked_at=now, checked_to=None)


def _add(company_ids: Sequence[str], services: Services) -> None:
    missing = services.looks.without_time(company_ids)
    for company_id in missing:
        services.looks.add(company_id, next_look(company_id, SHORTEST, services.clock()))
    if missing:
        logger.info("companies without a next look", extra={"companies": len(missing)})
