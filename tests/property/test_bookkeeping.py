"""What holds for every item, whatever Pleo sends (promise 6)."""

from __future__ import annotations

import copy
import json
import unicodedata
from collections import Counter
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pleo_export.bookkeeping.book import Booking, TextLimits, book
from pleo_export.bookkeeping.documents import Bill, Document, DocumentKind, JournalEntry, Party, Payment, PaymentPurpose
from pleo_export.bookkeeping.export_item import EARLIEST_YEAR, LATEST_YEAR, parse_export_item
from pleo_export.bookkeeping.fingerprint import fingerprint
from pleo_export.bookkeeping.parties import Ambiguous, Blocked, NotFound, PartyMatch
from pleo_export.bookkeeping.periods import moved_to
from pleo_export.bookkeeping.rules import ALWAYS_JOURNAL, JOURNAL_RULES, PAYABLE_RULES, Role, Sign
from pleo_export.bookkeeping.settings import LegacyVendors, OutflowSign
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.expense import TAGS_CONTRADICT
from pleo_export.settings import Settings, parse_settings
from tests.unit.bookkeeping.payloads import (
    COMPANY,
    Payload,
    account,
    additional,
    invoice,
    item,
    line,
    money,
    tag,
    tax,
    vendor,
)

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
LEGACY = SETTINGS.model_copy(update={"legacy_vendors": LegacyVendors.ACCOUNTS_PAYABLE})
AP = {"method": "accounts_payable"}
SOMEBODY = Party("17", "Somebody")  # owed on the accounts of the settings
OWN_ACCOUNT = Party("18", "Somebody else", "2109")
BALANCE_SHEET = {"1900", "1901", "1950", "2100", "2250", "2251"}
TAX_SIDE = {"2200", "2202"}

# Text as it may come, half an emoji included; and the days that can be booked.
unsound = st.text(st.characters(exclude_categories=()) | st.sampled_from("\ud83d\udc00\x00\u200b\u200d\ufeff"))
texts = st.none() | st.text(max_size=200) | unsound
days = st.datetimes(datetime.fromisoformat(f"{EARLIEST_YEAR}-01-01"), datetime.fromisoformat(f"{LATEST_YEAR}-12-31"))
cents = st.integers(-1_000_000, 1_000_000)
kinds = st.sampled_from([(rule.type, rule.sub_type) for rule in JOURNAL_RULES])
payable_kinds = st.sampled_from([(rule.type, rule.sub_type) for rule in PAYABLE_RULES])
answers: st.SearchStrategy[PartyMatch | None] = st.sampled_from(
    [SOMEBODY, OWN_ACCOUNT, NotFound(), Ambiguous(("A", "B")), Blocked("C"), None]
)
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
def sound_items(
    draw: st.DrawFn,
    amount: st.SearchStrategy[int] = cents,
    kind: st.SearchStrategy[tuple[str, str | None]] = kinds,
) -> Payload:
    type_, sub_type = draw(kind)
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
        additionalInformation=additional(
            attendees=draw(st.lists(st.text(max_size=30), max_size=9)),
            invoiceInformation=draw(st.none() | st.builds(invoice, st.text(max_size=30), due=st.none())),
        ),
        date=draw(days).strftime("%Y-%m-%dT%H:%M:%SZ"),
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
    payload["vendor"] = draw(st.sampled_from([None, vendor(), vendor(code="V9")]))
    payload["contraAccount"] = draw(st.sampled_from([None, account("1900")]))
    for field in draw(st.sets(st.sampled_from(sorted(payload)), max_size=2)):
        payload[field] = draw(st.none() | st.text() | st.integers() | st.lists(st.integers()))
    return payload


@st.composite
def payable_items(draw: st.DrawFn, amount: st.SearchStrategy[int] = cents) -> Payload:
    """Sound items under accounts payable, of every type that can be."""
    user = {"id": "u", "name": "Ada", "code": "E7"}
    return draw(sound_items(amount, payable_kinds)) | {"bookkeeping": AP, "vendor": vendor(code="V9"), "user": user}


def booked(payload: Payload, party: PartyMatch | None = None, settings: Settings = SETTINGS) -> Booking:
    return book(parse_export_item(payload), settings, "pleo:1", LIMITS, party)


def outcome(payload: Payload, party: PartyMatch | None = None, settings: Settings = SETTINGS) -> Booking | ItemRejected:
    try:
        return booked(payload, party, settings)
    except ItemRejected as rejection:
        return rejection


def balances(*bookings: Booking) -> Counter[str]:
    sums: Counter[str] = Counter()
    for booking in bookings:
        for document in booking.documents:
            for each in document.lines:
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


@given(any_items() | sound_items() | payable_items(), answers, st.sampled_from([SETTINGS, LEGACY]))
@settings(max_examples=500, deadline=None)
def test_given_any_item_then_it_balances_to_the_minor_unit_or_is_refused_with_a_reason(
    payload: Payload, party: PartyMatch | None, chosen: Settings
) -> None:
    match outcome(payload, party, chosen):
        case Booking(documents=documents):
            assert documents
            for each in documents:
                assert_sound(each)
        case ItemRejected() as rejection:
            assert rejection.failure is not ItemFailure.UNEXPECTED_FAILURE
            assert len(rejection.reason) > 20


def assert_sound(document: Document) -> None:
    assert sum(each.amount for each in document.lines) == 0
    assert any(_moved(document).values())  # no account is on both sides only
    assert json.dumps(asdict(document), default=str, ensure_ascii=False).encode()
    assert all(type(each.amount) is int and each.amount for each in document.lines)
    assert len(document.memo) <= LIMITS.memo
    assert all(len(each.text) <= LIMITS.text for each in document.lines)
    assert not {unicodedata.category(each) for each in document.memo} & {"Cc", "Cs"}
    assert len(document.reference) <= LIMITS.reference


def _moved(document: Document) -> Counter[str]:
    moved: Counter[str] = Counter()
    for each in document.lines:
        moved[each.account] += each.amount
    return moved


@st.composite
def items_with_any_text(draw: st.DrawFn) -> Payload:
    """Every text and code of a sound item replaced by anything, and its dates by any moment in any zone."""
    payload = draw(payable_items() | sound_items())
    payload["additionalInformation"]["invoiceInformation"] = invoice(due=None)

    def changed(value: Any) -> Any:
        match value:
            case str() if draw(st.integers(0, 5)) == 0:
                return draw(unsound | moments)
            case dict():
                return {key: changed(each) for key, each in value.items()}
            case list():
                return [changed(each) for each in value]
            case _:
                return value

    return {
        key: value if key in ("companyId", "accountingEntryId") else changed(value) for key, value in payload.items()
    }


moments = st.builds(
    lambda moment, zone: f"{moment}{zone}",
    st.datetimes().map(datetime.isoformat) | st.sampled_from(["0001-01-01T00:00:00", "9999-12-31T23:59:59"]),
    st.sampled_from(["", "Z", "+14:00", "-12:00", "+00:01", "-00:01"]),
)


@given(items_with_any_text(), answers, moments, st.sampled_from(["UTC", "Pacific/Kiritimati", "Etc/GMT+12"]))
@settings(max_examples=300, deadline=None)
def test_any_text_and_date_is_booked_or_refused_in_words_that_can_be_stored(
    payload: Payload, party: PartyMatch | None, moment: str, zone: str
) -> None:
    wanted = SETTINGS.model_copy(update={"time_zone": zone})
    match outcome(payload | {"date": moment}, party, wanted):
        case Booking(documents=documents, warnings=said):
            for each in documents:
                assert_sound(each)
                assert each.posting_date + timedelta(days=1) > each.posting_date
            assert all(text.encode() for text in said)
        case ItemRejected() as rejection:
            assert rejection.reason.encode()


@given(payable_items() | sound_items(), st.sampled_from(["1900", "1950", "2100", "2250", "2251", "2109", "6100"]))
@settings(max_examples=200, deadline=None)
def test_given_any_contra_account_then_no_line_is_on_the_account_of_the_other_side(payload: Payload, code: str) -> None:
    result = outcome(payload | {"contraAccount": account(code)}, OWN_ACCOUNT)
    for each in result.documents if isinstance(result, Booking) else ():
        assert_sound(each)
        *lines, other = each.lines
        if total(payload):
            assert other.account not in {line.account for line in lines}


@given(sound_items(), st.integers(-5, 5), st.booleans())
@settings(max_examples=150, deadline=None)
def test_given_an_account_for_roundings_then_the_wallet_moves_by_the_amount_and_the_entry_balances(
    payload: Payload, off: int, negative: bool
) -> None:
    wanted = SETTINGS.model_copy(update={"accounts": SETTINGS.accounts.model_copy(update={"rounding": "7900"})})
    amount = payload["amount"]["inWalletCurrency"]["value"] + off
    payload = payload | {"amount": money(amount, payload["amount"]["inWalletCurrency"]["currency"])}
    result = outcome(negated(payload) if negative else payload, None, wanted)
    if isinstance(result, Booking):
        assert_sound(result.documents[0])
        others = {"6100", "6300", "6500", "7900", *TAX_SIDE}
        if rule_of(payload).lines is Role.CATEGORY:
            moved = sum(moved for account, moved in _moved(result.documents[0]).items() if account not in others)
            assert abs(moved) == abs(amount)


@given(sound_items(st.integers(1, 1_000_000)))
@settings(max_examples=100, deadline=None)
def test_given_the_other_reading_of_signs_then_the_negated_item_is_booked_as_the_item_was(payload: Payload) -> None:
    other = SETTINGS.model_copy(update={"outflow_sign": OutflowSign.NEGATIVE})
    assert _comparable(outcome(payload)) == _comparable(outcome(negated(payload), None, other))


@given(sound_items(st.integers(1, 1_000_000)))
@settings(max_examples=200, deadline=None)
def test_given_a_sound_item_then_it_is_booked_and_the_counter_side_is_the_sum_of_its_lines(payload: Payload) -> None:
    rule, booking = rule_of(payload), outcome(payload)
    if isinstance(booking, ItemRejected):
        assert booking.told.code == TAGS_CONTRADICT.code  # the only thing that may be wrong with a sound item
        return
    counter = booking.documents[0].lines[-1]
    assert counter.amount == -rule.side * total(payload)
    assert counter.account in BALANCE_SHEET
    if rule.lines is not Role.CATEGORY:
        assert {each.account for each in booking.documents[0].lines} <= BALANCE_SHEET


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


# --- accounts payable


def payable_outcome(payload: Payload, party: Party = SOMEBODY) -> Booking | None:
    """None where the item is refused for one of the two things that may be wrong with it."""
    result = outcome(payload, party)
    if isinstance(result, Booking):
        return result
    assert result.told.code == TAGS_CONTRADICT.code or "0.00" in result.reason
    return None


@given(payable_items(), st.sampled_from([SOMEBODY, OWN_ACCOUNT]))
@settings(max_examples=150, deadline=None)
def test_given_an_item_under_accounts_payable_then_its_kind_says_who_owes_whom(payload: Payload, party: Party) -> None:
    booking = payable_outcome(payload, party)
    for each in booking.documents if booking else ():
        assert not isinstance(each, JournalEntry)
        assert each.party == party
        match each:
            case Bill():
                assert (each.kind is DocumentKind.BILL) is (each.payable.amount < 0)
                assert each.invoice_number
            case Payment():
                assert (each.purpose is PaymentPurpose.PAYMENT) is (each.payable.amount > 0)
                assert {line.account for line in each.lines} <= BALANCE_SHEET | {"2109"}


@given(payable_items(), st.sampled_from([SOMEBODY, OWN_ACCOUNT]))
@settings(max_examples=100, deadline=None)
def test_given_a_bill_with_its_payment_then_nothing_is_owed_and_the_payment_names_the_bill(
    payload: Payload, party: Party
) -> None:
    booking = payable_outcome(payload, party)
    if booking is not None and len(booking.documents) > 1:
        bill, payment = booking.documents
        assert isinstance(bill, Bill)
        assert isinstance(payment, Payment)
        assert bill.payable.amount + payment.payable.amount == 0
        assert balances(booking)[bill.payable.account] == 0
        assert payment.settles.reference == bill.reference != payment.reference


@given(payable_items())
@settings(max_examples=100, deadline=None)
def test_given_a_party_without_own_account_then_both_methods_move_the_same_accounts(payload: Payload) -> None:
    payables = payable_outcome(payload)
    if payables is not None:
        journal = booked(payload | {"bookkeeping": {"method": "journal"}})
        assert balances(payables) == balances(journal)


@given(payable_items())
@settings(max_examples=100, deadline=None)
def test_given_the_negated_item_then_it_is_the_opposite_document_where_the_sign_means_it(payload: Payload) -> None:
    one, other = payable_outcome(payload), payable_outcome(negated(payload))
    assert (one is None) == (other is None)
    if one is None or other is None:
        return
    if rule_of(payload).sign is Sign.POSITIVE:
        assert not balances(one, other)
        assert not [there for there, back in zip(_natures(one), _natures(other), strict=True) if there == back]
    else:
        assert one == other


def _natures(booking: Booking) -> list[DocumentKind | PaymentPurpose]:
    return [each.purpose if isinstance(each, Payment) else each.kind for each in booking.documents]


@given(payable_items(st.integers(1, 1_000_000)), st.sampled_from(["refund", "chargeback"]))
@settings(max_examples=60, deadline=None)
def test_given_a_bill_and_its_whole_refund_then_every_account_is_as_before(payload: Payload, back: str) -> None:
    purchase = payable_outcome(payload | {"type": "card_purchase", "subType": None}, OWN_ACCOUNT)
    refund = payable_outcome(payload | {"type": back, "subType": None}, OWN_ACCOUNT)
    if purchase is not None and refund is not None:
        assert not balances(purchase, refund)


@given(payable_items(st.integers(1, 1_000_000)))
@settings(max_examples=100, deadline=None)
def test_given_an_invoice_paid_in_another_job_then_nothing_is_owed_until_the_payment_returns(payload: Payload) -> None:
    bill = payable_outcome(payload | {"type": "invoice", "subType": None}, OWN_ACCOUNT)
    if bill is None:
        return
    paid, returned = (
        booked(payload | {"type": "invoice_payment", "subType": f"invoice_payment_{how}"}, OWN_ACCOUNT)
        for how in ("sent", "returned")
    )
    assert balances(bill, paid)["2109"] == 0
    assert balances(bill, paid, returned) == balances(bill)


@given(sound_items(), st.sampled_from(sorted(ALWAYS_JOURNAL)), answers)
@settings(max_examples=50, deadline=None)
def test_given_a_type_that_is_always_a_journal_entry_then_no_method_and_no_party_changes_it(
    payload: Payload, type_: str, party: PartyMatch | None
) -> None:
    plain = payload | {"type": type_, "subType": None, "user": None}  # whose account might be used, but for that
    assert _comparable(outcome(plain | {"bookkeeping": AP}, party, LEGACY)) == _comparable(outcome(plain))


@given(sound_items() | payable_items(), st.integers(1, 400), st.integers(50, 120))
@settings(max_examples=100, deadline=None)
def test_given_a_document_when_shifted_then_it_is_sound_and_still_the_same_to_a_re_export(
    payload: Payload, days: int, limit: int
) -> None:
    result = outcome(payload, SOMEBODY)
    for each in result.documents if isinstance(result, Booking) else ():
        if each.posting_date <= date.max - timedelta(days):
            moved: Document = moved_to(each, each.posting_date + timedelta(days), limit)
            assert_sound(moved)
            assert len(moved.memo) <= limit
            assert moved.memo.endswith(f"dated {each.posting_date} | B-1001")
            assert fingerprint(Booking((moved,), ())) == fingerprint(Booking((each,), ()))
