"""The items of a preview, and their totals per account and per tax code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pleo_export.accounting.port import CodeAndName, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Bill, Document, JournalEntry, JournalLine, TaxRole
from pleo_export.bookkeeping.settings import Accounts
from pleo_export.errors import ItemFailure


class PreviewState(StrEnum):
    """What an export would do with an item."""

    NEW = "would be booked"
    ADOPTED = "is booked already, and would be finished"
    NOTHING_TO_DO = "is booked already"
    IN_DOUBT = "is in doubt: a request may still be under way"
    FAILS = "would fail"
    FAILED = "has failed"


@dataclass(frozen=True)
class PreviewedDocument:
    """A document as it would be recorded, in the state `state`. `own_date` is its posting date before a closed period
    moved it; `held` is what the accounting system has of it already."""

    document: Document
    own_date: date
    held: DocumentRef | None
    state: DocumentState

    @property
    def party(self) -> str | None:
        """The name of the supplier or employee; None for a journal entry, which has none."""
        return None if isinstance(self.document, JournalEntry) else self.document.party.name

    @property
    def invoice_number(self) -> str | None:
        """The supplier's number of a bill."""
        return self.document.invoice_number if isinstance(self.document, Bill) else None


@dataclass(frozen=True)
class ItemPreview:
    """One item. `failure` and `reason` are what Pleo would be told; `receipts` the number of its files, which are not
    fetched; `revision` counts from 1."""

    entry_id: str
    state: PreviewState
    revision: int = 1
    documents: tuple[PreviewedDocument, ...] = ()
    receipts: int = 0
    warnings: tuple[str, ...] = ()
    failure: ItemFailure | None = None
    reason: str | None = None

    @property
    def fails(self) -> bool:
        """Whether a person has something to correct."""
        return self.state in (PreviewState.FAILS, PreviewState.FAILED)

    @property
    def to_book(self) -> Sequence[Document]:
        """The documents that would be recorded."""
        if self.state not in (PreviewState.NEW, PreviewState.ADOPTED):
            return ()
        return [each.document for each in self.documents if not each.held]


@dataclass(frozen=True)
class AccountTotal:
    """What would be booked on an account in one currency, in minor units."""

    currency: str
    account: str
    debit: int
    credit: int


@dataclass(frozen=True)
class TaxTotal:
    """What would be booked with a tax code in one currency, in minor units: + debit, - credit."""

    currency: str
    tax_code: str
    base: int
    tax: int


def account_totals(items: Iterable[ItemPreview]) -> list[AccountTotal]:
    """Return the totals of what would be booked, by currency and account."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for currency, line in _lines(items):
        sums[currency, line.account][0 if line.amount > 0 else 1] += abs(line.amount)
    return [AccountTotal(*key, *sides) for key, sides in sorted(sums.items())]


def tax_totals(items: Iterable[ItemPreview]) -> list[TaxTotal]:
    """Return the totals of what would be booked, by currency and tax code."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for currency, line in _lines(items):
        if line.tax is not None:
            sums[currency, line.tax.code][0 if line.tax.role is TaxRole.BASE else 1] += line.amount
    return [TaxTotal(*key, *amounts) for key, amounts in sorted(sums.items())]


def account_names(accounts: Iterable[CodeAndName], settings: Accounts) -> Mapping[str, str]:
    """Return the accounts' names by code. One that the settings name, and that is not among the accounts, has the name
    of its setting."""
    roles: dict[str, str] = {}
    for role, code in settings.model_dump(exclude_none=True).items():
        if isinstance(code, dict):
            roles |= {str(each): f"not in the chart (accounts.{role}.{key})" for key, each in code.items()}
        else:
            roles[str(code)] = f"not in the chart (accounts.{role})"
    return roles | {each.code: each.name for each in accounts}


def _lines(items: Iterable[ItemPreview]) -> Iterator[tuple[str, JournalLine]]:
    for item in items:
        for document in item.to_book:
            yield from ((document.currency, line) for line in document.lines)
