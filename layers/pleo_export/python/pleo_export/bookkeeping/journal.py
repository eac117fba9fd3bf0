"""An export item as one balanced journal entry (R-5b, R-5c)."""

from __future__ import annotations

from pleo_export.bookkeeping.accounts import account_of
from pleo_export.bookkeeping.balance import balanced
from pleo_export.bookkeeping.dates import booking_date
from pleo_export.bookkeeping.documents import JournalEntry, JournalLine, Party
from pleo_export.bookkeeping.export_item import ExportItem
from pleo_export.bookkeeping.lines import item_lines, signed_total
from pleo_export.bookkeeping.rules import JournalRule
from pleo_export.bookkeeping.settings import BookkeepingSettings
from pleo_export.bookkeeping.sides import check_lines, check_that_something_moves, of_role
from pleo_export.bookkeeping.texts import TextLimits, line_text, memo


def journal_entry(
    item: ExportItem,
    rule: JournalRule,
    settings: BookkeepingSettings,
    reference: str,
    limits: TextLimits,
    employee: Party | None = None,
) -> JournalEntry:
    """Return the item's lines and, unless they cancel out, the offsetting line, as one entry.

    `employee` is whose money is moved, where that is booked on the employee's own account. Raises ItemRejected.
    """
    total = signed_total(item, rule, settings)
    text = line_text(item, rule.label, limits.text)
    day = booking_date(item.date, settings.time_zone)
    lines = item_lines(item, rule, settings, text, employee)
    if total != 0:
        account = account_of(rule.offset, item, settings)
        check_lines(lines, rule, account, of_role(rule.offset))
        lines.append(JournalLine(account, -total, text))
    check_that_something_moves(lines)
    return balanced(
        JournalEntry(
            reference=reference,
            posting_date=day,
            document_date=day,
            currency=item.currency,
            lines=tuple(lines),
            memo=memo(item, rule.label, limits.memo, settings.time_zone),
        )
    )
