"""The lines of an export item in the ledger, which both bookkeeping methods share (R-5b, R-5c)."""

from __future__ import annotations

from collections.abc import Iterator

from pleo_export.bookkeeping.accounts import account_of, category, payable_account
from pleo_export.bookkeeping.dimensions import check_groups, dimensions
from pleo_export.bookkeeping.documents import JournalLine, Party
from pleo_export.bookkeeping.export_item import ExportItem, Line
from pleo_export.bookkeeping.money import money_text
from pleo_export.bookkeeping.rules import JournalRule, Role, Sign
from pleo_export.bookkeeping.settings import BookkeepingSettings, OutflowSign
from pleo_export.bookkeeping.taxes import taxed_amounts
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.entry import FailureText
from pleo_export.failures.expense import AMOUNT_ZERO, LINE_CURRENCY, LINES_DO_NOT_ADD_UP, NOTHING_OWED


def item_lines(
    item: ExportItem, rule: JournalRule, settings: BookkeepingSettings, text: str, employee: Party | None = None
) -> list[JournalLine]:
    """Return one line or more per item line (R-5c.1), on the side of the type, and the difference that rounding left
    (R-5c.2).

    Lines of 0.00 are left out: there is nothing to book. What `employee` owes or is owed is booked on the employee's
    own account, if there is one (R-5b.6). Raises ItemRejected.
    """
    direction = _direction(item, rule, settings)
    lines = [line for line in _lines(item, rule, settings, direction, text, employee) if line.amount != 0]
    if not lines:
        raise _invalid(AMOUNT_ZERO.told())
    missing = difference(item)
    if missing != 0 and settings.accounts.rounding is not None:
        lines.append(JournalLine(settings.accounts.rounding, direction * missing, text))
    return lines


def signed_total(item: ExportItem, rule: JournalRule, settings: BookkeepingSettings) -> int:
    """Return what the item moves on the side of the type, in minor units: + debit, - credit. The other side is its
    opposite."""
    return _direction(item, rule, settings) * _booked_total(item, settings)


def is_reversed(item: ExportItem, rule: JournalRule, settings: BookkeepingSettings) -> bool:
    """Whether the item as a whole has the other sign than money spent, where that means the opposite of its type
    (R-5b.4)."""
    return rule.sign is Sign.POSITIVE and _total(item) * _sign(settings) < 0


def difference(item: ExportItem) -> int:
    """Return by how much the item's amount exceeds the sum of its lines, in minor units."""
    return item.amount.in_wallet_currency.value - _total(item)


def nothing_owed() -> ItemRejected:
    """Return the ItemRejected (`validation_failure`) for an item of 0.00 under accounts payable."""
    return _invalid(NOTHING_OWED.told())


def _lines(
    item: ExportItem,
    rule: JournalRule,
    settings: BookkeepingSettings,
    direction: int,
    text: str,
    employee: Party | None,
) -> Iterator[JournalLine]:
    if rule.lines is Role.CATEGORY:
        check_groups(item, settings)
        for number, line in enumerate(item.lines, start=1):
            yield from _category_lines(line, line_name(item, number), settings, direction, text)
        return
    # Only the balance moves: category, tags and tax belong to the expense itself, booked on its own.
    account = _balance_account(item, rule, settings, employee)
    for line in item.lines:
        yield JournalLine(account, direction * line.line_amount.in_wallet_currency.value, text)


def _balance_account(item: ExportItem, rule: JournalRule, settings: BookkeepingSettings, employee: Party | None) -> str:
    if employee is not None and rule.lines is Role.OUT_OF_POCKET:
        return payable_account(employee, rule.lines, item, settings)
    return account_of(rule.lines, item, settings)


def _category_lines(
    line: Line, name: str, settings: BookkeepingSettings, direction: int, text: str
) -> Iterator[JournalLine]:
    taxed = taxed_amounts(line, name, settings)
    if taxed.base != 0:
        tags = dimensions(line, name, settings)
        yield JournalLine(category(line, name), direction * taxed.base, text, taxed.base_tax, tags)
    for account, amount, part in taxed.taxes:
        yield JournalLine(account, direction * amount, text, part)


def _direction(item: ExportItem, rule: JournalRule, settings: BookkeepingSettings) -> int:
    """Return the factor (1 or -1) that makes + debit.

    Amounts with the sign of money spent mean the direction of the type, unless the sign says nothing (R-5b.4).
    """
    if rule.sign is Sign.POSITIVE:
        return rule.side * _sign(settings)
    total = _checked_total(item)
    if total == 0:
        raise _invalid(AMOUNT_ZERO.told())
    return rule.side if total > 0 else -rule.side


def _sign(settings: BookkeepingSettings) -> int:
    return 1 if settings.outflow_sign is OutflowSign.POSITIVE else -1


def _total(item: ExportItem) -> int:
    return sum([line.line_amount.in_wallet_currency.value for line in item.lines])


def _booked_total(item: ExportItem, settings: BookkeepingSettings) -> int:
    """Return the item's amount if there is an account for the difference, else the sum of the lines (R-5c.2)."""
    total = _checked_total(item)
    return total if settings.accounts.rounding is None else item.amount.in_wallet_currency.value


def _checked_total(item: ExportItem) -> int:
    """Return the sum of the lines, which may differ from the amount by rounding only (R-5c.2)."""
    stated = item.amount.in_wallet_currency
    for number, line in enumerate(item.lines, start=1):
        of_tax = () if line.tax is None else (line.tax.amount,)
        for amount in (line.line_amount, line.net_amount, *of_tax):
            other = amount.in_wallet_currency.currency
            if other != stated.currency:
                raise _invalid(LINE_CURRENCY.told(line=line_name(item, number), other=other, currency=stated.currency))
    total = _total(item)
    if abs(stated.value - total) > len(item.lines):
        lines = money_text(total, stated.currency)
        raise _invalid(LINES_DO_NOT_ADD_UP.told(lines=lines, total=money_text(stated.value, stated.currency)))
    return total


def line_name(item: ExportItem, number: int) -> str:
    """Return what people call the line of this number, which counts from 1."""
    return "This expense" if len(item.lines) == 1 else f"Line {number} of this expense"


def _invalid(told: FailureText) -> ItemRejected:
    return ItemRejected(ItemFailure.VALIDATION_FAILURE, told)
