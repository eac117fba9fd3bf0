"""The simulator's lists against Pleo's own OpenAPI document: every operation, every declared answer, every field.

Without the document (see `contract_client`) this module is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pleo_simulator.choices import choose_for
from pleo_simulator.clock import Clock
from pleo_simulator.credentials import ALL_SCOPES
from pleo_simulator.fault_queue import Fault
from pleo_simulator.pleo_state import Company
from pleo_simulator.sample import NORTHGATE, sample_items
from pleo_simulator.server import Simulator
from pleo_simulator.tests.contract_client import FOLDER, KEY, UNKNOWN, ContractClient, read_document

Json = dict[str, Any]

pytestmark = pytest.mark.enable_socket

LISTS = FOLDER / "pleo" / "pleo-sync.openapi.yaml"

if not LISTS.exists():
    pytest.skip("Pleo's OpenAPI document is not here (PLEO_SPECS names its folder)", allow_module_level=True)

COMPANY = {"company_id": NORTHGATE}
NO_RIGHT = "plp_no_right"
NEVER_SEEN = {
    "CompanyModel.organizationId",  # no company here is part of an organisation
    "AccountingEntryModel.reviewStatus",
    "AccountingEntryModel.bookkeepingDate",
    "AccountingEntryModel.reconciliationId",
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    items = list(sample_items(NORTHGATE, 25, seed=1))
    with Simulator(clock=Clock(datetime(2026, 6, 30, 12, tzinfo=UTC))) as running:
        company = Company(NORTHGATE, "Northgate Studio Ltd", registration_number="09318270")
        company.expenses = {each["accountingEntryId"]: each for each in items}
        running.state.put_company(company)
        running.service.credentials.add_key(KEY, NORTHGATE, ALL_SCOPES | {"accounting-entries:read"})
        running.service.credentials.add_key(NO_RIGHT, NORTHGATE, frozenset())
        yield running


@pytest.fixture(scope="module")
def pleo(simulator: Simulator) -> ContractClient:
    """Every operation of the document, with every answer that it declares."""
    document = read_document(LISTS, simulator.url)
    client = ContractClient(document, simulator.url)
    group = use_groups(client)
    use_tags(client, simulator, group)
    use_tax_codes(client)
    use_accounts(client, simulator)
    use_vendors(client)
    read_the_rest(client, simulator)
    stranger = ContractClient(document, simulator.url, NO_RIGHT)
    stranger("GET", f"/v0/tag-groups/{group}/usage", "/v0/tag-groups/{groupId}/usage")
    stranger("GET", "/v2/employees")
    stranger("POST", "/v1/accounting-entries:search", json={})
    client.answers |= stranger.answers
    return client


def use_groups(pleo: ContractClient) -> str:
    one = "/v0/tag-groups/{groupId}"
    body = {"archived": False, "code": "cost_centre", "name": "Cost centres", "metadata": {"managed_by": "us"}}
    group = str(pleo("POST", "/v0/tag-groups", params=COMPANY, json=body)["data"]["id"])
    pleo("POST", "/v0/tag-groups", params=COMPANY, json=body | {"code": "COST_CENTRE"})
    other = pleo("POST", "/v0/tag-groups", params=COMPANY, json=body | {"code": "project"})["data"]["id"]
    pleo("GET", "/v0/tag-groups", params=COMPANY | {"include_archived": "true", "include_tags_count": "true"})
    for method, path in (("GET", group), ("GET", UNKNOWN)):
        pleo(method, f"/v0/tag-groups/{path}", one)
    pleo("PUT", f"/v0/tag-groups/{group}", one, json=body | {"name": "Cost centre"})
    pleo("PUT", f"/v0/tag-groups/{UNKNOWN}", one, json=body)
    pleo("PUT", f"/v0/tag-groups/{other}", one, json=body)
    column = {"code": "manager", "name": "Manager"}
    pleo("POST", f"/v0/tag-groups/{group}/dimensions", one + "/dimensions", json=column)
    pleo("GET", f"/v0/tag-groups/{group}/dimensions", one + "/dimensions")
    pleo("DELETE", f"/v0/tag-groups/{other}", one)
    pleo("DELETE", f"/v0/tag-groups/{other}", one)
    return group


def use_tags(pleo: ContractClient, simulator: Simulator, group: str) -> None:
    of_group, one = "/v0/tag-groups/{groupId}/tags", "/v0/tags/{tagId}"
    body = {"archived": False, "code": "LON", "name": "London", "otherDimensionValues": ["Amelia"]}
    path = f"/v0/tag-groups/{group}/tags"
    london = pleo("POST", path, of_group, json=body)["data"]["id"]
    madrid = pleo("POST", path, of_group, json=body | {"code": "MAD", "name": None})["data"]["id"]
    pleo("POST", path, of_group, json=body | {"code": "lon"})
    pleo("POST", f"/v0/tag-groups/{UNKNOWN}/tags", of_group, json=body)
    simulator.service.tags.max_active = 2
    pleo("POST", path, of_group, json=body | {"code": "CPH"})
    first = pleo("GET", path, of_group, params={"include_archived": "true", "limit": 1})["pagination"]
    pleo("GET", path, of_group, params={"after": first["endCursor"]})
    pleo("GET", path, of_group, params={"before": first["startCursor"]})
    pleo("GET", path, of_group, params={"offset": 0, "sorting_keys": ["code"]})
    pleo("GET", f"/v0/tags/{london}", one)
    pleo("PUT", f"/v0/tags/{london}", one, json=body | {"name": "London office"})
    pleo("PUT", f"/v0/tags/{madrid}", one, json=body)
    pleo("PUT", f"/v0/tags/{UNKNOWN}", one, json=body)
    pleo("GET", f"/v0/tags/{UNKNOWN}", one)
    pleo("POST", "/v0/tags/archive", json={"companyId": NORTHGATE, "archived": True, "tagIds": [madrid]})
    search = {"archived": None, "includeArchived": True, "tagGroupIds": [group], "tagIds": [london, madrid]}
    pleo("POST", "/v0/tags:search", params=COMPANY, json=search | {"textSearch": "LONDON"})
    entry_id = next(iter(simulator.state.company(NORTHGATE).expenses))
    choose_for(simulator.service, NORTHGATE, entry_id, tags=[("cost_centre", "LON")])
    used = pleo("GET", f"/v0/tag-groups/{group}/usage", "/v0/tag-groups/{groupId}/usage")["data"]["usages"]
    assert london in {each["id"] for each in used}
    pleo("GET", f"/v0/tag-groups/{UNKNOWN}/usage", "/v0/tag-groups/{groupId}/usage")
    pleo("DELETE", f"/v0/tags/{madrid}", one)
    pleo("DELETE", f"/v0/tags/{madrid}", one)
    pleo("DELETE", "/v0/tags", json={"companyId": NORTHGATE, "tagIds": [london]})


def use_tax_codes(pleo: ContractClient) -> None:
    one = "/v0/tax-codes/{taxCodeId}"
    body = {
        "companyId": NORTHGATE,
        "name": "Standard",
        "rate": 0.2,
        "type": "reverse",
        "archived": False,
        "code": "GB20",
        "ingoingTaxAccount": "2201",
        "outgoingTaxAccount": "2202",
    }
    made = pleo("POST", "/v0/tax-codes", json=body)["data"]["id"]
    double = pleo("POST", "/v0/tax-codes", json=body)["data"]["id"]  # codes are not unique
    pleo("POST", "/v0/tax-codes", json=body | {"rate": 20})
    for tax_code in (made, UNKNOWN):
        pleo("GET", f"/v0/tax-codes/{tax_code}", one)
        pleo("PUT", f"/v0/tax-codes/{tax_code}", one, json=body | {"name": "Standard rate"})
    pleo("DELETE", f"/v0/tax-codes/{double}", one)
    pleo("DELETE", f"/v0/tax-codes/{double}", one)
    search = {"archived": False, "code": "GB20", "taxCodeIds": [made], "type": "reverse"}
    assert len(pleo("POST", "/v0/tax-codes:search", params=COMPANY, json=search)["data"]) == 1
    amount = {"id": "line", "amount": {"currency": "GBP", "minors": 6580}}
    pleo("POST", "/v0/tax-codes:calculate-tax-amounts", json={"amountsByTaxCodeId": {made: [amount]}})


def use_accounts(pleo: ContractClient, simulator: Simulator) -> None:
    one = "/v1/chart-of-accounts/{accountId}"
    change = {"archived": False, "name": "Travel", "code": "62", "taxCodeExternalId": "GB20", "metadata": {"a": "b"}}
    body = change | {"companyId": NORTHGATE, "externalId": "7"}
    account = pleo("POST", "/v1/chart-of-accounts", json=body)["data"]["id"]
    pleo("POST", "/v1/chart-of-accounts", json=body)
    pleo("POST", "/v1/chart-of-accounts", json=body | {"name": "Another"})
    pleo("POST", "/v1/chart-of-accounts", json=body | {"externalId": "8", "taxCodeExternalId": "unknown"})
    items = [change | {"externalId": external_id} for external_id in ("7", "8", "x" * 256)]
    result = pleo("POST", "/v1/chart-of-accounts/batch", json={"companyId": NORTHGATE, "items": items})["data"]
    assert [each["reasons"] for each in result["failed"]] == [["EXTERNAL_ID_ALREADY_EXISTS"], ["EXTERNAL_ID_TOO_LONG"]]
    too_long = {"companyId": NORTHGATE, "items": [items[1] | {"metadata": {"a": "b" * 501}}]}
    pleo("POST", "/v1/chart-of-accounts/batch", json=too_long)
    for account_id in (account, UNKNOWN):
        pleo("GET", f"/v1/chart-of-accounts/{account_id}", one)
        pleo("PUT", f"/v1/chart-of-accounts/{account_id}", one, json=change | {"name": "Travelling"})
    pleo("PUT", f"/v1/chart-of-accounts/{account}", one, json=change | {"taxCodeExternalId": "unknown"})
    search = {
        "companyId": NORTHGATE,
        "excludeIfAssignedToCategory": False,
        "excludeIfAssignedToContraAccount": False,
        "archived": False,
        "codes": ["62"],
        "externalId": "7",
        "ids": [account],
        "name": "travel",
        "code": "62",
    }
    assert len(pleo("POST", "/v1/chart-of-accounts:search", json=search)["data"]) == 1
    choose_for(simulator.service, NORTHGATE, next(iter(simulator.state.company(NORTHGATE).expenses)), account="62")
    pleo("DELETE", f"/v1/chart-of-accounts/{account}", one)
    unused = pleo("POST", "/v1/chart-of-accounts", json=body | {"externalId": "9", "code": None})["data"]["id"]
    pleo("DELETE", f"/v1/chart-of-accounts/{unused}", one)
    pleo("DELETE", f"/v1/chart-of-accounts/{unused}", one)


def use_vendors(pleo: ContractClient) -> None:
    one, activate, archive = (f"/v1/vendors/{{vendorId}}{action}" for action in ("", ":activate", ":archive"))
    body = {
        "companyId": NORTHGATE,
        "name": "Ryman",
        "defaultCurrency": "GBP",
        "code": "V-1",
        "externalId": "1",
        "country": "GB",
        "registrationNumber": "242742186",
        "taxRegistrationNumber": "GB242742186",
    }
    vendor = pleo("POST", "/v1/vendors", json=body)["data"]["id"]
    pleo("POST", "/v1/vendors", json=body)
    other = pleo("POST", "/v1/vendors", json=body | {"code": None, "externalId": None})["data"]["id"]
    for vendor_id in (vendor, UNKNOWN):
        pleo("GET", f"/v1/vendors/{vendor_id}", one)
        pleo("PUT", f"/v1/vendors/{vendor_id}", one, json=body | {"state": "ACTIVE"})
        pleo("POST", f"/v1/vendors/{vendor_id}:activate", activate, json={"externalId": "1", "code": "V-1"})
    pleo("PUT", f"/v1/vendors/{vendor}", one, json=body | {"state": "NEW"})
    pleo("PUT", f"/v1/vendors/{other}", one, json=body | {"state": "ACTIVE"})
    for vendor_id in (other, UNKNOWN):
        pleo("POST", f"/v1/vendors/{vendor_id}:archive", archive)
    search = {
        "accountingSystems": None,
        "codes": ["V-1"],
        "countries": ["GB"],
        "externalIds": ["1"],
        "ids": [vendor],
        "taxRegistrationNumbers": ["GB242742186"],
        "name": "ryman",
        "states": ["ACTIVE"],
    }
    assert len(pleo("POST", "/v1/vendors:search", params=COMPANY, json=search)["data"]) == 1


def read_the_rest(pleo: ContractClient, simulator: Simulator) -> None:
    pleo("GET", "/v2/employees", params={"companyId": NORTHGATE, "code": "E001"})
    pleo("GET", "/v1/companies")
    pleo("GET", f"/v1/companies/{NORTHGATE}", "/v1/companies/{companyId}")
    pleo("GET", f"/v1/companies/{UNKNOWN}", "/v1/companies/{companyId}")
    entry = pleo("POST", "/v1/accounting-entries:search", params=COMPANY, json={})["data"][0]["id"]
    simulator.service.faults.order(Fault(effect="status", path="/v1/accounting-entries:search"))
    pleo("POST", "/v1/accounting-entries:search", json={})
    pleo("GET", f"/v1/accounting-entries/{entry}", "/v1/accounting-entries/{id}")
    pleo("GET", f"/v1/accounting-entries/{UNKNOWN}", "/v1/accounting-entries/{id}")


def test_every_operation_and_declared_answer_conforms_to_the_document(pleo: ContractClient) -> None:
    declared = {
        (operation["operationId"], status)
        for methods in pleo.document["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
    }

    assert declared - pleo.answers == set()


def test_given_a_client_that_uses_all_of_it_then_every_field_of_the_document_was_exchanged(
    pleo: ContractClient,
) -> None:
    declared = {
        f"{name}.{field}"
        for name, schema in pleo.document["components"]["schemas"].items()
        for field in schema.get("properties", {})
    }

    assert declared - pleo.fields == NEVER_SEEN
