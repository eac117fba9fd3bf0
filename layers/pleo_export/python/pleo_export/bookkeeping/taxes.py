"""The tax of a line in the ledger (R-5c.5 to R-5c.9). Pleo's amounts are taken as they are, never recomputed."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from pleo_export.bookkeeping.accounts import missing
from pleo_export.bookkeeping.documents import TaxPart, TaxRole
from pleo_export.bookkeeping.export_item import Line, Tax
from pleo_export.bookkeeping.money import money_text
from pleo_export.bookkeeping.settings import BookkeepingSettings
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.entry import FailureText
from pleo_export.failures.expense import (
    NET_WITHOUT_TAX,
    TAX_CODE_MISSING,
    TAX_MISMATCH,
    TAX_NOT_IN_AMOUNT,
    TAX_REVERSE_INSIDE,
    TAX_TYPE_UNKNOWN,
)
from pleo_export.failures.setup import INPUT_TAX_NOT_SET, OUTPUT_TAX_NOT_SET


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


class TaxedAmounts(NamedTuple):
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


def taxed_amounts(line: Line, name: str, settings: BookkeepingSettings) -> TaxedAmounts:
    """Return the line's amounts with their accounts; `name` is what people call the line.

    Raises ItemRejected: `validation_failure` if the amounts contradict each other, `missing_configuration` if the tax
    has no code or no account.
    """
    total, net, tax = amounts(line)
    agrees = agreement(line)
    if line.tax is None:
        if agrees is not Agreement.NO_TAX:
            raise ItemRejected(ItemFailure.VALIDATION_FAILURE, _net_without_tax(name, line))
        return TaxedAmounts(total, None)
    match _treatment(line, line.tax, agrees, name):
        case Treatment.LINE:
            return TaxedAmounts(total, _part(line.tax, TaxRole.BASE, name))
        case Treatment.NET_AND_TAX:
            part = _part(line.tax, TaxRole.TAX, name)
            taxes = ((_input_account(line.tax, settings), tax, part),)
            return TaxedAmounts(net, _part(line.tax, TaxRole.BASE, name), taxes)
        case Treatment.BOTH_WAYS:
            part = _part(line.tax, TaxRole.TAX, name)
            ways = (
                (_input_account(line.tax, settings), tax, part),
                (_output_account(line.tax, settings), -tax, part),
            )
            return TaxedAmounts(total, _part(line.tax, TaxRole.BASE, name), ways)


def _treatment(line: Line, tax: Tax, agrees: Agreement, name: str) -> Treatment:
    if tax.type not in TAX_TYPES:
        raise ItemRejected(
            ItemFailure.VALIDATION_FAILURE,
            TAX_TYPE_UNKNOWN.told(code=tax.code or "", line=f"{name[:1].lower()}{name[1:]}", type=tax.type),
        )
    treatment = TREATMENTS.get((tax.type, agrees))
    if treatment is None:
        raise ItemRejected(ItemFailure.VALIDATION_FAILURE, _contradiction(line, tax, agrees, name))
    return treatment


def _part(tax: Tax, role: TaxRole, name: str) -> TaxPart:
    if tax.code is None:
        raise missing(TAX_CODE_MISSING.told(line=name))
    return TaxPart(tax.code, role)


def _input_account(tax: Tax, settings: BookkeepingSettings) -> str:
    account = tax.ingoing_tax_account or settings.tax_accounts.get(tax.code or "") or settings.accounts.input_tax
    if not account:
        raise missing(INPUT_TAX_NOT_SET.told(code=tax.code))
    return account


def _output_account(tax: Tax, settings: BookkeepingSettings) -> str:
    account = tax.outgoing_tax_account or settings.accounts.output_tax
    if not account:
        raise missing(OUTPUT_TAX_NOT_SET.told(code=tax.code))
    return account


def _contradiction(line: Line, tax: Tax, agrees: Agreement, name: str) -> FailureText:
    total, net, of_tax = amounts(line)
    currency = line.line_amount.in_wallet_currency.currency
    entry = TAX_MISMATCH
    if agrees is Agreement.INSIDE:
        entry = TAX_REVERSE_INSIDE
    elif agrees is Agreement.OUTSIDE:
        entry = TAX_NOT_IN_AMOUNT
    values = {"net": net, "tax": of_tax, "total": total}
    return entry.told(
        code=tax.code or "without a code",
        line=f"{name[:1].lower()}{name[1:]}",
        **{each: money_text(amount, currency) for each, amount in values.items()},
    )


def _net_without_tax(name: str, line: Line) -> FailureText:
    total, net, _ = amounts(line)
    currency = line.line_amount.in_wallet_currency.currency
    return NET_WITHOUT_TAX.told(line=name, net=money_text(net, currency), total=money_text(total, currency))
