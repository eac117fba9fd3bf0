"""A check of a beancount file that knows nothing of the connector: written from beancount's language syntax.

It reads every line of a file: directives in order of nothing, each posting on an open account, in a currency that the
account takes, and each transaction in balance. `bean-check` judges the same, where it is installed
(tests/unit/accounting/test_file_ledger.py).
"""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal

DATE = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
STRING = r'"(?:[^"\\]|\\.)*"'
ACCOUNT = r"(?:Assets|Liabilities|Equity|Income|Expenses)(?::[A-Z0-9][A-Za-z0-9-]*)+"
OPTION = re.compile(rf"option {STRING} {STRING}")
OPEN = re.compile(rf"({DATE}) open ({ACCOUNT})(?:\s+([A-Z]{{3}}(?:,[A-Z]{{3}})*))?")
OTHER = re.compile(rf"{DATE} (?:custom(?: {STRING})+|price [A-Z]{{3}} [\d.]+ [A-Z]{{3}}|close {ACCOUNT})")
HEAD = re.compile(rf"({DATE}) [*!](?: {STRING}){{0,2}}")
METADATA = re.compile(rf"\s+[a-z][A-Za-z0-9_-]*: {STRING}")
POSTING = re.compile(rf"\s+({ACCOUNT})\s+(-?\d+(?:\.\d+)?) ([A-Z]{{3}})")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")


def problem(text: str) -> str | None:
    """What is wrong with the file; None where nothing is."""
    opened: dict[str, tuple[str, ...]] = {}
    sums: dict[str, Decimal] = {}
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if CONTROL.search(line):
            return f"line {number}: invalid token"
        if posting := POSTING.fullmatch(line):
            account, amount, currency = posting.groups()
            if account not in opened or (opened[account] and currency not in opened[account]):
                return f"line {number}: invalid account or currency of {account}"
            sums[currency] += Decimal(amount)
            continue
        if METADATA.fullmatch(line):
            continue
        if any(sums.values()):
            return f"line {number}: the transaction before does not balance"
        sums = defaultdict(Decimal)
        if found := OPEN.fullmatch(line):
            opened[found[2]] = tuple(filter(None, (found[3] or "").split(",")))
        elif line and not any(each.fullmatch(line) for each in (OPTION, OTHER, HEAD)):
            return f"line {number}: syntax error"
    return None
