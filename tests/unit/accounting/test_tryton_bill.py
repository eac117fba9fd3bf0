"""A bill as Tryton's values: above all its taxes, which are Pleo's (R-5c.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from pleo_export.accounting.errors import Rejected, UnknownTaxCode
from pleo_export.accounting.tryton.bill import Totals, expected_totals, invoice
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
)
from pleo_export.bookkeeping.documents import Bill, Dimension, DocumentKind, JournalLine, Party, TaxPart, TaxRole

DAY, INVOICED, DUE = date(2026, 2, 10), date(2026, 1, 31), date(2026, 3, 2)
CODES = CodeTables(
    accounts={
        "1500": [AccountRecord(15, analytic=False, billed=True)],
        "1900": [AccountRecord(19, analytic=False)],
        "2101": [AccountRecord(21, analytic=False, payable=True, party_required=True)],
        "2200": [AccountRecord(22, analytic=False)],
        "2201": [AccountRecord(221, analytic=False)],
        "2202": [AccountRecord(222, analytic=False)],
        "6100": [AccountRecord(61, analytic=True, billed=True)],
    },
    taxes={
        "GB0": [TaxCode(2, (TaxRecord(2, "GB0", 22, 22),))],
        "GB20": [TaxCode(1, (TaxRecord(1, "GB20", 22, 23),))],
        "RC20": [TaxCode(4, (TaxRecord(5, "RC20 in", 221, 221), TaxRecord(6, "RC20 out", 222, 222)))],
        "NONE": [TaxCode(7, (TaxRecord(7, "NONE", None, None),))],
    },
    dimensions={("cost_centre", "LON"): [AnalyticAccount(2, root=1)]},
)
BOOKS = LookupTables(
    company=1,
    journal=3,
    codes=CODES,
    currency="GBP",
    currency_id=8,
    currencies={"EUR": Currency(9, "EUR", [(date(2026, 1, 1), Decimal("1.15"))])},
    parties={"17": PartyRecord(17, "V-17", 71), "18": PartyRecord(18, "V-18", None)},
)
PENS = Party("17", "Paper & Pens", "2101")


def base(amount: int, code: str, account: str = "6100") -> JournalLine:
    return JournalLine(account, amount, "Paper", TaxPart(code, TaxRole.BASE))


def tax(amount: int, code: str, account: str = "2200") -> JournalLine:
    return JournalLine(account, amount, "Paper", TaxPart(code, TaxRole.TAX))


def a_bill(*lines: JournalLine) -> Bill:
    owed = JournalLine("2101", -sum(line.amount for line in lines), "Paper")
    head = (DocumentKind.BILL, "pleo:1", PENS, "INV-7", "BK-1", DAY, INVOICED, DUE, "GBP")
    return Bill(*head, lines=(*lines, owed), memo="Pens | BK-1")  # type: ignore[arg-type]


def taxes_of(bill: Bill) -> list[tuple[int, int, str, str, bool]]:
    ((_, taxes),) = invoice(bill, BOOKS, final=True)["taxes"]
    return [(each["tax"], each["account"], str(each["base"]), str(each["amount"]), each["manual"]) for each in taxes]


def lines_of(bill: Bill) -> list[Record]:
    ((_, lines),) = invoice(bill, BOOKS, final=True)["lines"]
    return list(lines)


def test_given_a_bill_when_translated_then_numbers_dates_and_accounts_are_the_invoices() -> None:
    values = invoice(a_bill(base(5305, "GB20"), tax(1061, "GB20")), BOOKS, final=True)

    expected = {
        "type": "in",
        "party": 17,
        "invoice_address": 71,
        "currency": 8,
        "account": 21,
        "description": "pleo:1",
        "reference": "INV-7",
        "invoice_date": INVOICED,
        "accounting_date": DAY,
        "payment_term_date": DUE,
        "comment": "Pens | BK-1",
        "source_untaxed_amount": Decimal("53.05"),
        "source_tax_amount": Decimal("10.61"),
        "source_total_amount": Decimal("63.66"),
    }
    assert {name: values[name] for name in expected} == expected


def test_given_a_bill_that_stays_a_draft_when_translated_then_a_person_may_change_its_amounts() -> None:
    values = invoice(a_bill(base(100, "GB0")), BOOKS, final=False)

    assert not [name for name in values if name.startswith("source_")]


def test_given_euros_and_no_due_date_when_translated_then_it_is_due_on_its_date() -> None:
    values = invoice(replace(a_bill(base(100, "GB0")), currency="EUR", due_date=None), BOOKS, final=True)

    assert (values["currency"], values["payment_term_date"]) == (9, INVOICED)


def test_given_a_line_when_translated_then_it_has_its_tax_code_and_dimension() -> None:
    (line,) = lines_of(a_bill(replace(base(5305, "GB20"), dimensions=(Dimension("cost_centre", "LON"),))))

    assert (line["account"], line["quantity"], str(line["unit_price"])) == (61, 1, "53.05")
    assert line["taxes"] == [["add", [1]]]
    assert line["analytic_accounts"] == [["create", [{"root": 1, "account": 2}]]]


def test_given_a_line_on_the_balance_sheet_when_translated_then_it_has_no_dimension() -> None:
    (line,) = lines_of(a_bill(replace(base(1, "GB0", "1500"), dimensions=(Dimension("cost_centre", "LON"),))))

    assert "analytic_accounts" not in line


def test_given_three_lines_when_translated_then_pleos_taxes_are_added_up_not_computed() -> None:
    """E3: 20 % of 8.32 is 1.66, Pleo says 1.68."""
    lines = [each for net in (277, 277, 278) for each in (base(net, "GB20"), tax(56, "GB20"))]

    assert taxes_of(a_bill(*lines)) == [(1, 22, "8.32", "1.68", False)]


def test_given_lines_without_tax_amount_when_translated_then_their_tax_is_nought_by_name() -> None:
    assert taxes_of(a_bill(base(100, "GB0"), base(200, "GB20"))) == [
        (2, 22, "1.00", "0.00", False),
        (1, 22, "2.00", "0.00", False),
    ]


def test_given_a_discount_when_translated_then_each_side_has_its_own_tax_line() -> None:
    lines = [base(1000, "GB20"), tax(200, "GB20"), base(-100, "GB20"), tax(-20, "GB20", "2200")]

    assert taxes_of(a_bill(*lines)) == [
        (1, 22, "10.00", "2.00", False),
        (1, 23, "-1.00", "0.00", False),
        (1, 22, "0.00", "-0.20", True),
    ]


def test_given_a_reverse_charge_when_translated_then_each_half_has_its_line() -> None:
    lines = [base(10000, "RC20"), tax(2000, "RC20", "2201"), tax(-2000, "RC20", "2202")]

    assert taxes_of(a_bill(*lines)) == [(5, 221, "100.00", "20.00", False), (6, 222, "100.00", "-20.00", False)]


def test_given_tax_on_another_account_when_translated_then_it_is_booked_there() -> None:
    assert taxes_of(a_bill(base(1000, "GB20"), tax(200, "GB20", "2201"))) == [
        (1, 22, "10.00", "0.00", False),
        (1, 221, "0.00", "2.00", True),
    ]


def test_given_a_credit_note_when_translated_then_quantities_are_negative() -> None:
    bill = a_bill(base(-5305, "GB20"), tax(-1061, "GB20", "2200"))
    (line,) = lines_of(bill)

    assert (line["quantity"], str(line["unit_price"])) == (-1, "53.05")
    assert expected_totals(bill, CODES) == Totals(Decimal("-63.66"), ((22, Decimal("-10.61")),))


@pytest.mark.parametrize(
    ("bill", "error", "named"),
    [
        (a_bill(base(1, "GB0", "1900")), Rejected, "1900.*Expense nor Debt"),
        (a_bill(base(1, "NONE")), UnknownTaxCode, "NONE"),
        (a_bill(base(1, "RC20"), tax(1, "RC20", "2200")), UnknownTaxCode, "RC20.*2200"),
        (replace(a_bill(base(1, "GB0")), party=Party("18", "Nowhere Ltd")), Rejected, "Nowhere Ltd has no address"),
        (replace(a_bill(base(1, "GB0")), party=Party("19", "Gone Ltd")), Rejected, "Gone Ltd was deleted"),
        (replace(a_bill(), lines=(base(1, "GB0"), JournalLine("1900", -1))), Rejected, "1900.*not Payable"),
        (replace(a_bill(base(1, "GB0")), currency="USD"), Rejected, "USD on 2026-01-31"),
    ],
    ids=[
        "no expense",
        "tax without account",
        "no tax with the account",
        "no address",
        "no party",
        "not payable",
        "no rate",
    ],
)
def test_given_what_tryton_cannot_take_when_translated_then_it_is_said_what_to_fix(
    bill: Bill, error: type[Exception], named: str
) -> None:
    with pytest.raises(error, match=named):
        invoice(bill, BOOKS, final=True)
