"""The parts of booking that one golden entry cannot show: limits, dates, accounts, balance, fingerprint."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pleo_export.bookkeeping import lines
from pleo_export.bookkeeping.accounts import account_of
from pleo_export.bookkeeping.balance import balanced
from pleo_export.bookkeeping.book import Booking, TextLimits, book
from pleo_export.bookkeeping.dates import booking_date
from pleo_export.bookkeeping.documents import Dimension, JournalEntry, JournalLine, TaxPart, TaxRole
from pleo_export.bookkeeping.export_item import parse_export_item
from pleo_export.bookkeeping.fingerprint import fingerprint
from pleo_export.bookkeeping.rules import Role
from pleo_export.bookkeeping.taxes import TaxedAmounts
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.settings import Settings, parse_settings
from tests.unit.bookkeeping.payloads import COMPANY, additional, invoice, item, line, money, tag, tax, vendor

LIMITS = TextLimits(reference=64, text=60, memo=250)
ACCOUNTS = {
    "wallets": {"GBP": "1905"},
    "out_of_pocket": "2250",
    "clearing": "1950",
    "external_reimbursement": "2251",
    "payables": "2100",
    "input_tax": "2200",
}
LONG_NOTE = "Team lunch \U0001f468\u200d\U0001f469\u200d\U0001f467 " * 300


def settings(**changes: Any) -> Settings:
    tryton = {"name": "tryton", "url": "https://books.example.com", "database": "books"}
    return parse_settings({"company_id": COMPANY, "accounting_system": tryton, "accounts": ACCOUNTS} | changes)


def booked(payload: dict[str, Any], limits: TextLimits = LIMITS, **changes: Any) -> Booking:
    return book(parse_export_item(payload), settings(**changes), "pleo:1", limits)


def amounts(booking: Booking) -> list[tuple[str, int]]:
    return [(each.account, each.amount) for each in booking.documents[0].lines]


# --- texts


@pytest.mark.parametrize("limit", range(12, 320, 7))
def test_given_a_long_note_when_cut_then_the_limit_holds_and_the_reconciliation_id_survives(limit: int) -> None:
    payload = item(note=LONG_NOTE, additionalInformation=additional("B-123456", attendees=["Ada", "Bo"]))
    entry = booked(payload, TextLimits(64, limit, limit)).documents[0]
    assert len(entry.memo) <= limit
    assert entry.memo.endswith("B-123456")
    assert all(0 < len(each.text) <= limit for each in entry.lines)
    assert "\u200d…" not in entry.memo  # never half a joined emoji


def test_given_little_room_when_cut_then_the_note_goes_first_and_then_the_name() -> None:
    payload = item(note="Ink", additionalInformation=additional("B-1", attendees=["Bo"]))
    memos = [booked(payload, TextLimits(64, 60, limit)).documents[0].memo for limit in (53, 47, 46, 38)]
    assert memos == [
        "Paper & Pens | Ada Example | Ink | attendees Bo | B-1",
        "Paper & Pens | Ada Example | attendees Bo | B-1",
        "Paper & Pens | AE | attendees Bo | B-1",
        "Paper & Pens | AE | attendees Bo | B-1",
    ]


def test_given_a_short_memo_field_then_what_matters_least_gives_way_first() -> None:
    payload = item(
        amount=money(1000, "GBP", 1250, "USD"),
        note=None,
        servicePeriod={"from": "2026-01-01T00:00:00Z", "to": "2026-12-31T00:00:00Z"},
        additionalInformation=additional("B-1", reconciledEntries=["B-7"], invoiceInformation=invoice("F-77")),
    )
    memos = [booked(payload, TextLimits(64, 60, limit)).documents[0].memo for limit in (132, 90, 72, 42, 30)]
    assert memos == [
        "Paper & Pens | AE | USD 12.50, rate 0.8000 | invoice F-77 of 2026-04-30 | service 2026-01-01 to 2026-12-31 "
        "| settles B-7 | B-1",
        "Paper & Pe… | AE | USD 12.50, rate 0.8000 | invoice F-77 of 2026-04-30 | settles B-7 | B-1",
        "AE | USD 12.50, rate 0.8000 | invoice F-77 of 2026-04-30 | settle… | B-1",
        "AE | USD 12.50, rate 0.8000 | invoi… | B-1",
        "AE | USD 12.50, rate 0.… | B-1",
    ]


def test_given_control_characters_anywhere_then_the_memo_has_none() -> None:
    dirty = item(
        supplier={"name": "\u200b"},
        vendor=vendor("Pa\nper"),
        user={"name": "A\nda\tLovelace"},
        note="a\nb",
        additionalInformation=additional("B\n1", reconciledEntries=["B\n7"], attendees=["Bo\nSample"]),
    )
    assert booked(dirty).documents[0].memo == "Pa per | A da Lovelace | a b | settles B 7 | attendees Bo Sample | B 1"


def test_given_a_memo_field_just_long_enough_for_the_reconciliation_id_then_it_is_all_there_is() -> None:
    assert (
        booked(item(additionalInformation=additional("B" * 29)), TextLimits(64, 60, 29)).documents[0].memo == "B" * 29
    )


def test_given_a_line_too_short_for_initials_then_it_has_no_text() -> None:
    assert {each.text for each in booked(item(), TextLimits(64, 1, 250)).entries[0].lines} == {""}


def test_given_nothing_in_the_merchants_currency_then_no_rate_is_made_up() -> None:
    assert "USD" not in booked(item(amount=money(1000, "GBP", 0, "USD"))).documents[0].memo


def test_given_a_memo_field_too_short_for_the_reconciliation_id_then_the_item_is_refused() -> None:
    with pytest.raises(ItemRejected, match="reconciliation id") as caught:
        booked(item(additionalInformation=additional("B" * 30)), TextLimits(64, 60, 29))
    assert caught.value.failure is ItemFailure.VALIDATION_FAILURE


def test_given_a_reference_longer_than_the_field_then_nothing_is_booked() -> None:
    with pytest.raises(ItemRejected) as caught:
        booked(item(), TextLimits(reference=5, text=60, memo=250))
    assert caught.value.failure is ItemFailure.UNEXPECTED_FAILURE


# --- dates


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", date(2026, 5, 31)), ("Europe/Copenhagen", date(2026, 6, 1)), ("America/New_York", date(2026, 5, 31))],
)
def test_given_the_last_evening_of_may_then_the_zone_decides_the_day(zone: str, day: date) -> None:
    assert booking_date(datetime(2026, 5, 31, 23, 30, tzinfo=UTC), zone) == day


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_given_midnight_utc_then_it_is_a_date_already(zone: str) -> None:
    assert booking_date(datetime(2026, 6, 1, tzinfo=UTC), zone) == date(2026, 6, 1)


# --- accounts


def test_given_a_contra_account_then_it_wins_over_the_configured_wallet() -> None:
    assert amounts(booked(item()))[-1] == ("1900", -1000)
    assert amounts(booked(item(contraAccount=None)))[-1] == ("1905", -1000)


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_given_a_blank_code_then_it_is_not_an_account(blank: str | None) -> None:
    contra = {"id": "1", "name": "Pleo", "code": blank}
    assert amounts(booked(item(contraAccount=contra)))[-1] == ("1905", -1000)
    with pytest.raises(ItemRejected, match="no account code"):
        booked(item(lines=[line(1000, account=contra)]))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CATEGORY])
def test_given_no_account_for_a_role_then_the_setting_is_named(role: Role) -> None:
    with pytest.raises(ItemRejected, match=rf"accounts\.{role}") as caught:
        account_of(role, parse_export_item(item(contraAccount=None)), settings(accounts={}))
    assert caught.value.failure is ItemFailure.MISSING_CONFIGURATION


def test_given_lines_that_cancel_out_then_no_wallet_account_is_needed() -> None:
    payload = item(lines=[line(500), line(-500, code="6300")], contraAccount=None)
    assert amounts(booked(payload, accounts={})) == [("6100", 500), ("6300", -500)]


@pytest.mark.parametrize(
    ("ingoing", "outgoing", "accounts"),
    [(" 2201 ", " 2203 ", ["2201", "2203"]), (" ", None, ["2209", "2202"]), (None, " ", ["2209", "2202"])],
)
def test_given_tax_accounts_of_pleo_then_they_win_over_the_settings(
    ingoing: str | None, outgoing: str | None, accounts: list[str]
) -> None:
    reverse = tax(200, " RC20 ", "reverse") | {"ingoingTaxAccount": ingoing, "outgoingTaxAccount": outgoing}
    own = ACCOUNTS | {"output_tax": "2202"}
    booking = booked(item(lines=[line(1000, 1000, reverse)]), accounts=own, tax_accounts={"RC20": "2209"})
    taxed = [each for each in booking.entries[0].lines if each.tax is not None]
    assert [each.account for each in taxed] == ["6100", *accounts]
    assert {each.tax.code for each in taxed if each.tax} == {"RC20"}


# --- balance


def entry(*amounts: int) -> JournalEntry:
    day = date(2026, 5, 12)
    lines = tuple(JournalLine("6100", amount) for amount in amounts)
    return JournalEntry("pleo:1", day, day, "GBP", lines, "memo")


@pytest.mark.parametrize("wrong", [(), (100,), (100, -99), (100, 0, -100), (100.0, -100)])
def test_given_an_entry_that_does_not_balance_in_whole_units_then_it_never_leaves(wrong: tuple[int, ...]) -> None:
    with pytest.raises(ItemRejected) as caught:
        balanced(entry(*wrong))
    assert caught.value.failure is ItemFailure.UNEXPECTED_FAILURE


def test_given_an_entry_that_balances_then_it_passes() -> None:
    assert balanced(entry(100, 20, -120)) == entry(100, 20, -120)


def test_given_a_fault_of_ours_in_the_split_then_no_entry_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "taxed_amounts", lambda *_: TaxedAmounts(999, None))
    with pytest.raises(ItemRejected, match="journal entry pleo:1 does not balance"):
        booked(item())


# --- amounts


@pytest.mark.parametrize(("type", "side"), [("card_purchase", 1), ("refund", -1)])
def test_given_one_penny_then_it_is_booked_on_the_side_of_the_type(type: str, side: int) -> None:
    assert amounts(booked(item(type, [line(1)]))) == [("6100", side), ("1900", -side)]


def test_given_a_balance_line_of_zero_then_it_is_left_out() -> None:
    assert amounts(booked(item("personal_spend", [line(0), line(500)]))) == [("2250", 500), ("1900", -500)]


@pytest.mark.parametrize("off", [2, -2])
def test_given_lines_off_by_a_penny_each_then_they_are_booked_and_by_more_refused(off: int) -> None:
    halves = [line(500), line(500)]
    assert booked(item(lines=halves, amount=money(1000 + off))).warnings
    with pytest.raises(ItemRejected, match="The lines add up to"):
        booked(item(lines=halves, amount=money(1000 + off + off // 2)))


def test_given_an_empty_subtype_then_there_is_none() -> None:
    assert booked(item(subType="")).documents


# --- fingerprint


def rich() -> dict[str, Any]:
    return item(lines=[line(1200, 1000, tax(200), tags=[tag("cost_centre", "IT")]), line(500, code="6300")])


def rich_booking() -> Booking:
    return booked(rich(), dimensions={"cost_centre": "CC"})


def changed(**changes: Any) -> Booking:
    """The rich booking with changes to its first line, or to its entry."""
    first = rich_booking().entries[0]
    if set(changes) <= {"posting_date", "document_date", "currency", "reference", "memo", "lines"}:
        return Booking((replace(first, **changes),), ())
    return Booking((replace(first, lines=(replace(first.lines[0], **changes), *first.lines[1:])),), ())


@pytest.mark.parametrize(
    "other",
    [
        {"account": "6101"},
        {"amount": 1001},
        {"tax": TaxPart("VAT5", TaxRole.BASE)},
        {"tax": TaxPart("VAT20", TaxRole.TAX)},
        {"tax": None},
        {"dimensions": (Dimension("CC", "HR"),)},
        {"dimensions": ()},
        {"currency": "EUR"},
        {"document_date": date(2026, 5, 13)},
    ],
    ids=str,
)
def test_given_other_content_then_another_fingerprint(other: dict[str, Any]) -> None:
    assert fingerprint(changed(**other)) != fingerprint(rich_booking())


@pytest.mark.parametrize(
    "same",
    [
        {"text": "other"},
        {"memo": "other"},
        {"reference": "pleo:1:r2"},
        {"posting_date": date(2026, 6, 1)},
        {"lines": tuple(reversed(rich_booking().documents[0].lines))},
    ],
    ids=lambda same: next(iter(same)),
)
def test_given_other_texts_reference_order_or_posting_date_then_the_same_fingerprint(same: dict[str, Any]) -> None:
    assert fingerprint(changed(**same)) == fingerprint(rich_booking())


def test_the_fingerprint_never_changes_between_versions() -> None:
    assert fingerprint(rich_booking()) == "aa2216191336af8122990017b3a9be2b874cd485f4ea9e228beb76e5b76bf0a4"


# --- warnings


def test_given_a_refusal_then_its_sentence_holds_no_person_and_no_note() -> None:
    payload = item(lines=[line(98765, 12345, tax(55555))], note="Zaphod's note")
    with pytest.raises(ItemRejected) as caught:
        booked(payload)
    for secret in ("Zaphod", "Ada"):
        assert secret not in caught.value.reason
