"""A company whose lists are synced, in this process: the Pleo simulator, a ledger's lists, one clock, no pause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from pleo_export.accounting.lists import LedgerList
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.http.session import IsolatedSession
from pleo_export.pleo.credentials import ApiKey
from pleo_export.pleo.lists_client import PleoLists
from pleo_export.pleo.transport import PleoTransport
from pleo_export.services.messages import SyncRequest
from pleo_export.settings import SyncSettings
from pleo_export.sync.result import SyncResult
from pleo_export.sync.runner import sync_company
from pleo_simulator.clock import Clock
from pleo_simulator.pleo_state import Company
from pleo_simulator.service import PleoService
from tests.system.effects import Effects
from tests.system.ledger_lists import ListedLedger
from tests.system.pleo import URL, InProcess, fresh_pleo

COMPANY = "44444444-4444-4444-8444-444444444444"
KEY = "plp_synced"
BEGUN = datetime(2026, 11, 27, 4, tzinfo=UTC)
TAGS = (LedgerList.TAGS,)
FUNCTION_TIME = timedelta(minutes=15)
Json = dict[str, Any]


@dataclass
class SyncedCompany:
    """`settings` are those of its sync; `function_time` is how long Lambda lets a run go on."""

    settings: SyncSettings
    effects: Effects = field(default_factory=Effects)
    time: Clock = field(default_factory=lambda: Clock(BEGUN))
    budget: CallBudget = UNLIMITED
    function_time: timedelta = FUNCTION_TIME
    number: int = 0  # of runs

    def __post_init__(self) -> None:
        service, self.app = fresh_pleo(self.time)
        self.pleo: PleoService = service
        service.state.put_company(Company(COMPANY, "Northgate Ltd"))
        service.credentials.add_key(KEY, COMPANY)
        self.ledger = ListedLedger(self.effects)
        self._begun = self.clock()

    def sync(self, *lists: LedgerList, dry_run: bool = False, **request: Any) -> SyncResult:
        """Run a sync of those lists (all, if none is named) to its end or its limit, as the function does."""
        self.number += 1
        self._begun = self.clock()
        wanted = SyncRequest.model_validate(
            {
                "companyId": COMPANY,
                "lists": lists or tuple(LedgerList),
                "runId": f"run-{self.number}",
                "reason": "test",
                **request,
            }
        )
        with self.effects.of_function():
            return sync_company(wanted, cast(Any, self), dry_run=dry_run)

    def sync_until_finished(self, *lists: LedgerList, **request: Any) -> list[SyncResult]:
        """Send the request again as long as it is not finished, after the wait that it asks for."""
        results = [self.sync(*lists, **request)]
        while not results[-1].finished:
            assert len(results) < 50
            self.sleep(results[-1].wait)
            results.append(self.sync(*lists, **request))
        return results

    # What the services are to a sync

    def connection(self, company_id: str) -> Any:
        assert company_id == COMPANY
        return SimpleNamespace(company_id=company_id, settings=SimpleNamespace(sync=self.settings))

    def ledger_lists(self, _connection: Any) -> ListedLedger:
        return self.ledger

    def ledger_setup(self, _connection: Any) -> ListedLedger:
        return self.ledger

    def pleo_lists(self, _connection: Any) -> PleoLists:
        session = IsolatedSession()
        session.mount(URL, InProcess(self.app, self.effects))
        transport = PleoTransport(
            URL,
            ApiKey(KEY),
            session,
            sleep=self.sleep,
            jitter=lambda: 1.0,
            time_left=self.time_left,
            budget=self.budget,
        )
        return PleoLists(transport)

    def clock(self) -> datetime:
        return self.time.now()

    def sleep(self, seconds: float) -> None:
        self.time.advance(timedelta(seconds=seconds))

    def time_left(self) -> timedelta:
        return self._begun + self.function_time - self.clock()

    # What Pleo shows

    def groups(self) -> dict[str, Json]:
        return {each["code"]: each for each in self.pleo.tags.groups(COMPANY, include_archived=True)}

    def tags(self, group: str) -> list[Json]:
        held = next(each for each in self.pleo.tags._groups.values() if each.code == group)
        return list(held.tags.values())

    def active_tags(self, group: str) -> dict[str, str]:
        """Return what people can choose in a group: names by code."""
        return {each["code"]: each["name"] for each in self.tags(group) if not each["archived"]}

    def put_group(self, code: str, *tags: tuple[str, str] | str, **fields: Any) -> Json:
        """Make a group with tags by hand, each a code or a code with a name."""
        body = {"archived": False, "code": code, "name": code.title(), "metadata": {}} | fields
        group = self.pleo.tags.create_group(COMPANY, body)
        for each in tags:
            tag_code, name = (each, each) if isinstance(each, str) else each
            self.put_tag(group, tag_code, name)
        return group

    def put_tag(self, group: Json, code: str, name: str, *, archived: bool = False) -> Json:
        body = {"archived": archived, "code": code, "name": name}
        return self.pleo.tags.create(COMPANY, group["id"], body)

    def rows(self, what: str) -> list[Json]:
        """Return the accounts, tax_codes or vendors."""
        return list(getattr(self.pleo, what).rows.of(COMPANY))


def actions(result: SyncResult) -> list[tuple[str, Sequence[str]]]:
    """Return the steps of all plans, by action."""
    found: dict[str, list[str]] = {}
    for plan in result.plans:
        for step in plan.steps:
            found.setdefault(step.action.value, []).append(step.key)
    return list(found.items())
