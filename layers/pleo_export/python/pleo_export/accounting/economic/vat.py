"""Pleo's tax on the lines of a document, as VAT codes of e-conomic.

Pleo gives the tax, and it is never computed here to be booked. e-conomic computes the VAT of an entry from its gross
amount and its VAT code; there is no field for it. So what e-conomic would make is compared with what Pleo says:

    the same        one entry with the gross amount and the VAT code: e-conomic's VAT report has it with its base
    another amount  Pleo's lines as they are, without a VAT code: the amounts are right, the VAT is on its account, and
                    the bookkeeper is told, because the report's base boxes do not have it

The second happens where Pleo rounded in another way, where only a part of the tax is deducted, or where the settings
name another account for the tax than the VAT code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from pleo_export.accounting.economic.lookups import EconomicLookups, EconomicVat
from pleo_export.accounting.economic.title import TITLE
from pleo_export.bookkeeping.documents import JournalLine, TaxRole

VAT_AS_LINES = (
    "VAT {code} was booked on its account without the VAT code, because {ledger} would compute another amount than "
    "Pleo's. Check the VAT return if that code counts in one of its boxes."
)


@dataclass(frozen=True, slots=True)
class VatLine:
    """A line as an entry: its amount in minor units, gross where `vat_code` is set; the VAT is then e-conomic's."""

    line: JournalLine
    amount: int
    vat_code: str | None


def with_vat_codes(lines: Sequence[JournalLine], lookups: EconomicLookups) -> tuple[list[VatLine], tuple[str, ...]]:
    """Return the entries of the lines, and what the bookkeeper is told. Raises UnknownTaxCode."""
    bases: dict[str, list[int]] = defaultdict(list)
    taxes: dict[str, list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        if line.tax is not None:
            (bases if line.tax.role is TaxRole.BASE else taxes)[line.tax.code].append(index)
    gross: dict[int, tuple[int, str]] = {}
    gone: set[int] = set()
    warnings = []
    for code in dict.fromkeys((*bases, *taxes)):
        vat = lookups.vat(code)
        amounts = _gross_amounts(vat, [lines[each] for each in bases[code]], [lines[each] for each in taxes[code]])
        if amounts is None:
            warnings.append(VAT_AS_LINES.format(code=code, ledger=TITLE))
            continue
        gross |= {index: (amount, code) for index, amount in zip(bases[code], amounts, strict=True)}
        gone |= set(taxes[code])
    made = [
        VatLine(line, *gross.get(index, (line.amount, None))) for index, line in enumerate(lines) if index not in gone
    ]
    return made, tuple(warnings)


def vat_inside(vat: EconomicVat, amount: int) -> int:
    """Return the VAT, in minor units, that e-conomic takes out of a gross amount."""
    return _rounded(amount * vat.rate / (100 + vat.rate))


def vat_on_top(vat: EconomicVat, amount: int) -> int:
    """Return the VAT, in minor units, that e-conomic adds for a reverse charge."""
    return _rounded(amount * vat.rate / 100)


def _gross_amounts(vat: EconomicVat, bases: Sequence[JournalLine], taxes: Sequence[JournalLine]) -> list[int] | None:
    """Return the amounts of the base lines' entries with which e-conomic comes to Pleo's tax; None where none do."""
    if not bases:
        return None
    if vat.contra is not None:
        due = sum(vat_on_top(vat, line.amount) for line in bases)
        booked = [(line.account, line.amount) for line in taxes]
        expected = [(vat.account, due), (vat.contra, -due)]
        same = sorted(booked) == sorted(expected) or (due == 0 and not booked)
        return [line.amount for line in bases] if same else None
    if any(line.account != vat.account for line in taxes):
        return None
    total = sum(line.amount for line in taxes)
    if len(taxes) == len(bases):
        shares = [line.amount for line in taxes]
    else:
        shares = [vat_on_top(vat, line.amount) for line in bases]
        shares[-1] += total - sum(shares)
    gross = [line.amount + share for line, share in zip(bases, shares, strict=True)]
    same = all(vat_inside(vat, amount) == share for amount, share in zip(gross, shares, strict=True))
    return gross if same else None


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
