"""The schedule of syncs: ask for those of the companies whose time it is (`sync_times.py`).

Each slot of time has its companies. A run that has no time for all of them leaves the rest to the next one, which goes
on behind the last company; slots that were missed are made up for, up to an hour of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.batches import in_batches
from pleo_export.errors import JobFailure, TryAgain
from pleo_export.failures.job import OVERLOADED
from pleo_export.observability import logger, measure, measure_seconds
from pleo_export.services.company_queue import BATCH
from pleo_export.store.sync_schedule import SchedulePosition
from pleo_export.workflow.sync_times import SLOTS_OF_HOUR, due, in_slot, slot_at

if TYPE_CHECKING:
    from pleo_export.services.messages import SyncRequest
    from pleo_export.services.services import Services

RESERVE = timedelta(seconds=10)  # of the function's time: for one more batch, and for noting how far we came
LOOKED_UP = 100  # companies whose settings are read at once
_Lists = Mapping[str, tuple[LedgerList, ...]]  # by company


def schedule_syncs(services: Services) -> int:
    """Return for how many companies a sync was asked for. Raises TryAgain when the queue has not taken all of them; the
    others are sent all the same."""
    now = slot_at(services.clock())
    run = _Schedule(services)
    position = services.sync_schedule.position() or SchedulePosition(now)
    if position.slot < now - SLOTS_OF_HOUR + 1:  # the same companies have another turn in the slots since
        position = SchedulePosition(now - SLOTS_OF_HOUR + 1)
    for slot in range(position.slot, now + 1):
        after = position.after if slot == position.slot else None
        stopped_after = run.ask_in(slot, after)
        if stopped_after is not None:
            services.sync_schedule.stop_at(SchedulePosition(slot, stopped_after))
            logger.warning("syncs without time for all companies", extra={"companies": run.asked})
            break
    else:
        services.sync_schedule.stop_at(SchedulePosition(now + 1))
    return run.result()


class _Schedule:
    """One run: what it has asked for, and what it has seen of the syncs before."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._oldest: dict[LedgerList, timedelta] = {}
        self._refused = 0
        self.asked = 0

    def ask_in(self, slot: int, after: str | None) -> str | None:
        """Ask for the syncs of a slot, from behind a company on. Returns the company after which the time was up, if it
        was."""
        companies = (each for each in self._services.connections.company_ids(after=after) if in_slot(each, slot))
        for looked_up in in_batches(companies, LOOKED_UP):
            due, withdrawn = self._due(looked_up, slot)
            requests = _requests({**due, **withdrawn}, slot)
            for batch in in_batches(requests, BATCH):
                causes = {f"{each.run_id}-{each.part}": each for each in batch}
                self._refused += self._services.sync_queue.send_batch(causes)
                self.asked += len(batch)
            self._look_at(due)
            if self._services.time_left() < RESERVE:
                return looked_up[-1]
        return None

    def result(self) -> int:
        """Report on the run. Raises TryAgain for requests that the queue has not taken."""
        for synced, age in self._oldest.items():
            measure_seconds("SyncAgeSeconds", age.total_seconds(), list=synced.value)
        measure("SyncsAskedFor", self.asked - self._refused)
        logger.info("syncs asked for", extra={"companies": self.asked - self._refused})
        if self._refused:
            logger.warning("syncs not taken by the queue", extra={"companies": self._refused})
            raise TryAgain(JobFailure.SERVICE_TIMEOUT, OVERLOADED.told())
        return self.asked

    def _due(self, company_ids: Sequence[str], slot: int) -> tuple[_Lists, _Lists]:
        """Return the lists that are due and chosen, by company; and all that are to be asked for of those companies
        whose tags are not chosen any more."""
        settings = self._services.connections.raw_settings_of(company_ids)
        found = {each: due(each, settings[each], slot) for each in company_ids if each in settings}
        left = self._to_withdraw(each for each, its in found.items() if its.may_be_withdrawn)
        lists = {each: its.lists for each, its in found.items()}
        return lists, {each: (LedgerList.TAGS, *lists[each]) for each in left}

    def _to_withdraw(self, company_ids: Iterable[str]) -> list[str]:
        """Return those of the companies at which Pleo may still show groups of ours."""
        known = self._services.syncs.get_many((each, LedgerList.TAGS) for each in company_ids)
        return [company_id for (company_id, _), run in known.items() if not run.is_withdrawn]

    def _look_at(self, due: _Lists) -> None:
        """See how long ago the lists that are due were last in step."""
        now = self._services.clock()
        wanted = [(company_id, synced) for company_id, lists in due.items() for synced in lists]
        for (_, synced), run in self._services.syncs.get_many(wanted).items():
            since = run.good_at or run.first_at or run.started_at
            self._oldest[synced] = max(self._oldest.get(synced, timedelta()), now - since)


def _requests(due: _Lists, slot: int) -> list[SyncRequest]:
    if not any(due.values()):
        return []
    from pleo_export.services.messages import SyncRequest  # noqa: PLC0415 - loads pydantic; only where one is due

    return [
        SyncRequest(company_id=company_id, lists=lists, run_id=f"{slot}-{company_id}", reason="schedule")
        for company_id, lists in due.items()
        if lists
    ]
