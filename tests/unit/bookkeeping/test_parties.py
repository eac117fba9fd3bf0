"""Whom the accounting system is asked for, and what its answer leads to (R-5a). Bookings: tests/golden."""

from __future__ import annotations

from typing import Any

import pytest

from pleo_export.bookkeeping.documents import Party, PartyRole
from pleo_export.bookkeeping.export_item import parse_export_item
from pleo_export.bookkeeping.parties import (
    Ambiguous,
    Blocked,
    KeyKind,
    NotFound,
    PartyKey,
    PartyMatch,
    PartyQuery,
    party_query,
    resolve_party,
    tax_number,
)
from pleo_export.bookkeeping.rules import ALWAYS_JOURNAL, HELD_BY_EMPLOYEE, JOURNAL_RULES, JournalRule
from pleo_export.errors import ItemFailure, ItemRejected
from tests.unit.bookkeeping.payloads import item, vendor
from tests.unit.bookkeeping.test_book import settings

AP = {"method": "accounts_payable"}
EVERY_KEY = vendor(externalId=" 17 ", code="V9", registrationNumber="no key", taxRegistrationNumber="gb 123 45")
SUPPLIER: dict[str, Any] = {"name": "Pens", "code": "V10", "account": "K-2", "taxIdentifier": "es b1"}
USER = {"name": "Ada Example", "code": " E7 "}


def wanted(payload: dict[str, Any], **changes: Any) -> PartyQuery | None:
    return party_query(parse_export_item(payload), settings(**changes))


def found_by(payload: dict[str, Any], **changes: Any) -> list[tuple[str, str]]:
    keys = wanted(payload, **changes)
    assert keys is not None
    return [(key.kind.name, key.value) for key in keys.keys]


def refusal(payload: dict[str, Any], **changes: Any) -> ItemRejected:
    with pytest.raises(ItemRejected) as caught:
        wanted(payload, **changes)
    return caught.value


# --- the question


def test_given_a_vendor_then_its_keys_are_asked_in_order_and_the_supplier_is_ignored() -> None:
    payload = item(bookkeeping=AP, vendor=EVERY_KEY, supplier=SUPPLIER)
    assert found_by(payload) == [("EXTERNAL_ID", "17"), ("CODE", "V9"), ("TAX_NUMBER", "GB12345")]
    assert wanted(payload) == PartyQuery(
        PartyRole.SUPPLIER,
        "vendor Paper & Pens Ltd",
        (PartyKey(KeyKind.EXTERNAL_ID, "17"), PartyKey(KeyKind.CODE, "V9"), PartyKey(KeyKind.TAX_NUMBER, "GB12345")),
        required=True,
    )


def test_given_no_vendor_then_the_keys_of_the_supplier_are_asked_in_order() -> None:
    payload = item(bookkeeping=AP, supplier=SUPPLIER)
    assert found_by(payload) == [("CODE", "V10"), ("ACCOUNT", "K-2"), ("TAX_NUMBER", "ESB1")]


def test_given_an_expense_of_an_employee_then_the_employee_is_asked_for_by_number() -> None:
    keys = wanted(item("mileage", bookkeeping=AP, user=USER, vendor=EVERY_KEY))
    assert keys == PartyQuery(PartyRole.EMPLOYEE, "employee E7", (PartyKey(KeyKind.CODE, "E7"),), required=True)


@pytest.mark.parametrize(
    "nameless",
    [{"supplier": SUPPLIER | {"name": name}} for name in (None, " ")] + [{"vendor": vendor("\n", code="V9")}],
)
def test_given_a_vendor_without_name_then_it_is_still_asked_for(nameless: dict[str, Any]) -> None:
    keys = wanted(item(bookkeeping=AP, **nameless))
    assert keys is not None
    assert keys.name == "vendor"


def test_given_control_characters_in_a_name_then_they_are_not_repeated() -> None:
    keys = wanted(item(bookkeeping=AP, vendor=vendor("Pa\nper", code="V9")))
    assert keys is not None
    assert keys.name == "vendor Pa per"


@pytest.mark.parametrize("blank", [None, "", " \t"])
def test_given_blank_keys_then_they_are_not_asked(blank: str | None) -> None:
    assert found_by(item(bookkeeping=AP, vendor=vendor(externalId=blank, code="V9"))) == [("CODE", "V9")]


@pytest.mark.parametrize("rule", JOURNAL_RULES, ids=lambda rule: f"{rule.type}-{rule.sub_type}")
@pytest.mark.parametrize("method", ["journal", "none", None, "accounts_payable"])
def test_given_each_method_and_type_then_only_accounts_payable_needs_a_party(rule: JournalRule, method: str) -> None:
    bookkeeping = {"method": method} if method else None
    payload = item(rule.type, subType=rule.sub_type, bookkeeping=bookkeeping, vendor=EVERY_KEY, user=USER)
    needed = method == "accounts_payable" and rule.type not in ALWAYS_JOURNAL - HELD_BY_EMPLOYEE
    assert (wanted(payload) is not None) is needed


@pytest.mark.parametrize("type_", sorted(HELD_BY_EMPLOYEE))
def test_cash_or_personal_spend_under_accounts_payable_asks_for_its_employee_who_may_be_missing(
    type_: str,
) -> None:
    keys = wanted(item(type_, bookkeeping=AP, vendor=EVERY_KEY, user=USER))
    assert keys == PartyQuery(PartyRole.EMPLOYEE, "employee E7", (PartyKey(KeyKind.CODE, "E7"),), required=False)
    assert wanted(item(type_, bookkeeping=AP, vendor=EVERY_KEY, user=None)) is None


@pytest.mark.parametrize("rule", JOURNAL_RULES, ids=lambda rule: f"{rule.type}-{rule.sub_type}")
def test_given_legacy_items_then_suppliers_may_be_asked_for_and_employees_never(rule: JournalRule) -> None:
    payload = item(rule.type, subType=rule.sub_type, vendor=EVERY_KEY, user=USER)
    keys = wanted(payload, legacy_vendors="accounts_payable")
    of_employee = {"out_of_pocket", "mileage", "per_diem", "direct_reimbursement", "external_reimbursement"}
    assert (keys is None) is (rule.type in ALWAYS_JOURNAL | of_employee)
    assert keys is None or not keys.required


def test_given_cashback_then_only_a_tagged_vendor_is_asked_for() -> None:
    assert wanted(item("cashback", bookkeeping=AP, supplier=SUPPLIER)) is None
    assert found_by(item("cashback", bookkeeping=AP, vendor=vendor(code="V9"))) == [("CODE", "V9")]


@pytest.mark.parametrize(
    ("payload", "fix"),
    [
        (
            item(bookkeeping=AP, vendor=vendor(), supplier=SUPPLIER),
            "vendor Paper & Pens Ltd has neither a code",
        ),
        (item(bookkeeping=AP, vendor=vendor(), supplier=None), "vendor Paper & Pens Ltd has neither a code"),
        (item(bookkeeping=AP), "vendor Paper & Pens has neither a code"),
        (item(bookkeeping=AP, supplier=None), "Choose its vendor"),
        (item("per_diem", bookkeeping=AP, user=None), "employee code"),
        (item("per_diem", bookkeeping=AP, user=USER | {"code": " "}), "employee code"),
    ],
    ids=["vendor", "vendor alone", "supplier", "nobody", "no user", "blank code"],
)
def test_given_nothing_to_look_for_then_the_vendor_is_unknown_but_a_legacy_item_a_journal_entry(
    payload: dict[str, Any], fix: str
) -> None:
    rejection = refusal(payload)
    assert rejection.failure is ItemFailure.VENDOR_UNKNOWN
    assert fix in rejection.reason
    assert wanted(payload | {"bookkeeping": None}, legacy_vendors="accounts_payable") is None


@pytest.mark.parametrize("payload", [item("brand_new"), item(bookkeeping={"method": "barter"})])
def test_given_an_unknown_type_or_method_then_no_party_is_asked_for(payload: dict[str, Any]) -> None:
    assert refusal(payload).failure is ItemFailure.VALIDATION_FAILURE


@pytest.mark.parametrize(
    "written",
    [" gb 123\t45\u00a067 ", "GB123.45.67", "GB-123-45-67", "GB 123/4567", "GB\u20111234\u2013567", "GB1234\\567"],
)
def test_tax_numbers_are_compared_without_spaces_dots_dashes_slashes_and_case(written: str) -> None:
    assert tax_number(written) == tax_number("GB1234567") == "GB1234567"


def test_a_tax_number_keeps_the_signs_that_mean_something() -> None:
    assert tax_number("IE 8+12345 A") == "IE8+12345A"


def test_given_a_tax_number_of_punctuation_then_it_is_not_asked_for() -> None:
    payload = item(bookkeeping=AP, vendor=vendor(code="V9", taxRegistrationNumber=" -./- "))
    assert found_by(payload) == [("CODE", "V9")]


def test_given_keys_with_invisible_characters_then_they_are_asked_for_without() -> None:
    keys = vendor(externalId="\u0000\u200b", code="V-10\ud83d01\u0000", taxRegistrationNumber="GB\u200b1")
    assert found_by(item(bookkeeping=AP, vendor=keys)) == [("CODE", "V-1001"), ("TAX_NUMBER", "GB1")]
    supplier = SUPPLIER | {"code": "\u2060", "account": "K\u0000-2"}
    assert found_by(item(bookkeeping=AP, supplier=supplier))[0] == ("ACCOUNT", "K-2")


def test_given_a_code_and_a_name_of_half_a_megabyte_when_refused_then_the_sentence_is_short() -> None:
    payload = item(bookkeeping=AP, vendor=vendor("N" * 500_000, code="V" * 500_000))
    keys = wanted(payload)
    assert keys is not None
    assert len(rejected(keys, NotFound()).reason) < 1000


# --- the answer

SHOP_KEYS = (PartyKey(KeyKind.CODE, "V\n1"), PartyKey(KeyKind.ACCOUNT, "K-2"))
SHOP = PartyQuery(PartyRole.SUPPLIER, "vendor Shop", SHOP_KEYS, required=True)
LEGACY = PartyQuery(PartyRole.SUPPLIER, "vendor Shop", (PartyKey(KeyKind.CODE, "V1"),), required=False)
WORKER = PartyQuery(PartyRole.EMPLOYEE, "employee E7", (PartyKey(KeyKind.CODE, "E7"),), required=True)
REFUSED: list[PartyMatch] = [NotFound(), Ambiguous(("Shop\nA", "Shop B")), Blocked("Shop C")]


def rejected(keys: PartyQuery, answer: PartyMatch | None) -> ItemRejected:
    with pytest.raises(ItemRejected) as caught:
        resolve_party(keys, answer)
    return caught.value


@pytest.mark.parametrize("keys", [SHOP, LEGACY, WORKER], ids=lambda keys: f"{keys.name}-{keys.required}")
def test_given_a_party_then_it_is_booked(keys: PartyQuery) -> None:
    assert resolve_party(keys, Party("1", "Shop")) == Party("1", "Shop")


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (NotFound(), "vendor Shop (code V 1, account K-2)"),
        (REFUSED[1], "(Shop A and Shop B)"),
        (REFUSED[2], "(Shop C)"),
    ],
    ids=["not found", "ambiguous", "blocked"],
)
def test_given_no_usable_supplier_then_the_item_is_refused_and_the_vendor_named(answer: PartyMatch, named: str) -> None:
    rejection = rejected(SHOP, answer)
    assert rejection.failure is ItemFailure.VENDOR_UNKNOWN
    assert "vendor Shop" in rejection.reason
    assert named in rejection.reason


@pytest.mark.parametrize("answer", REFUSED, ids=["not found", "ambiguous", "blocked"])
def test_given_no_usable_employee_then_the_reason_names_only_the_number(answer: PartyMatch) -> None:
    rejection = rejected(WORKER, answer)
    assert rejection.failure is ItemFailure.VENDOR_UNKNOWN
    assert "employee E7" in rejection.reason
    assert "Shop" not in rejection.reason


def test_given_a_legacy_item_then_only_an_unknown_supplier_makes_it_a_journal_entry() -> None:
    assert resolve_party(LEGACY, NotFound()) is None
    for answer in REFUSED[1:]:
        assert rejected(LEGACY, answer).failure is ItemFailure.VENDOR_UNKNOWN


@pytest.mark.parametrize(("keys", "fix"), [(SHOP, "bookkeeping method"), (LEGACY, "legacy_vendors to journal")])
def test_given_a_query_that_was_not_sent_then_nothing_is_booked_on_a_guess(keys: PartyQuery, fix: str) -> None:
    rejection = rejected(keys, None)
    assert rejection.failure is ItemFailure.INVALID_CONFIGURATION
    assert fix in rejection.reason
