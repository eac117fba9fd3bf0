"""What holds for every item, whatever Pleo sends (promise 6)."""

from __future__ import annotations

import copy
import unicodedata
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pleo_export.bookkeeping.book import Booking, TextLimits, book
from pleo_export.bookkeeping.export_item import parse_export_item
from pleo_export.bookkeeping.fingerprint import fingerprint
from pleo_export.bookkeeping.rules import JOURNAL_RULES, Role, Sign
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.settings import parse_settings
from tests.unit.bookkeeping.payloads import COMPANY, Payload, account, additional, item, line, money, tag, tax

LIMITS = TextLimits(reference=64, text=40, memo=120)
SETTINGS = parse_settings(
    {
        "company_id": COMPANY,
        "accounting_system": {"name": "tryton", "url": "https://books.example.com", "database": "books"},
        "accounts": {
            "wallets": {"GBP": "1900", "EUR": "1901"},
            "out_of_pocket": "2250",
            "clearing": "1950",
            "external_reimbursement": "2251",
            "payables": "2100",
            "input_tax": "2200",
            "output_tax": "2202",
        },
        "time_zone": "Europe/Copenhagen",
        "dimensions": {"cost_centre": "CC", "project": "PROJECT"},
    }
)
BALANCE_SHEET = {"1900", "1901", "1950", "2100", "2250", "2251"}
TAX_SIDE = {"2200", "2202"}

texts = st.none() | st.text(max_size=200)
cents = st.integers(-1_000_000, 1_000_000)
kinds = st.sampled_from([(rule.type, rule.sub_type) for rule in JOURNAL_RULES])
tags = st.lists(
    st.builds(tag, st.sampled_from(["cost_centre", "project", "colour"]), st.sampled_from("AB")), max_size=3
)


@st.composite
def sound_lines(draw: st.DrawFn, amount: st.SearchStrategy[int], currency: str) -> Payload:
    """A line whose amounts agree under one reading."""
    total, part = draw(amount), draw(st.integers(0, 30))
    tax_amount = total * part // 100
    type_ = draw(st.sampled_from(["none", "inclusive", "exclusive", "reverse"]))
    code = draw(st.sampled_from(["6100", "6300", "6500"]))
    if type_ == "none":
        return line(total, total, None, code, currency, tags=draw(tags))
    net = total if type_ == "reverse" else total - tax_amount
    return line(total, net, tax(tax_amount, "VAT", type_, currency), code, currency, tags=draw(tags))


@st.composite
def sound_items(draw: st.DrawFn, amount: st.SearchStrategy[int] = cents) -> Payload:
    type_, sub_type = draw(kinds)
    currency = draw(st.sampled_from(["GBP", "EUR"]))
    user = draw(st.none() | st.builds(lambda name: {"id": "u", "name": name}, st.text(max_size=60)))
    return item(
        type_,
        draw(st.lists(sound_lines(amount, currency), min_size=1, max_size=5)),
        subType=sub_type,
        note=draw(texts),
        user=user,
        supplier=draw(st.none() | st.builds(lambda name: {"name": name}, texts)),
        contraAccount=None,
        additionalInformation=additional(attendees=draw(st.lists(st.text(max_size=30), max_size=9))),
        date=draw(st.datetimes()).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0"),
    )


@st.composite
def any_items(draw: st.DrawFn) -> Payload:
    """Items with anything wrong: unknown types, amounts that contradict, odd currencies, missing accounts."""
    currency = st.sampled_from(["GBP", "EUR", "JPY"])
    value = cents | st.sampled_from(["10", "x", 1.5, None])

    def any_line(total: Any, net: Any, amount: Any, kind: str, code: str | None, money_of: str) -> Payload:
        with_tax = None if kind == "none" else tax(amount, code and "VAT", kind, money_of)
        return line(total, net, with_tax, code, money_of)

    kind = st.sampled_from(["none", "inclusive", "exclusive", "reverse", "flat"])
    lines = draw(st.lists(st.builds(any_line, cents, cents, cents, kind, st.sampled_from(["6100", None]), currency)))
    payload = item(draw(kinds)[0] if draw(st.booleans()) else draw(st.text()), lines)
    payload["amount"] = money(draw(value), draw(currency))
    payload["bookkeeping"] = draw(st.sampled_from([None, {"method": "journal"}, {"method": "accounts_payable"}, {}]))
    payload["contraAccount"] = draw(st.sampled_from([None, account("1900")]))
    for field in draw(st.sets(st.sampled_from(sorted(payload)), max_size=2)):
        payload[field] = draw(st.none() | st.text() | st.integers() | st.lists(st.integers()))
    return payload


def booked(payload: Payload) -> Booking:
    return book(parse_export_item(payload), SETTINGS, "pleo:1", LIMITS)


def outcome(payload: Payload) -> Booking | ItemRejected:
    try:
        return booked(payload)
    except ItemRejected as rejection:
        return rejection


def balances(*bookings: Booking) -> Counter[str]:
    sums: Counter[str] = Counter()
    for booking in bookings:
        for each in booking.entries[0].lines:
            sums[each.account] += each.amount
    return Counter({account: amount for account, amount in sums.items() if amount})


def rule_of(payload: Payload) -> Any:
    return next(rule for rule in JOURNAL_RULES if (rule.type, rule.sub_type) == (payload["type"], payload["subType"]))


def total(payload: Payload) -> int:
    return sum(int(each["lineAmount"]["inWalletCurrency"]["value"]) for each in payload["accountingEntryLines"])


def negated(payload: Payload) -> Payload:
    def flip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: -each if key == "value" else flip(each) for key, each in value.items()}
        return [flip(each) for each in value] if isinstance(value, list) else value

    return {key: flip(value) if key in ("amount", "accountingEntryLines") else value for key, value in payload.items()}


@given(any_items() | sound_items())
@settings(max_examples=300, deadline=None)
def test_given_any_item_then_it_balances_to_the_minor_unit_or_is_refused_with_a_reason(payload: Payload) -> None:
    match outcome(payload):
        case Booking(entries=(entry,)):
            assert sum(each.amount for each in entry.lines) == 0
            assert all(type(each.amount) is int and each.amount for each in entry.lines)
            assert len(entry.memo) <= LIMITS.memo
            assert all(len(each.text) <= LIMITS.text for each in entry.lines)
            assert not {unicodedata.category(each) for each in entry.memo} & {"Cc", "Cs"}
        case ItemRejected() as rejection:
            assert rejection.failure is not ItemFailure.UNEXPECTED_FAILURE
            assert len(rejection.reason) > 20
        case other:
            raise AssertionError(other)


@given(sound_items(st.integers(1, 1_000_000)))
@settings(max_examples=200, deadline=None)
def test_given_a_sound_item_then_it_is_booked_and_the_counter_side_is_the_sum_of_its_lines(payload: Payload) -> None:
    rule, booking = rule_of(payload), outcome(payload)
    if isinstance(booking, ItemRejected):
        assert "for one dimension" in booking.reason  # the only thing that may be wrong with a sound item
        return
    counter = booking.entries[0].lines[-1]
    assert counter.amount == -rule.side * total(payload)
    assert counter.account in BALANCE_SHEET
    if rule.lines is not Role.CATEGORY:
        assert {each.account for each in booking.entries[0].lines} <= BALANCE_SHEET


@given(sound_items())
@settings(max_examples=200, deadline=None)
def test_given_the_negated_item_then_it_is_reversed_where_the_sign_means_it_and_the_same_elsewhere(
    payload: Payload,
) -> None:
    one, other = outcome(payload), outcome(negated(payload))
    assert type(one) is type(other)
    if isinstance(one, Booking) and isinstance(other, Booking):
        reverse = rule_of(payload).sign is Sign.POSITIVE
        there, back = balances(one), balances(other)
        assert back == (Counter({key: -amount for key, amount in there.items()}) if reverse else there)
        if reverse and total(payload):
            assert [total(each) < 0 for each in (payload, negated(payload))] == [
                any("other way round" in text for text in each.warnings) for each in (one, other)
            ]


@given(st.lists(sound_items(), min_size=2, max_size=4))
@settings(max_examples=60, deadline=None)
def test_given_items_in_another_order_then_each_is_booked_the_same_and_its_payload_untouched(
    payloads: list[Payload],
) -> None:
    before = copy.deepcopy(payloads)
    forwards = [_comparable(outcome(each)) for each in payloads]
    backwards = [_comparable(outcome(each)) for each in reversed(payloads)]
    assert forwards == backwards[::-1]
    assert payloads == before


def _comparable(result: Booking | ItemRejected) -> object:
    return (result, fingerprint(result)) if isinstance(result, Booking) else str(result)


@given(sound_items(st.integers(1, 1_000_000)), st.sampled_from(["refund", "chargeback"]), st.booleans())
@settings(max_examples=100, deadline=None)
def test_given_a_purchase_and_its_whole_refund_then_every_account_is_as_before(
    payload: Payload, back: str, negative: bool
) -> None:
    purchase = payload | {"type": "card_purchase", "subType": None}
    refund = payload | {"type": back}
    refund = (negated(refund) if negative else refund) | {"subType": None}
    if isinstance(outcome(purchase), Booking):
        assert not balances(booked(purchase), booked(refund))
