"""Check a Pleo company and its accounting system, connected or about to be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import chain
from zoneinfo import ZoneInfo

from cli import list_checks
from cli.checks import Check
from cli.company_identity import CompanyComparison
from cli.errors import ActionNeeded, CheckFailed, NotNow
from pleo_export.accounting.errors import AccountingError, PossibleDuplicate
from pleo_export.accounting.limits import kind_in_words
from pleo_export.accounting.lists import LedgerLists
from pleo_export.accounting.port import (
    AccountingSetup,
    AccountingSystem,
    DocumentRef,
    DocumentState,
    PeriodState,
    PeriodSupport,
)
from pleo_export.bookkeeping.documents import DocumentKind, JournalEntry, JournalLine
from pleo_export.bookkeeping.reference import trial_reference
from pleo_export.bookkeeping.settings import ClosedPeriod, LegacyVendors, PostingMode
from pleo_export.errors import InvalidSettings
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import SCOPES
from pleo_export.pleo.lists_client import PleoLists
from pleo_export.pleo.models import Introspection
from pleo_export.settings import ReceiptPolicy, Settings
from pleo_export.store.connections import LedgerAlreadyConnected

TRIAL = "pleo-export connection test, safe to delete"
TRIAL_AMOUNT = 100  # minor units
BOOKABLE = (PeriodState.OPEN, PeriodState.UNKNOWN)


@dataclass(kw_only=True)
class CheckedConnection:
    """What the checks work on. `pleo_lists` and `lists` are the lists at both ends; `pleo_url` is Pleo's environment.
    `holder` tells which company uses a ledger; `busy`: an export of it is running."""

    settings: Settings
    pleo: PleoClient
    pleo_lists: PleoLists
    pleo_url: str
    system: AccountingSystem
    setup: AccountingSetup
    lists: LedgerLists
    now: datetime
    holder: Callable[[str], str | None]
    busy: bool

    @property
    def company_id(self) -> str:
        """The Pleo company."""
        return str(self.settings.company_id)

    @property
    def system_name(self) -> str:
        """The connector's name."""
        return self.settings.accounting_system.name

    @property
    def ledger_id(self) -> str:
        """The company in the accounting system, as the connections record it."""
        return f"{self.system_name}#{self.setup.ledger_id}"

    @property
    def today(self) -> date:
        """The date in the company's time zone."""
        return self.now.astimezone(ZoneInfo(self.settings.time_zone)).date()

    @cached_property
    def introspection(self) -> Introspection:
        """What Pleo says of the credential."""
        return self.pleo.introspect()

    @cached_property
    def companies(self) -> CompanyComparison:
        """Whether Pleo's company and the ledger's owner are one customer. Raises as `compared_companies` does."""
        confirmed = self.settings.registration_number
        return list_checks.compared_companies(self.pleo_lists, self.lists, self.company_id, confirmed)

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the credential has to be good for."""
        return (*SCOPES, *list_checks.scopes_of_lists(self.settings.sync, self.pleo_url))


def pleo_credential(checked: CheckedConnection) -> str:
    """Check that Pleo accepts the credential, and that it is this company's."""
    owner = checked.introspection.company_id
    if owner not in (None, checked.company_id):
        raise InvalidSettings(
            f"company_id: the Pleo credential belongs to company {owner}, not to {checked.company_id}"
        )
    return f"works, and is that of company {checked.company_id}"


def pleo_scopes(checked: CheckedConnection) -> str:
    """Check the scopes that Pleo names, where it does, and make one call that needs them."""
    given = checked.introspection.scope.split()
    wanted = checked.scopes
    missing = [scope for scope in wanted if scope not in given]
    if given and missing:
        raise CheckFailed(
            f"the Pleo credential lacks {', '.join(missing)}. Make an API key in Pleo (Settings, API Keys) with "
            f"{', '.join(wanted)}, and connect with it; where Pleo was authorised by a link, run `pleo-export connect "
            "SETTINGS_FILE --oauth` for a new one"
        )
    checked.pleo.unfinished_jobs(checked.company_id)
    return ", ".join(wanted)


def accounting_system(checked: CheckedConnection) -> str:
    """Check that the accounting system can be used."""
    checked.system.check()
    return f"{checked.system_name} answers, and takes entries"


def ledger(checked: CheckedConnection) -> str:
    """Check that no other Pleo company uses the ledger, and that no export is running when it changes."""
    holder = checked.holder(checked.ledger_id)
    if holder not in (None, checked.company_id):
        raise LedgerAlreadyConnected(holder)
    if holder is None and checked.busy:
        raise NotNow("accounting_system: an export is running; move to another ledger when it is over")
    return "no other Pleo company is connected to it"


def accounts(checked: CheckedConnection) -> str:
    """Check that the accounting system has the codes of the settings, and can do what they ask for."""
    settings, system, name = checked.settings, checked.system, checked.system_name
    codes = dict(_accounts(settings))
    categories = {f"dimensions.{group}": category for group, category in settings.dimensions.items()}
    wrong = [
        *_named(codes, checked.setup.unknown_accounts(codes.values()), f"is not an account of {name}"),
        *_named(categories, checked.setup.unknown_dimensions(categories.values()), f"is not a dimension of {name}"),
        *_beyond(checked),
    ]
    if wrong:
        raise InvalidSettings("\n".join(wrong))
    there = f"all {len(codes)} accounts and {len(categories)} dimensions of the settings are there"
    final = [kind_in_words(kind) for kind in sorted(system.capabilities.kinds - system.capabilities.drafts)]
    if settings.posting is PostingMode.DRAFT and final:
        return f"{there}; {name} has no drafts for: {', '.join(final)}. They are posted at once"
    return there


def _beyond(checked: CheckedConnection) -> Iterator[str]:
    """Yield what the settings ask for and the system cannot do."""
    settings, system, name = checked.settings, checked.system, checked.system_name
    takes = system.capabilities
    if settings.posting is PostingMode.DRAFT and not takes.drafts:
        yield f"posting: {name} has no drafts; write posting: posted"
    if settings.legacy_vendors is LegacyVendors.ACCOUNTS_PAYABLE and DocumentKind.BILL not in takes.kinds:
        yield f"legacy_vendors: {name} takes no bills; write legacy_vendors: journal"
    if settings.receipts is ReceiptPolicy.REQUIRED and not takes.files:
        yield f"receipts: {name} takes no files; write receipts: best_effort"
    if settings.closed_period is ClosedPeriod.NEXT_OPEN and takes.periods is PeriodSupport.UNKNOWN:
        yield f"closed_period: {name} does not tell its periods, so the next open one is not known; write today or fail"
    if DocumentKind.JOURNAL_ENTRY not in takes.foreign:
        own = checked.setup.currency()
        for currency in sorted(settings.accounts.wallets.keys() - {own}):
            yield f"accounts.wallets.{currency}: {name} takes journal entries in {own} only; leave this wallet out"
    if takes.max_dimensions is not None and len(set(settings.dimensions.values())) > takes.max_dimensions:
        yield f"dimensions: {name} takes at most {takes.max_dimensions} on a line; leave the others out"


def period(checked: CheckedConnection) -> str:
    """Check that today can be booked."""
    state = checked.system.period_state(checked.today)
    if state not in BOOKABLE:
        what = "no period" if state is PeriodState.NONE else "a closed period"
        raise ActionNeeded(
            f"{checked.system_name} has {what} for {checked.today}: open one there, or the expenses of today fail "
            "(closed_period in the settings can move them to another day)"
        )
    if state is PeriodState.UNKNOWN:
        return f"not known: {checked.system_name} does not tell which days can be booked"
    return f"{checked.today} can be booked"


def trial_entry(checked: CheckedConnection) -> str:
    """Record a draft and remove it again. One that a crash left has the same reference, and is removed first."""
    system = checked.system
    if DocumentKind.JOURNAL_ENTRY not in system.capabilities.drafts:
        return f"not tried: {checked.system_name} has no drafts, and nothing is posted for a test"
    if checked.busy:
        return "not tried: an export is running"
    entry = _trial(checked)
    if entry is None:
        return "not tried: no account in the settings, or no day to book on"
    left = system.find_many([entry.reference]).get(entry.reference)
    if isinstance(left, PossibleDuplicate):
        raise ActionNeeded(left.message)
    if isinstance(left, DocumentRef) and left.state is not DocumentState.VOID:
        _discard(checked, left)
    recorded = system.record_many([entry], DocumentState.DRAFT)[entry.reference]
    if isinstance(recorded, AccountingError):
        raise recorded
    _discard(checked, recorded)
    return f"recorded as a draft in {checked.system_name}, and removed again"


def _trial(checked: CheckedConnection) -> JournalEntry | None:
    """Return an entry with both lines on one account, so that any currency of that account fits."""
    settings, system = checked.settings, checked.system
    roles = ((checked.setup.currency(), code) for _, code in _accounts(settings))
    choice = next(chain(settings.accounts.wallets.items(), roles), None)
    on: date | None = checked.today
    if system.period_state(checked.today) not in BOOKABLE:
        on = system.next_open_date(checked.today)
    if choice is None or on is None:
        return None
    currency, account = choice
    lines = tuple(JournalLine(account, amount, TRIAL) for amount in (TRIAL_AMOUNT, -TRIAL_AMOUNT))
    reference = trial_reference(checked.company_id, system.capabilities.reference_length)
    return JournalEntry(reference, on, on, currency, lines, TRIAL)


def _discard(checked: CheckedConnection, document: DocumentRef) -> None:
    try:
        checked.setup.discard(document)
    except AccountingError as error:
        where = f" ({document.url})" if document.url else ""
        raise ActionNeeded(
            f"the test entry {document.number or document.id} is still in {checked.system_name}: delete it there"
            f"{where}. It could not be removed: {error.message}"
        ) from None


def _accounts(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield every account code in the settings, with the path of its field."""
    for currency, code in settings.accounts.wallets.items():
        yield f"accounts.wallets.{currency}", code
    for role, code in settings.accounts.model_dump(exclude={"wallets"}, exclude_none=True).items():
        yield f"accounts.{role}", code
    for tax, code in settings.tax_accounts.items():
        yield f"tax_accounts.{tax}", code


def _named(fields: Mapping[str, str], unknown: Collection[str], problem: str) -> Iterator[str]:
    return (f"{field}: {value} {problem}" for field, value in fields.items() if value in unknown)


CHECKS = (
    Check("Pleo credential", pleo_credential),
    Check("Pleo scopes", pleo_scopes, needs=("Pleo credential",)),
    Check("accounting system", accounting_system),
    Check("company", list_checks.company, needs=("Pleo credential", "accounting system")),
    Check("ledger", ledger),
    Check("accounts", accounts, needs=("accounting system",)),
    Check("lists", list_checks.lists, needs=("accounting system",)),
    Check("period", period, needs=("accounting system",)),
    Check("test entry", trial_entry, needs=("Pleo credential", "ledger", "accounts")),
)
