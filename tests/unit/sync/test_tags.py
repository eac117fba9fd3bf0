"""Tags follow the ledger's dimensions: what Pleo shows in the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pleo_export.accounting.errors import Unavailable
from pleo_export.accounting.lists import DimensionValue, LedgerList, NewSupplier
from pleo_export.failures.entry import FailureText
from pleo_export.settings import SyncSettings
from pleo_export.sync.plan import FindingKind, SyncAction
from pleo_export.sync.result import SyncResult
from pleo_export.sync.tag_groups import MARKER
from pleo_simulator.fault_queue import Fault
from tests.system.synced_company import COMPANY, KEY, TAGS, SyncedCompany, actions


def value(code: str, name: str = "", *, active: bool = True) -> DimensionValue:
    return DimensionValue(code, name or code.title(), active)


def kinds(result: SyncResult) -> set[FindingKind]:
    return {each.kind for each in result.findings}


@pytest.fixture
def company() -> SyncedCompany:
    """A company with one selected dimension of three values, and nothing at Pleo."""
    company = SyncedCompany(SyncSettings(dimensions=("DEPT",)))
    company.ledger.values["DEPT"] = [value("LON", "London"), value("CPH", "Copenhagen"), value("OLD", active=False)]
    company.ledger.names["DEPT"] = "Department"
    return company


def test_a_first_sync_makes_the_group_and_a_tag_for_each_open_value(company: SyncedCompany) -> None:
    result = company.sync(*TAGS)

    assert company.active_tags("DEPT") == {"LON": "London", "CPH": "Copenhagen"}
    group = company.groups()["DEPT"]
    assert (group["name"], group["archived"], group["metadata"]) == ("Department", False, dict(MARKER))
    assert result.finished
    assert result.applied == {SyncAction.CREATE_GROUP: 1, SyncAction.CREATE: 2}
    assert result.findings == ()


def test_a_second_sync_does_nothing(company: SyncedCompany) -> None:
    company.sync(*TAGS)
    result = company.sync(*TAGS)

    assert [plan.steps for plan in result.plans] == [()]
    assert result.applied == {}


def test_a_dry_run_shows_the_plan_and_changes_nothing(company: SyncedCompany) -> None:
    result = company.sync(*TAGS, dry_run=True)

    assert actions(result) == [("create group", ["DEPT"]), ("create", ["CPH", "LON"])]
    assert company.groups() == {}
    assert not any("POST" in each or "PUT" in each for each in company.effects.log)


def test_what_is_renamed_closed_and_added_in_the_ledger_is_so_at_pleo(company: SyncedCompany) -> None:
    company.sync(*TAGS)
    company.ledger.values["DEPT"] = [value("LON", "London City"), value("CPH", active=False), value("MAD", "Madrid")]
    result = company.sync(*TAGS)

    assert company.active_tags("DEPT") == {"LON": "London City", "MAD": "Madrid"}
    assert len(company.tags("DEPT")) == 3
    assert result.applied == {SyncAction.CREATE: 1, SyncAction.UPDATE: 1, SyncAction.ARCHIVE: 1}


def test_a_value_that_is_opened_again_gets_its_tag_back(company: SyncedCompany) -> None:
    company.sync(*TAGS)
    company.ledger.change_value("DEPT", "CPH", active=False)
    company.sync(*TAGS)
    company.ledger.change_value("DEPT", "CPH", active=True, name="København")
    company.sync(*TAGS)

    assert company.active_tags("DEPT") == {"LON": "London", "CPH": "København"}
    assert len(company.tags("DEPT")) == 2


def test_a_group_made_by_hand_is_used_whatever_its_case_and_name(company: SyncedCompany) -> None:
    """An expense is booked by the group's code exactly, so that becomes the dimension's; the name is people's."""
    company.put_group("dept", ("lon", "London"), name="Team", metadata={"owner": "someone"})
    company.sync(*TAGS)

    assert set(company.groups()) == {"DEPT"}
    assert company.groups()["DEPT"]["name"] == "Team"
    assert company.groups()["DEPT"]["metadata"] == {"owner": "someone"}
    assert company.active_tags("DEPT") == {"LON": "London", "CPH": "Copenhagen"}


def test_an_archived_group_of_a_selected_dimension_is_unarchived_with_its_metadata(company: SyncedCompany) -> None:
    company.put_group("DEPT", archived=True, metadata={"owner": "someone"})
    result = company.sync(*TAGS)

    group = company.groups()["DEPT"]
    assert (group["archived"], group["metadata"]) == (False, {"owner": "someone"})
    assert result.applied[SyncAction.UNARCHIVE_GROUP] == 1


def test_a_deselected_dimension_is_archived_and_comes_back_with_its_tags(company: SyncedCompany) -> None:
    company.sync(*TAGS)
    company.settings = SyncSettings()
    company.sync(*TAGS)
    assert company.groups()["DEPT"]["archived"]
    assert len(company.active_tags("DEPT")) == 2  # they stay as they are

    company.settings = SyncSettings(dimensions=("DEPT",))
    company.sync(*TAGS)
    assert not company.groups()["DEPT"]["archived"]


def test_a_foreign_group_is_left_alone_and_found(company: SyncedCompany) -> None:
    company.put_group("PROJECTS", "P1", metadata={"managed_by": "somebody-else"})
    result = company.sync(*TAGS)

    assert not company.groups()["PROJECTS"]["archived"]
    assert FindingKind.FOREIGN_GROUP in kinds(result)
    (held,) = [plan for plan in result.plans if plan.group == "PROJECTS"]
    assert [step.action for step in held.held_back] == [SyncAction.ARCHIVE_GROUP]
    assert not held.waits  # it is meant to stay: no alarm, and no plan that doctor asks about


@pytest.mark.parametrize("way", ["settings", "hash"])
def test_a_foreign_group_is_archived_once_a_person_has_confirmed_it(company: SyncedCompany, way: str) -> None:
    company.put_group("PROJECTS", metadata={"owner": "someone"})
    (plan,) = [each for each in company.sync(*TAGS).plans if each.group == "PROJECTS"]
    if way == "settings":
        company.settings = SyncSettings(dimensions=("DEPT",), foreign_groups=("projects",))
    result = company.sync(*TAGS, confirm=plan.hash if way == "hash" else None)

    assert company.groups()["PROJECTS"]["archived"]
    assert company.groups()["PROJECTS"]["metadata"] == {"owner": "someone"}
    assert kinds(result) == set()


def test_nobody_is_told_of_foreign_groups_where_no_dimension_is_selected(company: SyncedCompany) -> None:
    company.put_group("PROJECTS")
    company.settings = SyncSettings()

    assert company.sync(*TAGS).findings == ()


def test_codes_that_collide_or_are_empty_or_too_long_are_findings_and_the_rest_goes_on(company: SyncedCompany) -> None:
    company.put_group("DEPT", ("twin", "By hand"))
    company.ledger.values["DEPT"] += [
        value("TWIN", "One"),
        value("Twin", "Other"),
        value("", "Nameless"),
        value("x" * 256),
    ]
    result = company.sync(*TAGS)

    assert company.active_tags("DEPT") == {"LON": "London", "CPH": "Copenhagen", "twin": "By hand"}
    assert kinds(result) == {FindingKind.COLLISION, FindingKind.EMPTY_CODE, FindingKind.CODE_TOO_LONG}
    (collision,) = [each for each in result.findings if each.kind is FindingKind.COLLISION]
    assert "One (TWIN) and Other (Twin)" in collision.told


def test_names_of_any_length_and_script_are_shown(company: SyncedCompany) -> None:
    long, emoji = "n" * 10_000, "🏢" * 300
    company.ledger.values["DEPT"] = [
        value("A", long),
        value("B", "\u202eשלום"),
        value("C", emoji),
        value("D", "\u200f"),
    ]
    result = company.sync(*TAGS)
    shown = company.active_tags("DEPT")

    assert shown["A"] == "n" * 254 + "…"
    assert shown["B"] == "שלום"
    assert shown["C"] == "🏢" * 127 + "…"
    assert shown["D"] == "D"
    assert [each.kind for each in result.findings] == [FindingKind.NAME_CUT] * 2
    assert company.sync(*TAGS).applied == {}


@pytest.mark.parametrize("name", ["", "   ", "\x00\x07\x1b", "\u200f\u202e", "\ud800", "London", "LONDON", "n" * 9_999])
def test_a_name_of_any_kind_costs_no_other_tag(company: SyncedCompany, name: str) -> None:
    company.ledger.values["DEPT"].append(value("ODD", name))
    company.sync(*TAGS)

    shown = company.active_tags("DEPT")
    assert shown.items() >= {"LON": "London", "CPH": "Copenhagen"}.items()
    assert shown["ODD"].strip()
    assert shown["ODD"].isprintable()
    assert len(shown["ODD"]) <= 255
    assert company.sync(*TAGS).applied == {}


@pytest.mark.parametrize("code", ["", "   ", "\x00\x07", "\u200f", "\ud800", "lon", " LON ", "x" * 256])
def test_a_code_that_pleo_cannot_take_is_told_with_its_name_and_costs_no_other_tag(
    company: SyncedCompany, code: str
) -> None:
    company.sync(*TAGS)
    company.ledger.values["DEPT"] += [value(code, "Odd one"), value("NEW", "New one")]
    result = company.sync(*TAGS)

    assert company.active_tags("DEPT") == {"LON": "London", "CPH": "Copenhagen", "NEW": "New one"}
    (finding,) = result.findings
    assert "Odd one" in finding.told
    assert company.sync(*TAGS).applied == {}


def test_an_empty_list_archives_nothing_until_exactly_that_is_confirmed(company: SyncedCompany) -> None:
    company.sync(*TAGS)
    company.ledger.values["DEPT"] = []
    held = company.sync(*TAGS)
    assert len(company.active_tags("DEPT")) == 2
    assert kinds(held) == {FindingKind.SHRUNK}

    (plan,) = held.plans
    assert [step.key for step in plan.held_back] == ["CPH", "LON"]
    assert company.sync(*TAGS, confirm="0" * 16).applied == {}
    confirmed = company.sync(*TAGS, confirm=plan.hash)
    assert company.active_tags("DEPT") == {}
    assert confirmed.findings == ()


def test_a_shrunken_list_creates_and_renames_but_archives_nothing(company: SyncedCompany) -> None:
    company.put_group("DEPT", ("LON", "Old name"), *[f"G{number}" for number in range(11)])
    result = company.sync(*TAGS)

    assert kinds(result) == {FindingKind.SHRUNK}
    assert len(company.active_tags("DEPT")) == 13
    assert company.active_tags("DEPT")["LON"] == "London"
    assert result.applied == {SyncAction.CREATE: 1, SyncAction.UPDATE: 1}


def test_a_plan_shows_how_often_what_it_archives_is_used(company: SyncedCompany) -> None:
    company.put_group("DEPT", "LON", "GONE")
    line = {"tags": [{"code": "gone", "groupCode": "DEPT"}]}
    company.pleo.tags._expenses = lambda _company: [{"accountingEntryLines": [line]}] * 41
    result = company.sync(*TAGS, dry_run=True)

    (step,) = [each for each in result.plans[0].steps if each.action is SyncAction.ARCHIVE]
    assert (step.key, step.used_by) == ("GONE", 41)


def test_a_dimension_that_is_gone_is_found_and_its_group_archived_once_confirmed(company: SyncedCompany) -> None:
    company.sync(*TAGS)
    del company.ledger.values["DEPT"]
    held = company.sync(*TAGS)
    assert kinds(held) == {FindingKind.DIMENSION_GONE, FindingKind.SHRUNK}
    assert not company.groups()["DEPT"]["archived"]

    company.sync(*TAGS, confirm=held.plans[0].hash)
    assert company.groups()["DEPT"]["archived"]


def test_a_ledger_list_that_ends_early_changes_nothing_of_that_list_and_stops_no_other(company: SyncedCompany) -> None:
    company.settings = SyncSettings(dimensions=("DEPT",), accounts=True, tax_codes=True, vendors=True)
    company.put_group("DEPT", "GONE")
    company.ledger.fails[LedgerList.TAGS] = Unavailable(FailureText("away", "The ledger is away."))
    company.ledger.enter(_supplier())
    result = company.sync()

    assert company.active_tags("DEPT") == {"GONE": "GONE"}
    assert kinds(result) == {FindingKind.LIST_INCOMPLETE}
    assert [each["externalId"] for each in company.rows("vendors")] == ["S1"]


def test_pages_of_pleo_that_end_early_change_nothing(company: SyncedCompany) -> None:
    company.put_group("DEPT", *[f"T{number}" for number in range(3)])
    company.pleo.faults.order(Fault(effect="list_cut", path="/v0/tag-groups/.*/tags"))
    result = company.sync(*TAGS)

    assert len(company.active_tags("DEPT")) == 3
    assert kinds(result) == {FindingKind.LIST_INCOMPLETE}


def test_a_group_that_is_full_is_found_and_other_groups_go_on(company: SyncedCompany) -> None:
    company.pleo.tags.max_active = 4
    company.settings = SyncSettings(dimensions=("DEPT", "PROJ"))
    company.ledger.values["DEPT"] = [value(f"D{number}") for number in range(9)]
    company.ledger.values["PROJ"] = [value("P1")]
    result = company.sync(*TAGS)

    (finding,) = result.findings
    assert (finding.kind, finding.key) == (FindingKind.TOO_MANY_TAGS, "DEPT")
    assert "5 are missing" in finding.told
    assert len(company.active_tags("DEPT")) == 4
    assert company.active_tags("PROJ") == {"P1": "P1"}
    assert sum("/tags" in each and "POST" in each for each in company.effects.log) == 4 + 3 + 1


def test_room_that_archives_make_is_used_in_the_same_run(company: SyncedCompany) -> None:
    company.pleo.tags.max_active = 4
    company.put_group("DEPT", "A", "B", "C", "D")
    company.ledger.values["DEPT"] = [value(code) for code in ("A", "E", "F", "G")]
    result = company.sync(*TAGS)

    assert set(company.active_tags("DEPT")) == {"A", "E", "F", "G"}
    assert result.findings == ()


def test_a_tag_that_pleo_does_not_like_stops_no_other(company: SyncedCompany) -> None:
    company.put_group("DEPT")
    company.pleo.faults.order(Fault(effect="status", status=400, path="/v0/tag-groups/.*/tags", method="POST"))
    result = company.sync(*TAGS)

    assert company.active_tags("DEPT") == {"LON": "London"}
    assert [(each.kind, each.key) for each in result.findings] == [(FindingKind.REFUSED, "CPH")]


def test_a_tag_that_somebody_made_meanwhile_is_read_again_and_used(company: SyncedCompany) -> None:
    group = company.put_group("DEPT")
    company.effects.on("before pleo POST", lambda: company.put_tag(group, "cph", "By hand", archived=True))
    result = company.sync(*TAGS)

    assert company.active_tags("DEPT") == {"LON": "London", "CPH": "Copenhagen"}
    assert len(company.tags("DEPT")) == 2
    assert result.findings == ()


def test_a_group_that_somebody_made_meanwhile_is_read_again_and_used(company: SyncedCompany) -> None:
    company.effects.on("before pleo POST", lambda: company.put_group("Dept", name="By hand"))
    result = company.sync(*TAGS)

    assert company.groups()["DEPT"]["name"] == "By hand"
    assert len(company.active_tags("DEPT")) == 2
    assert result.findings == ()


def test_a_right_that_is_missing_is_a_finding_and_other_lists_go_on(company: SyncedCompany) -> None:
    company.settings = SyncSettings(dimensions=("DEPT",), vendors=True)
    company.pleo.credentials.add_key(KEY, COMPANY, frozenset({"tag-group:read", "vendors:read", "vendors:write"}))
    company.ledger.enter(_supplier())
    result = company.sync()

    (finding,) = result.findings
    assert finding.kind is FindingKind.SCOPE_MISSING
    assert "tag-group:write" in finding.told
    assert len(company.rows("vendors")) == 1


def test_pleo_that_limits_its_requests_is_waited_for(company: SyncedCompany) -> None:
    fault = Fault(effect="rate_limit", retry_after=30, path="/v0/tag-groups/.*/tags", method="POST", count=3)
    company.pleo.faults.order(fault)
    begun = company.clock()
    result = company.sync(*TAGS)

    assert len(company.active_tags("DEPT")) == 2
    assert (company.clock() - begun).total_seconds() >= 90
    assert (result.finished, result.findings) == (True, ())


def test_pleo_that_does_not_answer_is_given_up_soon_and_tried_again_later(company: SyncedCompany) -> None:
    company.ledger.values["DEPT"] = [value(f"D{number}") for number in range(50)]
    company.put_group("DEPT")
    fault = Fault(effect="status", status=503, path="/v0/tag-groups/.*/tags", method="POST", count=40)
    company.pleo.faults.order(fault)
    result = company.sync(*TAGS)

    assert (result.finished, kinds(result)) == (False, {FindingKind.INTERRUPTED})
    assert result.wait > 0
    assert sum("POST" in each for each in company.effects.log) == 3
    company.pleo.faults.clear()
    assert company.sync_until_finished(*TAGS)[-1].findings == ()
    assert len(company.active_tags("DEPT")) == 50


def test_a_run_ends_in_time_and_the_next_goes_on(company: SyncedCompany) -> None:
    company.ledger.values["DEPT"] = [value(f"D{number}") for number in range(30)]
    company.effects.before = _slow(company, 50)  # type: ignore[assignment, method-assign]
    results = company.sync_until_finished(*TAGS)

    assert len(results) == 3
    assert [result.finished for result in results] == [False, False, True]
    assert all(result.wait == 0 for result in results)
    assert sum(result.applied[SyncAction.CREATE] for result in results) == 30
    assert len(company.tags("DEPT")) == 30


def test_only_the_dimension_that_is_asked_for_is_synced(company: SyncedCompany) -> None:
    company.settings = SyncSettings(dimensions=("DEPT", "PROJ"))
    company.ledger.values["PROJ"] = [value("P1")]
    company.put_group("OTHER")
    result = company.sync(*TAGS, dimension="PROJ")

    assert set(company.groups()) == {"PROJ", "OTHER"}
    assert result.findings == ()


@pytest.mark.parametrize("size", [0, 1])
def test_a_list_of_any_size_is_synced(company: SyncedCompany, size: int) -> None:
    company.ledger.values["DEPT"] = [value(f"D{number}") for number in range(size)]
    company.sync(*TAGS)

    assert len(company.active_tags("DEPT")) == size


def _slow(company: SyncedCompany, seconds: float) -> Callable[[str], None]:
    def before(effect: str) -> None:
        if effect.startswith("pleo"):
            company.sleep(seconds)

    return before


def _supplier() -> NewSupplier:
    return NewSupplier("key", "Harbour Print", "GBP")
