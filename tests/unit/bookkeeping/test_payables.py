"""The parts of accounts payable that one golden booking cannot show: references, what a payment is for, fingerprint."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from pleo_export.bookkeeping import lines
from pleo_export.bookkeeping.book import Booking, TextLimits, book
from pleo_export.bookkeeping.documents import Bill, DocumentKind, Party, Payment, PaymentPurpose, SettlementTarget
from pleo_export.bookkeeping.export_item import parse_export_item
from pleo_export.bookkeeping.fingerprint import fingerprint
from pleo_export.bookkeeping.taxes import TaxedAmounts
from pleo_export.errors import ItemFailure, ItemRejected
from tests.unit.bookkeeping.payloads import additional, invoice, item, line, vendor
from tests.unit.bookkeeping.test_book import ACCOUNTS, LIMITS, settings

AP = {"method": "accounts_payable"}
PENS = Party("17", "Paper & Pens Ltd", "2101")
ADA = Party("40", "Ada Example")


def booked(
    payload: dict[str, Any], party: Party = PENS, reference: str = "pleo:1", limit: int = 64, **changes: Any
) -> Booking:
    parsed = parse_export_item(payload | {"bookkeeping": AP, "vendor": vendor(code="V9")})
    return book(parsed, settings(**changes), reference, TextLimits(limit, text=60, memo=250), party)


def bill_of(booking: Booking) -> Bill:
    (bill,) = [each for each in booking.documents if isinstance(each, Bill)]
    return bill


def payment_of(booking: Booking) -> Payment:
    (payment,) = [each for each in booking.documents if isinstance(each, Payment)]
    return payment


# --- references


def test_given_a_bill_with_its_payment_then_the_bill_keeps_the_items_reference_and_comes_first() -> None:
    booking = booked(item())
    assert [(each.kind, each.reference) for each in booking.documents] == [
        (DocumentKind.BILL, "pleo:1"),
        (DocumentKind.PAYMENT, "pleo:1:pay"),
    ]


@pytest.mark.parametrize("type", ["invoice", "invoice_payment"])
def test_given_a_single_document_then_it_keeps_the_items_reference(type: str) -> None:
    assert [each.reference for each in booked(item(type)).documents] == ["pleo:1"]


def test_given_just_room_for_the_suffix_then_the_payments_reference_is_readable() -> None:
    assert booked(item(), limit=len("pleo:1:pay")).documents[1].reference == "pleo:1:pay"


def test_given_no_room_for_the_suffix_then_the_payment_has_a_short_reference_of_its_own() -> None:
    long = "pleo:22222222-2222-4222-8222-222222222222"
    first, second = (booked(item(), reference=f"{long[:-1]}{digit}", limit=41).documents for digit in "23")
    assert first[0].reference == long
    assert len(first[1].reference) == 20
    assert len({each.reference for each in (*first, *second)}) == 4
    assert first[1].reference == booked(item(), reference=long, limit=41).documents[1].reference


def test_given_a_reference_longer_than_the_field_then_nothing_is_booked() -> None:
    with pytest.raises(ItemRejected) as caught:
        booked(item(), reference="pleo:123", limit=7)
    assert caught.value.failure is ItemFailure.UNEXPECTED_FAILURE


# --- what a bill says


def test_given_an_invoice_then_its_number_and_dates_are_the_suppliers_and_the_posting_date_pleos() -> None:
    bill = bill_of(booked(item("invoice", additionalInformation=additional(invoiceInformation=invoice()))))
    assert (bill.invoice_number, bill.reconciliation_id) == ("INV-204", "B-1001")
    assert (bill.posting_date, bill.document_date, bill.due_date) == (
        date(2026, 5, 12),
        date(2026, 4, 30),
        date(2026, 5, 30),
    )


def test_given_no_invoice_then_the_reconciliation_id_takes_its_place_and_nothing_is_made_up() -> None:
    bill = bill_of(booked(item("invoice")))
    assert (bill.invoice_number, bill.document_date, bill.due_date) == ("B-1001", date(2026, 5, 12), None)


def test_given_control_characters_in_the_reconciliation_id_then_they_are_gone() -> None:
    bill = bill_of(booked(item("invoice", additionalInformation=additional("B-1\n\u200b"))))
    assert (bill.reconciliation_id, bill.invoice_number) == ("B-1", "B-1")


def test_given_a_fault_of_ours_in_the_split_then_no_bill_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "taxed_amounts", lambda *_: TaxedAmounts(999, None))
    with pytest.raises(ItemRejected, match=r"bill pleo:1 does not balance") as caught:
        booked(item())
    assert caught.value.failure is ItemFailure.UNEXPECTED_FAILURE


def test_given_a_bill_then_what_is_owed_is_its_last_line() -> None:
    bill = bill_of(booked(item(lines=[line(700), line(300, code="6300")])))
    assert (bill.payable.account, bill.payable.amount, bill.payable.tax) == ("2101", -1000, None)
    assert payment_of(booked(item())).payable.amount == 1000


# --- accounts


@pytest.mark.parametrize("own", [None, "", " "])
def test_given_no_own_account_then_the_settings_decide_by_role(own: str | None) -> None:
    supplier, employee = replace(PENS, payable_account=own), replace(ADA, payable_account=own)
    assert bill_of(booked(item("invoice"), supplier)).payable.account == ACCOUNTS["payables"]
    assert bill_of(booked(item("mileage"), employee)).payable.account == ACCOUNTS["out_of_pocket"]


# --- what a payment is for


def test_given_a_bill_in_the_same_booking_then_the_payment_names_it() -> None:
    payload = item("card_invoice", additionalInformation=additional(invoiceInformation=invoice("F-77")))
    assert payment_of(booked(payload)).settles == SettlementTarget("pleo:1", "F-77", ("B-1001",))


@pytest.mark.parametrize(
    ("information", "settles"),
    [
        (additional(), SettlementTarget(None, None, ("B-1001",))),
        (additional(invoiceInformation=invoice()), SettlementTarget(None, "INV-204", ("B-1001",))),
        (additional(reconciledEntries=["B-1\n", "B-2"]), SettlementTarget(None, None, ("B-1", "B-2"))),
    ],
    ids=["own id", "invoice number", "listed"],
)
def test_given_a_payment_alone_then_it_says_how_its_bills_can_be_found(
    information: dict[str, Any], settles: SettlementTarget
) -> None:
    assert payment_of(booked(item("invoice_payment", additionalInformation=information))).settles == settles


@pytest.mark.parametrize(
    ("sub_type", "amount", "purpose", "payable"),
    [
        ("invoice_payment_sent", 1000, PaymentPurpose.PAYMENT, 1000),
        ("invoice_payment_sent", -1000, PaymentPurpose.REFUND, -1000),
        ("invoice_payment_returned", 1000, PaymentPurpose.RETURN, -1000),
        ("invoice_payment_returned", -1000, PaymentPurpose.RETURN, -1000),
    ],
)
def test_given_a_direction_then_the_payment_tells_what_it_does_to_the_debt(
    sub_type: str, amount: int, purpose: PaymentPurpose, payable: int
) -> None:
    payment = payment_of(booked(item("invoice_payment", [line(amount)], subType=sub_type)))
    assert (payment.purpose, payment.payable.amount, payment.lines[1].amount) == (purpose, payable, -payable)


# --- fingerprint


def invoice_payment(**changes: Any) -> Booking:
    return booked(item("invoice_payment", additionalInformation=additional(invoiceInformation=invoice())), **changes)


def bill_and_payment(**changes: Any) -> Booking:
    return booked(item("card_invoice", additionalInformation=additional(invoiceInformation=invoice())), **changes)


def with_bill(**changes: Any) -> Booking:
    booking = bill_and_payment()
    return replace(booking, documents=(replace(bill_of(booking), **changes), payment_of(booking)))


def with_payment(**changes: Any) -> Booking:
    booking = bill_and_payment()
    return replace(booking, documents=(bill_of(booking), replace(payment_of(booking), **changes)))


OTHER = [
    with_bill(party=replace(PENS, id="18")),
    with_bill(invoice_number="INV-205"),
    with_bill(due_date=date(2026, 5, 31)),
    with_bill(due_date=None),
    with_bill(kind=DocumentKind.CREDIT_NOTE),
    with_bill(document_date=date(2026, 5, 1)),
    with_payment(party=replace(PENS, id="18")),
    with_payment(purpose=PaymentPurpose.REFUND),
    with_payment(settles=SettlementTarget(None, "INV-205", ("B-1001",))),
    with_payment(settles=SettlementTarget(None, "INV-204", ("B-1002",))),
    replace(bill_and_payment(), documents=bill_and_payment().documents[:1]),
]
SAME = [
    with_bill(party=replace(PENS, name="Renamed", payable_account="2109")),
    with_bill(reference="pleo:1:r2", memo="other", posting_date=date(2026, 6, 1)),
    with_payment(reference="pleo:1:r2:pay", memo="other", posting_date=date(2026, 6, 1)),
    with_payment(settles=SettlementTarget("pleo:1:r2", "INV-204", ("B-1001",))),
]


@pytest.mark.parametrize("other", OTHER, ids=range(len(OTHER)))
def test_given_other_content_then_another_fingerprint(other: Booking) -> None:
    assert fingerprint(other) != fingerprint(bill_and_payment())


@pytest.mark.parametrize("same", SAME, ids=range(len(SAME)))
def test_given_other_texts_references_or_posting_dates_then_the_same_fingerprint(same: Booking) -> None:
    assert fingerprint(same) == fingerprint(bill_and_payment())


def test_given_settled_ids_in_another_order_then_the_same_fingerprint() -> None:
    def fingerprint_of(*ids: str) -> str:
        return fingerprint(booked(item("invoice_payment", additionalInformation=additional(reconciledEntries=ids))))

    assert fingerprint_of("B-1", "B-2") == fingerprint_of("B-2", "B-1") != fingerprint_of("B-1")


def test_the_fingerprints_never_change_between_versions() -> None:
    assert [fingerprint(bill_and_payment())[:16], fingerprint(invoice_payment())[:16]] == [
        "2fd5f91511e9cf45",
        "7c7120329924c385",
    ]


def test_a_journal_entry_is_not_a_bill() -> None:
    assert booked(item()).entries == ()
    assert len(book(parse_export_item(item()), settings(), "pleo:1", LIMITS).entries) == 1
