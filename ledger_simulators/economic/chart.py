"""What an agreement is set up with: accounts, VAT accounts, years, journals, suppliers, dimensions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

PROFIT_AND_LOSS, STATUS, HEADING = 1, 2, 4
BOOKABLE = frozenset({PROFIT_AND_LOSS, STATUS})
CUSTOMER_PAYMENT, SUPPLIER_INVOICE, SUPPLIER_PAYMENT, FINANCE_VOUCHER, SYSTEM = 2, 3, 4, 5, 9
CENT = Decimal("0.01")


def rounded(amount: Decimal) -> Decimal:
    """Round to whole cents, halves away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass
class Account:
    """`type`: 1 profit and loss, 2 status; others are headings and totals. `vat_code` is proposed for its entries."""

    number: int
    name: str
    type: int = PROFIT_AND_LOSS
    currency: str | None = None
    vat_code: str | None = None
    barred: bool = False
    blocked: bool = False  # for direct entries
    department_mandatory: bool = False


@dataclass
class VatAccount:
    """A VAT code. `contra_account` is that of a reverse charge: VAT is booked there with the other sign, too."""

    code: str
    name: str
    rate: Decimal
    account: int
    contra_account: int | None = None
    barred: bool = False

    def vat_of(self, amount: Decimal) -> Decimal:
        """Return the VAT of an entry's amount: inside it, or on top of it for a reverse charge."""
        if self.contra_account is not None:
            return rounded(amount * self.rate / 100)
        return rounded(amount * self.rate / (100 + self.rate))


@dataclass
class Period:
    """A period of an accounting year. A barred one takes no entries, though it is not closed."""

    number: int
    year: str
    first: date
    last: date
    closed: bool = False
    barred: bool = False


@dataclass
class Year:
    """An accounting year: `2026`, or `2025/2026`."""

    year: str
    first: date
    last: date
    closed: bool = False
    periods: list[Period] = field(default_factory=list)


@dataclass
class Journal:
    """A cash book. `allowed_entry_type` 0: all."""

    number: int
    name: str
    next_voucher: int
    lowest: int = 0
    highest: int = 999_999_999
    allowed_entry_type: int = 0


@dataclass
class SupplierGroup:
    """Suppliers with one account for what they are owed."""

    number: int
    name: str
    account: int


@dataclass
class Supplier:
    """A creditor."""

    number: int
    name: str
    group: int
    currency: str
    tax_number: str | None = None
    bank_account: str | None = None
    barred: bool = False
    country: str | None = None


@dataclass
class Dimension:
    """One of at most three, with its values by key."""

    number: int
    name: str
    values: dict[int, DimensionValue] = field(default_factory=dict)
    active: bool = True


@dataclass
class DimensionValue:
    """A value of a dimension."""

    key: int
    name: str
    active: bool = True


@dataclass
class Project:
    """A project of the project module."""

    number: int
    name: str
    closed: bool = False


@dataclass
class CostType:
    """What kind of cost a project bears; an entry with a project needs one, and the other way round."""

    number: int
    name: str
    barred: bool = False
