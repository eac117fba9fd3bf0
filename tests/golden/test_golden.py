"""Every golden entry still is what its .expected file says, and the cases together reach every decision."""

from __future__ import annotations

import difflib
from collections import Counter

import pytest

from pleo_export.bookkeeping.book import Booking
from pleo_export.bookkeeping.rules import ALWAYS_JOURNAL, JOURNAL_RULES, METHODS, Role, Sign
from pleo_export.bookkeeping.taxes import TREATMENTS, Agreement, agreement
from tests.golden.cases import HERE, Case, cases
from tests.golden.guide import GUIDE, guide

CASES = list(cases())
BY_NAME = {case.path.stem: case for case in CASES}
BOOKED = [(case, outcome) for case in CASES if isinstance(outcome := case.outcome(), Booking)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path.stem)
def test_the_entry_is_the_expected_one(case: Case) -> None:
    assert case.expected.exists(), f"{case.path.stem}: run python -m tests.golden generate and read the result"
    expected, actual = case.expected.read_text(), case.as_text()
    difference = difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected", "actual", lineterm="")
    assert expected == actual, "\n" + "\n".join(difference)


def test_every_expectation_has_its_input() -> None:
    assert {path.with_suffix(".json") for path in HERE.glob("*/*.expected")} == {case.path for case in CASES}


def test_every_row_of_the_journal_table_has_an_entry() -> None:
    booked = {(item.type, item.sub_type) for case, _ in BOOKED for item in [case.item()]}
    assert {(rule.type, rule.sub_type) for rule in JOURNAL_RULES} == booked


def test_every_method_and_every_always_journal_type_has_a_case() -> None:
    items = [case.payload for case in CASES]
    methods = {(item["bookkeeping"] or {}).get("method") for item in items}
    assert set(METHODS) <= methods
    assert {item["type"] for item in items if item["bookkeeping"] and item["type"] in ALWAYS_JOURNAL} == ALWAYS_JOURNAL


def test_every_row_of_the_tax_table_has_an_entry_and_every_other_pair_a_refusal() -> None:
    def pairs(case: Case) -> set[tuple[str, Agreement]]:
        return {(line.tax.type, agreement(line)) for line in case.item().lines if line.tax is not None}

    booked = set().union(*(pairs(case) for case, _ in BOOKED))
    refused = set().union(*(pairs(case) for case in CASES if case.path.stem[:3] in {"X09", "X10", "X11", "X12"}))
    assert booked == set(TREATMENTS)
    assert not refused & booked
    assert refused == {
        ("inclusive", Agreement.NONE),
        ("inclusive", Agreement.OUTSIDE),
        ("exclusive", Agreement.OUTSIDE),
        ("reverse", Agreement.INSIDE),
    }


def test_every_expected_sign_is_seen_with_positive_and_with_negative_amounts() -> None:
    signs = {(rule.type, rule.sub_type): rule.sign for rule in JOURNAL_RULES}
    seen = Counter(
        (signs[item.type, item.sub_type], item.amount.in_wallet_currency.value > 0)
        for case, _ in BOOKED
        for item in [case.item()]
    )
    assert set(seen) == {(sign, positive) for sign in Sign for positive in (True, False)}


def test_every_role_can_be_missing_or_is_named_by_the_expense() -> None:
    reasons = "".join(str(case.outcome()) for case in CASES if case.path.parent.name == "bare")
    named = {role for role in Role if f"accounts.{role}" in reasons}
    assert named == {Role.WALLET, Role.OUT_OF_POCKET, Role.CLEARING, Role.PAYABLES}  # external: test_accounts


def test_the_guide_for_bookkeepers_is_up_to_date() -> None:
    assert GUIDE.read_text() == guide(), "run python -m tests.golden generate"


def _balances(*names: str) -> Counter[str]:
    """Account -> sum in minor units over several entries."""
    balances: Counter[str] = Counter()
    for name in names:
        outcome = BY_NAME[name].outcome()
        assert isinstance(outcome, Booking)
        for entry in outcome.entries:
            for line in entry.lines:
                balances[line.account] += line.amount
    return balances


@pytest.mark.parametrize("paid", ["E10-Reimbursement-from-the-wallet", "E10-Reimbursement-by-payroll"])
def test_given_pocket_spend_when_reimbursed_then_nothing_is_owed_to_the_employee(paid: str) -> None:
    spend = ("E07-Out-of-pocket-taxi", "E08-Mileage-with-tax-on-the-fuel", "E09-Per-diem")
    assert _balances(*spend)["2250"] == -129_00
    assert _balances(*spend, paid)["2250"] == 0


def test_given_an_invoice_when_paid_then_settled_and_when_the_payment_returns_then_open_again() -> None:
    invoice, paid, returned = "E11-Invoice", "E11-Invoice-payment", "E11-Invoice-payment-returned"
    assert _balances(invoice, paid)["2100"] == 0
    assert _balances(invoice, paid, returned)["2100"] == -1300_00
    assert _balances(invoice, paid, returned)["1900"] == 0


def test_given_cash_withdrawn_when_part_of_it_is_spent_then_the_employee_owes_the_rest() -> None:
    assert _balances("E18-Cash-withdrawal", "E18-Cash-spent")["2250"] == 20_00


def test_given_an_amendment_when_taken_back_then_wallet_and_clearing_are_as_before() -> None:
    assert set(_balances("E16-Balance-amendment-up", "E16-Balance-amendment-down").values()) == {0}


def test_given_a_purchase_when_charged_back_then_every_account_is_as_before() -> None:
    assert set(_balances("E01-Card-purchase-with-tax", "E06-Chargeback").values()) == {0}
