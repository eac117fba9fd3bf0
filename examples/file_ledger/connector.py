"""The connector: journal entries only, final at once. What it cannot do is declared, and refused by `not_taken`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from examples.file_ledger.ledger_file import LedgerFile, Refused, as_ref, as_text, entries
from examples.file_ledger.lists import OPEN, FileLists
from examples.file_ledger.settings import FileLedgerSettings
from pleo_export.accounting import errors, port
from pleo_export.accounting.descriptor import Secret
from pleo_export.accounting.limits import not_taken
from pleo_export.bookkeeping.documents import Document, DocumentKind, JournalEntry
from pleo_export.bookkeeping.parties import NotFound, PartyMatch, PartyQuery
from pleo_export.bookkeeping.reference import MARK
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.failures import connection, ledger, receipts
from pleo_export.function_time import TimeLeft, unlimited

TITLE, TRIES = "the ledger file", 3
ENTRIES = frozenset({DocumentKind.JOURNAL_ENTRY})
NO_JOURNAL = connection.SETTING_UNKNOWN_THERE
NO_RIGHT = connection.RIGHT_MISSING.told(ledger=TITLE, what="write entries")
IN_DOUBT = connection.LEDGER_IN_DOUBT.told(ledger=TITLE)
CUSTOM = re.compile(r'^\S+ custom "(tax|dimension)" "(.*?)"(?: "(.*?)")?', re.MULTILINE)
CURRENCY = re.compile(r'^option "operating_currency" "(.*)"', re.MULTILINE)
Outcomes = dict[str, port.DocumentOutcome]
T = TypeVar("T")


class FileLedger:
    """The port's AccountingSystem, AccountingSetup and LedgerReader in one."""

    capabilities = port.Capabilities(
        kinds=ENTRIES, drafts=frozenset(), foreign=ENTRIES, purposes=frozenset(), tax_as_given=ENTRIES,
        settlement=port.SettlementSupport.NONE, reversal=port.ReversalSupport.NONE, periods=port.PeriodSupport.UNKNOWN,
        reference_length=100, text_length=500, max_batch=500, max_find=5000, max_dimensions=None, shows_void=False,
        files=frozenset(), max_attachment_bytes=0, max_attachments=None, attachment_types=frozenset(),
        attach_to_posted=False, tax_accounts=True,
    )  # fmt: skip

    def __init__(self, file: LedgerFile) -> None:
        self._file = file
        self.ledger_id = str(file.path.resolve())[-200:]

    def check(self) -> None:
        self.text()
        self._write(())  # the way of an entry, with nothing in it

    def find_many(self, references: Collection[str]) -> Outcomes:
        return {reference: _one_of(held) for reference, held in self.read(references).items()}

    def differences(self, found: Sequence[tuple[port.DocumentRef, Document]]) -> Mapping[str, errors.Rejected]:
        held = {each.ref.id: _totals(each) for each in entries(self.text())}
        different = (ref for ref, wanted in found if held.get(ref.id) not in (None, _totals(wanted)))
        return {ref.reference: errors.Rejected(ledger.ENTRY_DIFFERS.told(name=ref.id)) for ref in different}

    def refusals(self, documents: Sequence[Document]) -> Mapping[str, errors.AccountingError]:
        text = self.text()
        return {each.reference: refused for each in documents for refused in [*_refusals(each, text)][:1]}

    def record_many(self, documents: Sequence[Document], state: port.DocumentState) -> Outcomes:
        outcomes: Outcomes = {**self.refusals(documents)}
        sound = [each for each in documents if isinstance(each, JournalEntry) and each.reference not in outcomes]
        return outcomes | (self._write(sound) if sound else {})

    def post_many(self, documents: Sequence[port.DocumentRef]) -> Outcomes:
        return {each.reference: each for each in documents}  # final since they were recorded

    def attach(self, document: port.DocumentRef, attachments: Sequence[port.Attachment]) -> None:
        raise errors.AttachmentRejected(receipts.NO_FILES_TAKEN.told(kind="journal entry"))

    def reverse(self, document: port.DocumentRef, on: date) -> port.DocumentRef | None:
        raise errors.Rejected(ledger.NOT_REVERSIBLE.told(ledger=TITLE, name=document.id))

    def discard(self, document: port.DocumentRef) -> None:
        raise errors.Rejected(ledger.NOT_REMOVED.told(ledger=TITLE, name=document.id, state="final"))

    def find_parties(self, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
        return dict.fromkeys(wanted, NotFound())

    def period_state(self, on: date) -> port.PeriodState:
        return port.PeriodState.UNKNOWN

    def next_open_date(self, after: date) -> date | None:
        return None

    # What it holds, and what can be chosen from

    def read(self, references: Collection[str]) -> Mapping[str, Sequence[port.LedgerDocument]]:
        if len(references) > self.capabilities.max_find:
            raise ValueError("at most max_find references are read at once")
        held: dict[str, list[port.LedgerDocument]] = {}
        for each in entries(self.text()):
            if each.ref.reference in references:
                held.setdefault(each.ref.reference, []).append(each)
        return held

    def ours(self, since: date, until: date) -> Collection[str]:
        dated = [each.ref for each in entries(self.text()) if since <= each.ref.date <= until]
        return {ref.reference for ref in dated if ref.reference.startswith(MARK)}

    def account_names(self, codes: Collection[str]) -> Mapping[str, str]:
        return {code: name for code, name in self._accounts().items() if code in codes}

    def accounts(self) -> Sequence[port.CodeAndName]:
        chart = sorted(FileLists(self.text).chart(), key=lambda each: each.code)
        return [port.CodeAndName(each.code, each.name) for each in chart if each.active]

    def unknown_accounts(self, codes: Collection[str]) -> Collection[str]:
        return set(codes) - self._accounts().keys()

    def dimensions(self) -> Sequence[port.CodeAndName]:
        names = {name for kind, name, _ in CUSTOM.findall(self.text()) if kind == "dimension"}
        return [port.CodeAndName(name, name) for name in sorted(names)]

    def unknown_dimensions(self, categories: Collection[str]) -> Collection[str]:
        return set(categories) - {each.code for each in self.dimensions()}

    def currency(self) -> str:
        return str(CURRENCY.findall(self.text())[0])

    def time_zone(self) -> str | None:
        return None

    # The file

    def _accounts(self) -> dict[str, str]:
        return {code: name for name, code, _ in OPEN.findall(self.text())}

    def _write(self, sound: Sequence[JournalEntry]) -> Outcomes:
        """Add all entries at once; where the check refuses that, one by one."""
        accounts = self._accounts()
        try:
            _tried(lambda: self._file.append("".join(as_text(each, accounts) for each in sound)), BlockingIOError)
        except Refused as refused:
            if len(sound) == 1:
                return {sound[0].reference: errors.Rejected(str(refused))}
            return {name: outcome for each in sound for name, outcome in self._write([each]).items()}
        except PermissionError:
            raise errors.PermissionDenied(NO_RIGHT) from None
        except BlockingIOError:  # another program writes: nothing was done
            raise errors.Unavailable(connection.LEDGER_BUSY.told(ledger=TITLE)) from None
        except OSError:  # the new file may have taken the old one's place
            return dict.fromkeys((each.reference for each in sound), errors.OutcomeUnknown(IN_DOUBT))
        return {each.reference: as_ref(each.reference, each.posting_date) for each in sound}

    def text(self) -> str:
        path = self._file.path
        if path.parent.is_dir() and not path.exists():
            unknown = connection.SETTING_UNKNOWN_THERE.told(
                ledger=TITLE, count="no", setting="journal", value=path.stem
            )
            raise errors.InvalidConfiguration(unknown)
        try:
            return _tried(self._file.read, OSError)
        except OSError:
            raise errors.Unavailable(connection.LEDGER_UNREACHABLE.told(ledger=TITLE)) from None


def connect(
    settings: FileLedgerSettings, secret: Secret, time_left: TimeLeft = unlimited, budget: CallBudget = UNLIMITED
) -> FileLedger:
    return FileLedger(LedgerFile(Path(settings.folder) / f"{settings.journal}.beancount", settings.check))


set_up = open_reader = connect


def open_lists(*given: Any, **more: Any) -> FileLists:
    return FileLists(connect(*given, **more).text)


def _tried(act: Callable[[], T], passing: type[OSError]) -> T:
    for _ in range(TRIES - 1):
        try:
            return act()
        except passing:
            pass
    return act()


def _one_of(held: Sequence[port.LedgerDocument]) -> port.DocumentOutcome:
    names = " and ".join(each.ref.id for each in held)
    twice = errors.PossibleDuplicate(ledger.RECORDED_TWICE.told(ledger=TITLE, names=names))
    return held[0].ref if len(held) == 1 else twice


def _totals(entry: port.LedgerDocument | Document) -> tuple[str, int, Counter[str]]:
    """Currency, total and the sum of each tax code: what is compared before a found entry is adopted."""
    taxes: Counter[str] = Counter()
    for line in entry.lines:
        if line.tax:
            taxes[line.tax if isinstance(line.tax, str) else line.tax.code] += line.amount
    return entry.currency, sum(abs(line.amount) for line in entry.lines), taxes


def _refusals(entry: Document, text: str) -> Iterator[errors.Rejected]:
    """Yield why an entry is not taken, in the words of the failure catalogue."""
    if refused := not_taken(entry, FileLedger.capabilities, CURRENCY.findall(text)[0], TITLE):
        yield refused
    chart, lists = {code: currency for _, code, currency in OPEN.findall(text)}, CUSTOM.findall(text)
    for line in entry.lines:
        if line.account not in chart:
            yield errors.UnknownAccount(ledger.ACCOUNT_UNKNOWN.told(account=line.account, ledger=TITLE))
        elif (kept_in := chart[line.account]) not in ("", entry.currency):
            names = {"account": line.account, "other": kept_in, "currency": entry.currency}
            yield errors.Rejected(ledger.ACCOUNT_CURRENCY.told(ledger=TITLE, **names))
        if line.tax and ("tax", line.tax.code, "") not in lists:
            yield errors.UnknownTaxCode(ledger.TAX_CODE_UNKNOWN.told(code=line.tax.code, ledger=TITLE))
        for each in line.dimensions:
            if ("dimension", each.category, each.value) not in lists:
                told = ledger.TAG_UNKNOWN.told(tag=f"{each.category} {each.value}", ledger=TITLE)
                yield errors.UnknownDimension(told, unknown=each)
    if sum(line.amount for line in entry.lines):
        yield errors.Rejected(ledger.NOT_BALANCED.told(ledger=TITLE))
