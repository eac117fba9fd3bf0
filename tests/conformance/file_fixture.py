"""The connector fixture of the example in `examples/file_ledger`: what people do, they do with an editor."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from examples.file_ledger.connector import FileLedger
from examples.file_ledger.ledger_file import TRANSACTION, LedgerFile, Refused, entries
from examples.file_ledger.lists import FileLists
from pleo_export.accounting.lists import LedgerLists
from pleo_export.accounting.port import AccountingSetup, AccountingSystem, DocumentState, LedgerDocument, LedgerReader
from pleo_export.bookkeeping.documents import JournalLine
from tests.conformance.beancount_check import problem
from tests.conformance.connector_fixture import REFUSAL, Act, Held, Pages, Plan, Traits, Trouble

CLOSED_ACCOUNT = JournalLine("6900", 100), JournalLine("1900", -100)
EUROS = 1.15  # for a pound: `price` in the file
CHART = """option "title" "Northgate"
option "operating_currency" "GBP"
2020-01-01 open Assets:1200
2020-01-01 open Assets:1900 GBP
2020-01-01 open Assets:1901 EUR
2020-01-01 open Assets:1950
2020-01-01 open Liabilities:2100
2020-01-01 open Liabilities:2101
2020-01-01 open Liabilities:2200
2020-01-01 open Liabilities:2201
2020-01-01 open Liabilities:2202
2020-01-01 open Liabilities:2250
2020-01-01 open Expenses:6100
2020-01-01 open Expenses:6200
2020-01-01 open Expenses:6300
2020-01-01 open Expenses:6400
2020-01-01 open Expenses:6500
2020-01-01 open Expenses:6900
2024-12-31 close Expenses:6900
2020-01-01 custom "tax" "GB20"
2020-01-01 custom "tax" "ES21"
2020-01-01 custom "tax" "RC20"
2020-01-01 custom "dimension" "cost_centre" "LON"
2020-01-01 custom "dimension" "project" "P-100"
2020-01-01 price EUR 0.8696 GBP
"""


@dataclass(frozen=True)
class CheckedFile(LedgerFile):
    """A file that a program of its own checks before each change; `refusing` is what happens to any other access."""

    refusing: Callable[[Act], None] = lambda act: None

    def append(self, text: str) -> None:
        self.refusing(Act.CREATE)
        super().append(text)

    def problem(self, copy: Path) -> str | None:
        return problem(copy.read_text())


@dataclass(frozen=True)
class TroubledFile(CheckedFile):
    """A file on a disk that fails as planned."""

    plan: Plan = lambda act, number: None
    seen: Counter[Act] = field(default_factory=Counter)
    late: list[Callable[[], str]] = field(default_factory=list)

    def read(self) -> str:
        return self._cross(Act.READ, super().read)

    def append(self, text: str) -> None:
        self._cross(Act.CREATE, lambda: LedgerFile.append(self, text))

    def _cross(self, act: Act, access: Callable[[], str | None]) -> str:
        self.seen[act] += 1
        match self.plan(act, self.seen[act]):
            case None:
                return access() or ""
            case Trouble.LOST | Trouble.CUT_OFF | Trouble.EMPTY:
                access()
                raise OSError("the disk failed afterwards")
            case Trouble.REFUSED:
                raise Refused(REFUSAL)
            case Trouble.FAILED | Trouble.BUSY:
                raise BlockingIOError("another program holds the lock")
            case Trouble.LATE:
                self.late.append(lambda: str(access()))
        raise OSError("the disk failed before")


@dataclass(frozen=True)
class FileWay:
    file: TroubledFile

    @property
    def system(self) -> AccountingSystem:
        return FileLedger(self.file)

    @property
    def setup(self) -> AccountingSetup:
        return FileLedger(self.file)

    @property
    def reader(self) -> LedgerReader:
        return FileLedger(self.file)

    @property
    def lists(self) -> LedgerLists:
        return FileLists(FileLedger(self.file).text)

    def deliver(self) -> None:
        for access in self.file.late:
            with suppress(Refused):
                access()
        self.file.late.clear()


@dataclass(frozen=True)
class FileMasterData:
    path: Path

    def add_account(self, code: str, name: str, *, heading: bool = False) -> None:
        assert not heading
        self._append(f"2020-01-01 open Expenses:{name.replace(' ', '')}:{code}")

    def close_account(self, code: str) -> None:
        self._append(f"2025-12-31 close Expenses:{code}")

    def add_dimension(self, code: str) -> None:
        raise NotImplementedError("there is no list of them")

    def add_values(self, dimension: str, names: Sequence[str]) -> list[str]:
        raise NotImplementedError("there is no list of them")

    def rename_value(self, dimension: str, code: str, name: str) -> None:
        raise NotImplementedError("there is no list of them")

    def close_value(self, dimension: str, code: str) -> None:
        raise NotImplementedError("there is no list of them")

    def end_tax(self, code: str) -> None:
        raise NotImplementedError("there is no list of them")

    def add_suppliers(self, names: Sequence[str], *, active: bool = True, tax_number: str | None = None) -> list[str]:
        raise NotImplementedError("there is no list of them")

    def rename_supplier(self, id_: str, name: str) -> None:
        raise NotImplementedError("there is no list of them")

    def suppliers_called(self, name: str) -> list[str]:
        return []

    def _append(self, line: str) -> None:
        self.path.write_text(f"{self.path.read_text()}{line}\n")


class FileFixture:
    traits = Traits(
        numbered=frozenset(),
        linked=frozenset(),
        has_key=False,
        time_zone=None,
        poison={"lines": CLOSED_ACCOUNT},
        has_headings=False,
    )

    def __init__(self, folder: Path) -> None:
        self.url = str(folder)
        self._path = folder / "ledger.beancount"
        self._path.write_text(CHART)
        self._rights = True

    def connector(self, *, url: str | None = None) -> AccountingSystem:
        return self._at(url)

    def setup(self, *, url: str | None = None) -> AccountingSetup:
        return self._at(url)

    def reader(self, *, url: str | None = None) -> LedgerReader:
        return self._at(url)

    def lists(self, *, url: str | None = None) -> LedgerLists:
        return FileLists(self._at(url).text)

    @property
    def master_data(self) -> FileMasterData:
        return FileMasterData(self._path)

    @contextmanager
    def misled(self, pages: Pages) -> Iterator[LedgerLists]:
        """It is read in one piece: there are no pages."""
        yield self.lists()

    def _at(self, url: str | None) -> FileLedger:
        return FileLedger(CheckedFile(Path(url or self.url) / self._path.name, refusing=self._write_rights))

    def _write_rights(self, _: Act) -> None:
        if not self._rights:
            raise PermissionError("read-only")

    def with_wrong_key(self) -> AccountingSystem:
        raise NotImplementedError("a file has no key")

    def without_rights(self) -> AccountingSystem:
        self._rights = False
        return self.connector()

    def with_missing_journal(self) -> AccountingSystem:
        return FileLedger(LedgerFile(Path(self.url) / "NONE.beancount"))

    @contextmanager
    def troubled(self, plan: Plan) -> Iterator[FileWay]:
        yield FileWay(TroubledFile(self._path, plan=plan))

    def held(self, reference: str) -> list[Held]:
        return [_held(each) for each in entries(self._path.read_text()) if each.ref.reference == reference]

    def files(self, reference: str) -> list[tuple[str, bytes]]:
        return []

    def derived(self, reference: str) -> list[Held]:
        return self.held(f"{reference}:fx")

    def counters(self, reference: str) -> list[Held]:
        return self.held(f"{reference}:rev")

    def close_period(self, on: date) -> None:
        """There are none."""

    def reopen_period(self, on: date) -> None:
        """There are none."""

    def void(self, reference: str) -> None:
        self.delete(reference)

    def duplicate(self, reference: str) -> None:
        text = self._path.read_text()
        self._path.write_text(f"{text}\n{self._block(reference)}")

    def delete(self, reference: str) -> None:
        self._path.write_text(self._path.read_text().replace(self._block(reference), ""))

    def post_by_hand(self, reference: str) -> None:
        """All is posted."""

    def change_amount(self, reference: str) -> None:
        raise NotImplementedError("there are no drafts")

    def recategorise(self, reference: str, old: str, new: str) -> None:
        raise NotImplementedError("there are no drafts")

    def clear_document_date(self, reference: str) -> None:
        raise NotImplementedError("there are no drafts")

    def redate(self, reference: str, to: date) -> None:
        raise NotImplementedError("there are no drafts")

    def _block(self, reference: str) -> str:
        return next(each[0] for each in TRANSACTION.finditer(self._path.read_text()) if each[2] == reference)


def _held(entry: LedgerDocument) -> Held:
    lines = tuple((line.account, line.amount) for line in entry.lines)
    if entry.currency == "GBP":
        return Held(DocumentState.POSTED, None, entry.ref.date, lines)
    own = [round(amount / EUROS) for _, amount in lines]
    own[-1] -= sum(own)
    worth = tuple((account, amount) for (account, _), amount in zip(lines, own, strict=True))
    return Held(DocumentState.POSTED, None, entry.ref.date, worth, foreign=lines)


class FileFixtures:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self.shared = self._new()

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[FileFixtures]:
        with tempfile.TemporaryDirectory() as folder:
            yield cls(Path(folder))

    @contextmanager
    def own(self) -> Iterator[FileFixture]:
        yield self._new()

    def _new(self) -> FileFixture:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return FileFixture(folder)
