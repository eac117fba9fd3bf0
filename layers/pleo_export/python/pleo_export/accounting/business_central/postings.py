"""What the general ledger and the journals hold under a document number, told apart into documents. Pure.

A document number is not unique: a person may have copied a document, and Reverse Transaction enters it once more with
the other sign, under the same number. The line with the reference (see `entry`) tells where a document ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from pleo_export.accounting.business_central.entry import day, minor
from pleo_export.accounting.business_central.rest import Row


@dataclass(frozen=True, slots=True)
class PostedGroup:
    """The entries of one document, in the order in which they were made."""

    entries: tuple[Row, ...]

    @property
    def number(self) -> str:
        """The number of the first entry, which people see."""
        return str(self.entries[0]["entryNumber"])

    @property
    def date(self) -> date:
        """The posting date."""
        return day(self.entries[0]["postingDate"])

    @property
    def is_payment(self) -> bool:
        """Whether it is a payment to a vendor."""
        return bool(self.entries[0]["documentType"] == "Payment")

    def on_account(self, account: str) -> int:
        """Return what is booked on an account, in minor units."""
        return sum(entry_amount(each) for each in self.entries if each["accountNumber"] == account)


@dataclass(frozen=True, slots=True)
class PostedDocument:
    """All groups of one document number: those that count, and those that a person has reversed or that reverse."""

    live: tuple[PostedGroup, ...]
    void: tuple[PostedGroup, ...]


def entry_amount(entry: Row) -> int:
    """Return the amount of an entry in minor units: + debit, - credit."""
    return minor(entry["debitAmount"]) - minor(entry["creditAmount"])


def posted_document(entries: Iterable[Row], reference: str) -> PostedDocument:
    """Tell the documents apart that carry one number. A reversal and what it reverses are both void."""
    groups = _groups(sorted(entries, key=lambda each: int(each["entryNumber"])), reference)
    account = next((each["accountNumber"] for each in groups[0].entries if _is_marked(each, reference)), None)
    if account is None:
        account = groups[0].entries[-1]["accountNumber"]
    sign = _sign(groups[0].on_account(account))
    same = [group for group in groups if _sign(group.on_account(account)) == sign]
    opposite = [group for group in groups if group not in same]
    count = max(len(same) - len(opposite), 0)
    live = same[len(same) - count :]
    return PostedDocument(tuple(live), tuple(group for group in same if group not in live))


def draft_groups(lines: Iterable[Row], reference: str) -> list[list[Row]]:
    """Tell the drafts apart that carry one number: lines of journals, each with its `journalId`."""
    groups: list[list[Row]] = []
    current: list[Row] = []
    ordered = sorted(lines, key=lambda line: (str(line["journalId"]), int(line["lineNumber"])))
    for line in ordered:
        if current and current[-1]["journalId"] != line["journalId"]:
            groups, current = _closed(groups, current), []
        current.append(line)
        ended = "vendorNumber" not in line and sum(minor(each["amount"]) for each in current) == 0
        if ended and any(_is_marked(each, reference) for each in current):
            groups, current = [*groups, current], []
    return _closed(groups, current)


def reference_in(text: str, mark: str) -> str | None:
    """Return the reference at the beginning of a line's text; None if it does not begin with the mark."""
    return text.split(" ", 1)[0] if text.startswith(mark) else None


def _groups(entries: Sequence[Row], reference: str) -> list[PostedGroup]:
    groups: list[list[Row]] = []
    current: list[Row] = []
    for entry in entries:
        current.append(entry)
        balanced = sum(map(entry_amount, current)) == 0
        if balanced and any(_is_marked(each, reference) for each in current):
            groups, current = [*groups, current], []
    return [PostedGroup(tuple(group)) for group in _closed(groups, current)]


def _closed(groups: list[list[Row]], rest: list[Row]) -> list[list[Row]]:
    """Add what is left over: to the last document of the same journal, else as one of its own."""
    if not rest:
        return groups
    same_place = groups and groups[-1][-1].get("journalId") == rest[0].get("journalId")
    if same_place and not any("vendorNumber" in each for each in rest):
        return [*groups[:-1], [*groups[-1], *rest]]
    return [*groups, rest]


def _is_marked(row: Row, reference: str) -> bool:
    return str(row["description"]).startswith(reference)


def _sign(amount: int) -> int:
    return (amount > 0) - (amount < 0)
