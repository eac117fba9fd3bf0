"""Pleo's lists without HTTP: what is unique, what there is room for, what is used, and what people do with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from pleo_simulator.assumptions import Assumptions
from pleo_simulator.choices import all_lists, choose_for
from pleo_simulator.clock import Clock
from pleo_simulator.errors import Refused
from pleo_simulator.paging import PageRequest
from pleo_simulator.sample import HAVN, NORTHGATE, demo_company
from pleo_simulator.service import PleoService, build_service

Json = dict[str, Any]
FIRST = PageRequest(limit=100)


@pytest.fixture
def service() -> PleoService:
    return built()


def built(assumptions: Assumptions | None = None) -> PleoService:
    service = build_service(Clock(datetime(2026, 6, 30, 12, tzinfo=UTC)), assumptions=assumptions)
    service.state.put_company(demo_company())
    return service


def a_group(service: PleoService, code: str = "cost_centre", company_id: str = NORTHGATE) -> str:
    return str(service.tags.create_group(company_id, {"code": code, "name": code, "archived": False})["id"])


def a_tag(service: PleoService, group: str, code: str, archived: bool = False) -> str:
    return str(service.tags.create(NORTHGATE, group, {"code": code, "archived": archived})["id"])


def an_account(service: PleoService, external_id: str = "7", **more: Any) -> Json:
    body = {"companyId": NORTHGATE, "externalId": external_id, "name": "Travel", "archived": False, **more}
    return service.accounts.create(NORTHGATE, body)[0]


def refused(status: int, call: Callable[[], object]) -> str:
    with pytest.raises(Refused) as error:
        call()
    assert error.value.status == status
    return error.value.message


def codes(service: PleoService, group: str, **wanted: bool) -> list[str]:
    return [row["code"] for row in service.tags.tags(NORTHGATE, group, FIRST, **wanted)["data"]]


# Tags


def test_a_code_is_unique_regardless_of_case_in_its_group_and_free_again_after_a_change(service: PleoService) -> None:
    group, other = a_group(service), a_group(service, "project")
    london = a_tag(service, group, "LON", archived=True)
    a_tag(service, other, "lon")

    refused(409, lambda: a_tag(service, group, "lon"))
    service.tags.replace(NORTHGATE, london, {"code": "London", "archived": False})
    a_tag(service, group, "lon")
    refused(409, lambda: service.tags.replace(NORTHGATE, london, {"code": "LON", "archived": False}))
    service.tags.replace(NORTHGATE, london, {"code": "LONDON", "archived": False})  # its own, in another case


def test_a_group_code_is_unique_regardless_of_case_in_its_company(service: PleoService) -> None:
    a_group(service, "Project")
    a_group(service, "project", company_id=HAVN)

    refused(409, lambda: a_group(service, "PROJECT"))


def test_only_active_tags_count_towards_the_maximum_however_they_become_active(service: PleoService) -> None:
    service.tags.max_active = 2
    group = a_group(service)
    archived = [a_tag(service, group, f"OLD{number}", archived=True) for number in range(2)]
    first = a_tag(service, group, "A")

    message = refused(400, lambda: service.tags.archive(NORTHGATE, archived, archived=False))
    assert "maximum number of active tags" in message
    assert codes(service, group) == ["A"]  # all or none
    a_tag(service, group, "B")
    refused(400, lambda: a_tag(service, group, "C"))
    service.tags.archive(NORTHGATE, [first], archived=True)
    a_tag(service, group, "C")
    service.tags.delete(NORTHGATE, [first])
    refused(400, lambda: service.tags.replace(NORTHGATE, archived[0], {"code": "OLD0", "archived": False}))


def test_archiving_a_group_leaves_its_tags(service: PleoService) -> None:
    group = a_group(service)
    a_tag(service, group, "LON")

    service.tags.replace_group(NORTHGATE, group, {"code": "cost_centre", "name": "c", "archived": True, "metadata": {}})

    assert codes(service, group) == ["LON"]
    assert service.tags.groups(NORTHGATE) == []
    assert [each["archived"] for each in service.tags.groups(NORTHGATE, include_archived=True)] == [True]


def test_given_an_unknown_tag_among_others_when_archived_then_none_is(service: PleoService) -> None:
    group = a_group(service)
    london = a_tag(service, group, "LON")

    refused(404, lambda: service.tags.archive(NORTHGATE, [london, "unknown"], archived=True))

    assert codes(service, group) == ["LON"]


def test_usage_counts_the_expenses_that_carry_a_tag_of_the_group(service: PleoService) -> None:
    group, other = a_group(service), a_group(service, "project")
    london, unused = a_tag(service, group, "lon"), a_tag(service, group, "BER")
    a_tag(service, other, "LON")
    carrying = [
        item["accountingEntryId"]
        for item in service.state.expenses(NORTHGATE)
        if any(tag["code"] == "LON" for line in item["accountingEntryLines"] for tag in line["tags"])
    ]

    assert service.tags.usage(NORTHGATE, group) == [{"id": london, "count": len(carrying)}]
    assert service.tags.usage(NORTHGATE, other) == []
    choose_for(service, NORTHGATE, carrying[0], tags=[("cost_centre", "BER")])
    counted = {each["id"]: each["count"] for each in service.tags.usage(NORTHGATE, group)}
    assert counted == {london: len(carrying) - 1, unused: 1}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, {"LON"}),
        ({"includeArchived": True}, {"LON", "MAD"}),
        ({"archived": True}, {"MAD"}),
        ({"archived": False, "includeArchived": True}, {"LON"}),
        ({"textSearch": "ondo"}, {"LON"}),
        ({"textSearch": "nothing"}, set()),
        ({"tagGroupIds": []}, set()),
    ],
)
def test_a_search_finds_what_is_not_archived_unless_it_says_otherwise(
    service: PleoService, wanted: Json, found: set[str]
) -> None:
    group = a_group(service)
    service.tags.create(NORTHGATE, group, {"code": "LON", "name": "London", "archived": False})
    a_tag(service, group, "MAD", archived=True)

    assert {row["code"] for row in service.tags.search(NORTHGATE, FIRST, wanted)["data"]} == found


# Accounts


def test_an_account_with_the_same_values_is_matched_and_with_others_refused(service: PleoService) -> None:
    made = an_account(service, code="6200")
    body = {"companyId": NORTHGATE, "externalId": "7", "name": "Travel", "archived": False}

    assert service.accounts.create(NORTHGATE, body | {"code": "6200"}) == (made, False)
    refused(409, lambda: service.accounts.create(NORTHGATE, body))


def test_each_item_of_a_batch_succeeds_or_fails_by_itself(service: PleoService) -> None:
    an_account(service, "7")
    good = {"externalId": "8", "name": "Meals", "archived": False}
    items: list[Json] = [
        good,
        good,
        good | {"externalId": "7"},
        good | {"externalId": "", "name": ""},
        good | {"externalId": "9" * 256, "name": "n" * 256, "code": "c" * 256},
        good | {"externalId": "10", "taxCodeExternalId": "unknown"},
    ]

    result = service.accounts.create_several(NORTHGATE, items)

    assert [row["externalId"] for row in result["created"]] == ["8"]
    assert [each["request"] for each in result["failed"]] == items[1:]
    assert [each["reasons"] for each in result["failed"]] == [
        ["EXTERNAL_ID_ALREADY_EXISTS"],
        ["EXTERNAL_ID_ALREADY_EXISTS"],
        ["EXTERNAL_ID_EMPTY", "NAME_EMPTY"],
        ["EXTERNAL_ID_TOO_LONG", "NAME_TOO_LONG", "CODE_TOO_LONG"],
        ["OTHER"],
    ]


def test_an_account_that_an_expense_names_cannot_be_deleted(service: PleoService) -> None:
    linked, unused = an_account(service, "7", code="6200"), an_account(service, "8", code="9999")
    contra_account = an_account(service, "9", code="1900")

    refused(409, lambda: service.accounts.delete(NORTHGATE, linked["id"]))
    refused(409, lambda: service.accounts.delete(NORTHGATE, contra_account["id"]))
    service.accounts.delete(NORTHGATE, unused["id"])
    an_account(service, "8")  # its id is free again
    search = {"excludeIfAssignedToCategory": True, "excludeIfAssignedToContraAccount": True}
    assert [row["externalId"] for row in service.accounts.search(NORTHGATE, FIRST, search)["data"]] == ["8"]


def test_an_account_needs_a_tax_code_that_pleo_knows_unless_assumed_otherwise(service: PleoService) -> None:
    refused(400, lambda: an_account(service, taxCodeExternalId="GB20"))
    lenient = built(Assumptions(accounts_need_known_tax_codes=False))
    assert an_account(lenient, taxCodeExternalId="GB20")["taxCodeExternalId"] == "GB20"


# Tax codes


@pytest.mark.parametrize(
    ("kind", "rate", "minors", "parts"),
    [
        ("inclusive", 0.2, 6366, (6366, 5305, 1061)),
        ("inclusive", 0.2, 3, (3, 2, 1)),  # half up
        ("inclusive", 0, 100, (100, 100, 0)),
        ("inclusive", 0.25, -125, (-125, -100, -25)),
        ("reverse", 0.2, 8750, (8750, 8750, 1750)),
    ],
)
def test_pleo_computes_gross_net_and_tax(
    service: PleoService, kind: str, rate: float, minors: int, parts: tuple[int, int, int]
) -> None:
    body = {"companyId": NORTHGATE, "name": "n", "rate": rate, "type": kind, "archived": False}
    code = service.tax_codes.create(NORTHGATE, body)["id"]
    amount = {"id": "1", "amount": {"currency": "GBP", "minors": minors}}

    ((breakdown,),) = service.tax_codes.calculate(NORTHGATE, {code: [amount]}).values()

    computed = breakdown["amountTaxBreakdown"]
    assert tuple(computed[part]["minors"] for part in ("gross", "net", "tax")) == parts


# Vendors


def test_a_vendor_made_in_pleo_is_a_draft_that_is_announced_until_it_is_activated(service: PleoService) -> None:
    announced: list[Json] = []
    service.vendors.on_created.append(lambda _, vendor: announced.append(vendor))

    made = service.vendors.make(NORTHGATE, "Harbour Café", taxRegistrationNumber="GB1")
    service.vendors.activate(NORTHGATE, made["id"], {"externalId": "7", "code": "V-7"})
    service.vendors.activate(NORTHGATE, made["id"], {"externalId": "7", "code": "V-7"})  # harmless

    assert [(each["id"], each["state"], each["code"]) for each in announced] == [(made["id"], "DRAFT", None)]
    vendor = service.vendors.rows.get(NORTHGATE, made["id"])
    assert (vendor["state"], vendor["externalId"], vendor["code"]) == ("ACTIVE", "7", "V-7")


def test_a_vendor_with_an_external_id_is_not_announced_and_a_draft_unless_assumed_otherwise() -> None:
    for service, state in (
        (built(), "DRAFT"),
        (built(Assumptions(vendors_with_external_id_are_active=True)), "ACTIVE"),
    ):
        announced: list[object] = []
        service.vendors.on_created.append(partial(_note, announced))
        made = service.vendors.create(NORTHGATE, {"name": "Ryman", "defaultCurrency": "GBP", "externalId": "7"})
        assert (made["state"], announced) == (state, [])


def _note(announced: list[object], company_id: str, vendor: Json) -> None:
    announced.append((company_id, vendor))


def test_an_external_id_and_a_code_belong_to_one_vendor(service: PleoService) -> None:
    ryman = service.vendors.make(NORTHGATE, "Ryman", externalId="7", code="v-1")
    other = service.vendors.make(NORTHGATE, "Ryman")

    for taken in ({"externalId": "7"}, {"externalId": "8", "code": "V-1"}):
        refused(409, lambda taken=taken: service.vendors.activate(NORTHGATE, other["id"], taken))  # type: ignore[misc]
        refused(409, lambda taken=taken: service.vendors.make(NORTHGATE, "R", **taken))  # type: ignore[misc]
    service.vendors.activate(NORTHGATE, ryman["id"], {"externalId": "7", "code": "V-1"})


def test_a_search_without_states_finds_no_archived_vendor(service: PleoService) -> None:
    gone = service.vendors.make(NORTHGATE, "Ryman")
    service.vendors.archive(NORTHGATE, gone["id"])

    assert service.vendors.search(NORTHGATE, FIRST, {})["data"] == []
    assert len(service.vendors.search(NORTHGATE, FIRST, {"states": ["ARCHIVED"]})["data"]) == 1


# What people do


def test_somebody_chooses_from_the_lists_for_an_expense_and_not_what_is_archived(service: PleoService) -> None:
    group = a_group(service)
    a_tag(service, group, "BER")
    a_tag(service, group, "OLD", archived=True)
    account = an_account(service, code="7777")
    vendor = service.vendors.make(NORTHGATE, "Ryman", code="V-1", externalId="7", country="GB")
    entry_id = service.state.expenses(NORTHGATE)[5]["accountingEntryId"]

    choose_for(service, NORTHGATE, entry_id, tags=[("COST_CENTRE", "ber")], account="7777", vendor="V-1")

    item = service.state.company(NORTHGATE).expenses[entry_id]
    (tag,) = item["accountingEntryLines"][0]["tags"]
    assert (tag["code"], tag["groupCode"]) == ("BER", "cost_centre")
    assert item["accountingEntryLines"][0]["account"]["id"] == account["id"]
    assert (item["vendor"]["id"], item["vendor"]["externalId"]) == (vendor["id"], "7")
    for choice in ({"tags": [("cost_centre", "OLD")]}, {"account": "1"}, {"vendor": "V-2"}):
        refused(404, lambda choice=choice: choose_for(service, NORTHGATE, entry_id, **choice))  # type: ignore[misc]
    assert service.state.company(NORTHGATE).expenses[entry_id] == item


def test_companies_see_nothing_of_each_other(service: PleoService) -> None:
    group, account = a_group(service), an_account(service)
    tag, vendor = a_tag(service, group, "LON"), service.vendors.make(NORTHGATE, "Ryman")

    for read in (
        lambda: service.tags.group(HAVN, group),
        lambda: service.tags.usage(HAVN, group),
        lambda: service.tags.get(HAVN, tag),
        lambda: service.tags.archive(HAVN, [tag], archived=True),
        lambda: service.accounts.replace(HAVN, account["id"], {"name": "n", "archived": True}),
        lambda: service.vendors.archive(HAVN, vendor["id"]),
    ):
        refused(404, read)
    assert all_lists(service, HAVN) == {"tagGroups": [], "accounts": [], "taxCodes": [], "vendors": []}
