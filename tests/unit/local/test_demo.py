"""What the demo prints, and what it checks the books against."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from local.demo import output
from local.demo.checks import balance, booked_lines, left_over, previewed_lines, wallet_movement
from local.ledgers.books import Entry, EntryLine, sums
from local.tryton.ledger import Move, MoveLine, entry_of
from pleo_export.accounting.port import DocumentState
from pleo_export.bookkeeping.documents import JournalEntry, JournalLine
from pleo_export.operations.job_overview import ItemOverview
from pleo_export.operations.preview_items import ItemPreview, PreviewedDocument, PreviewState
from tests.docs.demo import KEPT_FIRST, KEPT_LAST, LONGEST, chosen, shortened

RYMAN = ItemOverview(
    entry_id="1",
    status="successful",
    supplier="Ryman",
    amount=6366,
    currency="GBP",
    entry_number="2026/00003",
    url="http://127.0.0.1/3",
)
AMAZON = ItemOverview(entry_id="2", status="failed", supplier="Amazon", amount=4599, currency="GBP", reason="No [tag].")


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    written = StringIO()
    monkeypatch.setattr(output, "console", Console(file=written, width=100, highlight=False))
    return written


def line(account: str, debit: str, credit: str, second: str | None = None) -> MoveLine:
    return MoveLine(
        account=account,
        account_name="",
        debit=Decimal(debit),
        credit=Decimal(credit),
        text="",
        second_currency="EUR" if second else None,
        second_amount=Decimal(second) if second else None,
        taxes=(),
        dimensions=(),
        party=None,
        reconciled=False,
    )


def move(*lines: MoveLine) -> Move:
    return Move(3, "2026/00003", date(2026, 1, 17), "posted", "pleo:1", lines)


@pytest.mark.parametrize(
    ("files", "told"), [(0, ""), (1, ", receipt attached"), (2, ", 2 receipts attached")], ids=["none", "one", "two"]
)
def test_an_expense_becomes_an_entry_on_one_line(printed: StringIO, files: int, told: str) -> None:
    output.show_entries([RYMAN], {"2026/00003": files})

    assert printed.getvalue() == f"  Ryman, 63.66 GBP → 2026/00003{told}, link\n"


def test_failures_with_the_same_sentence_are_told_together_and_as_they_are(printed: StringIO) -> None:
    output.show_failures([AMAZON, AMAZON.model_copy(update={"supplier": "Lidl"}), RYMAN])

    lines = [each.rstrip() for each in printed.getvalue().splitlines()]
    assert lines[:2] == ["  ✗ Amazon, 45.99 GBP; Lidl, 45.99 GBP", "    No [tag]."]


@pytest.mark.parametrize(("found", "mark"), [(0, "✓"), (1, "✗")])
def test_a_check_shows_what_was_found_beside_what_is_expected(printed: StringIO, found: int, mark: str) -> None:
    assert output.agrees("new entries", found, 0) is (found == 0)
    assert printed.getvalue() == f"  {mark} new entries: {found} found, 0 expected\n"


def test_an_entry_is_previewed_and_booked_alike_on_each_account_in_the_currency_of_the_expense() -> None:
    lines = (JournalLine(account="6100", amount=6366, text=""), JournalLine(account="1901", amount=-6366, text=""))
    document = JournalEntry(
        reference="pleo:1",
        document_date=date(2026, 1, 17),
        posting_date=date(2026, 1, 17),
        currency="EUR",
        lines=lines,
        memo="",
    )
    previewed = PreviewedDocument(document, document.posting_date, None, DocumentState.POSTED)
    item = ItemPreview("1", PreviewState.NEW, documents=(previewed,))
    booked = move(line("6100", "55.36", "0", "63.66"), line("1901", "0", "55.36", "-63.66"))

    split = move(line("6100", "50", "0", "60"), line("6100", "5.36", "0", "3.66"), line("1901", "0", "55.36", "-63.66"))
    nothing = line("2200", "0", "0", "0")

    assert previewed_lines([item]) == booked_lines([entry_of(booked)]) == booked_lines([entry_of(split)])
    assert previewed_lines([item]) == booked_lines([entry_of(move(*booked.lines, nothing))])
    assert previewed_lines([item]) != booked_lines([entry_of(move(line("6100", "55.36", "0", "63.67")))])


def test_a_balance_is_in_the_currency_of_the_account_and_payables_count_as_one() -> None:
    moves = [move(line("1901", "0", "55.36", "-63.66")), move(line("2100", "5", "0"), line("2101", "0", "2"))]
    entries = [entry_of(each) for each in moves]

    assert balance(entries, "1901") == Decimal("-63.66")
    assert left_over(entries, "2100") == Decimal(3)


def test_a_trial_balance_is_in_the_ledgers_own_currency_with_each_side_for_itself() -> None:
    one = EntryLine("1901", "Wallet EUR", Decimal(100), Decimal(87))
    other = EntryLine("1901", "Wallet EUR", Decimal(-10), Decimal("-8.70"))

    (found,) = sums([Entry("pleo:1", "1", (one,)), Entry("pleo:2", "2", (other,))])

    assert (found.account, found.debit, found.credit) == ("1901", Decimal(87), Decimal("8.70"))


def test_wallets_move_by_the_types_of_the_expenses_whatever_their_sign() -> None:
    expenses = [
        {"type": kind, "amount": {"inWalletCurrency": {"value": value, "currency": currency}}}
        for kind, value, currency in (
            ("wallet_topup", 10000, "GBP"),
            ("card_purchase", -6366, "GBP"),
            ("out_of_pocket", -100, "GBP"),
            ("refund", 500, "EUR"),
        )
    ]

    assert wallet_movement(expenses, "GBP") == Decimal("36.34")
    assert wallet_movement(expenses, "EUR") == Decimal(5)


def test_the_picture_leaves_out_the_last_chapter_and_keeps_what_to_type_next() -> None:
    lines = ["7. Report", "", "8. A month", "…", "next:", "  make up"]

    assert [each.plain for each in chosen(map(Text, lines))] == ["7. Report", "", "next:", "  make up"]


def test_the_picture_leaves_out_the_middle_of_long_blocks_only() -> None:
    lines = [*map(str, range(LONGEST)), "", *map(str, range(LONGEST + 1))]

    shown = [each.plain for each in shortened(map(Text, lines))]

    assert shown[: LONGEST + 1] == lines[: LONGEST + 1]
    kept = shown[LONGEST + 1 :]
    assert kept[:KEPT_FIRST] == list(map(str, range(KEPT_FIRST)))
    assert kept[KEPT_FIRST] == f"  … {LONGEST + 1 - KEPT_FIRST - KEPT_LAST} more lines"
    assert kept[KEPT_FIRST + 1 :] == list(map(str, range(LONGEST + 1 - KEPT_LAST, LONGEST + 1)))
