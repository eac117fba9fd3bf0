"""When the sign of a whole export says that it would be booked upside down (R-5b.4)."""

from __future__ import annotations

from typing import Any

import pytest

from pleo_export.bookkeeping.rules import JOURNAL_RULES, Sign
from pleo_export.bookkeeping.settings import OutflowSign
from pleo_export.bookkeeping.signs import Signs
from tests.unit.bookkeeping.payloads import item, line

POSITIVE, NEGATIVE = OutflowSign.POSITIVE, OutflowSign.NEGATIVE


def items(type_: str, *amounts: int) -> list[dict[str, Any]]:
    return [item(type_, [line(amount)]) for amount in amounts]


def doubt(payloads: list[Any], expected: OutflowSign = POSITIVE) -> str | None:
    signs = Signs()
    for payload in payloads:
        signs.add(payload)
    told = signs.doubt(expected)
    return told.text() if told else None


def test_given_most_purchases_are_negative_then_they_are_counted_and_the_setting_is_named() -> None:
    reason = doubt(items("card_purchase", -100, -200, 300) + items("fee", 100, 100))
    assert reason is not None
    assert "2 of 3 expenses (card purchase) have a negative amount" in reason
    assert "to set outflow_sign to the other sign" in reason


def test_given_the_other_reading_then_most_have_to_be_negative() -> None:
    assert doubt(items("card_purchase", -100, -200, 300), NEGATIVE) is None
    reason = doubt(items("mileage", 100, 200), NEGATIVE)
    assert reason is not None
    assert "have a positive amount" in reason


def test_given_one_of_each_type_that_are_all_negative_then_they_are_judged_together() -> None:
    one_each = items("card_purchase", -100) + items("fee", -100) + items("per_diem", -100)
    reason = doubt(one_each)
    assert reason is not None
    assert "3 of 3 expenses (card purchase, fee, per diem)" in reason


@pytest.mark.parametrize("amounts", [(-100,), (-100, 100), (-100, -100, 100, 100), (100, 100), (0, 0), ()], ids=str)
def test_given_one_negative_or_no_majority_then_each_is_booked_individually(amounts: tuple[int, ...]) -> None:
    assert doubt(items("card_purchase", *amounts)) is None


@pytest.mark.parametrize("rule", JOURNAL_RULES, ids=lambda rule: f"{rule.type}-{rule.sub_type}")
def test_given_every_type_then_those_count_whose_sign_means_something(rule: Any) -> None:
    payloads = [each | {"subType": rule.sub_type} for each in items(rule.type, -100, -100)]
    assert (doubt(payloads) is not None) is (rule.sign is Sign.POSITIVE)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        None,
        [],
        {"type": None},
        {"type": ["card_purchase"]},
        item("nobody knows"),
        item() | {"amount": None},
        item() | {"amount": {"inWalletCurrency": {"value": "x"}}},
        item() | {"amount": {"inWalletCurrency": {"value": -1.5}}},
        item() | {"subType": {"a": 1}},
    ],
)
def test_given_an_item_that_cannot_be_read_then_it_is_left_to_its_own_refusal(payload: Any) -> None:
    assert doubt([payload, payload, *items("card_purchase", 100)]) is None
