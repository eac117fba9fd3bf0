"""The lines of a voucher, as the general ledger has them or will have them.

A draft entry holds a gross amount and a VAT code, and its supplier instead of an account. Once it is booked, the VAT is
an entry of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pleo_export.accounting.economic.documents import HeldVoucher
from pleo_export.accounting.economic.json_numbers import minor
from pleo_export.accounting.economic.lookups import EconomicLookups, EconomicSupplier, EconomicVat
from pleo_export.accounting.economic.rest import Row
from pleo_export.accounting.economic.vat import vat_inside, vat_on_top
from pleo_export.accounting.economic.vouchers import tax_code_in
from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.port import LedgerLine


def lines_of(
    vouchers: Sequence[HeldVoucher], lookups: EconomicLookups
) -> list[tuple[HeldVoucher, str, tuple[LedgerLine, ...]]]:
    """Return each voucher with its currency and its lines. Raises AccountingError."""
    named = {row["supplierNumber"] for each in vouchers if not each.posted for row in each.rows if _supplier(row)}
    suppliers = lookups.suppliers(named) if named else {}
    return [(each, *_lines(each, lookups, suppliers)) for each in vouchers]


def vat_or_none(code: str | None, lookups: EconomicLookups) -> EconomicVat | None:
    """Return the VAT code; None for none, and for one that is barred by now."""
    if not code:
        return None
    try:
        return lookups.vat(code)
    except Rejected:
        return None


def _lines(
    voucher: HeldVoucher, lookups: EconomicLookups, suppliers: Mapping[int, EconomicSupplier]
) -> tuple[str, tuple[LedgerLine, ...]]:
    if voucher.posted:
        return str(voucher.rows[0]["currencyCode"]), tuple(_booked_lines(voucher, lookups))
    lines = [line for row in voucher.rows for line in _draft_lines(row, lookups, suppliers)]
    return str(voucher.rows[0]["currency"]), tuple(lines)


def _supplier(row: Row) -> bool:
    return bool(row.get("supplierNumber"))


def _booked_lines(voucher: HeldVoucher, lookups: EconomicLookups) -> Iterator[LedgerLine]:
    """Yield the booked entries. Those on the accounts of the voucher's VAT codes are their VAT: of the code that stands
    before them, since several codes can have one account. A code without a rate has no VAT."""
    vats = [vat_or_none(row.get("vatAccountNumber"), lookups) for row in voucher.rows]
    taxed = [vat for vat in vats if vat and vat.rate]
    codes = {account: vat.code for vat in taxed for account in (vat.account, vat.contra) if account}
    for row, vat in zip(voucher.rows, vats, strict=True):
        if vat and vat.rate:
            codes |= {account: vat.code for account in (vat.account, vat.contra) if account}
        account = str(row["accountNumber"])
        code = row.get("vatAccountNumber") or tax_code_in(row.get("text")) or codes.get(account)
        yield LedgerLine(account, minor(row["amount"]), code)


def _draft_lines(row: Row, lookups: EconomicLookups, suppliers: Mapping[int, EconomicSupplier]) -> Iterator[LedgerLine]:
    gross = minor(row["amount"])
    if _supplier(row):
        known = suppliers.get(row["supplierNumber"])
        yield LedgerLine(known.account if known else "", gross)
    elif row.get("accountNumber"):
        yield from _side(str(row["accountNumber"]), gross, row.get("vatCode"), lookups, tax_code_in(row.get("text")))
    if row.get("contraAccountNumber"):
        yield from _side(str(row["contraAccountNumber"]), -gross, row.get("contraVatCode"), lookups)


def _side(
    account: str, gross: int, code: str | None, lookups: EconomicLookups, named: str | None = None
) -> Iterator[LedgerLine]:
    vat = vat_or_none(code, lookups)
    if vat is None:
        yield LedgerLine(account, gross, named)
    elif vat.contra is not None:
        tax = vat_on_top(vat, gross)
        yield LedgerLine(account, gross, vat.code)
        if tax:
            yield LedgerLine(vat.account, tax, vat.code)
            yield LedgerLine(vat.contra, -tax, vat.code)
    else:
        tax = vat_inside(vat, gross)
        yield LedgerLine(account, gross - tax, vat.code)
        if tax:
            yield LedgerLine(vat.account, tax, vat.code)
