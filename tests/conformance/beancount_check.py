"""A check of a beancount file that knows nothing of the connector: written from beancount's language syntax.

It reads every line of a file: each posting has to be on an account that is open on its day, in a currency that the
account takes, and each transaction in balance.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

DATE = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
STRING = r'"(?:[^"\\]|\\.)*"'
ACCOUNT = r"(?:Assets|Liabilities|Equity|Income|Expenses)(?::[A-Z0-9][A-Za-z0-9-]*)+"
OPTION = re.compile(rf"option {STRING} {STRING}")
OPEN = re.compile(rf"({DATE}) open ({ACCOUNT})(?:\s+([A-Z]{{3}}(?:,[A-Z]{{3}})*))?")
OTHER = re.compile(rf"{DATE} (?:custom(?: {STRING})+|price [A-Z]{{3}} [\d.]+ [A-Z]{{3}})")
CLOSE = re.compile(rf"({DATE}) close ({ACCOUNT})")
HEAD = re.compile(rf"({DATE}) [*!](?: {STRING}){{0,2}}")
METADATA = re.compile(rf"\s+[a-z][A-Za-z0-9_-]*: {STRING}")
POSTING = re.compile(rf"\s+({ACCOUNT})\s+(-?\d+(?:\.\d+)?) ([A-Z]{{3}})")


@dataclass
class Book:
    """What the lines so far have said."""

    since: dict[str, str] = field(default_factory=dict)
    until: dict[str, str] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)
    on: str = ""
    sums: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def read(self, line: str) -> str | None:
        """What is wrong with the line; None where nothing is."""
        if posting := POSTING.fullmatch(line):
            return self._post(*posting.groups())
        if METADATA.fullmatch(line):
            return None
        if any(self.sums.values()):
            return "Transaction does not balance"
        self.sums.clear()
        if head := HEAD.fullmatch(line):
            self.on = head[1]
        elif opened := OPEN.fullmatch(line):
            self.since[opened[2]], self.currencies[opened[2]] = opened[1], opened[3] or ""
        elif closed := CLOSE.fullmatch(line):
            self.until[closed[2]] = closed[1]
        elif line and not any(each.fullmatch(line) for each in (OPTION, OTHER)):
            return "syntax error"
        return None

    def _post(self, account: str, amount: str, currency: str) -> str | None:
        if not self.since.get(account, "9") <= self.on < self.until.get(account, "9"):
            return f"Invalid reference to inactive account '{account}'"
        if currency not in (self.currencies[account] or currency).split(","):
            return f"Invalid currency {currency} for account '{account}'"
        self.sums[currency] += Decimal(amount)
        return None


def problem(text: str) -> str | None:
    """The first problem of a file; None where there is none."""
    book = Book()
    found = ((number, book.read(line)) for number, line in enumerate([*text.split("\n"), ""], 1))
    return next((f"{number}: {said}" for number, said in found if said), None)
