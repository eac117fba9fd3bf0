"""What settles what: the texts that Tryton keeps, and the sums."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from pleo_export.accounting.matching import (
    OpenItem,
    Settlement,
    Unsettled,
    bill_keys,
    left_open,
    returned,
    settled,
    settlement,
    settlement_text,
)
from pleo_export.bookkeeping.documents import PaymentPurpose, SettlementTarget


def a_bill(line: int, amount: str, *keys: str) -> OpenItem:
    return OpenItem(line, 21, "V-1", frozenset(keys), None, Decimal(amount))


def a_payment(line: int, amount: str, *keys: str) -> OpenItem:
    return OpenItem(line, 21, "V-1", frozenset(keys), PaymentPurpose.PAYMENT, Decimal(amount))


def lines(items: list[OpenItem]) -> list[list[int]]:
    return [sorted(item.line for item in group) for group in settled(items)]


@pytest.mark.parametrize("purpose", PaymentPurpose)
def test_given_a_payment_without_its_bill_when_said_then_it_is_read_back(purpose: PaymentPurpose) -> None:
    text = settlement_text(purpose, "V 1", SettlementTarget(None, "INV-7: final", ("BK-1", "BK-2")))

    assert settlement(text) == Settlement(purpose, "V 1", frozenset({"INV-7: final", "BK-1", "BK-2"}))


def test_given_a_payment_with_its_bill_when_said_then_only_that_counts() -> None:
    said = settlement(settlement_text(PaymentPurpose.PAYMENT, "V-1", SettlementTarget("pleo:1", "INV-7", ("BK-1",))))

    assert said == Settlement(PaymentPurpose.PAYMENT, "V-1", frozenset({"pleo:1"}))


@pytest.mark.parametrize("text", [None, "", "Reimbursement | Tom | settles BK-1 | BK-2", "Payment to the taxi"])
def test_given_any_other_text_when_read_then_it_is_no_payment_of_ours(text: str | None) -> None:
    assert settlement(text) is None


@pytest.mark.parametrize("comment", ["BK-1", "Ryman | Ann | BK-1", "Ryman | Ann | dated 2025-12-30 | BK-1"])
def test_given_a_bill_when_asked_for_its_keys_then_the_reconciliation_id_ends_its_comment(comment: str) -> None:
    assert bill_keys("pleo:1", "INV-7", comment) == {"pleo:1", "INV-7", "BK-1"}


def test_given_a_reimbursement_of_two_bills_when_matched_then_all_three_are_settled() -> None:
    assert lines([a_bill(1, "-24", "a"), a_bill(2, "-12.50", "b"), a_payment(3, "36.50", "a", "b")]) == [[1, 2, 3]]


def test_given_a_reimbursement_before_its_last_bill_when_matched_then_all_stays_open() -> None:
    assert lines([a_bill(1, "-24", "a"), a_payment(3, "36.50", "a", "b")]) == []


def test_given_two_payments_of_one_bill_when_matched_then_they_settle_it_together() -> None:
    assert lines([a_bill(1, "-100", "a"), a_payment(2, "40", "a"), a_payment(3, "60", "a")]) == [[1, 2, 3]]


@pytest.mark.parametrize("difference", [{"party": "V-2"}, {"account": 22}, {"currency": 2, "foreign": Decimal(5)}])
def test_given_another_party_account_or_currency_when_matched_then_nothing_is_settled(
    difference: dict[str, object],
) -> None:
    payment = replace(a_payment(2, "5", "a"), **difference)  # type: ignore[arg-type]

    assert lines([a_bill(1, "-5", "a"), payment]) == []


def test_given_euros_when_matched_then_the_euros_have_to_agree_and_the_pounds_need_not() -> None:
    bill = replace(a_bill(1, "-20", "a"), currency=2, foreign=Decimal(-24))
    payment = replace(a_payment(2, "21", "a"), currency=2, foreign=Decimal(24))

    assert lines([bill, payment]) == [[1, 2]]
    assert lines([bill, replace(payment, foreign=Decimal(23))]) == []


def test_given_two_bills_with_one_key_when_matched_then_nobody_guesses() -> None:
    assert lines([a_bill(1, "-5", "a"), a_bill(2, "-5", "a"), a_payment(3, "5", "a")]) == []


def test_a_bill_and_a_credit_note_of_one_number_do_not_settle_each_other() -> None:
    assert lines([a_bill(1, "-5", "a"), a_bill(2, "5", "a")]) == []


def test_given_a_payment_that_came_back_when_matched_then_it_settles_no_bill_and_finds_its_payment() -> None:
    back = replace(a_payment(3, "-5", "a"), purpose=PaymentPurpose.RETURN)
    first, second, other = a_payment(1, "5", "a"), a_payment(2, "5", "a"), a_payment(4, "6", "a")

    assert lines([a_bill(5, "5", "a"), back]) == []
    assert returned(back, [first, second, other]) == second
    assert returned(back, [other]) is None


class TestLeftOpen:
    """What a bookkeeper is told of a payment that settles nothing."""

    def test_given_no_bill_when_asked_then_that_is_why(self) -> None:
        assert left_open([a_payment(3, "10", "a"), a_bill(1, "-10", "b")]) == {3: Unsettled.NO_BILL}

    def test_given_bills_of_less_when_asked_then_it_is_too_much(self) -> None:
        assert left_open([a_bill(1, "-10", "a"), a_payment(3, "10.02", "a")]) == {3: Unsettled.TOO_MUCH}

    def test_given_a_refund_of_more_than_its_credit_note_when_asked_then_it_is_too_much(self) -> None:
        refund = replace(a_payment(3, "-10.02", "a"), purpose=PaymentPurpose.REFUND)

        assert left_open([a_bill(1, "10", "a"), refund]) == {3: Unsettled.TOO_MUCH}

    @pytest.mark.parametrize("amount", ["10", "9.98"])
    def test_given_a_payment_of_all_or_a_part_when_asked_then_there_is_nothing_to_tell(self, amount: str) -> None:
        assert left_open([a_bill(1, "-10", "a"), a_payment(3, amount, "a")]) == {}
