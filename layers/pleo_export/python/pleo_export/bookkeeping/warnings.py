"""What a bookkeeper should know about an item that is booked: nothing is dropped or reversed silently."""

from __future__ import annotations

from collections.abc import Iterator

from pleo_export.bookkeeping.accounts import NO_ACCOUNT_ID
from pleo_export.bookkeeping.dimensions import unmapped_groups
from pleo_export.bookkeeping.export_item import ExportItem, Line
from pleo_export.bookkeeping.lines import difference, is_reversed
from pleo_export.bookkeeping.rules import JournalRule, Role
from pleo_export.bookkeeping.settings import BookkeepingSettings, OutflowSign
from pleo_export.bookkeeping.taxes import amounts


def item_warnings(item: ExportItem, rule: JournalRule, settings: BookkeepingSettings) -> tuple[str, ...]:
    """Return what was booked otherwise than Pleo's data may suggest, as sentences for the run's report."""
    of_lines = _lost_with_tax(item, settings) if rule.lines is Role.CATEGORY else _without_effect(item)
    return (*_of_the_amount(item, rule, settings), *of_lines)


def _of_the_amount(item: ExportItem, rule: JournalRule, settings: BookkeepingSettings) -> Iterator[str]:
    if is_reversed(item, rule, settings):
        sign = "negative" if settings.outflow_sign is OutflowSign.POSITIVE else "positive"
        yield f"The amount of this {item.type} is {sign}: it was booked the other way round."  # R-5b.4
    if difference(item) == 0:
        return
    if settings.accounts.rounding is None:
        yield "The lines do not add up exactly to the item's amount: the lines were booked."  # R-5c.2
    else:
        yield (
            "The lines do not add up exactly to the item's amount: the difference was booked on account "
            f"{settings.accounts.rounding} (accounts.rounding in the settings)."
        )


def _lost_with_tax(item: ExportItem, settings: BookkeepingSettings) -> Iterator[str]:
    for group in unmapped_groups(item, settings):
        yield f"The tag group {group} has no dimension in the settings: its tags were ignored."  # R-5c.10
    for number, line in enumerate(item.lines, start=1):
        if any(tag.group_code in settings.dimensions for tag in line.tags) and _is_all_tax(line):
            yield f"Line {number} is all tax, which has no dimensions: its tags were not used."


def _is_all_tax(line: Line) -> bool:
    total, net, tax = amounts(line)
    return net == 0 and total == tax != 0


def _without_effect(item: ExportItem) -> Iterator[str]:
    """Yield a warning about parts of lines that were not used, for types that only move a balance."""
    given = {
        "category": any(line.account is not None and line.account.id != NO_ACCOUNT_ID for line in item.lines),
        "tax": any(line.tax is not None for line in item.lines),
        "tags": any(line.tags for line in item.lines),
    }
    unused = [name for name, present in given.items() if present]
    if unused:
        listed = " and ".join(filter(None, (", ".join(unused[:-1]), unused[-1])))
        verb = "was" if unused in (["category"], ["tax"]) else "were"
        yield (
            f"An item of type {item.type} only moves a balance: the {listed} of its lines {verb} not used. If a line "
            "is an expense or a fee, book that by hand."
        )
