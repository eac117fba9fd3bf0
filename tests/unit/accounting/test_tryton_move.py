"""A journal entry as Tryton's values."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from pleo_export.accounting.errors import Rejected, UnknownAccount, UnknownTaxCode
from pleo_export.accounting.tryton.move import (
    AccountRecord,
    AnalyticAccount,
    CodeTables,
    Currency,
    LookupTables,
    PartyRecord,
    Record,
    TaxCode,
    TaxRecord,
    move,
)
from pleo_export.bookkeeping.documents import (
    Dimension,
    JournalEntry,
    JournalLine,
    Party,
    Payment,
    PaymentPurpose,
    SettlementTarget,
    TaxPart,
    TaxRole,
)

DAY = date(2026, 2, 10)
CODES = CodeTables(
    accounts={
        "6500": [AccountRecord(65, analytic=True)],
        "1900": [AccountRecord(19, analytic=False)],
        "1901": [AccountRecord(191, analytic=False)],
        "2101": [AccountRecord(201, analytic=False, payable=True, party_required=True)],
        "2250": [AccountRecord(225, analytic=False, payable=True)],
        "2201": [AccountRecord(221, analytic=False)],
        "2202": [AccountRecord(222, analytic=False)],
        "7000": [AccountRecord(70, analytic=True), AccountRecord(71, analytic=True)],
    },
    taxes={
        "GB20": [TaxCode(1, (TaxRecord(1, "GB20", 22, 22),))],
        "RC20": [TaxCode(4, (TaxRecord(5, "RC20 input", 221, 221), TaxRecord(6, "RC20 output", 222, 222)))],
    },
    dimensions={("cost_centre", "LON"): [AnalyticAccount(2, root=1)]},
)
POUND = Currency(1, "GBP", [(date(2025, 1, 1), Decimal(1))])
EURO = Currency(2, "EUR", [(date(2026, 2, 1), Decimal("1.15")), (date(2025, 1, 1), Decimal("1.20"))])
BOOKS = LookupTables(
    company=1,
    journal=3,
    codes=CODES,
    currency="GBP",
    currency_id=1,
    currencies={"GBP": POUND, "EUR": EURO},
    parties={"17": PartyRecord(17, "V-17", 71)},
)
PENS = Party("17", "Paper & Pens")


def an_entry(*lines: JournalLine, currency: str = "GBP", on: date = DAY) -> JournalEntry:
    return JournalEntry("pleo:1", on, on, currency, lines, "the memo")


def lines_of(entry: JournalEntry) -> list[Record]:
    ((_, lines),) = move(entry, 26, BOOKS)["lines"]
    return list(lines)


def test_given_an_entry_when_translated_then_reference_date_and_period_are_the_moves() -> None:
    values = move(an_entry(JournalLine("6500", 100), JournalLine("1900", -100)), 26, BOOKS)

    assert {name: values[name] for name in ("company", "journal", "period", "date", "description")} == {
        "company": 1,
        "journal": 3,
        "period": 26,
        "date": DAY,
        "description": "pleo:1",
    }


def test_given_signed_minor_units_when_translated_then_each_side_is_an_exact_decimal() -> None:
    first, second = lines_of(an_entry(JournalLine("6500", 123456789), JournalLine("1900", -123456789)))

    assert (str(first["debit"]), str(first["credit"])) == ("1234567.89", "0")
    assert (str(second["debit"]), str(second["credit"])) == ("0", "1234567.89")


def test_given_texts_when_translated_then_the_counter_line_has_the_memo() -> None:
    lines = [JournalLine("6500", 60, "Paper"), JournalLine("6500", 40), JournalLine("1900", -100, "Paper")]

    assert [line["description"] for line in lines_of(an_entry(*lines))] == ["Paper", "the memo", "the memo"]


def test_given_a_moved_posting_date_when_translated_then_the_documents_date_is_in_the_memo() -> None:
    entry = replace(an_entry(JournalLine("6500", 1), JournalLine("1900", -1)), document_date=date(2026, 1, 31))

    assert lines_of(entry)[1]["description"] == "the memo (dated 2026-01-31)"


def test_given_dimensions_when_translated_then_only_income_and_expense_lines_carry_them() -> None:
    tags = (Dimension("cost_centre", "LON"),)
    expense, wallet = lines_of(
        an_entry(JournalLine("6500", 100, dimensions=tags), JournalLine("1900", -100, dimensions=tags))
    )

    ((_, shares),) = expense["analytic_lines"]
    assert [(share["account"], str(share["debit"]), share["date"]) for share in shares] == [(2, "1.00", DAY)]
    assert "analytic_lines" not in wallet


def test_given_a_reverse_charge_when_translated_then_each_half_is_that_of_its_account() -> None:
    """E13: base to both halves, input VAT to one, output VAT with its sign to the other."""
    base, tax = TaxPart("RC20", TaxRole.BASE), TaxPart("RC20", TaxRole.TAX)
    lines = lines_of(
        an_entry(
            JournalLine("6500", 10000, tax=base),
            JournalLine("2201", 2000, tax=tax),
            JournalLine("2202", -2000, tax=tax),
            JournalLine("1900", -10000),
        )
    )

    assert [
        [(each["tax"], each["type"], str(each["amount"])) for each in line["tax_lines"][0][1]] for line in lines[:3]
    ] == [
        [(5, "base", "100.00"), (6, "base", "100.00")],
        [(5, "tax", "20.00")],
        [(6, "tax", "-20.00")],
    ]


def test_given_a_reverse_charge_on_another_account_when_translated_then_the_code_is_named() -> None:
    tax = TaxPart("RC20", TaxRole.TAX)

    with pytest.raises(UnknownTaxCode, match=r"RC20.*1900"):
        move(an_entry(JournalLine("6500", 1), JournalLine("1900", -1, tax=tax)), 26, BOOKS)


def test_given_a_code_of_two_accounts_when_translated_then_nobody_guesses() -> None:
    with pytest.raises(UnknownAccount, match="2 records for account 7000"):
        move(an_entry(JournalLine("7000", 1), JournalLine("1900", -1)), 26, BOOKS)


def test_given_euros_then_expenses_keep_their_amounts_and_the_wallet_takes_the_penny() -> None:
    """Three times 0.05 EUR are 0.04 GBP each and 0.15 EUR are 0.13, so that the wallet's line is 0.12."""
    lines = lines_of(an_entry(*[JournalLine("6500", 5)] * 3, JournalLine("1901", -15), currency="EUR"))

    assert [str(line["debit"] - line["credit"]) for line in lines] == ["0.04", "0.04", "0.04", "-0.12"]
    assert [str(line["amount_second_currency"]) for line in lines] == ["0.05", "0.05", "0.05", "-0.15"]
    assert {line["second_currency"] for line in lines} == {2}


def a_payment(account: str) -> Payment:
    lines = JournalLine(account, 100), JournalLine("1900", -100)
    return Payment(
        PaymentPurpose.PAYMENT,
        "pleo:1",
        PENS,
        SettlementTarget(None, "INV-7", ("BK-1",)),
        DAY,
        DAY,
        "GBP",
        lines,
        "the memo",
    )


@pytest.mark.parametrize(("account", "party"), [("2101", 17), ("2250", None)])
def test_a_payment_line_says_what_for_and_has_a_party_where_tryton_wants_one(account: str, party: int | None) -> None:
    ((_, (payable, money)),) = move(a_payment(account), 26, BOOKS)["lines"]

    assert payable["description"] == "Payment to V-17: INV-7 | BK-1"
    assert payable.get("party") == party
    assert money["description"] == "the memo"
    assert "party" not in money


def test_given_an_account_that_requires_parties_then_the_error_says_what_to_change() -> None:
    with pytest.raises(Rejected, match=r"2101.*Party Required"):
        move(an_entry(JournalLine("6500", 1), JournalLine("2101", -1)), 26, BOOKS)


@pytest.mark.parametrize(("on", "pounds"), [(date(2026, 2, 1), "0.87"), (date(2026, 1, 31), "0.83")])
def test_given_several_rates_when_translated_then_that_of_the_posting_date_counts(on: date, pounds: str) -> None:
    lines = lines_of(an_entry(JournalLine("6500", 100), JournalLine("1901", -100), currency="EUR", on=on))

    assert str(lines[0]["debit"]) == pounds


@pytest.mark.parametrize(("currency", "on"), [("USD", DAY), ("EUR", date(2024, 12, 31))])
def test_given_no_rate_when_translated_then_currency_and_day_are_named(currency: str, on: date) -> None:
    entry = an_entry(JournalLine("6500", 1), JournalLine("1901", -1), currency=currency, on=on)

    with pytest.raises(Rejected, match=f"{currency} on {on}"):
        move(entry, 26, BOOKS)
