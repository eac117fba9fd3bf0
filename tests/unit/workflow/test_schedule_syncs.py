"""The schedule of syncs: which companies it asks for, when, and what it leaves to its next run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pleo_export.accounting.lists import LedgerList
from pleo_export.errors import TryAgain
from pleo_export.services.sync_queue import SyncQueue
from pleo_export.settings import SyncSettings
from pleo_export.workflow.schedule_syncs import LOOKED_UP
from pleo_export.workflow.sync_times import QUIET_HOURS, SLOT, SLOTS_OF_HOUR, due, in_slot, slot_at
from pleo_simulator.fault_queue import Fault
from tests.system.in_process_system import OPERATOR, InProcessSystem, _entered
from tests.system.lambda_context import InvocationContext
from tests.unit.workflow.test_poll import Refusing

TAGS: dict[str, Any] = {"sync": {"dimensions": ["cost_centre"]}}
ALL: dict[str, Any] = {"sync": {"dimensions": ["cost_centre"], "accounts": True, "tax_codes": True, "vendors": True}}


def company(number: int) -> str:
    return f"{number:08d}-1111-4111-8111-111111111111"


def hour_of(system: InProcessSystem) -> Counter[str]:
    """Let the schedule run for an hour; how often each company was asked for."""
    asked: Counter[str] = Counter()
    for _ in range(SLOTS_OF_HOUR):
        system.schedule_syncs()
        asked.update(group for group, _ in system.queued_syncs())
        system.sleep(SLOT.total_seconds())
    return asked


# When a list is due: pure


@pytest.mark.parametrize("zone", ["Europe/Copenhagen", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"])
def test_every_list_is_due_once_a_day_at_a_quiet_hour_and_tags_every_hour(zone: str) -> None:
    settings = {**ALL, "time_zone": zone}
    begin = slot_at(datetime(2026, 11, 20, tzinfo=UTC))
    for number in range(30):
        slots = [slot for slot in range(begin, begin + 24 * SLOTS_OF_HOUR) if in_slot(company(number), slot)]
        lists_of = {slot: due(company(number), settings, slot).lists for slot in slots}

        assert len(slots) == 24
        assert all(LedgerList.TAGS in lists for lists in lists_of.values())
        (daily,) = [slot for slot, lists in lists_of.items() if len(lists) > 1]
        assert set(lists_of[daily]) == set(LedgerList)
        assert datetime.fromtimestamp(daily * 300, UTC).astimezone(ZoneInfo(zone)).hour in QUIET_HOURS


@pytest.mark.parametrize(
    "zone",
    [
        *("Europe/Copenhagen", "Europe/London", "Europe/Athens", "Atlantic/Azores", "America/New_York"),
        *("America/Santiago", "America/Nuuk", "Africa/Cairo", "Australia/Lord_Howe", "Antarctica/Troll"),
    ],
)
def test_no_day_is_without_a_quiet_hour(zone: str) -> None:
    """Clocks that are put forward skip an hour of the day."""
    begin, local = datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo(zone)
    hours = [(begin + timedelta(hours=each)).astimezone(local) for each in range(24 * 365)]
    for hour in QUIET_HOURS:
        assert len({each.date() for each in hours if each.hour == hour}) == 365


def test_companies_are_spread_over_the_hour() -> None:
    slots = Counter(next(slot for slot in range(SLOTS_OF_HOUR) if in_slot(company(n), slot)) for n in range(1_200))

    assert len(slots) == SLOTS_OF_HOUR
    assert max(slots.values()) < 1.5 * min(slots.values())


@pytest.mark.parametrize("raw", [{}, {"sync": {}}, {"sync": {"dimensions": "no list"}}, {"sync": None}])
def test_a_company_that_selects_nothing_is_never_due(raw: dict[str, Any]) -> None:
    assert {due(company(1), raw, slot).lists for slot in range(24 * SLOTS_OF_HOUR)} == {()}


def test_the_choice_of_a_company_is_validated_once_a_slot(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.connect(company(1), **TAGS)
    validate, seen = SyncSettings.model_validate, list[Any]()

    def noted(raw: Any) -> SyncSettings:
        seen.append(raw)
        return validate(raw)

    monkeypatch.setattr(SyncSettings, "model_validate", noted)

    assert hour_of(system) == {company(1): 1}
    assert len(seen) == 1


# The runs of the schedule


def test_given_companies_of_which_some_select_a_list_when_an_hour_passes_then_each_of_these_is_asked_for_once(
    system: InProcessSystem,
) -> None:
    for number in range(30):
        system.connect(company(number), **(TAGS if number % 3 else {}))

    asked = hour_of(system)

    assert asked == {company(number): 1 for number in range(30) if number % 3}


def test_given_a_company_that_chooses_no_tags_any_more_whose_sync_fails_then_its_groups_are_gone_by_the_next_day(
    system: InProcessSystem,
) -> None:
    """It is asked for until its groups are archived, once a day, and then never again."""
    connect_without(company(1), system)
    shown = [each["code"] for each in system.service.tags.groups(company(1))]
    assert shown == ["cost_centre"]
    system.service.faults.order(Fault(effect="status", status=503, path="/v0/tag-groups", count=1_000))
    first = days_of(system)
    system.service.faults.clear()

    second, third = days_of(system), days_of(system)

    assert (first[company(1)], second, third) == (1, {company(1): 1}, {})
    (group,) = system.service.tags.groups(company(1), include_archived=True)
    assert group["archived"]


def test_given_no_tags_chosen_any_more_and_another_list_then_both_are_asked_for_in_one(system: InProcessSystem) -> None:
    connect_without(company(1), system, sync={"vendors": True})

    assert days_of(system) == {company(1): 1}
    (group,) = system.service.tags.groups(company(1), include_archived=True)
    assert group["archived"]
    assert system.services.syncs.get(company(1), LedgerList.VENDORS) is not None


def test_given_tags_that_are_not_chosen_any_more_then_their_age_rings_no_alarm(
    system: InProcessSystem, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "PleoExport")
    connect_without(company(1), system)
    assert "SyncAgeSeconds" in capsys.readouterr().out  # while they were

    days_of(system)

    assert "SyncAgeSeconds" not in capsys.readouterr().out


def connect_without(company_id: str, system: InProcessSystem, **settings: Any) -> None:
    """Connect a company that has chosen tags before, whose groups are at Pleo, and does not choose them now."""
    system.connect(company_id, **TAGS)
    days_of(system)
    version = system.services.settings_history.next(
        company_id, _entered(company_id, **settings), OPERATOR, "1", system.clock.now()
    )
    secret = system.services.connection(company_id).secret_arn
    system.services.connections.put(version, secret, f"ledger of {company_id}")


def days_of(system: InProcessSystem) -> Counter[str]:
    """Let the schedule run for a day, and its requests too; how often each company was asked for."""
    asked: Counter[str] = Counter()
    for _ in range(24):
        system.sleep(3600)
        system.schedule_syncs()  # of all slots since
        asked.update(requested(system))
    return asked


def requested(system: InProcessSystem) -> Iterator[str]:
    """Run the syncs that are asked for to their ends: the company of each."""
    while taken := system.queued_syncs():
        for company_id, body in taken:
            system.handlers["sync"]({"Records": [{"body": json.dumps(body)}]}, None)
            if body["part"] == 0:
                yield company_id


def test_given_a_company_whose_grant_has_ended_then_it_is_not_asked_for(system: InProcessSystem) -> None:
    system.connect(company(1), **TAGS)
    system.connect(company(2), **TAGS)
    system.services.connections.delete(company(2))

    assert hour_of(system) == {company(1): 1}


def test_given_a_run_out_of_time_then_the_next_one_goes_on_behind_it_and_nobody_is_left_out(
    system: InProcessSystem,
) -> None:
    """Two looks at settings in the slot of the hour, of which the first run does one."""
    wanted = [company(number) for number in range(1_600) if in_slot(company(number), 0)]
    assert LOOKED_UP < len(wanted) < 2 * LOOKED_UP
    for each in wanted:
        _connected(system, each)
    system.sleep(-(system.clock.now().timestamp() % 3600))

    first = system.schedule_syncs(InvocationContext(lambda: 5_000))
    asked = [group for group, _ in system.queued_syncs()]
    system.sleep(60)
    second = system.schedule_syncs()
    asked += [group for group, _ in system.queued_syncs()]

    assert (first, second) == (LOOKED_UP, len(wanted) - LOOKED_UP)
    assert sorted(asked) == wanted
    system.sleep(60)
    assert system.schedule_syncs() == 0


@pytest.mark.parametrize(("missed", "asked"), [(timedelta(minutes=25), 1), (timedelta(hours=7), 1)])
def test_given_a_schedule_that_was_off_then_each_company_is_asked_for_once_when_it_is_on_again(
    system: InProcessSystem, missed: timedelta, asked: int
) -> None:
    for number in range(20):
        system.connect(company(number), **TAGS)
    hour_of(system)
    begin = system.clock.now()
    system.sleep(missed.total_seconds())

    system.schedule_syncs()

    counted = Counter(group for group, _ in system.queued_syncs())
    slots = range(slot_at(begin), slot_at(system.clock.now()) + 1)
    expected = {company(n) for n in range(20) if any(in_slot(company(n), slot) for slot in slots)}
    assert counted == dict.fromkeys(expected, asked)


def test_given_the_queue_goes_on_refusing_then_the_others_are_asked_for_and_the_function_fails(
    system: InProcessSystem,
) -> None:
    for number in range(40):
        system.connect(company(number), **TAGS)
    wanted = [company(n) for n in range(40) if in_slot(company(n), slot_at(system.clock.now()))]
    refusing = Refusing(wanted[:1], times=100)
    system.services.sync_queue = SyncQueue(refusing, system.sync_queue_url, system.sleep)  # type: ignore[arg-type]

    with pytest.raises(TryAgain):
        system.schedule_syncs()

    assert sorted(group for group, _ in system.queued_syncs()) == wanted[1:]


def test_given_the_same_slot_twice_then_the_queue_drops_the_second_request(system: InProcessSystem) -> None:
    """Lambda may call a function of a schedule twice."""
    for number in range(30):
        system.connect(company(number), **TAGS)
    position = system.services.sync_schedule.position()
    assert position is None

    system.schedule_syncs()
    system.services.table.delete_item(Key={"pk": "SCHEDULE", "sk": "SYNCS"})
    system.schedule_syncs()

    asked = [group for group, _ in system.queued_syncs()]
    assert len(asked) == len(set(asked)) > 0


def test_the_schedule_reads_settings_of_the_slot_s_companies_only_and_in_batches(system: InProcessSystem) -> None:
    for number in range(60):
        system.connect(company(number), **TAGS)

    with system.effects.of_function():
        system.effects.log.clear()
        system.schedule_syncs()

    counted = Counter(system.effects.log)
    assert counted["dynamodb BatchGetItem"] == 2  # settings, and the last syncs
    assert counted["sqs SendMessageBatch"] == 1
    assert counted["dynamodb GetItem"] == counted["dynamodb PutItem"] == 1


def _connected(system: InProcessSystem, company_id: str) -> None:
    """A connection's record, without all that belongs to it: there are many."""
    system.services.table.put_item(
        Item={
            "pk": f"COMPANY#{company_id}",
            "sk": "CONNECTION",
            "connected": "yes",
            "company_id": company_id,
            "settings": TAGS,
            "secret_arn": "arn",
        }
    )
