"""The tax of a line in the ledger (R-5c.5 to R-5c.9). Pleo's amounts are taken as they are, never recomputed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pleo_export.bookkeeping.accounts import missing
from pleo_export.bookkeeping.documents import TaxPart, TaxRole
from pleo_export.bookkeeping.export_item import Line, Tax
from pleo_export.bookkeeping.settings import BookkeepingSettings
from pleo_export.errors import ItemFailure, ItemRejected


class Agreement(StrEnum):
    """How line amount L, net amount N and tax T of a line agree (R-5c.6)."""

    NO_TAX = "L = N, T = 0"
    INSIDE = "L = N + T"
    OUTSIDE = "L = N"
    NONE = "neither"


class Treatment(StrEnum):
    """What is booked beside the offsetting side, which is always L."""

    LINE = "L to the category"
    NET_AND_TAX = "N to the category, T to input tax"
    BOTH_WAYS = "L to the category, T to input tax and against it to output tax"


# R-5c.6. A pair that is not here is refused: under Pleo's wording `inclusive` with L = N may as well mean a tax
# inside L (open question 13), and a reverse charge is never part of what was paid. To be pinned in staging.
TREATMENTS: dict[tuple[str, Agreement], Treatment] = {
    ("inclusive", Agreement.NO_TAX): Treatment.LINE,
    ("exclusive", Agreement.NO_TAX): Treatment.LINE,
    ("reverse", Agreement.NO_TAX): Treatment.LINE,
    ("inclusive", Agreement.INSIDE): Treatment.NET_AND_TAX,
    ("exclusive", Agreement.INSIDE): Treatment.NET_AND_TAX,
    ("reverse", Agreement.OUTSIDE): Treatment.BOTH_WAYS,
}
TAX_TYPES = frozenset(type_ for type_, _ in TREATMENTS)


@dataclass(frozen=True, slots=True)
class TaxedAmounts:
    """A line's amounts in minor units: `base` for the category's account, `taxes` with their own accounts."""

    base: int
    base_tax: TaxPart | None
    taxes: tuple[tuple[str, int, TaxPart], ...] = ()


def agreement(line: Line) -> Agreement:
    """Return how the line's amounts agree."""
    total, net, tax = amounts(line)
    if tax == 0 and total == net:
        return Agreement.NO_TAX
    if total == net + tax:
        return Agreement.INSIDE
    return Agreement.OUTSIDE if total == net else Agreement.NONE


def amounts(line: Line) -> tuple[int, int, int]:
    """Return L, N and T in minor units of the wallet currency. A line without tax has T = 0 (R-5c.9)."""
    tax = 0 if line.tax is None else line.tax.amount.in_wallet_currency.value
    return line.line_amount.in_wallet_currency.value, line.net_amount.in_wallet_currency.value, tax


def taxed_amounts(line: Line, number: int, settings: BookkeepingSettings) -> TaxedAmounts:
    """Return the line's amounts with their accounts; `number` counts lines from 1.

    Raises ItemRejected: `validation_failure` if the amounts contradict each other, `missing_configuration` if the tax
    has no code or no account.
    """
    total, net, tax = amounts(line)
    agrees = agreement(line)
    if line.tax is None:
        if agrees is not Agreement.NO_TAX:
            raise _contradiction(number, "it has no tax, but its net amount differs from its amount")
        return TaxedAmounts(total, None)
    match _treatment(line.tax, agrees, number):
        case Treatment.LINE:
            return TaxedAmounts(total, _part(line.tax, TaxRole.BASE, number))
        case Treatment.NET_AND_TAX:
            part = _part(line.tax, TaxRole.TAX, number)
            taxes = ((_input_account(line.tax, number, settings), tax, part),)
            return TaxedAmounts(net, _part(line.tax, TaxRole.BASE, number), taxes)
        case Treatment.BOTH_WAYS:
            part = _part(line.tax, TaxRole.TAX, number)
            ways = (
                (_input_account(line.tax, number, settings), tax, part),
                (_output_account(line.tax, number, settings), -tax, part),
            )
            return TaxedAmounts(total, _part(line.tax, TaxRole.BASE, number), ways)


def _treatment(tax: Tax, agrees: Agreement, number: int) -> Treatment:
    if tax.type not in TAX_TYPES:
        raise ItemRejected(
            ItemFailure.VALIDATION_FAILURE,
            f"Line {number} has a tax of type {tax.type!r}, which this integration does not know. Choose another tax "
            "code in Pleo and export the item again.",
        )
    treatment = TREATMENTS.get((tax.type, agrees))
    if treatment is None:
        raise _contradiction(number, f"its amount, net amount and tax do not agree for a tax code of type {tax.type}")
    return treatment


def _part(tax: Tax, role: TaxRole, number: int) -> TaxPart:
    if tax.code is None:
        raise missing(
            f"The tax of line {number} has no tax code. Enter the accounting system's code for it in Pleo under "
            "Settings, Accounting, Tax codes and export the item again."
        )
    return TaxPart(tax.code, role)


def _input_account(tax: Tax, number: int, settings: BookkeepingSettings) -> str:
    account = tax.ingoing_tax_account or settings.tax_accounts.get(tax.code or "") or settings.accounts.input_tax
    if not account:
        raise missing(
            f"There is no input tax account for tax code {tax.code} (line {number}). Set accounts.input_tax or "
            f"tax_accounts.{tax.code} in the settings."
        )
    return account


def _output_account(tax: Tax, number: int, settings: BookkeepingSettings) -> str:
    account = tax.outgoing_tax_account or settings.accounts.output_tax
    if not account:
        raise missing(
            f"There is no account for the reverse charge tax of code {tax.code} (line {number}). Set the outgoing tax "
            "account of the tax code in Pleo, or accounts.output_tax in the settings."
        )
    return account


def _contradiction(number: int, why: str) -> ItemRejected:
    return ItemRejected(
        ItemFailure.VALIDATION_FAILURE,
        f"Line {number} cannot be booked: {why}. Correct its tax code or tax amount in Pleo and export the item again.",
    )
