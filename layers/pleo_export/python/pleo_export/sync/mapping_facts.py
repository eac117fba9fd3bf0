"""Reading what mapping health is judged by, with as few calls as the lists have pages. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from pleo_export.accounting.errors import (
    AuthenticationFailed,
    InvalidConfiguration,
    PermissionDenied,
    Rejected,
)
from pleo_export.accounting.lists import DimensionValue, LedgerList, LedgerLists
from pleo_export.accounting.port import AccountingSystem, PeriodState
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.bookkeeping.parties import Ambiguous, Blocked, NotFound, Party, PartyMatch, PartyQuery
from pleo_export.errors import Disconnected
from pleo_export.oauth.grant import NOT_YET, grant_in
from pleo_export.pleo.call_priority import CallPriority
from pleo_export.pleo.errors import PleoForbidden, PleoRefused, PleoUnauthorized
from pleo_export.pleo.webhook_event import SUBSCRIBED_EVENT
from pleo_export.settings import Settings
from pleo_export.store.secrets import GrantOwner
from pleo_export.sync.health import GrantFact, MappedKind, MappingFacts, UnreadList
from pleo_export.sync.mapping_uses import UsedOfLedger, add_items, add_pleos_lists, used_by_settings
from pleo_export.sync.standing import Standing

if TYPE_CHECKING:
    from pleo_export.pleo.client import PleoClient
    from pleo_export.services.services import Services
    from pleo_export.store.connections import Connection

T = TypeVar("T")
MOST_ITEMS = 5_000  # expenses of unfinished jobs that are looked at
PLEO = "Pleo"
GRANTS: Mapping[GrantOwner, str] = {"pleo": PLEO, "accounting_system": "the accounting system"}


@dataclass
class MappingReader:
    """Reads one company's use and facts. A system that refuses the credential is noted as one whose access has ended,
    and left alone."""

    connection: Connection
    services: Services
    refused: set[str] = field(default_factory=set)

    @property
    def _settings(self) -> Settings:
        return self.connection.settings

    @property
    def _ledger(self) -> str:
        return CONNECTORS[self._settings.accounting_system.name].title

    def used(self) -> UsedOfLedger:
        """Return what is used. Raises PleoError, TryAgain for what passes."""
        used = UsedOfLedger(list(used_by_settings(self._settings)))
        try:
            pleo = self.services.pleo(self.connection, CallPriority.SYNC)
            for page in self._open_items(pleo):
                add_items(page, self._settings, used)
            add_pleos_lists(self.services.pleo_lists(self.connection), self.connection.company_id, self._settings, used)
        except (PleoUnauthorized, Disconnected):
            self.refused.add(PLEO)
        return used

    def _open_items(self, pleo: PleoClient) -> Iterator[list[dict[str, Any]]]:
        left = MOST_ITEMS
        for job in pleo.unfinished_jobs(self.connection.company_id):
            with suppress(PleoRefused):  # over meanwhile, or not complete: its export says so
                for page in pleo.export_item_pages(job.id):
                    yield page
                    left -= len(page)
                    if left <= 0:
                        return

    def facts(self, used: UsedOfLedger) -> MappingFacts:
        """Return what the ledger and Pleo hold of it. Raises AccountingError, PleoError, TryAgain for what passes."""
        subscription = self._subscription()
        try:
            facts = self._facts_of_ledger(used, subscription)
        except (AuthenticationFailed, Disconnected):
            self.refused.add(GRANTS["accounting_system"])
            facts = MappingFacts(self._ledger, subscription=subscription, unread=used.unread)
        return MappingFacts(**{**vars(facts), "grants": list(self._grants())})

    def _facts_of_ledger(self, used: UsedOfLedger, subscription: str | None) -> MappingFacts:
        services, connection = self.services, self.connection
        system = services.accounting_system(connection)
        lists, unread = services.ledger_lists(connection), list(used.unread)
        codes = used.account_codes

        def read(wanted: LedgerList, read_list: Callable[[], Iterable[T]]) -> Sequence[T] | None:
            if wanted not in lists.lists:
                return None
            try:
                return list(read_list())
            except (PermissionDenied, Rejected):
                unread.append(UnreadList(wanted.value.replace("_", " "), self._ledger))
                return None

        return MappingFacts(
            self._ledger,
            bookable=_bookable(codes, services.ledger_setup(connection).unknown_accounts(codes)),
            accounts=read(LedgerList.ACCOUNTS, lists.chart),
            tax_codes=read(LedgerList.TAX_CODES, lists.tax_codes),
            dimensions=dict(self._dimensions(lists, used, unread)),
            parties=_parties(system, used.parties),
            periods=_periods(system, services.clock().astimezone(ZoneInfo(self._settings.time_zone))),
            subscription=subscription,
            unread=unread,
        )

    def _dimensions(
        self, lists: LedgerLists, used: UsedOfLedger, unread: list[UnreadList]
    ) -> Iterator[tuple[str, Sequence[DimensionValue] | None]]:
        if LedgerList.TAGS not in lists.lists:
            return
        for wanted in sorted({each.within for each in used.uses if each.kind is MappedKind.TAG}):
            try:
                yield wanted, list(lists.dimension_values(wanted))
            except InvalidConfiguration:
                yield wanted, None
            except (PermissionDenied, Rejected):
                unread.append(UnreadList(f'tags of "{wanted}"', self._ledger))

    def _subscription(self) -> str | None:
        """Return what is wrong with the webhook subscription; None where nothing is, or it may not be read. Ours ends
        with the company's id."""
        if PLEO in self.refused:
            return None
        try:
            found = self.services.pleo(self.connection, CallPriority.SYNC).subscriptions()
        except (PleoForbidden, PleoUnauthorized, Disconnected):
            return None
        ours = [each for each in found if each.endpoint_url.endswith(f"/{self.connection.company_id}")]
        if any(each.active and SUBSCRIBED_EVENT in each.event_types for each in ours):
            return None
        return "switched off" if ours else "missing"

    def _grants(self) -> Iterator[GrantFact]:
        secrets = self.services.secrets.get(self.connection.secret_arn)
        for owner, system in GRANTS.items():
            grant = grant_in(secrets.of(owner))
            unused = timedelta()
            if grant is not None and grant.expires_at != NOT_YET:
                unused = max(unused, self.services.clock() - grant.expires_at)
            yield GrantFact(system, owner in self.connection.ended or system in self.refused, unused)


def _bookable(codes: Collection[str], unknown: Collection[str]) -> Mapping[str, bool]:
    return {code: code not in unknown for code in codes}


def _parties(
    system: AccountingSystem, wanted: Mapping[PartyQuery, tuple[MappedKind, str]]
) -> Mapping[tuple[MappedKind, str], Standing]:
    if not wanted or DocumentKind.BILL not in system.capabilities.kinds:
        return {}
    try:
        answers = system.find_parties(wanted)
    except Rejected:  # of one of them: the export asks for each singly
        return {}
    return {wanted[query]: _party_standing(query, answer) for query, answer in answers.items()}


def _party_standing(query: PartyQuery, answer: PartyMatch) -> Standing:
    match answer:
        case Party():
            return Standing.USABLE
        case NotFound():
            return Standing.MISSING if query.required else Standing.USABLE
        case Blocked():
            return Standing.CLOSED
        case Ambiguous():
            return Standing.SEVERAL


def _periods(system: AccountingSystem, now: datetime) -> Mapping[date, PeriodState]:
    """Return the state of today, and of the first day of the next month: where that has no period, or is locked ahead,
    there is still time."""
    today = now.date()
    next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return {on: system.period_state(on) for on in (today, next_month)}
