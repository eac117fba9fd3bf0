"""Accounts, tax codes and vendors follow the ledger: what Pleo and the ledger hold in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import requests

from pleo_export.accounting.errors import OutcomeUnknown, Rejected, Unavailable
from pleo_export.accounting.lists import (
    LedgerAccount,
    LedgerList,
    LedgerSupplier,
    LedgerTaxCode,
    NewSupplier,
    TaxCodeType,
)
from pleo_export.failures.entry import FailureText
from pleo_export.settings import SyncSettings
from pleo_export.sync.plan import FindingKind, SyncAction
from pleo_export.sync.result import SyncResult
from pleo_simulator.fault_queue import Fault
from tests.system.effects import Killed
from tests.system.synced_company import COMPANY, SyncedCompany, actions

ACCOUNTS, TAXES, VENDORS = LedgerList.ACCOUNTS, LedgerList.TAX_CODES, LedgerList.VENDORS
Row = Mapping[str, Any]


def kinds(result: SyncResult) -> set[FindingKind]:
    return {each.kind for each in result.findings}


def active(rows: Sequence[Row]) -> dict[str, str]:
    """Return the names of what people can choose, by code."""
    return {row["code"]: row["name"] for row in rows if not row.get("archived") and row.get("state") != "ARCHIVED"}


@pytest.fixture
def company() -> SyncedCompany:
    """A company whose lists are all selected, with nothing at Pleo and little in the ledger."""
    company = SyncedCompany(SyncSettings(accounts=True, tax_codes=True, vendors=True))
    company.ledger.taxes = [
        LedgerTaxCode("VAT20", "Standard", Decimal("0.20"), TaxCodeType.INCLUSIVE, True),
        LedgerTaxCode("RC20", "Reverse", Decimal("0.2"), TaxCodeType.REVERSE, True, "2201", "2202"),
    ]
    company.ledger.accounts = [
        LedgerAccount("A1", "6100", "Travel", True, True, "VAT20"),
        LedgerAccount("A2", "6200", "Meals", True, True),
        LedgerAccount("A3", "6", "Expenses", True, False),
        LedgerAccount("A4", "6900", "Old", False, True),
    ]
    return company


def test_lists_that_the_settings_do_not_select_are_left_alone(company: SyncedCompany) -> None:
    company.settings = SyncSettings()
    result = company.sync()

    assert result.plans == ()
    assert [len(company.rows(name)) for name in ("accounts", "tax_codes", "vendors")] == [0, 0, 0]


# Accounts


def test_accounts_that_take_entries_are_created_with_their_tax_codes(company: SyncedCompany) -> None:
    result = company.sync()
    rows = {row["externalId"]: row for row in company.rows("accounts")}

    assert active(company.rows("accounts")) == {"6100": "Travel", "6200": "Meals"}
    assert (rows["A1"]["taxCodeExternalId"], rows["A2"]["taxCodeExternalId"]) == ("VAT20", None)
    assert result.findings == ()
    assert company.sync().applied == {}


def test_an_account_is_known_by_its_id_whatever_its_code_and_name(company: SyncedCompany) -> None:
    company.sync()
    company.ledger.accounts[0] = replace(company.ledger.accounts[0], code="6110", name="Trips", tax_code=None)
    company.ledger.accounts[1] = replace(company.ledger.accounts[1], active=False, tax_code="VAT20")
    result = company.sync()
    rows = {row["externalId"]: row for row in company.rows("accounts")}

    assert active(company.rows("accounts")) == {"6110": "Trips"}
    assert rows["A1"]["taxCodeExternalId"] is None
    assert result.applied == {SyncAction.UPDATE: 1, SyncAction.ARCHIVE: 1}

    company.ledger.accounts[1] = replace(company.ledger.accounts[1], active=True, name="Food")
    company.sync()
    assert active(company.rows("accounts")) == {"6110": "Trips", "6200": "Food"}


def test_the_metadata_of_others_survives_a_change_of_an_account(company: SyncedCompany) -> None:
    body = {"externalId": "A1", "code": "6100", "name": "Old name", "archived": True, "metadata": {"owner": "someone"}}
    company.pleo.accounts.create(COMPANY, body)
    company.sync(ACCOUNTS)
    (row,) = [each for each in company.rows("accounts") if each["externalId"] == "A1"]

    assert (row["name"], row["archived"], row["metadata"]) == ("Travel", False, {"owner": "someone"})


def test_a_batch_with_failures_creates_the_rest_and_tells_of_each(company: SyncedCompany) -> None:
    company.ledger.accounts.append(LedgerAccount("L" * 199, "7000", "Taken meanwhile", True, True))
    company.ledger.accounts.append(LedgerAccount("A9", "7100", "Refused", True, True))
    company.sync(TAXES)
    original = company.pleo.accounts._reasons

    def reasons(caller: str, item: Any) -> Any:
        yield from ["OTHER"] if item["externalId"] == "A9" else original(caller, item)

    company.pleo.accounts._reasons = reasons  # type: ignore[method-assign]
    company.effects.on(
        "before pleo POST /v1/chart-of-accounts/batch",
        lambda: company.pleo.accounts.create(COMPANY, {"externalId": "L" * 199, "name": "x", "archived": True}),
    )
    result = company.sync(ACCOUNTS)

    assert active(company.rows("accounts")) == {"6100": "Travel", "6200": "Meals", "7000": "Taken meanwhile"}
    assert [(each.kind, each.key) for each in result.findings] == [(FindingKind.REFUSED, "A9")]
    assert "OTHER" in result.findings[0].told


def test_a_batch_that_pleo_refuses_as_a_whole_is_tried_in_parts(company: SyncedCompany) -> None:
    company.ledger.accounts = [LedgerAccount(f"A{n}", f"{6000 + n}", f"N{n}", True, True) for n in range(8)]
    path = "/v1/chart-of-accounts/batch"
    company.pleo.faults.order(Fault(effect="status", status=400, path=path, count=4))  # 8, 4, 2, 1 accounts
    result = company.sync(ACCOUNTS)

    assert len(active(company.rows("accounts"))) == 7
    assert [(each.kind, each.key) for each in result.findings] == [(FindingKind.REFUSED, "A0")]


def test_thousands_of_accounts_take_a_call_for_each_thousand(company: SyncedCompany) -> None:
    company.ledger.page = 10_000
    company.ledger.accounts = [LedgerAccount(f"A{n}", f"{n}", f"N{n}", True, True) for n in range(2_500)]
    company.sync(ACCOUNTS)

    assert len(company.rows("accounts")) == 2_500
    assert sum("batch" in each for each in company.effects.log) == 3


def test_accounts_that_share_a_code_are_found_and_left_alone(company: SyncedCompany) -> None:
    company.ledger.accounts += [LedgerAccount("B1", "6100", "Also travel", True, True)]
    company.pleo.accounts.create(COMPANY, {"externalId": "A1", "name": "By hand", "archived": False})
    result = company.sync(ACCOUNTS)

    assert active(company.rows("accounts")) == {None: "By hand", "6200": "Meals"}
    assert kinds(result) == {FindingKind.COLLISION}


def test_a_tax_code_that_pleo_does_not_have_is_left_out_of_an_account(company: SyncedCompany) -> None:
    company.sync(ACCOUNTS)

    assert [row["taxCodeExternalId"] for row in company.rows("accounts")] == [None, None]
    company.sync(TAXES, ACCOUNTS)
    assert [row["taxCodeExternalId"] for row in company.rows("accounts")] == ["VAT20", None]


def test_an_archived_account_whose_tax_code_is_gone_comes_back_without_it(company: SyncedCompany) -> None:
    body = {"externalId": "A2", "code": "6200", "name": "Meals", "archived": True}
    row, _ = company.pleo.accounts.create(COMPANY, body)
    company.pleo.accounts.rows.change(COMPANY, row["id"], {"taxCodeExternalId": "GONE"})
    result = company.sync(ACCOUNTS)
    (row,) = [each for each in company.rows("accounts") if each["externalId"] == "A2"]

    assert (row["archived"], row["taxCodeExternalId"]) == (False, None)
    assert result.findings == ()


# Tax codes


def test_tax_codes_are_created_with_rate_type_and_accounts(company: SyncedCompany) -> None:
    company.sync(TAXES)
    rows = {row["code"]: row for row in company.rows("tax_codes")}

    assert (rows["VAT20"]["rate"], rows["VAT20"]["type"]) == (0.2, "inclusive")
    assert (rows["RC20"]["ingoingTaxAccount"], rows["RC20"]["outgoingTaxAccount"]) == ("2201", "2202")
    assert company.sync(TAXES).applied == {}


def test_a_tax_code_follows_its_code_and_one_without_a_code_is_left_alone(company: SyncedCompany) -> None:
    company.sync(TAXES)
    by_hand = {"name": "By hand", "rate": 0.1, "type": "inclusive", "archived": False}
    company.pleo.tax_codes.create(COMPANY, by_hand)
    company.ledger.taxes[0] = replace(company.ledger.taxes[0], rate=Decimal("0.215"), name="Raised")
    company.ledger.taxes[1] = replace(company.ledger.taxes[1], active=False)
    company.sync(TAXES)

    assert active(company.rows("tax_codes")) == {"VAT20": "Raised", None: "By hand"}
    assert [row["rate"] for row in company.rows("tax_codes") if row["code"] == "VAT20"] == [0.215]


def test_a_tax_code_without_a_rate_is_found_and_not_made(company: SyncedCompany) -> None:
    company.ledger.taxes[0] = replace(company.ledger.taxes[0], rate=None)
    result = company.sync(TAXES)

    assert set(active(company.rows("tax_codes"))) == {"RC20"}
    assert [(each.kind, each.key) for each in result.findings] == [(FindingKind.RATE_UNKNOWN, "VAT20")]


def test_of_tax_codes_with_one_code_the_one_with_the_ledgers_name_is_kept(company: SyncedCompany) -> None:
    body = {"rate": 0.2, "type": "inclusive", "archived": False, "code": "vat20"}
    for name in ("Oldest", "Standard", "Newest"):
        company.pleo.tax_codes.create(COMPANY, body | {"name": name})
    result = company.sync(TAXES)

    kept = [row for row in company.rows("tax_codes") if not row["archived"] and row["type"] == "inclusive"]
    assert [(row["name"], row["code"]) for row in kept] == [("Standard", "VAT20")]
    assert kinds(result) == {FindingKind.DUPLICATE_AT_PLEO}
    assert company.sync(TAXES).applied == {}


def test_a_tax_code_whose_answer_was_lost_is_not_made_twice(company: SyncedCompany) -> None:
    company.effects.on("after pleo POST /v0/tax-codes", requests.ReadTimeout(), nth=2)  # after the search
    result = company.sync(TAXES)

    assert len(company.rows("tax_codes")) == 2
    assert (result.finished, result.findings) == (True, ())


# Vendors


def supplier(number: int, name: str, **more: Any) -> LedgerSupplier:
    return LedgerSupplier(f"S{number}", f"V{number}", name, True, **more)


def test_suppliers_are_vendors_at_pleo(company: SyncedCompany) -> None:
    company.ledger.known = [
        supplier(1, "Harbour Print", country="DK", tax_registration_number="DK12345678", currency="DKK"),
        supplier(2, "Coastal Rail"),
        replace(supplier(3, "Closed"), active=False),
    ]
    result = company.sync(VENDORS)
    rows = {row["externalId"]: row for row in company.rows("vendors")}

    assert {row["state"] for row in rows.values()} == {"ACTIVE"}
    assert (rows["S1"]["code"], rows["S1"]["country"], rows["S1"]["defaultCurrency"]) == ("V1", "DK", "DKK")
    assert rows["S2"]["defaultCurrency"] == "GBP"  # the ledger's own
    assert set(rows) == {"S1", "S2"}
    assert result.findings == ()
    assert company.sync(VENDORS).applied == {}


def test_a_supplier_is_renamed_closed_and_opened_again(company: SyncedCompany) -> None:
    company.ledger.known = [supplier(1, "Harbour Print"), supplier(2, "Coastal Rail")]
    company.sync(VENDORS)
    company.ledger.known = [replace(supplier(1, "Harbour"), tax_registration_number="GB1"), supplier(2, "Coastal Rail")]
    company.ledger.known[1] = replace(company.ledger.known[1], active=False)
    company.sync(VENDORS)
    assert active(company.rows("vendors")) == {"V1": "Harbour"}

    company.ledger.known[1] = replace(company.ledger.known[1], active=True)
    company.sync(VENDORS)
    assert active(company.rows("vendors")) == {"V1": "Harbour", "V2": "Coastal Rail"}
    assert len(company.rows("vendors")) == 2


def test_what_the_ledger_does_not_tell_of_a_supplier_stays(company: SyncedCompany) -> None:
    company.ledger.known = [supplier(1, "Harbour Print")]
    company.sync(VENDORS)
    (row,) = company.rows("vendors")
    company.pleo.vendors.rows.change(COMPANY, row["id"], {"country": "DK", "name": "By hand"})
    company.sync(VENDORS)
    (row,) = company.rows("vendors")

    assert (row["name"], row["country"]) == ("Harbour Print", "DK")


def test_a_vendor_made_in_pleo_becomes_a_supplier_and_is_active(company: SyncedCompany) -> None:
    made = company.pleo.vendors.make(COMPANY, "Corner Café", "EUR", taxRegistrationNumber="DE999", country="DE")
    result = company.sync(VENDORS)
    (held,) = company.ledger.known
    (row,) = company.rows("vendors")

    assert (held.name, held.currency, held.country, held.tax_registration_number) == (
        "Corner Café",
        "EUR",
        "DE",
        "DE999",
    )
    assert (row["id"], row["state"], row["externalId"], row["code"]) == (made["id"], "ACTIVE", held.id, held.code)
    assert result.applied == {SyncAction.ACTIVATE: 1}
    assert company.sync(VENDORS).applied == {}


def test_only_the_vendor_of_the_webhook_is_looked_at(company: SyncedCompany) -> None:
    made = company.pleo.vendors.make(COMPANY, "Corner Café")
    other = company.pleo.vendors.make(COMPANY, "Another")
    company.ledger.known = [supplier(7, "Harbour Print")]
    company.sync(VENDORS, vendorId=made["id"])
    states = {row["id"]: row["state"] for row in company.rows("vendors")}

    assert states == {made["id"]: "ACTIVE", other["id"]: "DRAFT"}
    assert not any("search" in each for each in company.effects.log)


@pytest.mark.parametrize("moment", ["before pleo POST", "after pleo POST", "after books create supplier"])
def test_a_crash_between_supplier_and_vendor_makes_neither_twice(company: SyncedCompany, moment: str) -> None:
    company.pleo.vendors.make(COMPANY, "Corner Café")
    nth = 2 if "POST" in moment else 1  # the first is the search
    company.effects.on(moment, Killed(), nth=nth)
    with pytest.raises(Killed):
        company.sync(VENDORS)
    company.sync(VENDORS)

    assert [each.name for each in company.ledger.known] == ["Corner Café"]
    assert [(row["state"], row["externalId"]) for row in company.rows("vendors")] == [("ACTIVE", "S1")]


def test_a_supplier_that_may_have_been_made_is_not_made_at_pleo_before_it_is_joined(company: SyncedCompany) -> None:
    company.pleo.vendors.make(COMPANY, "Corner Café")
    company.effects.on("after books create supplier", Unavailable(FailureText("away", "Away.")))
    first = company.sync(VENDORS)
    assert kinds(first) == {FindingKind.LIST_INCOMPLETE}
    assert [row["state"] for row in company.rows("vendors")] == ["DRAFT"]

    company.sync(VENDORS)
    assert [row["state"] for row in company.rows("vendors")] == ["ACTIVE"]
    assert len(company.ledger.known) == 1


@pytest.mark.parametrize(("vendor", "finished"), [(True, False), (False, True)], ids=["webhook", "daily"])
def test_a_ledger_that_is_away_for_a_new_vendor_is_asked_again_soon(
    company: SyncedCompany, *, vendor: bool, finished: bool
) -> None:
    made = company.pleo.vendors.make(COMPANY, "Corner Café")
    company.effects.on("before books find supplier", Unavailable(FailureText("away", "Away.")))
    result = company.sync(VENDORS, vendorId=made["id"] if vendor else None)

    assert result.finished is finished
    assert (result.wait > 0) is not finished


def test_a_vendor_that_fits_several_suppliers_is_found_and_left_a_draft(company: SyncedCompany) -> None:
    company.pleo.vendors.make(COMPANY, "Twin")
    company.pleo.vendors.make(COMPANY, "Fine")
    company.ledger.known = [supplier(1, "Twin"), supplier(2, "Twin")]
    result = company.sync(VENDORS)
    drafts = [row["name"] for row in company.rows("vendors") if row["state"] == "DRAFT"]

    assert kinds(result) == {FindingKind.VENDOR_AMBIGUOUS}
    assert drafts == ["Twin"]
    assert len(company.ledger.known) == 3


def test_a_vendor_that_the_ledger_refuses_is_found_with_the_ledgers_reason(company: SyncedCompany) -> None:
    company.pleo.vendors.make(COMPANY, "Odd")
    company.effects.on("before books create", Rejected(FailureText("x", "The name is not allowed.")))
    result = company.sync(VENDORS)

    assert [(each.kind, each.told) for each in result.findings] == [(FindingKind.REFUSED, "The name is not allowed.")]


def test_a_vendor_that_is_another_ones_supplier_is_found_and_left_a_draft(company: SyncedCompany) -> None:
    company.ledger.known = [supplier(1, "Harbour Print", tax_registration_number="GB1")]
    company.sync(VENDORS)
    company.pleo.vendors.make(COMPANY, "Harbour printing", taxRegistrationNumber="GB1")
    result = company.sync(VENDORS)

    assert kinds(result) == {FindingKind.DUPLICATE_AT_PLEO}
    assert sorted(row["state"] for row in company.rows("vendors")) == ["ACTIVE", "DRAFT"]
    assert len(company.ledger.known) == 1


def test_a_dry_run_makes_no_supplier(company: SyncedCompany) -> None:
    made = company.pleo.vendors.make(COMPANY, "Corner Café")
    company.ledger.known = [supplier(1, "Harbour Print")]
    result = company.sync(VENDORS, dry_run=True)

    assert actions(result) == [("activate", [made["id"]]), ("create", ["S1"])]
    assert len(company.ledger.known) == 1
    assert len(company.rows("vendors")) == 1


def test_a_ledger_that_cannot_be_opened_changes_nothing(company: SyncedCompany) -> None:
    def refuse(_: Any) -> Any:
        raise OutcomeUnknown(FailureText("x", "The key is not accepted."))

    company.ledger_lists = refuse  # type: ignore[assignment, method-assign]
    result = company.sync(TAXES, VENDORS)

    assert [each.kind for each in result.findings] == [FindingKind.LIST_INCOMPLETE] * 2
    assert company.effects.log == []


def test_the_key_of_a_supplier_follows_from_the_vendor(company: SyncedCompany) -> None:
    made = company.pleo.vendors.make(COMPANY, "Corner Café")
    company.sync(VENDORS)

    wanted = NewSupplier(f"pleo-vendor:{made['id']}", "", "")
    assert company.ledger.keys == {"S1": {wanted.key}}
