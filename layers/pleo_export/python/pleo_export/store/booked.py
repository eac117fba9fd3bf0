"""What the documents of a posting come to: accounts, amounts and tax codes, so that the ledger can be compared later.

Pleo gives an expense's data only while its export runs. So what was booked is kept with the posting record: sums by
account and tax code, without a text, a name or a file.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from pleo_export.bookkeeping.documents import Document

# Characters. A transaction of a hundred records holds 4 MB. A document of more accounts cannot be compared by line.
LONGEST = 20_000


class BookedAmount(NamedTuple):
    """The sum of a document's lines on one account with one tax code, in minor units: + debit, - credit."""

    account: str
    tax: str | None
    amount: int


class BookedDocument(NamedTuple):
    """One document as it was sent to the ledger. `date` is its posting date, `kind` a DocumentKind's value."""

    reference: str
    kind: str
    date: date
    currency: str
    amounts: tuple[BookedAmount, ...]


def booked_as(documents: Iterable[Document]) -> tuple[BookedDocument, ...]:
    """Return what these documents come to."""
    return tuple(
        BookedDocument(
            reference=each.reference,
            kind=each.kind.value,
            date=each.posting_date,
            currency=each.currency,
            amounts=sums((line.account, line.tax.code if line.tax else None, line.amount) for line in each.lines),
        )
        for each in documents
    )


def sums(lines: Iterable[tuple[str, str | None, int]]) -> tuple[BookedAmount, ...]:
    """Return the sums of (account, tax code, amount), in the order of the accounts; what comes to nothing is left
    out."""
    totals: dict[tuple[str, str | None], int] = defaultdict(int)
    for account, tax, amount in lines:
        totals[account, tax] += amount
    ordered = sorted(totals.items(), key=lambda each: (each[0][0], each[0][1] or ""))
    return tuple(BookedAmount(account, tax, amount) for (account, tax), amount in ordered if amount)


def on_dates(documents: Sequence[BookedDocument], dates: Mapping[str, date]) -> tuple[BookedDocument, ...]:
    """Return the documents with the posting dates that the ledger gave them, by reference."""
    return tuple(each._replace(date=dates.get(each.reference, each.date)) for each in documents)


def as_text(documents: Sequence[BookedDocument]) -> str | None:
    """Return the documents as a record keeps them; None for none, or for more than a record has room for."""
    rows = [
        [each.reference, each.kind, each.date.isoformat(), each.currency, [_row(amount) for amount in each.amounts]]
        for each in documents
    ]
    text = json.dumps(rows, separators=(",", ":"))
    return text if documents and len(text) <= LONGEST else None


def from_text(text: str | None) -> tuple[BookedDocument, ...]:
    """Return the documents of a record; none for a record that keeps none."""
    return tuple(
        BookedDocument(reference, kind, date.fromisoformat(on), currency, tuple(BookedAmount(*each) for each in rows))
        for reference, kind, on, currency, rows in json.loads(text or "[]")
    )


def _row(amount: BookedAmount) -> list[str | int | None]:
    return [amount.account, amount.tax, amount.amount]
