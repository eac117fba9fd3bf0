"""Exchange differences: what a payment was worth more or less than its bill in the company's currency, booked as by
Tryton's client.

Each has a reference that follows from the payment's and from the lines that it evens out, and is looked for under it
before it is made, in whatever state a run left it. It is made as a draft first: of two that were made at the same time
the older one is posted, and the other is deleted.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from pleo_export.accounting.errors import AccountingError, InvalidConfiguration
from pleo_export.accounting.tryton.documents import MOVE
from pleo_export.accounting.tryton.periods import TrytonPeriods
from pleo_export.accounting.tryton.rest import Record, TrytonRest, literal
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.failures.connection import EXCHANGE_NOT_SET_UP

CONFIGURATION = "account.configuration"
_MARK = ":fx"
_FIELDS = (
    *("description", "state", "origin", "lines.account", "lines.debit", "lines.credit"),
    *("lines.reconciliation", "lines.party"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """An exchange difference: the lines come to `amount` in the company's currency, positive for a debit. It is evened
    out on the account of `line`, one of them."""

    reference: str
    line: Record
    amount: Decimal
    date: date


def derived_reference(reference: str, lines: Iterable[int]) -> str:
    """Return the reference of the difference between these lines; without lines, the beginning of all references of the
    document's differences."""
    key = "-".join(map(str, sorted(lines)))
    return f"{reference}{_MARK}:" + (hashlib.sha256(key.encode()).hexdigest()[:12] if key else "")


def is_derived(reference: str | None) -> bool:
    """Return whether a reference is that of an exchange difference."""
    return f"{_MARK}:" in (reference or "")


class TrytonDifferences:
    """Finds and makes exchange differences. Every method raises AccountingError."""

    def __init__(self, rest: TrytonRest, periods: TrytonPeriods) -> None:
        self._tryton = rest
        self._periods = periods

    def lines(self, wanted: Mapping[int, Difference]) -> Mapping[int, list[int]]:
        """Return the posted line that evens out each difference, by the numbers given; nothing for a difference that a
        person has cancelled or reconciled otherwise: it is not made a second time."""
        if not wanted:
            return {}
        there = self._held(wanted)
        missing = [each for each in wanted.values() if each.reference not in there]
        if missing:
            self._tryton.create_many(MOVE, [self._move(each) for each in missing])
            there = self._held(wanted)
        lines: dict[int, list[int]] = {}
        for number, difference in wanted.items():
            rows = self._posted(there.get(difference.reference, []))
            if line := next((found for row in rows if (found := _evening(row, difference))), None):
                lines[number] = [line]
        return lines

    def discard_late(self, references: Sequence[str]) -> None:
        """Delete drafts of these documents' differences that arrived after another run had posted the same ones."""
        if not references:
            return
        patterns = [["description", "like", f"{literal(derived_reference(each, ()))}%"] for each in references]
        held: dict[str, list[Record]] = defaultdict(list)
        for row in self._search(["OR", *patterns]):
            held[row["description"]].append(row)
        for rows in held.values():
            if any(row["state"] == "posted" for row in rows):
                self._discard([row for row in rows if row["state"] == "draft"])

    def _held(self, wanted: Mapping[int, Difference]) -> Mapping[str, list[Record]]:
        held: dict[str, list[Record]] = defaultdict(list)
        for row in self._search(["description", "in", [each.reference for each in wanted.values()]]):
            held[row["description"]].append(row)
        return dict(held)

    def _search(self, clause: Sequence[object]) -> list[Record]:
        domain = [["company", "=", self._tryton.company], clause]
        return self._tryton.search_read(MOVE, domain, _FIELDS, [["id", "ASC"]])

    def _posted(self, rows: Sequence[Record]) -> list[Record]:
        """Return the posted ones; if none is, post the first. Delete the other drafts."""
        posted = [row for row in rows if row["state"] == "posted"]
        drafts = [row for row in rows if row["state"] == "draft"]
        if not posted and drafts:
            first, *drafts = drafts
            self._tryton.press_button(MOVE, first["id"], "post", ["number"])
            posted = [first]
        self._discard(drafts)
        return posted

    def _discard(self, drafts: Sequence[Record]) -> None:
        for row in drafts:
            with suppress(AccountingError):  # a draft counts for nothing
                self._tryton.delete(MOVE, row["id"])

    def _move(self, difference: Difference) -> Record:
        line = difference.line
        credit, debit = max(difference.amount, Decimal(0)), max(-difference.amount, Decimal(0))
        even = {"account": line["account"]["id"], "party": line["party"], "debit": debit, "credit": credit}
        account = self._exchange["currency_exchange_credit_account" if debit else "currency_exchange_debit_account"]
        other = {"account": account, "debit": credit, "credit": debit}
        return {
            "company": self._tryton.company,
            "journal": self._exchange["currency_exchange_journal"],
            "period": self._periods.open_period(difference.date),
            "date": difference.date,
            "description": difference.reference,
            "lines": [["create", [even, other]]],
        }

    @cached_property
    def _exchange(self) -> Record:
        fields = [f"currency_exchange_{name}" for name in ("journal", "credit_account", "debit_account")]
        (row,) = self._tryton.search_read(CONFIGURATION, [], fields)
        if not all(row[field] for field in fields):
            raise InvalidConfiguration(EXCHANGE_NOT_SET_UP.told(ledger=TITLE))
        return row


def _evening(row: Record, difference: Difference) -> int | None:
    """Return the line that evens out the difference, unless it is reconciled already."""
    for line in row["lines"]:
        same = (line["account"], line["party"]) == (difference.line["account"]["id"], difference.line["party"])
        if same and line["reconciliation"] is None and line["debit"] - line["credit"] == -difference.amount:
            return int(line["id"])
    return None
