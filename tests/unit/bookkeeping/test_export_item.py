"""Reading Pleo's payload: tolerant of what may be missing, strict about what is money (R-4.8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from pleo_export.bookkeeping.dates import booking_date
from pleo_export.bookkeeping.export_item import ExportItem, parse_export_item
from pleo_export.errors import ItemFailure, ItemRejected
from tests.unit.bookkeeping.payloads import account, additional, item, line, money, tag, tax, vendor

# What people call a field, by its name.
CALLED = {
    "accountingEntryId": "id",
    "accountingEntryLines": "line",
    "additionalInformation": "additional information",
    "amount": "amount",
    "companyId": "company",
    "date": "date",
    "type": "type",
}
REQUIRED = list(CALLED)
NULLABLE = ["subType", "bookkeeping", "contraAccount", "files", "note", "servicePeriod", "supplier", "user", "vendor"]


def refusal(payload: Any) -> ItemRejected:
    with pytest.raises(ItemRejected) as caught:
        parse_export_item(payload)
    assert caught.value.failure is ItemFailure.VALIDATION_FAILURE
    return caught.value


@pytest.mark.parametrize("field", REQUIRED)
def test_given_a_required_field_is_missing_when_parsed_then_it_is_named(field: str) -> None:
    payload = item()
    del payload[field]
    assert f"missing or unusable ({CALLED[field]})" in refusal(payload).reason
    with pytest.raises(ValidationError):
        ExportItem.model_validate(payload)


def test_given_a_required_field_of_a_line_is_missing_when_parsed_then_it_is_named_in_words() -> None:
    payload = item(lines=[line(1000), line(500)])
    del payload["accountingEntryLines"][1]["netAmount"]["inWalletCurrency"]
    assert "missing or unusable (amount)" in refusal(payload).reason


@pytest.mark.parametrize("field", NULLABLE)
def test_given_a_nullable_field_is_null_or_absent_when_parsed_then_both_read_the_same(field: str) -> None:
    absent = item()
    del absent[field]
    assert parse_export_item(item() | {field: None}) == parse_export_item(absent)


def test_given_nulls_inside_lists_when_parsed_then_they_are_left_out() -> None:
    payload = item(
        lines=[line(1000, tags=[None])],
        files=[None, {"url": "https://files.example.com/1"}],
        additionalInformation=additional(attendees=["Ada", None], reconciledEntries=None),
    )
    parsed = parse_export_item(payload)
    assert (parsed.lines[0].tags, len(parsed.files)) == ((), 1)
    assert parsed.additional_information.attendees == ("Ada",)
    assert parsed.additional_information.reconciled_entries == ()


def test_given_unknown_fields_when_parsed_then_they_are_ignored() -> None:
    assert parse_export_item(item(newInVersion40={"a": 1})) == parse_export_item(item())


@pytest.mark.parametrize("value", [6366, Decimal(6366), Decimal("6366.00"), "6366", 6366.0])
def test_given_a_whole_number_in_any_spelling_when_parsed_then_it_is_minor_units(value: object) -> None:
    amount = parse_export_item(item(amount=money(value))).amount.in_wallet_currency.value
    assert (amount, type(amount)) == (6366, int)


@pytest.mark.parametrize(
    "value", [6366.5, Decimal("6366.5"), "6366.5", "1E-400", "NaN", float("inf"), 10**15, "1E+4000000", "x", True, None]
)
def test_given_anything_else_as_amount_when_parsed_then_the_field_is_refused(value: object) -> None:
    payload = item()
    payload["amount"]["inWalletCurrency"]["value"] = value
    assert refusal(payload).told.code in ("malformed", "amount_fraction")


@pytest.mark.parametrize("currency", ["JPY", "ISK", "KWD", "UNDEFINED"])
def test_given_a_wallet_currency_without_two_decimals_when_parsed_then_it_is_refused_by_name(currency: str) -> None:
    reason = refusal(item(lines=[line(1000, currency=currency)])).reason
    assert f"This expense is in {currency}" in reason
    assert "Nothing that you can correct in Pleo" in reason


@pytest.mark.parametrize(
    "paid",
    [
        None,
        "much",
        [],
        {},
        {"currency": "KWD", "value": 475.5},
        {"currency": "kwd", "value": None},
        {"currency": 7, "value": 10**30},
        {"currency": "KWD", "value": "1E999999999999999999999"},
    ],
)
def test_given_anything_as_the_merchants_amount_when_parsed_then_the_item_is_accepted(paid: object) -> None:
    """R-5c.3: it is booked nowhere."""
    amount = money(1000) | {"inSupplierCurrency": paid}
    payload = item(amount=amount, lines=[line(1000) | {"lineAmount": amount, "netAmount": amount}])
    assert parse_export_item(payload).amount.in_supplier_currency.value is None
    del payload["amount"]["inSupplierCurrency"]
    assert parse_export_item(payload).amount.in_wallet_currency.value == 1000


LAST_MOMENTS = ["9999-12-31T23:59:59Z", "9999-12-31T23:30:00-12:00", "0001-01-01T00:00:00+14:00", "1899-12-31"]


@pytest.mark.parametrize("date", LAST_MOMENTS)
def test_given_a_day_at_the_ends_of_the_calendar_when_it_would_be_booked_then_it_is_refused_by_name(date: str) -> None:
    assert "The date of this expense is in the year" in refusal(item(date=date)).reason
    for name, called in (("invoiceDate", "invoice date"), ("dueDate", "due date")):
        invoice = {"invoiceNumber": "1", "invoiceDate": "2026-04-30", "dueDate": None} | {name: date}
        payload = item("invoice", additionalInformation=additional(invoiceInformation=invoice))
        assert f"The {called} of this expense is in the year" in refusal(payload).reason


@pytest.mark.parametrize("date", LAST_MOMENTS)
def test_given_a_day_at_the_ends_of_the_calendar_when_it_is_only_told_then_the_item_is_accepted(date: str) -> None:
    parsed = parse_export_item(item(servicePeriod={"from": date, "to": date}))
    assert parsed.service_period is not None
    assert booking_date(parsed.service_period.to, "Pacific/Kiritimati")
    assert booking_date(parsed.service_period.to, "Etc/GMT+12")


@pytest.mark.parametrize("date", ["1900-01-01T00:00:00Z", "9998-12-31T23:59:59Z"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_given_the_first_and_the_last_day_that_can_be_booked_then_there_is_a_day_before_and_after(
    date: str, zone: str
) -> None:
    day = booking_date(parse_export_item(item(date=date)).date, zone)
    assert day - timedelta(days=1) < day < day + timedelta(days=1)


INVISIBLE = "\u0000\u200b\ud83d\u2060"


def test_given_invisible_characters_in_codes_when_parsed_then_they_are_gone() -> None:
    def hidden(code: str) -> str:
        return f"{INVISIBLE}{code[:1]}{INVISIBLE}{code[1:]}{INVISIBLE}"

    taxed = tax(200, hidden("VAT20"), hidden("inclusive")) | {"ingoingTaxAccount": hidden("2201")}
    accounted = account("6100") | {"code": hidden("6100"), "identifier": hidden("ID")}
    payload = item(
        hidden("fee"),
        [line(1200, 1000, taxed, tags=[tag(hidden("cost_centre"), hidden("IT"))], account=accounted)],
        subType=hidden("interest"),
        bookkeeping={"method": hidden("journal")},
        user={"name": "Ada", "code": hidden("E7")},
        supplier={"code": hidden("V1"), "account": hidden("K1"), "taxIdentifier": hidden("GB1")},
    )
    parsed = parse_export_item(payload)
    (row,) = parsed.lines
    assert row.account is not None
    assert row.tax is not None
    assert parsed.user is not None
    assert parsed.supplier is not None
    assert parsed.bookkeeping is not None
    codes = [parsed.type, parsed.sub_type, parsed.bookkeeping.method, row.account.code, row.account.identifier]
    codes += [row.tax.code, row.tax.type, row.tax.ingoing_tax_account, row.tags[0].group_code, row.tags[0].code]
    codes += [parsed.user.code, parsed.supplier.code, parsed.supplier.account, parsed.supplier.tax_identifier]
    assert " ".join(map(str, codes)) == (
        "fee interest journal 6100 ID VAT20 inclusive 2201 cost_centre IT E7 V1 K1 GB1"
    )


def test_given_codes_of_which_nothing_is_left_when_parsed_then_they_count_as_not_given() -> None:
    nothing = INVISIBLE + " "
    payload = item(
        lines=[line(1000, None, tax(0, nothing), account=account("6100") | {"code": nothing, "identifier": nothing})],
        subType=nothing,
        vendor=vendor(code=nothing, externalId=nothing, taxRegistrationNumber=nothing),
        user={"name": "Ada", "code": nothing},
    )
    parsed = parse_export_item(payload)
    (row,) = parsed.lines
    assert row.account is not None
    assert row.tax is not None
    assert parsed.vendor is not None
    assert parsed.user is not None
    codes = [row.account.code, row.account.identifier, row.tax.code, parsed.sub_type, parsed.user.code]
    assert codes == [None] * 5
    assert (parsed.vendor.code, parsed.vendor.external_id, parsed.vendor.tax_registration_number) == (None,) * 3


def test_given_a_merchants_currency_without_two_decimals_when_parsed_then_it_is_accepted() -> None:
    assert parse_export_item(item(amount=money(1000, "GBP", 2000, "JPY"))).currency == "GBP"


@pytest.mark.parametrize(
    "date", ["2026-05-31T23:30:00Z", "2026-05-31T23:30:00.000Z", "2026-05-31T23:30:00", "2026-06-01T01:30:00+02:00"]
)
def test_given_a_moment_in_any_spelling_when_parsed_then_it_is_utc(date: str) -> None:
    assert parse_export_item(item(date=date)).date == datetime(2026, 5, 31, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize("date", ["2026-04-30", "2026-04-30T00:00:00Z"])
def test_given_an_invoice_date_in_either_shape_when_parsed_then_it_is_the_same_day(date: str) -> None:
    invoice = {"invoiceNumber": "1", "invoiceDate": date, "status": "paid"}
    parsed = parse_export_item(item("invoice", additionalInformation=additional(invoiceInformation=invoice)))
    assert parsed.additional_information.invoice_information is not None
    assert parsed.additional_information.invoice_information.invoice_date == datetime(2026, 4, 30, tzinfo=UTC)


def test_given_wrong_values_when_refused_then_none_of_them_is_repeated() -> None:
    secret = "Zaphod"
    wrong = item(date=secret, companyId=secret, note=[secret], user={"name": {"x": secret}}, amount=money(secret))
    wrong["amount"]["inWalletCurrency"]["currency"] = secret
    reason = refusal(wrong).reason
    assert secret not in reason
    for path in ("date", "company", "note", "currency", "amount"):
        assert path in reason


@pytest.mark.parametrize("payload", [None, [], "text", 7, {}])
def test_given_something_that_is_not_an_item_when_parsed_then_it_is_refused(payload: object) -> None:
    assert refusal(payload).reason


def test_given_a_text_instead_of_an_item_when_parsed_then_the_item_itself_is_named() -> None:
    assert "missing or unusable (content), so it was not booked: its id cannot be read" in refusal("text").reason


def test_a_number_is_not_a_date() -> None:
    assert "missing or unusable (date)" in refusal(item(date=1_700_000_000)).reason
