"""The client of Pleo's lists against the simulator, over HTTP on the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pleo_export.http.session import IsolatedSession
from pleo_export.pleo.credentials import ApiKey
from pleo_export.pleo.errors import (
    PleoAlreadyExists,
    PleoForbidden,
    PleoNotFound,
    PleoOutcomeUnknown,
    PleoProtocolError,
    PleoRefused,
)
from pleo_export.pleo.list_models import TagBody, TagGroup, TagGroupBody
from pleo_export.pleo.lists_client import PleoLists
from pleo_export.pleo.transport import PleoTransport
from pleo_simulator.fault_queue import Effect, Fault
from pleo_simulator.pleo_state import Company
from pleo_simulator.server import Simulator

COMPANY = "44444444-4444-4444-8444-444444444444"
OTHER = "55555555-5555-4555-8555-555555555555"
KEY = "plp_lists"


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
