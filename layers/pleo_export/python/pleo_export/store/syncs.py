"""The last sync of each list of a company: what it changed, what it found, which plan holds archives back.

`COMPANY#<id>` / `SYNC#<list>`. The plans themselves are in the bucket (`sync_plans.py`); no copy of a list is kept.
Of a finding its kind and the key of its element are kept, which the ledger gave: a code or an id, never a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.store.table import company_key, conditional_write, expiry, get_many, iso, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

MOST_FINDINGS = 50  # whose keys are kept; all are counted, and in the bucket
MOST_PLANS = 50  # of the groups of one company, those first that wait for a person
REFRESHES = timedelta(minutes=10)  # between two syncs of a list that failed items ask for


@dataclass(frozen=True)
class SyncedPlan:
    """One plan of a run: of tags, that of the dimension `group`. `held_back` is the number of archives that wait for a
    person, who confirms them by `hash`."""

    hash: str
    group: str | None
    steps: int
    held_back: int


@dataclass(frozen=True)
class SyncRun:
    """The last run over one list, over all its parts. Times are UTC; `ended_at` is None while a part is to follow.

    `changes` counts the steps that were carried out, by action; `findings` by kind, of which `found` names the first as
    (kind, key). `confirmed` is the plan whose archives a person has confirmed for this run. `failure` names the error
    that ended it. `good_at`: when a run last read both sides and came to its end; `first_at`: the first run of all.
    `selected`: whether the settings chose the list.
    """

    run_id: str
    reason: str
    started_at: datetime
    part: int = 0
    ended_at: datetime | None = None
    changes: Mapping[str, int] = field(default_factory=dict)
    findings: Mapping[str, int] = field(default_factory=dict)
    found: tuple[tuple[str, str], ...] = ()
    plans: tuple[SyncedPlan, ...] = ()
    confirmed: str | None = None
    failure: str | None = None
    good_at: datetime | None = None
    first_at: datetime | None = None
    selected: bool = True

    @property
    def is_withdrawn(self) -> bool:
        """Whether Pleo shows nothing of ours any more, of a list that is not chosen: this run has seen to it."""
        return not self.selected and not self.findings and self.ended_at is not None and self.ended_at == self.good_at

    def following(self, last: SyncRun | None) -> SyncRun:
        """Return this part of a run with what the parts before it did, and what is known of all runs before. The same
        part again replaces itself, but for what it had changed the first time, which is lost."""
        if last is None:
            return self._with(first_at=self.started_at)
        known = {"first_at": last.first_at or last.started_at, "good_at": self.good_at or last.good_at}
        if last.run_id != self.run_id or last.part >= self.part:
            return self._with(**known)
        changes = dict(Counter(last.changes) + Counter(self.changes))
        return self._with(**known, started_at=last.started_at, changes=changes)

    def _with(self, **changes: Any) -> SyncRun:
        return SyncRun(**{**{name: getattr(self, name) for name in self.__dataclass_fields__}, **changes})


class Syncs:
    """The last syncs of all companies."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, company_id: str, synced: LedgerList) -> SyncRun | None:
        """Return the last run over the list; None if there was none."""
        record = self._table.get_item(Key=_key(company_id, synced), ConsistentRead=True).get("Item", {})
        return _run(record) if "run_id" in record else None

    def may_be_left(self, company_id: str, synced: LedgerList) -> bool:
        """Whether Pleo may still show what an earlier choice of the list has made, where it is not chosen any more."""
        run = self.get(company_id, synced)
        return run is not None and not run.is_withdrawn

    def get_many(self, wanted: Iterable[tuple[str, LedgerList]]) -> Mapping[tuple[str, LedgerList], SyncRun]:
        """Return the last runs that there are, by company and list."""
        records = get_many(self._table, (_key(*each) for each in wanted))
        return {
            (str(each["pk"]).removeprefix("COMPANY#"), LedgerList(str(each["sk"]).removeprefix("SYNC#"))): _run(each)
            for each in records
            if "run_id" in each
        }

    def put(self, company_id: str, synced: LedgerList, run: SyncRun, now: datetime) -> SyncRun:
        """Store a part of a run, and return the run with the parts before it. A company's parts come one by one."""
        whole = run.following(self.get(company_id, synced))
        values = {name: value for name, value in _record(whole).items() if value is not None}
        gone = [name for name in ("ended_at", "confirmed", "failure") if name not in values]
        removed = f" REMOVE {', '.join(gone)}" if gone else ""
        values["expires_at"] = expiry(now)
        self._table.update_item(
            Key=_key(company_id, synced),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values) + removed,
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )
        return whole

    def claim_refresh(self, company_id: str, synced: LedgerList, now: datetime) -> bool:
        """Return whether failed items may have the list synced now: not within REFRESHES of the last time."""
        unclaimed = Attr("refreshed_at").not_exists() | Attr("refreshed_at").lte(iso(now - REFRESHES))
        return conditional_write(
            self._table.update_item,
            Key=_key(company_id, synced),
            UpdateExpression="SET refreshed_at = :now, expires_at = :expiry",
            ExpressionAttributeValues={":now": iso(now), ":expiry": expiry(now)},
            ConditionExpression=unclaimed,
        )


def _key(company_id: str, synced: LedgerList) -> dict[str, str]:
    return company_key(company_id, f"SYNC#{synced}")


def _record(run: SyncRun) -> dict[str, Any]:
    times = {name: getattr(run, name) for name in ("started_at", "ended_at", "good_at", "first_at")}
    return {
        "run_id": run.run_id,
        "reason": run.reason,
        "part": run.part,
        "changes": dict(run.changes),
        "findings": dict(run.findings),
        "found": [list(each) for each in run.found[:MOST_FINDINGS]],
        "plans": [
            {"hash": each.hash, "group": each.group, "steps": each.steps, "held_back": each.held_back}
            for each in run.plans[:MOST_PLANS]
        ],
        "confirmed": run.confirmed,
        "failure": run.failure,
        "selected": run.selected,
        **{name: None if time is None else iso(time) for name, time in times.items()},
    }


def _run(record: Mapping[str, Any]) -> SyncRun:
    def time(name: str) -> datetime | None:
        return moment(str(record[name])) if name in record else None

    def text(name: str) -> str | None:
        return str(record[name]) if name in record else None

    return SyncRun(
        run_id=str(record["run_id"]),
        reason=str(record["reason"]),
        started_at=moment(str(record["started_at"])),
        part=int(record["part"]),
        ended_at=time("ended_at"),
        changes=_counts(record["changes"]),
        findings=_counts(record["findings"]),
        found=tuple((str(kind), str(key)) for kind, key in record["found"]),
        plans=tuple(_plan(each) for each in record["plans"]),
        confirmed=text("confirmed"),
        failure=text("failure"),
        good_at=time("good_at"),
        first_at=time("first_at"),
        selected=bool(record.get("selected", True)),
    )


def _plan(stored: Mapping[str, Any]) -> SyncedPlan:
    group = stored["group"]
    return SyncedPlan(
        hash=str(stored["hash"]),
        group=None if group is None else str(group),
        steps=int(stored["steps"]),
        held_back=int(stored["held_back"]),
    )


def _counts(stored: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): int(number) for name, number in stored.items()}
