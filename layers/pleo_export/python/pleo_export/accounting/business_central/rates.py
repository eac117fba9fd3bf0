"""Whether the VAT of an entry is what Business Central will compute from its tax codes: it takes no amount of VAT, and
its API tells no rates, so that these are settings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal

from pleo_export.accounting.business_central.entry import JournalRow
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import Rejected
from pleo_export.failures.business_central import VAT_OF_RATE_ONLY

ROUNDING = 1  # minor unit by which two ways to round the same rate differ


def require_tax_of_rate(rows: Iterable[JournalRow], rates: Mapping[str, Decimal]) -> None:
    """Raise Rejected for a line whose VAT is another amount than its code's rate takes out of it. A code without a
    rate is not checked, nor is reverse charge, of which the amount holds no VAT."""
    for row in rows:
        rate = rates.get(row.tax) if row.tax else None
        if rate is None or len(row.taxes) > 1:
            continue
        computed = int((row.amount * rate / (100 + rate)).to_integral_value(ROUND_HALF_UP))
        if abs(computed - sum(amount for _, amount in row.taxes)) > ROUNDING:
            raise Rejected(VAT_OF_RATE_ONLY.told(ledger=TITLE, code=row.tax))
