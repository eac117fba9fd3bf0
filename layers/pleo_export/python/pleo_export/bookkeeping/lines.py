"""The lines of an export item in the ledger: what both bookkeeping methods share (R-5b, R-5c)."""

from __future__ import annotations

from collections.abc import Iterator

from pleo_export.bookkeeping.accounts import account_of, category
from pleo_export.bookkeeping.dimensions import dimensions, unmapped_groups
from pleo_export.bookkeeping.documents import JournalLine
from pleo_export.bookkeeping.export_item import ExportItem, Line
from pleo_export.bookkeeping.rules import JournalRule, Role, Sign
from pleo_export.bookkeeping.taxes import taxed_amounts
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.settings import Settings


def item_lines(item: ExportItem, rule: JournalRule, settings: Settings, text: str) -> list[JournalLine]:
    """One line or more per item line (R-5c.1), on the side of the type. Lines of 0.00 are left out: there is nothing
    to book. Raises ItemRejected."""
    direction = _direction(item, rule)
    lines = [line for line in _lines(item, rule, settings, direction, text) if line.amount != 0]
    if not lines:
        raise _invalid("amount is 0.00, so there is nothing to book. Take the item out of the export in Pleo.")
    return lines


def signed_total(item: ExportItem, rule: JournalRule) -> int:
    """What the item's lines add up to on the side of the type: + debit, - credit. The other side is its opposite."""
    return _direction(item, rule) * _checked_total(item)


def is_reversed(item: ExportItem, rule: JournalRule) -> bool:
    """The item is negative as a whole, where that means the opposite of its type (R-5b.4)."""
    return rule.sign is Sign.POSITIVE and _total(item) < 0


def warnings(item: ExportItem, rule: JournalRule, settings: Settings) -> tuple[str, ...]:
    """What was booked otherwise than Pleo's data may suggest; for the run's report."""
    found = []
    if is_reversed(item, rule):
        found.append(f"The amount of this {item.type} is negative: it was booked the other way round (R-5b.4).")
    if _total(item) != item.amount.in_wallet_currency.value:
        found.append("The lines do not add up exactly to the item's amount: the lines were booked (R-5c.2).")
    if rule.lines is Role.CATEGORY:
        found += [
            f"The tag group {group} has no dimension in the settings: its tags were ignored (R-5c.10)."
            for group in unmapped_groups(item, settings)
        ]
    return tuple(found)


def nothing_owed() -> ItemRejected:
    return _invalid(
        "amount is 0.00, so nobody is owed anything. Take the item out of the export in Pleo, or set its bookkeeping "
        "method to journal entry."
    )


def _lines(item: ExportItem, rule: JournalRule, settings: Settings, direction: int, text: str) -> Iterator[JournalLine]:
    for number, line in enumerate(item.lines, start=1):
        if rule.lines is Role.CATEGORY:
            yield from _category_lines(line, number, settings, direction, text)
        else:
            # Only the balance moves: category, tags and tax belong to the expense itself, booked on its own.
            account = account_of(rule.lines, item, settings)
            yield JournalLine(account, direction * line.line_amount.in_wallet_currency.value, text)


def _category_lines(line: Line, number: int, settings: Settings, direction: int, text: str) -> Iterator[JournalLine]:
    taxed = taxed_amounts(line, number, settings)
    if taxed.base != 0:
        tags = dimensions(line, number, settings)
        yield JournalLine(category(line, number), direction * taxed.base, text, taxed.base_tax, tags)
    for account, amount, part in taxed.taxes:
        yield JournalLine(account, direction * amount, text, part)


def _direction(item: ExportItem, rule: JournalRule) -> int:
    """What the amounts are multiplied by so that + is debit: positive amounts mean the direction of the type, except
    where the sign says nothing (R-5b.4)."""
    if rule.sign is Sign.POSITIVE:
        return rule.side
    total = _checked_total(item)
    if total == 0:
        raise _invalid(f"amount is 0.00, so this {rule.type} has no direction. Take it out of the export in Pleo.")
    return rule.side if total > 0 else -rule.side


def _total(item: ExportItem) -> int:
    return sum(line.line_amount.in_wallet_currency.value for line in item.lines)


def _checked_total(item: ExportItem) -> int:
    """The sum of the lines, which is what is booked; it may differ from the amount by rounding only (R-5c.2)."""
    for number, line in enumerate(item.lines, start=1):
        used = [line.line_amount, line.net_amount] + ([line.tax.amount] if line.tax is not None else [])
        if any(amount.in_wallet_currency.currency != item.currency for amount in used):
            raise _invalid(
                f"line {number} is not in the wallet's currency {item.currency}. Correct the expense in Pleo and "
                "export it again."
            )
    total = _total(item)
    if abs(total - item.amount.in_wallet_currency.value) > len(item.lines):
        raise _invalid(
            "accountingEntryLines do not add up to amount.inWalletCurrency. Correct the split of the expense in Pleo "
            "and export it again."
        )
    return total


def _invalid(what: str) -> ItemRejected:
    return ItemRejected(ItemFailure.VALIDATION_FAILURE, f"This item cannot be booked: {what}")
