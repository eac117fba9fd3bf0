"""The client of Pleo's lists against the simulator, over HTTP on the loopback interface."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import requests

from pleo_export.http.session import IsolatedSession
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import ApiKey
from pleo_export.pleo.errors import (
    PleoAlreadyExists,
    PleoForbidden,
    PleoNotFound,
    PleoOutcomeUnknown,
    PleoProtocolError,
    PleoRateLimited,
    PleoRefused,
)
from pleo_export.pleo.list_models import (
    AccountBody,
    AccountUpdate,
    TagBody,
    TagGroup,
    TagGroupBody,
    TaxCodeBody,
    VendorBody,
    VendorUpdate,
)
from pleo_export.pleo.lists_client import PleoLists
from pleo_export.pleo.scopes import list_scopes
from pleo_export.pleo.transport import PleoTransport
from pleo_export.pleo.webhook_authentication import verify
from pleo_simulator.credentials import ALL_SCOPES
from pleo_simulator.fault_queue import Effect, Fault
from pleo_simulator.pleo_state import Company
from pleo_simulator.server import Simulator
from tests.contract.webhook_receiver import receiver

COMPANY = "44444444-4444-4444-8444-444444444444"
OTHER = "55555555-5555-4555-8555-555555555555"
KEY = "plp_lists"
PLEO = "https://external.pleo.io"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        for company_id, key in ((COMPANY, KEY), (OTHER, "plp_other")):
            running.state.put_company(Company(company_id, "Lists Ltd", registration_number="06500244"))
            running.service.credentials.add_key(key, company_id)
        yield running


@pytest.fixture
def pleo(simulator: Simulator) -> PleoLists:
    return lists_of(simulator)


def lists_of(simulator: Simulator, key: str = KEY) -> PleoLists:
    return PleoLists(PleoTransport(simulator.url, ApiKey(key), IsolatedSession(), sleep=lambda _: None))


def cost_centres(pleo: PleoLists, tags: int = 0) -> TagGroup:
    group = pleo.create_tag_group(COMPANY, TagGroupBody(code="cost_centre", name="Cost centres"))
    for number in range(tags):
        pleo.create_tag(group.id, TagBody(code=f"CC{number:03}", name=f"Cost centre {number}"))
    return group


def order(simulator: Simulator, effect: Effect, method: str, path: str, nth: int = 1) -> None:
    simulator.service.faults.order(Fault(effect=effect, method=method, path=path, nth=nth))


def test_a_group_is_created_renamed_and_archived_and_keeps_the_metadata_that_is_sent_back(pleo: PleoLists) -> None:
    made = pleo.create_tag_group(COMPANY, TagGroupBody(code="project", name="Projects", metadata={"managed_by": "us"}))
    changed = TagGroupBody(code=made.code, name="Projekte 🚧", archived=True, metadata=made.metadata)

    assert pleo.update_tag_group(made.id, changed).name == "Projekte 🚧"
    (read,) = pleo.tag_groups(COMPANY)
    assert (read.id, read.name, read.archived, read.metadata) == (made.id, "Projekte 🚧", True, {"managed_by": "us"})


def test_a_list_of_several_pages_is_read_whole_with_its_archived_tags(pleo: PleoLists) -> None:
    group = cost_centres(pleo, tags=120)
    first = next(pleo.tags(group.id))
    pleo.archive_tags(COMPANY, [each.id for each in first], archived=True)

    read = [tag for page in pleo.tags(group.id) for tag in page]

    assert [tag.code for tag in read] == [f"CC{number:03}" for number in range(120)]
    assert sum(tag.archived for tag in read) == 100


@pytest.mark.parametrize("code", ["CC000", "cc000"])
def test_given_a_code_that_is_taken_in_any_case_when_created_or_renamed_then_it_already_exists(
    pleo: PleoLists, code: str
) -> None:
    group = cost_centres(pleo, tags=2)
    second = next(pleo.tags(group.id))[1]

    with pytest.raises(PleoAlreadyExists):
        pleo.create_tag(group.id, TagBody(code=code))
    with pytest.raises(PleoAlreadyExists):
        pleo.update_tag(second.id, TagBody(code=code))
    with pytest.raises(PleoAlreadyExists):
        pleo.create_tag_group(COMPANY, TagGroupBody(code="COST_CENTRE", name="Again"))


def test_given_a_full_group_when_a_tag_is_created_or_unarchived_then_it_is_refused_and_others_stay(
    simulator: Simulator, pleo: PleoLists
) -> None:
    simulator.service.tags.max_active = 2
    group = cost_centres(pleo, tags=2)
    archived = pleo.create_tag(group.id, TagBody(code="OLD", archived=True))

    for more in (
        lambda: pleo.create_tag(group.id, TagBody(code="NEW")),
        lambda: pleo.update_tag(archived.id, TagBody(code="OLD")),
        lambda: pleo.archive_tags(COMPANY, [archived.id], archived=False),
    ):
        with pytest.raises(PleoRefused) as error:
            more()
        assert (error.value.status, type(error.value)) == (400, PleoRefused)
    assert [tag.code for page in pleo.tags(group.id) for tag in page if not tag.archived] == ["CC000", "CC001"]


@pytest.mark.parametrize("effect", ["page_again", "list_cut"])
def test_given_pages_that_repeat_or_end_early_when_read_then_the_list_fails_instead_of_looking_short(
    simulator: Simulator, pleo: PleoLists, effect: Effect
) -> None:
    group = cost_centres(pleo, tags=120)
    order(simulator, effect, "GET", f"/v0/tag-groups/{group.id}/tags", nth=2)

    with pytest.raises(PleoProtocolError, match=r"twice|repeats|early"):
        list(pleo.tags(group.id))


def test_given_a_lost_answer_when_created_then_it_is_unknown_and_not_sent_again(
    simulator: Simulator, pleo: PleoLists
) -> None:
    group = cost_centres(pleo)
    order(simulator, "drop_after", "POST", f"/v0/tag-groups/{group.id}/tags")

    with pytest.raises(PleoOutcomeUnknown):
        pleo.create_tag(group.id, TagBody(code="LON"))

    assert [tag.code for page in pleo.tags(group.id) for tag in page] == ["LON"]


def test_given_a_lost_answer_when_archived_then_it_is_archived_once_more(simulator: Simulator, pleo: PleoLists) -> None:
    group = cost_centres(pleo, tags=1)
    (tag,) = next(pleo.tags(group.id))
    order(simulator, "drop_after", "POST", "/v0/tags/archive")

    (archived,) = pleo.archive_tags(COMPANY, [tag.id], archived=True)

    assert archived.archived


def test_given_another_companys_group_when_called_then_it_does_not_exist(simulator: Simulator, pleo: PleoLists) -> None:
    group = cost_centres(pleo, tags=1)
    stranger = lists_of(simulator, "plp_other")

    assert stranger.tag_groups(OTHER) == []
    with pytest.raises(PleoNotFound):
        stranger.create_tag(group.id, TagBody(code="X"))
    with pytest.raises(PleoNotFound):
        stranger.tag_groups(COMPANY)


def test_given_a_key_without_the_scope_when_called_then_the_scope_to_grant_is_named(simulator: Simulator) -> None:
    simulator.service.credentials.add_key("plp_export_only", COMPANY, frozenset({"tag-group:read"}))
    pleo = lists_of(simulator, "plp_export_only")

    assert pleo.tag_groups(COMPANY) == []
    with pytest.raises(PleoForbidden, match="tag-group:write") as error:
        pleo.create_tag_group(COMPANY, TagGroupBody(code="x", name="X"))
    assert error.value.scope == "tag-group:write"


def test_accounts_follow_the_ledger_after_their_tax_codes(pleo: PleoLists) -> None:
    tax_code = pleo.create_tax_code(
        TaxCodeBody(company_id=COMPANY, name="Standard", rate=Decimal("0.055"), type="reverse", code="RC")
    )
    wanted = [AccountBody(external_id=str(number), name=f"Account {number}", code="6") for number in range(250)]
    result = pleo.create_accounts(COMPANY, [*wanted, AccountBody(external_id="7", name="Again")])

    assert len(result.created) == 250
    assert [(each.external_id, each.reasons) for each in result.failed] == [("7", ("EXTERNAL_ID_ALREADY_EXISTS",))]
    changed = AccountUpdate(name="Travel", archived=True, tax_code_external_id="RC")
    assert pleo.update_account(result.created[0].id, changed).code is None
    with pytest.raises(PleoRefused):
        pleo.update_account(result.created[0].id, AccountUpdate(name="Travel", tax_code_external_id="unknown"))
    read = [account for page in pleo.accounts(COMPANY) for account in page]
    assert len(read) == 250
    assert (read[0].archived, read[0].tax_code_external_id) == (True, "RC")
    ((found,),) = pleo.tax_codes(COMPANY)
    assert (found.id, found.rate) == (tax_code.id, Decimal("0.055"))


def test_a_tax_code_is_changed_and_its_code_may_exist_twice(pleo: PleoLists) -> None:
    body = TaxCodeBody(company_id=COMPANY, name="Standard", rate=Decimal("0.2"), type="inclusive", code="GB20")
    first, second = pleo.create_tax_code(body), pleo.create_tax_code(body)

    assert pleo.update_tax_code(second.id, body.model_copy(update={"archived": True})).archived
    assert [(each.id, each.archived) for each in next(pleo.tax_codes(COMPANY))] == [
        (first.id, False),
        (second.id, True),
    ]


def test_a_vendor_is_created_activated_changed_and_archived(pleo: PleoLists) -> None:
    made = pleo.create_vendor(
        VendorBody(company_id=COMPANY, name="Ryman", default_currency="GBP", external_id="7", country="GB")
    )
    assert made.state == "DRAFT"  # the stricter reading: activate it
    pleo.activate_vendor(made.id, "7", "V-7")
    pleo.activate_vendor(made.id, "7", "V-7")
    assert (pleo.vendor(made.id).state, pleo.vendor(made.id).code) == ("ACTIVE", "V-7")

    body = VendorUpdate(company_id=COMPANY, name="Ryman Ltd", default_currency="EUR", external_id="7", state="ACTIVE")
    assert (pleo.update_vendor(made.id, body).code, pleo.vendor(made.id).name) == (None, "Ryman Ltd")
    pleo.archive_vendor(made.id)
    assert [(each.id, each.state) for page in pleo.vendors(COMPANY) for each in page] == [(made.id, "ARCHIVED")]


def test_given_an_external_id_that_another_vendor_has_when_activated_then_it_already_exists(pleo: PleoLists) -> None:
    body = VendorBody(company_id=COMPANY, name="Ryman", default_currency="GBP")
    synced, draft = pleo.create_vendor(body), pleo.create_vendor(body)
    pleo.activate_vendor(synced.id, "7", None)

    with pytest.raises(PleoAlreadyExists):
        pleo.activate_vendor(draft.id, "7", None)
    with pytest.raises(PleoAlreadyExists):
        pleo.create_vendor(body.model_copy(update={"external_id": "7"}))


@pytest.mark.parametrize("effect", ["page_again", "list_cut"])
def test_given_a_search_that_repeats_or_ends_early_when_read_then_it_fails(
    simulator: Simulator, pleo: PleoLists, effect: Effect
) -> None:
    pleo.create_accounts(COMPANY, [AccountBody(external_id=str(number), name="n") for number in range(150)])
    order(simulator, effect, "POST", "/v1/chart-of-accounts:search", nth=2)

    with pytest.raises(PleoProtocolError, match=r"twice|repeats|early"):
        list(pleo.accounts(COMPANY))


def test_given_lost_answers_when_searched_then_it_is_searched_again(simulator: Simulator, pleo: PleoLists) -> None:
    pleo.create_vendor(VendorBody(company_id=COMPANY, name="Ryman", default_currency="GBP"))
    order(simulator, "drop_after", "POST", "/v1/vendors:search")
    order(simulator, "status", "POST", "/v1/vendors:search")

    assert [len(page) for page in pleo.vendors(COMPANY)] == [1]


def test_the_company_is_told_with_its_registration_number(pleo: PleoLists) -> None:
    company = pleo.company(COMPANY)

    assert (company.id, company.name, company.registration_number) == (COMPANY, "Lists Ltd", "06500244")
    with pytest.raises(PleoNotFound):
        pleo.company(OTHER)


def test_lists_and_exports_share_the_request_limit(simulator: Simulator, pleo: PleoLists) -> None:
    simulator.service.limit.per_minute = 3
    export = PleoClient(simulator.url, ApiKey(KEY), sleep=lambda _: None)
    pleo.tag_groups(COMPANY)
    export.unfinished_jobs(COMPANY)
    pleo.company(COMPANY)

    with pytest.raises(PleoRateLimited) as error:
        pleo.create_tag_group(COMPANY, TagGroupBody(code="x", name="X"))
    assert 0 < error.value.retry_after <= 60
    assert simulator.service.tags.groups(COMPANY) == []


@pytest.mark.parametrize("scope", sorted(list_scopes(PLEO)))
def test_a_key_needs_the_scope_that_the_error_names(simulator: Simulator, scope: str) -> None:
    calls: dict[str, Callable[[PleoLists], object]] = {
        "tag-group:read": lambda pleo: pleo.tag_groups(COMPANY),
        "tag-group:write": lambda pleo: pleo.create_tag_group(COMPANY, TagGroupBody(code="x", name="X")),
        "accounts:read": lambda pleo: list(pleo.accounts(COMPANY)),
        "accounts:write": lambda pleo: pleo.create_accounts(COMPANY, [AccountBody(external_id="1", name="n")]),
        "tax-codes:read": lambda pleo: list(pleo.tax_codes(COMPANY)),
        "tax-codes:write": lambda pleo: pleo.create_tax_code(
            TaxCodeBody(company_id=COMPANY, name="n", rate=Decimal(0), type="inclusive")
        ),
        "vendors:read": lambda pleo: list(pleo.vendors(COMPANY)),
        "vendors:write": lambda pleo: pleo.create_vendor(
            VendorBody(company_id=COMPANY, name="n", default_currency="GBP")
        ),
        "companies:read": lambda pleo: pleo.company(COMPANY),
    }
    credentials = simulator.service.credentials
    credentials.add_key("plp_all_but_one", COMPANY, ALL_SCOPES - {scope})
    credentials.add_key("plp_one", COMPANY, frozenset({scope}))

    with pytest.raises(PleoForbidden) as error:
        calls[scope](lists_of(simulator, "plp_all_but_one"))
    assert error.value.scope == scope
    calls[scope](lists_of(simulator, "plp_one"))


def test_given_somebody_who_makes_a_vendor_in_pleo_then_it_is_announced_signed_and_once(simulator: Simulator) -> None:
    with receiver() as (url, received):
        pleo = PleoClient(simulator.url, ApiKey(KEY), sleep=lambda _: None)
        subscription = pleo.create_subscription(url, ["v1.vendor.created"])
        secret = pleo.subscription_secret(subscription.id)
        made = requests.post(
            f"{simulator.url}/_sim/companies/{COMPANY}/vendors",
            json={"name": "Harbour Café", "taxRegistrationNumber": "GB1", "createdBy": OTHER},
            timeout=10,
        ).json()
        headers, body = received.get(timeout=10)

    verify([secret], headers, body, datetime.now(UTC))
    event = json.loads(body)
    assert event["eventType"] == "v1.vendor.created"
    assert event["data"] == {name: made[name] for name in event["data"]}
    assert (event["data"]["state"], event["data"]["code"], event["data"]["createdBy"]) == ("DRAFT", None, OTHER)
    assert received.empty()
