"""Journal entries and payments as lines of a journal, and back. Pure: no I/O.

A line with a tax code holds the amount with its VAT, which Business Central takes out again when it posts; under
reverse charge it holds the net amount. So a line of Pleo and its tax lines become one line. What Pleo booked as tax is
in the line's comment, and the tax code in its text: entries of the general ledger have no other place for it.

The last line's text begins with the reference, the others' end with their tax code. All lines have the short key of the
reference as document number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.port import LedgerLine
from pleo_export.accounting.short_key import short_key
from pleo_export.bookkeeping.documents import Dimension, JournalEntry, JournalLine, TaxRole
from pleo_export.failures.ledger import NOT_BALANCED, TAX_WITHOUT_ACCOUNT
from pleo_export.text import shorten

GL, BANK = "G/L Account", "Bank Account"
STEP = 10_000  # between two line numbers, as in the pages
LONGEST_TEXT, LONGEST_COMMENT = 100, 250
_TAX_CODE = re.compile(r" \[([^\]]{1,20})\]$")
_TAXES = re.compile(r"Pleo VAT:((?: \S+ -?\d+;)*)$")
_TAX = re.compile(r" (\S+) (-?\d+);")


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of a journal. `amount` in minor units, with its VAT; `taxes` are Pleo's tax lines in it, each account
    with its amount."""

    account: str
    amount: int
    text: str
    tax: str | None
    taxes: tuple[tuple[str, int], ...]
    dimensions: tuple[Dimension, ...]


def rows_of(entry: JournalEntry) -> list[JournalRow]:
    """Return the lines of an entry. Raises Rejected for one that does not balance, or has a tax without its base."""
    if not entry.lines or sum(line.amount for line in entry.lines) != 0:
        raise Rejected(NOT_BALANCED.told(ledger=TITLE))
    rows: list[JournalRow] = []
    for line in entry.lines:
        if line.tax is None or line.tax.role is TaxRole.BASE:
            code = line.tax.code if line.tax else None
            rows.append(JournalRow(line.account, line.amount, line.text, code, (), line.dimensions))
        else:
            _add_tax(rows, line)
    return rows


def _add_tax(rows: list[JournalRow], line: JournalLine) -> None:
    """Add a tax line to its base: the last line before it with the same code."""
    code = line.tax.code if line.tax else None
    for number in reversed(range(len(rows))):
        row = rows[number]
        if row.tax == code:
            taxes = (*row.taxes, (line.account, line.amount))
            rows[number] = replace(row, amount=row.amount + line.amount, taxes=taxes)
            return
    raise Rejected(TAX_WITHOUT_ACCOUNT.told(ledger=TITLE, code=code, account=f" account {line.account}"))


def line_bodies(
    entry: JournalEntry, rows: list[JournalRow], types: dict[str, str], without_vat: str
) -> Iterator[dict[str, Any]]:
    """Yield the lines as the API takes them: the type of an account before its number. `types`: whether an account is
    in the general ledger or a bank account, by its code. `without_vat`: the code for lines without VAT, if any."""
    key = short_key(entry.reference)
    for number, row in enumerate(rows):
        last = number == len(rows) - 1
        body: dict[str, Any] = {
            "accountType": types[row.account],
            "accountNumber": row.account,
            "postingDate": entry.posting_date.isoformat(),
            "documentNumber": key,
            "externalDocumentNumber": key,
            "amount": units(row.amount),
            "description": _text(f"{entry.reference} {entry.memo}" if last else row.text, row.tax),
        }
        if row.taxes:
            body["comment"] = vat_comment(row.taxes)
        code = row.tax or (without_vat if types[row.account] == GL and not last else "")
        if code:
            body["taxCode"] = code
        if row.dimensions:
            body["dimensionSetLines"] = [{"code": each.category, "valueCode": each.value} for each in row.dimensions]
        yield body


def tax_code_in(text: str, known: Collection[str]) -> str | None:
    """Return the tax code at the end of a line's text; None if there is none that is known."""
    found = _TAX_CODE.search(text)
    return found[1] if found and found[1] in known else None


def draft_lines(line: dict[str, Any]) -> Iterator[LedgerLine]:
    """Yield what a line of a journal will be booked as: itself, and the VAT in it."""
    code = line.get("taxCode") or None
    taxes = [(account, int(amount)) for account, amount in _taxes_in(line.get("comment", ""))] if code else []
    yield LedgerLine(line["accountNumber"], minor(line["amount"]) - sum(amount for _, amount in taxes), code)
    for account, amount in taxes:
        yield LedgerLine(account, amount, code)


def units(amount: int) -> Decimal:
    """Return minor units as an amount."""
    return Decimal(amount).scaleb(-2)


def minor(amount: Decimal | int) -> int:
    """Return an amount in minor units."""
    return int((Decimal(amount) * 100).to_integral_value())


def day(text: str) -> date:
    """Return a date of the API."""
    return date.fromisoformat(text[:10])


def _text(text: str, code: str | None) -> str:
    end = f" [{code}]" if code else ""
    return shorten(text, LONGEST_TEXT - len(end)) + end


def vat_comment(taxes: Sequence[tuple[str, int]]) -> str:
    """Return what Pleo booked as tax. One that is too long is left out: a part of it would be wrong."""
    text = "Pleo VAT:" + "".join(f" {account} {amount};" for account, amount in taxes)
    return text if len(text) <= LONGEST_COMMENT else ""


def _taxes_in(comment: str) -> list[tuple[str, str]]:
    found = _TAXES.fullmatch(comment or "")
    return _TAX.findall(found[1]) if found else []
