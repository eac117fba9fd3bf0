"""The connector: journal entries only, final at once. What it cannot do is declared, and refused by `not_taken`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from examples.file_ledger import FileLedgerSettings
from examples.file_ledger.ledger_file import LedgerFile, Refused, as_ref, as_text, entries
from pleo_export.accounting import errors, port
from pleo_export.accounting.descriptor import Secret
from pleo_export.accounting.limits import not_taken
from pleo_export.bookkeeping.documents import Document, DocumentKind, JournalEntry
from pleo_export.bookkeeping.parties import NotFound, PartyMatch, PartyQuery
from pleo_export.bookkeeping.reference import MARK
from pleo_export.failures import connection, ledger, receipts
from pleo_export.function_time import TimeLeft, unlimited

TITLE, TRIES = "the ledger file", 3
ENTRIES = frozenset({DocumentKind.JOURNAL_ENTRY})
OPEN = re.compile(r"^\S+ open ([A-Z][\w:-]*:(\w+))(?: +([A-Z]{3}))?", re.MULTILINE)
CUSTOM = re.compile(r'^\S+ custom "(tax|dimension)" "(.*?)"(?: "(.*?)")?', re.MULTILINE)
CURRENCY = re.compile(r'^option "operating_currency" "(.*)"', re.MULTILINE)
RIGHT = connection.RIGHT_MISSING.told(ledger=TITLE, what="write entries")
DOUBT = connection.LEDGER_IN_DOUBT.told(ledger=TITLE)
T = TypeVar("T")


def connect(settings: FileLedgerSettings, secret: Secret, time_left: TimeLeft = unlimited) -> FileLedger:
    return FileLedger(LedgerFile(Path(settings.folder) / f"{settings.journal}.beancount", settings.check))


def set_up(settings: FileLedgerSettings, secret: Secret) -> FileLedger:
    return connect(settings, secret)


def open_reader(settings: FileLedgerSettings, secret: Secret) -> FileLedger:
    return connect(settings, secret)


class FileLedger:
    """The port's AccountingSystem, AccountingSetup and LedgerReader in one."""

    capabilities = port.Capabilities(
        kinds=ENTRIES, drafts=frozenset(), foreign=ENTRIES, purposes=frozenset(),
        settlement=port.SettlementSupport.NONE, tax_as_given=ENTRIES, tax_accounts=True, max_dimensions=None,
        reference_length=100, text_length=500, max_batch=500, max_find=5000,
        files=frozenset(), max_attachment_bytes=0, max_attachments=None, attachment_types=frozenset(),
        attach_to_posted=False, shows_void=False,
        periods=port.PeriodSupport.UNKNOWN, reversal=port.ReversalSupport.NONE,
    )  # fmt: skip

    def __init__(self, file: LedgerFile) -> None:
        self._file = file
        self.ledger_id = str(file.path.resolve())[-200:]

    def check(self) -> None:
        self._read()
        if not self._file.writable:
            raise errors.PermissionDenied(RIGHT)

    def find_many(self, references: Collection[str]) -> Mapping[str, port.DocumentOutcome]:
        return {reference: _one_of(held) for reference, held in self.read(references).items()}

    def differences(self, found: Sequence[tuple[port.DocumentRef, Document]]) -> Mapping[str, errors.Rejected]:
        held = {each.ref.id: each for each in entries(self._read())}
        return {
            ref.reference: errors.Rejected(ledger.ENTRY_DIFFERS.told(ledger=TITLE, name=ref.id))
            for ref, wanted in found
            if ref.id in held and _totals(held[ref.id]) != _totals(wanted)
        }

    def refusals(self, documents: Sequence[Document]) -> Mapping[str, errors.AccountingError]:
        text = self._read()
        refused = ((each.reference, _refusal(each, text)) for each in documents)
        return {reference: refusal for reference, refusal in refused if refusal}

    def record_many(
        self, documents: Sequence[Document], state: port.DocumentState
    ) -> Mapping[str, port.DocumentOutcome]:
        outcomes: dict[str, port.DocumentOutcome] = dict(self.refusals(documents))
        sound = [each for each in documents if isinstance(each, JournalEntry) and each.reference not in outcomes]
        return outcomes | (self._write(sound) if sound else {})

    def post_many(self, documents: Sequence[port.DocumentRef]) -> Mapping[str, port.DocumentOutcome]:
        return {each.reference: each for each in documents}  # final since they were recorded

    def attach(self, document: port.DocumentRef, attachments: Sequence[port.Attachment]) -> None:
        raise errors.AttachmentRejected(receipts.NO_FILES_TAKEN.told(ledger=TITLE, kind="journal entry"))

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
        for each in entries(self._read()) if references else ():
            if each.ref.reference in references:
                held.setdefault(each.ref.reference, []).append(each)
        return held

    def ours(self, since: date, until: date) -> Collection[str]:
        dated = [each.ref for each in entries(self._read()) if since <= each.ref.date <= until]
        return {ref.reference for ref in dated if ref.reference.startswith(MARK)}

    def account_names(self, codes: Collection[str]) -> Mapping[str, str]:
        return {code: name for code, name in _accounts(self._read()).items() if code in codes}

    def accounts(self) -> Sequence[port.CodeAndName]:
        return [port.CodeAndName(code, name) for code, name in sorted(_accounts(self._read()).items())]

    def unknown_accounts(self, codes: Collection[str]) -> Collection[str]:
        return set(codes) - _accounts(self._read()).keys()

    def dimensions(self) -> Sequence[port.CodeAndName]:
        found = {name for kind, name, value in CUSTOM.findall(self._read()) if kind == "dimension"}
        return [port.CodeAndName(name, name) for name in sorted(found)]

    def unknown_dimensions(self, categories: Collection[str]) -> Collection[str]:
        return set(categories) - {each.code for each in self.dimensions()}

    def currency(self) -> str:
        return CURRENCY.findall(self._read())[0]

    def time_zone(self) -> str | None:
        return None

    # The file

    def _write(self, sound: Sequence[JournalEntry]) -> dict[str, port.DocumentOutcome]:
        """Add all entries at once; where the check refuses that, one by one."""
        accounts = _accounts(self._read())
        try:
            _tried(lambda: self._file.append("".join(as_text(each, accounts) for each in sound)))
        except Refused as refused:
            if len(sound) > 1:
                return {each.reference: self._write([each])[each.reference] for each in sound}
            return {sound[0].reference: errors.Rejected(str(refused))}
        except PermissionError:
            raise errors.PermissionDenied(RIGHT) from None
        except BlockingIOError:
            raise errors.Unavailable(connection.LEDGER_BUSY.told(ledger=TITLE)) from None
        except OSError:  # the new file may have taken the old one's place
            return {each.reference: errors.OutcomeUnknown(DOUBT) for each in sound}
        return {each.reference: as_ref(each.reference, each.posting_date) for each in sound}

    def _read(self) -> str:
        """Read the file. Raises InvalidConfiguration for a missing one, Unavailable where its folder is missing too."""
        path = self._file.path
        if path.parent.is_dir() and not path.exists():
            values = {"count": "no", "setting": "journal", "value": path.stem}
            raise errors.InvalidConfiguration(connection.SETTING_UNKNOWN_THERE.told(ledger=TITLE, **values))
        try:
            return _tried(self._file.read, OSError)
        except OSError:
            raise errors.Unavailable(connection.LEDGER_UNREACHABLE.told(ledger=TITLE)) from None


def _tried(act: Callable[[], T], passing: type[OSError] = BlockingIOError) -> T:
    """Repeat what may be repeated: reading, and writing that did nothing because another program was."""
    for _ in range(TRIES - 1):
        try:
            return act()
        except passing:
            pass
    return act()


def _accounts(text: str) -> dict[str, str]:
    return {code: name for name, code, _ in OPEN.findall(text)}


def _one_of(held: Sequence[port.LedgerDocument]) -> port.DocumentOutcome:
    if len(held) == 1:
        return held[0].ref
    names = " and ".join(each.ref.id for each in held)
    return errors.PossibleDuplicate(ledger.RECORDED_TWICE.told(ledger=TITLE, names=names))


def _totals(entry: port.LedgerDocument | Document) -> tuple[str, int, Counter[str]]:
    """Currency, total and the sum of each tax code: what is compared before a found entry is adopted."""
    taxes: Counter[str] = Counter()
    for line in entry.lines:
        if line.tax:
            taxes[line.tax if isinstance(line.tax, str) else line.tax.code] += line.amount
    return entry.currency, sum(abs(line.amount) for line in entry.lines), taxes


def _refusal(entry: Document, text: str) -> errors.Rejected | None:
    """Return why an entry is not taken, in the words of the failure catalogue; None where it is."""
    if refused := not_taken(entry, FileLedger.capabilities, CURRENCY.findall(text)[0], TITLE):
        return refused
    currencies = {code: currency for _, code, currency in OPEN.findall(text)}
    taxes = {name for kind, name, _ in CUSTOM.findall(text) if kind == "tax"}
    dimensions = {(name, value) for kind, name, value in CUSTOM.findall(text) if kind == "dimension"}
    for line in entry.lines:
        if line.account not in currencies:
            return errors.UnknownAccount(ledger.ACCOUNT_UNKNOWN.told(account=line.account, ledger=TITLE))
        if currencies[line.account] not in ("", entry.currency):
            values = {"account": line.account, "other": currencies[line.account], "currency": entry.currency}
            return errors.Rejected(ledger.ACCOUNT_CURRENCY.told(ledger=TITLE, **values))
        if line.tax and line.tax.code not in taxes:
            return errors.UnknownTaxCode(ledger.TAX_CODE_UNKNOWN.told(code=line.tax.code, ledger=TITLE))
        for each in line.dimensions:
            if (each.category, each.value) not in dimensions:
                told = ledger.TAG_UNKNOWN.told(tag=f"{each.category} {each.value}", ledger=TITLE)
                return errors.UnknownDimension(told, unknown=each)
    unbalanced = sum(line.amount for line in entry.lines) != 0
    return errors.Rejected(ledger.NOT_BALANCED.told(ledger=TITLE)) if unbalanced else None
