"""The client of Pleo's lists: whole lists or none, bodies as Pleo wants them, and an error for each decision."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from pleo_export.http.session import IsolatedSession
from pleo_export.pleo.credentials import ApiKey
from pleo_export.pleo.errors import (
    PleoAlreadyExists,
    PleoError,
    PleoForbidden,
    PleoNotFound,
    PleoOutcomeUnknown,
    PleoProtocolError,
    PleoRateLimited,
    PleoRefused,
    PleoUnavailable,
)
from pleo_export.pleo.list_models import (
    AccountBody,
    AccountUpdate,
    TagBody,
    TagGroupBody,
    TaxCodeBody,
    VendorBody,
    VendorUpdate,
)
from pleo_export.pleo.lists_client import PleoLists
from pleo_export.pleo.scopes import list_scopes
from pleo_export.pleo.transport import PleoTransport
from tests.unit.pleo.pleo_answers import API_KEY, COMPANY, PLEO, Pleo, dropped_connection, page_json

GROUP, TAG, TIME = "g-1", "t-1", "2026-03-01T09:00:00Z"
TAGS = f"/v0/tag-groups/{GROUP}/tags"
VENDORS = "/v1/vendors:search"
STAGING = "https://external.staging.pleo.io"


def lists(pleo: Pleo, url: str = PLEO) -> PleoLists:
    transport = PleoTransport(url, ApiKey(API_KEY), IsolatedSession(), sleep=pleo.slept.append, jitter=lambda: 1.0)
    return PleoLists(transport)


def body(pleo: Pleo, index: int = -1) -> Any:
    return json.loads(pleo.asked()[index].body or b"null")


def query(pleo: Pleo, index: int = -1) -> dict[str, list[str]]:
    return parse_qs(urlsplit(str(pleo.asked()[index].url)).query)


def tag_json(tag_id: str = TAG, **changed: Any) -> dict[str, Any]:
    tag = {"id": tag_id, "groupId": GROUP, "code": tag_id.upper(), "archived": False}
    return {**tag, "createdAt": TIME, "updatedAt": TIME, **changed}


def group_json(**changed: Any) -> dict[str, Any]:
    group = {"id": GROUP, "companyId": COMPANY, "code": "project", "name": "Projects", "archived": False}
    return {**group, "metadata": {}, "createdAt": TIME, "updatedAt": TIME, **changed}


def account_json(external_id: str = "7") -> dict[str, Any]:
    return {"id": "a-1", "companyId": COMPANY, "externalId": external_id, "name": "Travel", "archived": False}


def vendor_json(**changed: Any) -> dict[str, Any]:
    vendor = {"id": "v-1", "companyId": COMPANY, "name": "Ryman", "state": "DRAFT", "defaultCurrency": "GBP"}
    return {**vendor, **changed}


def counted(page: dict[str, Any], total: int) -> dict[str, Any]:
    page["pagination"]["total"] = total
    return page


TAX_CODE = TaxCodeBody(company_id=COMPANY, name="Standard", rate=Decimal("0.2"), type="inclusive")
NEW_VENDOR = VendorBody(company_id=COMPANY, name="Ryman", default_currency="GBP")
VENDOR = VendorUpdate(company_id=COMPANY, name="Ryman", default_currency="GBP", external_id="7", state="ACTIVE")

Call = Callable[[PleoLists], object]
READS: dict[str, tuple[Call, str, str, str]] = {
    "tag_groups": (lambda pleo: pleo.tag_groups(COMPANY), "GET", "/v0/tag-groups", "tag-group:read"),
    "tag_usage": (lambda pleo: pleo.tag_usage(GROUP), "GET", f"/v0/tag-groups/{GROUP}/usage", "tag-group:read"),
    "tags": (lambda pleo: list(pleo.tags(GROUP)), "GET", TAGS, "tag-group:read"),
    "accounts": (lambda pleo: list(pleo.accounts(COMPANY)), "POST", "/v1/chart-of-accounts:search", "accounts:read"),
    "tax_codes": (lambda pleo: list(pleo.tax_codes(COMPANY)), "POST", "/v0/tax-codes:search", "tax-codes:read"),
    "vendors": (lambda pleo: list(pleo.vendors(COMPANY)), "POST", VENDORS, "vendors:read"),
    "vendor": (lambda pleo: pleo.vendor("v-1"), "GET", "/v1/vendors/v-1", "vendors:read"),
    "company": (lambda pleo: pleo.company(COMPANY), "GET", f"/v1/companies/{COMPANY}", "companies:read"),
}
CREATES: dict[str, tuple[Call, str, str, str]] = {
    "create_tag_group": (
        lambda pleo: pleo.create_tag_group(COMPANY, TagGroupBody(code="p", name="P")),
        "POST",
        "/v0/tag-groups",
        "tag-group:write",
    ),
    "create_tag": (lambda pleo: pleo.create_tag(GROUP, TagBody(code="LON")), "POST", TAGS, "tag-group:write"),
    "create_accounts": (
        lambda pleo: pleo.create_accounts(COMPANY, [AccountBody(external_id="7", name="Travel")]),
        "POST",
        "/v1/chart-of-accounts/batch",
        "accounts:write",
    ),
    "create_tax_code": (lambda pleo: pleo.create_tax_code(TAX_CODE), "POST", "/v0/tax-codes", "tax-codes:write"),
    "create_vendor": (lambda pleo: pleo.create_vendor(NEW_VENDOR), "POST", "/v1/vendors", "vendors:write"),
}
CHANGES: dict[str, tuple[Call, str, str, str]] = {
    "update_tag_group": (
        lambda pleo: pleo.update_tag_group(GROUP, TagGroupBody(code="p", name="P")),
        "PUT",
        f"/v0/tag-groups/{GROUP}",
        "tag-group:write",
    ),
    "update_tag": (
        lambda pleo: pleo.update_tag(TAG, TagBody(code="LON")),
        "PUT",
        f"/v0/tags/{TAG}",
        "tag-group:write",
    ),
    "archive_tags": (
        lambda pleo: pleo.archive_tags(COMPANY, [TAG], archived=True),
        "POST",
        "/v0/tags/archive",
        "tag-group:write",
    ),
    "update_account": (
        lambda pleo: pleo.update_account("a-1", AccountUpdate(name="Travel")),
        "PUT",
        "/v1/chart-of-accounts/a-1",
        "accounts:write",
    ),
    "update_tax_code": (
        lambda pleo: pleo.update_tax_code("x-1", TAX_CODE),
        "PUT",
        "/v0/tax-codes/x-1",
        "tax-codes:write",
    ),
    "update_vendor": (lambda pleo: pleo.update_vendor("v-1", VENDOR), "PUT", "/v1/vendors/v-1", "vendors:write"),
    "activate_vendor": (
        lambda pleo: pleo.activate_vendor("v-1", "7", None),
        "POST",
        "/v1/vendors/v-1:activate",
        "vendors:write",
    ),
    "archive_vendor": (lambda pleo: pleo.archive_vendor("v-1"), "POST", "/v1/vendors/v-1:archive", "vendors:write"),
}
CALLS = READS | CREATES | CHANGES
NO_ANSWER: dict[str, dict[str, Any]] = {
    "5xx": {"status": 503},
    "dropped": {"body": dropped_connection()},
    "silent": {"body": requests.ReadTimeout()},
}


def test_every_call_of_the_client_is_in_these_tables() -> None:
    assert set(CALLS) == {name for name in dir(PleoLists) if not name.startswith("_")}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, PleoRefused),
        (404, PleoNotFound),
        (409, PleoAlreadyExists),
        (413, PleoRefused),
        (422, PleoRefused),
        (302, PleoProtocolError),
    ],
)
def test_given_a_refusal_when_called_then_its_error_comes_at_once_with_pleos_words(
    pleo: Pleo, name: str, status: int, error: type[PleoError]
) -> None:
    call, method, path, _ = CALLS[name]
    pleo.will(method, path, status=status, json={"type": "SOME_REASON", "message": "No."})

    with pytest.raises(PleoError) as raised:
        call(lists(pleo))

    assert type(raised.value) is error
    assert (raised.value.status, raised.value.path, len(pleo.asked())) == (status, path, 1)
    assert error is PleoProtocolError or (raised.value.type, raised.value.message) == ("SOME_REASON", "No.")


@pytest.mark.parametrize("name", CALLS)
def test_given_a_missing_scope_when_called_then_the_error_names_it(pleo: Pleo, name: str) -> None:
    call, method, path, scope = CALLS[name]
    pleo.will(method, path, status=403, json={"type": "FORBIDDEN", "message": "Not allowed."})

    with pytest.raises(PleoForbidden) as raised:
        call(lists(pleo))

    assert raised.value.scope == scope
    assert f"Not allowed. The scope {scope} may be missing." in str(raised.value)
    assert len(pleo.asked()) == 1


def test_given_staging_when_the_scope_for_tags_is_missing_then_it_has_the_name_of_staging(pleo: Pleo) -> None:
    pleo.answers.add("GET", f"{STAGING}/v0/tag-groups", status=403)

    with pytest.raises(PleoForbidden) as raised:
        lists(pleo, STAGING).tag_groups(COMPANY)

    assert raised.value.scope == "tag-groups:read"


def test_the_scopes_of_a_consent_are_those_of_all_calls() -> None:
    assert set(list_scopes(PLEO)) == {scope for _, _, _, scope in CALLS.values()}
    assert set(list_scopes(STAGING)) - set(list_scopes(PLEO)) == {"tag-groups:read", "tag-groups:write"}


@pytest.mark.parametrize("trouble", NO_ANSWER)
@pytest.mark.parametrize(
    ("names", "error", "tries"),
    [(READS, PleoUnavailable, 4), (CREATES, PleoOutcomeUnknown, 1), (CHANGES, PleoOutcomeUnknown, 4)],
    ids=["reads", "creates", "changes"],
)
def test_given_no_proper_answer_when_called_then_all_but_creating_is_repeated(
    pleo: Pleo, names: dict[str, Any], error: type[PleoError], tries: int, trouble: str
) -> None:
    for call, method, path, _ in names.values():
        pleo.will(method, path, **NO_ANSWER[trouble])
        before = len(pleo.asked())

        with pytest.raises(PleoError) as raised:
            call(lists(pleo))

        assert (type(raised.value), len(pleo.asked()) - before) == (error, tries)


def test_given_the_rate_limit_when_a_tag_is_created_then_it_waits_no_longer_than_here(pleo: Pleo) -> None:
    pleo.will("POST", TAGS, status=429, headers={"Retry-After": "17"})

    with pytest.raises(PleoRateLimited) as raised:
        lists(pleo).create_tag(GROUP, TagBody(code="LON"))

    assert (raised.value.retry_after, pleo.slept) == (17, [])


def test_given_a_search_in_several_pages_when_read_then_each_is_asked_for_with_the_same_body(pleo: Pleo) -> None:
    pleo.will("POST", VENDORS, json=page_json([vendor_json()], next_cursor="NEXT="))
    pleo.will("POST", VENDORS, json=page_json([vendor_json(id="v-2")]))

    assert [[each.id for each in page] for page in lists(pleo).vendors(COMPANY)] == [["v-1"], ["v-2"]]
    assert [query(pleo, index) for index in (0, 1)] == [
        {"company_id": [COMPANY], "limit": ["100"]},
        {"company_id": [COMPANY], "limit": ["100"], "after": ["NEXT="]},
    ]
    assert body(pleo, 0) == body(pleo, 1) == {"states": ["DRAFT", "ACTIVE", "ARCHIVED"]}


def test_archived_elements_are_asked_for(pleo: Pleo) -> None:
    pleo.will("GET", "/v0/tag-groups", json={"data": []})
    pleo.will("GET", TAGS, json=page_json([]))
    pleo.will("POST", "/v1/chart-of-accounts:search", json=page_json([]))
    pleo.will("POST", "/v0/tax-codes:search", json=page_json([]))
    client = lists(pleo)

    client.tag_groups(COMPANY)
    assert query(pleo) == {"company_id": [COMPANY], "include_archived": ["true"]}
    list(client.tags(GROUP))
    assert query(pleo)["include_archived"] == ["true"]
    list(client.accounts(COMPANY))
    assert "archived" not in body(pleo)
    list(client.tax_codes(COMPANY))
    assert body(pleo) == {}


BROKEN_LISTS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a cursor repeats": ([page_json([tag_json("1")], "A"), page_json([tag_json("2")], "A")], "the cursor repeats"),
    "a page repeats": ([page_json([tag_json("1")], "A"), page_json([tag_json("1")], "B")], "comes twice"),
    "a page overlaps": (
        [page_json([tag_json("1")], "A"), page_json([tag_json("2"), tag_json("1")])],
        "comes twice",
    ),
    "a row is doubled": ([page_json([tag_json("1"), tag_json("1")])], "comes twice"),
    "it ends early": (
        [counted(page_json([tag_json("1")], "A"), 3), counted(page_json([tag_json("2")]), 3)],
        "ends early",
    ),
    "it is cut to nothing": ([counted(page_json([]), 3)], "ends early"),
    "a cursor is missing": ([page_json([tag_json("1")], "A"), page_json([tag_json("2")], "")], "without endCursor"),
}


@pytest.mark.parametrize("broken", BROKEN_LISTS)
def test_given_a_list_that_is_not_whole_when_read_then_it_fails(pleo: Pleo, broken: str) -> None:
    pages, problem = BROKEN_LISTS[broken]
    for page in pages:
        pleo.will("GET", TAGS, json=page)

    with pytest.raises(PleoProtocolError, match=problem):
        list(lists(pleo).tags(GROUP))


def test_given_tags_that_are_made_or_deleted_meanwhile_when_read_then_the_list_is_whole(pleo: Pleo) -> None:
    pleo.will("GET", TAGS, json=counted(page_json([tag_json("1")], "A"), 2))
    pleo.will("GET", TAGS, json=counted(page_json([tag_json("2")], "B"), 5))
    pleo.will("GET", TAGS, json=counted(page_json([]), 5))

    assert [tag.id for page in lists(pleo).tags(GROUP) for tag in page] == ["1", "2"]


def test_given_a_path_in_an_id_when_called_then_it_leads_nowhere_else(pleo: Pleo) -> None:
    pleo.will("POST", "/v1/vendors/..%2Fx%3Fa:archive", status=204)

    lists(pleo).archive_vendor("../x?a")

    assert urlsplit(str(pleo.asked()[0].url)).path == "/v1/vendors/..%2Fx%3Fa:archive"


def test_given_names_of_any_kind_when_written_and_read_then_they_stay_and_half_an_emoji_is_dropped(pleo: Pleo) -> None:
    name = "ع" * 10_000 + "🚧"
    pleo.will("POST", TAGS, json={"data": tag_json(name=name)})

    made = lists(pleo).create_tag(GROUP, TagBody(code="LON\ud83d", name=name + "\ud83d"))

    assert body(pleo) == {"code": "LON", "name": name, "archived": False}
    assert made.name == name
    pleo.will("GET", TAGS, body=json.dumps(page_json([tag_json(name="half \ud83d")])))
    assert [tag.name for page in lists(pleo).tags(GROUP) for tag in page] == ["half "]


def test_given_metadata_of_others_when_a_group_is_replaced_then_all_of_it_is_sent_back(pleo: Pleo) -> None:
    others = {"their key": "their value 🚧", "": ""}
    pleo.will("GET", "/v0/tag-groups", json={"data": [group_json(metadata=others)]})
    pleo.will("PUT", f"/v0/tag-groups/{GROUP}", json={"data": group_json(metadata=others)})
    (group,) = lists(pleo).tag_groups(COMPANY)

    lists(pleo).update_tag_group(group.id, TagGroupBody(code=group.code, name="New", metadata=group.metadata))

    assert body(pleo) == {"code": "project", "name": "New", "archived": False, "metadata": others}


def test_given_null_metadata_when_read_then_it_is_empty(pleo: Pleo) -> None:
    pleo.will("GET", "/v0/tag-groups", json={"data": [group_json(metadata=None)]})

    assert lists(pleo).tag_groups(COMPANY)[0].metadata == {}


def test_absent_values_are_left_out_on_creating_and_null_on_replacing(pleo: Pleo) -> None:
    pleo.will("POST", "/v1/vendors", json={"data": vendor_json()})
    pleo.will("PUT", "/v1/vendors/v-1", json={"data": vendor_json()})
    absent = {"code", "country", "registrationNumber", "taxRegistrationNumber"}

    lists(pleo).create_vendor(NEW_VENDOR)
    assert body(pleo) == {"companyId": COMPANY, "name": "Ryman", "defaultCurrency": "GBP"}
    lists(pleo).update_vendor("v-1", VENDOR)
    assert {name for name, value in body(pleo).items() if value is None} == absent


@pytest.mark.parametrize("rate", ["0", "0.2", "0.055", "0.0825", "0.21", "1"])
def test_a_rate_is_the_same_number_on_the_way_there_and_back(pleo: Pleo, rate: str) -> None:
    row = {"id": "x", "companyId": COMPANY, "name": "n", "type": "reverse", "archived": False}
    pleo.will("POST", "/v0/tax-codes", body=f'{{"data": {json.dumps(row)[:-1]}, "rate": {rate}}}}}')

    made = lists(pleo).create_tax_code(TAX_CODE.model_copy(update={"rate": Decimal(rate)}))

    assert json.loads(pleo.asked()[0].body or b"null", parse_float=Decimal)["rate"] == Decimal(rate) == made.rate


def test_given_a_batch_with_failures_when_created_then_each_account_is_told(pleo: Pleo) -> None:
    failed = {"request": {"externalId": "8", "name": ""}, "reasons": ["NAME_EMPTY", "A_NEW_REASON"]}
    answer = {"created": [account_json()], "failed": [failed, {"request": {}, "reasons": []}]}
    pleo.will("POST", "/v1/chart-of-accounts/batch", status=201, json={"data": answer})

    result = lists(pleo).create_accounts(COMPANY, [AccountBody(external_id="7", name="Travel")])

    assert [each.external_id for each in result.created] == ["7"]
    assert [(each.external_id, each.reasons) for each in result.failed] == [
        ("8", ("NAME_EMPTY", "A_NEW_REASON")),
        ("", ()),
    ]


@pytest.mark.parametrize("count", [0, 101])
def test_given_more_tags_than_one_call_takes_or_none_when_archived_then_nothing_is_sent(pleo: Pleo, count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} tags"):
        lists(pleo).archive_tags(COMPANY, ["t"] * count, archived=True)

    assert pleo.asked() == []


@pytest.mark.parametrize("count", [0, 1001])
def test_given_more_accounts_than_one_call_takes_or_none_when_created_then_nothing_is_sent(
    pleo: Pleo, count: int
) -> None:
    with pytest.raises(ValueError, match=f"{count} accounts"):
        lists(pleo).create_accounts(COMPANY, [AccountBody(external_id="7", name="Travel")] * count)

    assert pleo.asked() == []


def test_usage_is_told_by_tag(pleo: Pleo) -> None:
    usages = {"usages": [{"id": "t-1", "count": 41}, {"id": "t-2", "count": 0}]}
    pleo.will("GET", f"/v0/tag-groups/{GROUP}/usage", json={"data": usages})

    assert lists(pleo).tag_usage(GROUP) == {"t-1": 41, "t-2": 0}


def test_an_unknown_state_of_a_vendor_is_read(pleo: Pleo) -> None:
    pleo.will("GET", "/v1/vendors/v-1", json={"data": vendor_json(state="SUGGESTED", code=None)})

    assert lists(pleo).vendor("v-1").state == "SUGGESTED"
