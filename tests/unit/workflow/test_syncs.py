"""A sync, from what asks for it to what people find in Pleo: by hand, by a vendor made in Pleo, by failed items."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import requests

from pleo_export.accounting.errors import Unavailable
from pleo_export.accounting.lists import LedgerList
from pleo_export.services.background_calls import CALLS_BESIDE_AN_EXPORT
from pleo_export.services.messages import SyncRequest
from pleo_export.store.syncs import SyncRun
from pleo_export.workflow.refreshed_lists import REFRESHED, with_refresh
from pleo_export.workflow.run_sync import MOST_PARTS_IN_VAIN
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.aws import client
from tests.system.effects import Killed
from tests.system.expenses import FIRST_DAY, entry_id, purchases
from tests.system.in_process_system import InProcessSystem, oauth_client_id
from tests.system.lambda_context import InvocationContext
from tests.unit.workflow.test_webhook import created, deliver, headers


def of_london(key: str) -> dict[str, Any]:
    """An expense with the tag of the cost centre London."""
    line = Line(1845, "6300", "GB20", ("LON",))
    return export_item(NORTHGATE, Expense(key, "card_purchase", (line,), supplier="Pret A Manger"), FIRST_DAY)


def ask(system: InProcessSystem, *lists: LedgerList, company: str = NORTHGATE, run: str = "run-1", **more: Any) -> None:
    """As `connect` and `pleo-export sync` do."""
    wanted = lists or (LedgerList.TAGS,)
    request = SyncRequest(company_id=company, lists=wanted, run_id=run, reason="by_hand", **more)
    system.services.sync_queue.send(request, once_per=f"{company}-{run}")


def last(system: InProcessSystem, synced: LedgerList = LedgerList.TAGS, company: str = NORTHGATE) -> SyncRun:
    found = system.services.syncs.get(company, synced)
    assert found is not None
    return found


def tags(system: InProcessSystem, group: str = "cost_centre", company: str = NORTHGATE) -> dict[str, str]:
    """The active tags of a group at Pleo, names by code."""
    (found,) = [each for each in system.service.tags.groups(company) if each["code"] == group]
    return {
        each["code"]: each["name"]
        for each in system.service.tags.of_group(company, found["id"])
        if not each["archived"]
    }


def test_given_a_request_when_it_is_delivered_then_pleo_has_the_ledger_s_values_and_the_run_is_on_record(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"]})
    ask(system)

    assert system.deliver_syncs() == ["done"]

    assert tags(system) == {"LON": "London", "CPH": "Copenhagen", "MAD": "Madrid"}
    run = last(system)
    assert (run.run_id, run.reason, run.failure) == ("run-1", "by_hand", None)
    assert (run.changes, run.findings) == ({"create_group": 1, "create": 3}, {})
    assert run.good_at == run.ended_at is not None


# What becomes of a request


def test_given_a_second_run_when_nothing_has_changed_then_it_writes_nothing_at_pleo(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"]})
    ask(system)
    system.deliver_syncs()
    system.service.requests.clear()

    ask(system, run="run-2")
    system.deliver_syncs()

    assert {each["method"] for each in system.service.requests} == {"GET"}
    assert (last(system).run_id, last(system).changes) == ("run-2", {})


def test_given_a_company_that_is_gone_or_a_list_that_is_not_selected_then_nothing_is_synced(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"]})
    system.connect(HAVN)
    system.services.connections.delete(NORTHGATE)
    ask(system)
    ask(system, LedgerList.ACCOUNTS, company=HAVN)

    assert sorted(system.deliver_syncs()) == ["nothing_selected", "unknown_company"]

    assert system.service.tags.groups(NORTHGATE) == []
    assert system.failed_syncs() == []


def test_given_a_grant_that_has_ended_then_the_request_is_dropped_until_a_person_has_connected_again(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"]})
    system.authorise(NORTHGATE)
    system.service.oauth.revoke(oauth_client_id())
    system.sleep(3600)
    ask(system)

    assert system.deliver_syncs() == ["reconnect"]
    assert system.failed_syncs() == []


def test_given_a_ledger_whose_list_ends_early_then_nothing_is_archived_and_the_other_list_is_synced(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"], "accounts": True})
    ask(system)
    system.deliver_syncs()
    books.ledger.lists.close_value("cost_centre", "LON")
    books.ledger.lists.put_value("cost_centre", "OSL", "Oslo")
    system.effects.on("before books list tags", Unavailable("The ledger does not answer."))
    before = last(system).good_at
    system.sleep(60)

    ask(system, LedgerList.TAGS, LedgerList.ACCOUNTS, run="run-2")
    assert system.deliver_syncs() == ["done"]

    assert tags(system) == {"LON": "London", "CPH": "Copenhagen", "MAD": "Madrid"}
    run = last(system)
    assert (run.changes, run.findings, run.found) == (
        {},
        {"list_incomplete": 1},
        (("list_incomplete", "cost_centre"),),
    )
    assert run.good_at == before
    accounts = last(system, LedgerList.ACCOUNTS)
    assert accounts.good_at is not None
    assert accounts.changes["create"] > 0


def test_given_a_fault_that_nobody_foresaw_then_the_request_comes_again_and_ends_in_the_dead_letters(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"]})
    system.connect(HAVN, sync={"dimensions": ["cost_centre"]})
    system.effects.on("before books list tags", ZeroDivisionError(), times=3)
    ask(system)

    assert system.deliver_syncs() == ["Unexpected"] * 3

    (dead,) = system.failed_syncs()
    assert json.loads(dead)["runId"] == "run-1"
    run = last(system)
    assert (run.failure, run.good_at, run.ended_at) == ("Unexpected", None, None)
    ask(system, company=HAVN, run="run-2")
    assert system.deliver_syncs() == ["done"]
    ask(system, run="run-3")
    assert system.deliver_syncs() == ["done"]
    assert last(system).failure is None


def test_given_a_message_that_is_none_of_ours_then_it_keeps_no_other_waiting_and_ends_in_the_dead_letters(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"]})
    client("sqs").send_message(
        QueueUrl=system.sync_queue_url, MessageBody="{", MessageGroupId="x", MessageDeduplicationId="x"
    )
    ask(system)

    assert sorted(system.deliver_syncs()) == ["InvalidEvent"] * 3 + ["done"]
    assert system.failed_syncs() == ["{"]


def test_two_syncs_of_one_company_never_overlap_and_keep_no_other_waiting(system: InProcessSystem) -> None:
    """The queue gives none of a company's requests out while one is being worked on."""
    for company in (NORTHGATE, HAVN):
        ask(system, company=company, run=f"first-{company[0]}")
        ask(system, company=company, run=f"second-{company[0]}")
    receive = partial(
        client("sqs").receive_message, QueueUrl=system.sync_queue_url, MessageSystemAttributeNames=["MessageGroupId"]
    )

    received = [message for _ in range(4) for message in receive().get("Messages", [])]

    groups = [each["Attributes"]["MessageGroupId"] for each in received]
    assert sorted(groups) == sorted([NORTHGATE, HAVN])
    assert {json.loads(each["Body"])["runId"].partition("-")[0] for each in received} == {"first"}


# Runs that take longer than a function


def test_given_more_tags_than_a_function_has_time_for_then_the_run_goes_on_and_is_one_run(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, sync={"dimensions": ["project"]})
    for number in range(300):
        books.ledger.lists.put_value("project", f"N{number}", f"Number {number}")
    _with_time_limit(system)
    ask(system)

    outcomes = system.deliver_syncs()

    assert outcomes == ["continued"] * (len(outcomes) - 1) + ["done"]
    assert len(outcomes) > 1
    assert len(tags(system, "project")) == 302
    run = last(system)
    assert (run.run_id, run.part) == ("run-1", len(outcomes) - 1)
    assert run.changes == {"create_group": 1, "create": 302}
    assert run.ended_at is not None
    assert (run.ended_at - run.started_at).total_seconds() > 60


def test_given_pleo_that_goes_on_being_silent_then_the_run_is_given_up_until_its_next_time(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"]})
    system.service.faults.order(Fault(effect="status", status=503, count=10_000))
    ask(system)

    outcomes = system.deliver_syncs()

    assert outcomes == ["continued"] * (MOST_PARTS_IN_VAIN - 1) + ["given_up"]
    assert sum(system.pauses) > 60 * (MOST_PARTS_IN_VAIN - 1)
    assert (last(system).good_at, set(last(system).findings)) == (None, {"interrupted"})
    assert system.failed_syncs() == []


def test_given_little_time_left_for_another_list_then_it_is_left_to_the_next_part(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"], "accounts": True})
    ask(system, LedgerList.TAGS, LedgerList.ACCOUNTS)
    left = iter([900_000.0])
    (message,) = client("sqs").receive_message(QueueUrl=system.sync_queue_url)["Messages"]
    hurried = InvocationContext(lambda: next(left, 80_000.0))

    outcome = system.handlers["sync"]({"Records": [{"body": message["Body"]}]}, hurried)

    assert outcome == {"outcome": "continued"}
    client("sqs").delete_message(QueueUrl=system.sync_queue_url, ReceiptHandle=message["ReceiptHandle"])
    ((_, following),) = system.queued_syncs()
    assert (following["runId"], following["part"], following["lists"]) == ("run-1", 1, ["accounts"])


def _with_time_limit(system: InProcessSystem) -> None:
    """Let each call of the function end when its 900 seconds are over, on the shared clock; each request to Pleo takes
    four seconds."""
    sync = system.handlers["sync"]

    def limited(event: Any, _context: Any) -> Any:
        ends = system.clock.now() + timedelta(seconds=900)
        return sync(event, InvocationContext(lambda: (ends - system.clock.now()) / timedelta(milliseconds=1)))

    system.handlers["sync"] = limited
    system.effects.on("before pleo", partial(system.clock.advance, timedelta(seconds=4)), times=10_000)


# What it leaves: plans, and archives that wait for a person


def test_a_group_that_was_made_by_hand_is_no_plan_that_waits_for_a_person(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, sync={"dimensions": ["project"]})
    by_hand = {"companyId": NORTHGATE, "code": "regions", "name": "Regions", "archived": False, "metadata": {}}
    system.service.tags.create_group(NORTHGATE, by_hand)
    ask(system)
    system.deliver_syncs()

    run = last(system)
    assert (run.findings, run.found) == ({"foreign_group": 1}, (("foreign_group", "regions"),))
    assert [plan.held_back for plan in run.plans if plan.group == "regions"] == [0]


def test_given_a_ledger_that_has_lost_most_of_its_values_then_nothing_is_archived_until_a_person_confirms_the_plan(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, sync={"dimensions": ["project"]})
    for number in range(20):
        books.ledger.lists.put_value("project", f"N{number}", f"Number {number}")
    ask(system)
    system.deliver_syncs()
    for number in range(20):
        del books.ledger.lists.values["project"][f"N{number}"]

    ask(system, run="run-2")
    system.deliver_syncs()

    assert len(tags(system, "project")) == 22
    (plan,) = last(system).plans
    assert (plan.group, plan.held_back, last(system).findings) == ("project", 20, {"shrunk": 1})
    assert last(system).good_at is not None  # both lists were read, and all else is done

    ask(system, run="run-3", confirm=plan.hash)
    system.deliver_syncs()

    assert len(tags(system, "project")) == 2
    assert last(system).confirmed == plan.hash


@pytest.mark.parametrize("end", ["killed", "out of time", "no answer"])
def test_given_confirmed_archives_that_are_interrupted_then_the_run_goes_on_with_the_rest_without_asking_again(
    system: InProcessSystem, end: str
) -> None:
    held = held_back(system, 250)
    archives = "before pleo POST /v0/tags/archive"
    if end == "killed":
        system.effects.on(archives, Killed(), nth=2)
    if end == "out of time":
        system.effects.on(archives, partial(system.sleep, 800))
    if end == "no answer":
        system.effects.on(archives, requests.ReadTimeout(), nth=2, times=4)
    ask(system, run="run-3", confirm=held)

    system.deliver_syncs()

    assert tags(system, "project") == {}
    assert last(system).findings == {}
    confirmed = [lines for lines in kept(system, "run-3") if lines[0]["confirmed"]]
    archived = [{step["key"] for step in steps} for _, *steps in confirmed]
    assert sorted(map(len, archived), reverse=True) == [250, 100 if end == "no answer" else 150]


def test_given_confirmed_archives_that_are_interrupted_when_one_more_would_go_then_the_rest_is_held_back(
    system: InProcessSystem,
) -> None:
    held = held_back(system, 250)
    (group,) = [each for each in system.service.tags.groups(NORTHGATE) if each["code"] == "project"]
    one_more = {"archived": False, "code": "BY-HAND", "name": "By hand"}

    def made_by_hand_as_the_function_ends() -> None:
        system.service.tags.create(NORTHGATE, group["id"], one_more)
        raise Killed

    system.effects.on("before pleo POST /v0/tags/archive", made_by_hand_as_the_function_ends, nth=2)
    ask(system, run="run-3", confirm=held)

    system.deliver_syncs()

    assert len(tags(system, "project")) == 250 - 100 + 1
    assert last(system).findings == {"shrunk": 1}
    assert last(system).plans[0].held_back == 151


def test_given_a_run_that_is_tried_again_then_the_plans_of_all_attempts_are_kept(system: InProcessSystem) -> None:
    held = held_back(system, 250)
    system.effects.on("before pleo POST /v0/tags/archive", Killed(), nth=2)
    ask(system, run="run-3", confirm=held)

    system.deliver_syncs()

    assert sorted(len(lines) - 1 for lines in kept(system, "run-3")) == [150, 250]


def kept(system: InProcessSystem, run: str) -> list[list[Mapping[str, Any]]]:
    """The plans of a run that are in the bucket, its findings too."""
    plans = system.services.sync_plans
    return [lines for lines in map(plans.read, plans.of_company(NORTHGATE)) if lines[0]["runId"] == run]


def held_back(system: InProcessSystem, number: int) -> str:
    """A company whose ledger has lost all of its values: the hash of the plan that waits for a person."""
    books = system.connect(NORTHGATE, sync={"dimensions": ["project"]})
    values = books.ledger.lists.values["project"]
    values.clear()
    for each in range(number):
        books.ledger.lists.put_value("project", f"N{each}", f"Number {each}")
    ask(system)
    system.deliver_syncs()
    values.clear()
    ask(system, run="run-2")
    system.deliver_syncs()
    (plan,) = last(system).plans
    assert plan.held_back == number
    return plan.hash


def test_given_a_run_that_changes_something_then_its_plan_is_in_the_bucket_before_pleo_is_changed(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"]})
    ask(system)
    system.deliver_syncs()
    books.ledger.lists.close_value("cost_centre", "LON")
    system.service.faults.order(Fault(effect="status", status=403, method="POST", path="/v0/tags/archive"))

    ask(system, run="run-2")
    system.deliver_syncs()

    assert "LON" in tags(system)  # a right was missing: the plan is kept all the same
    head, step = next(lines for lines in kept(system, "run-2") if "finding" not in lines[1])
    assert (head["reason"], head["list"], head["group"], head["confirmed"]) == ("by_hand", "tags", "cost_centre", False)
    assert (step["action"], step["key"], step["heldBack"], step["usedBy"]) == ("archive", "LON", False, 0)
    assert step["reason"] == "closed in the ledger"


def test_given_a_run_that_has_nothing_to_do_then_no_plan_is_kept(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"]})
    for run in ("run-1", "run-2"):
        ask(system, run=run)
        system.deliver_syncs()

    assert len(list(system.services.sync_plans.of_company(NORTHGATE))) == 1


# A vendor that is made in Pleo


def test_given_a_vendor_made_in_pleo_when_its_webhook_comes_then_the_ledger_has_the_supplier_and_pleo_its_number(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, sync={"vendors": True})
    vendor = system.service.vendors.make(NORTHGATE, "Blue Bottle Coffee", "GBP")
    body = created(eventType="v1.vendor.created", data={"id": vendor["id"], "companyId": NORTHGATE})
    for _ in range(2):  # Pleo repeats it
        assert deliver(system, body, headers(system, body)) == 202

    assert system.deliver_syncs() == ["done"]

    (supplier,) = [each.supplier for each in books.ledger.lists.suppliers if "Blue" in each.supplier.name]
    (known,) = [each for each in system.service.vendors.rows.of(NORTHGATE) if each["id"] == vendor["id"]]
    assert (known["externalId"], known["code"], known["state"]) == (supplier.id, supplier.code, "ACTIVE")
    assert system.queued() == []  # no export is woken
    assert last(system, LedgerList.VENDORS).good_at is None  # it was about one vendor


@pytest.mark.parametrize("data", [{"id": "x", "companyId": NORTHGATE}, {"companyId": NORTHGATE}, {}])
def test_given_a_vendor_event_that_names_no_vendor_then_it_is_taken_and_nothing_is_asked_for(
    system: InProcessSystem, data: dict[str, str]
) -> None:
    system.connect(NORTHGATE, sync={"vendors": True})
    body = created(eventType="v1.vendor.created", data=data)

    assert deliver(system, body, headers(system, body)) == 202
    assert system.queued_syncs() == []


# Failed items


@pytest.mark.parametrize("selected", [True, False])
def test_given_items_whose_tag_the_ledger_does_not_have_then_the_tags_are_synced_at_once_where_they_are_synced(
    system: InProcessSystem, selected: bool
) -> None:
    sync = {"dimensions": ["cost_centre"]} if selected else {}
    books = system.connect(NORTHGATE, [of_london("one"), of_london("two")], sync=sync)
    books.ledger.lists.close_value("cost_centre", "LON")
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    failures = system.failures(job).values()
    assert [kind for kind, _ in failures] == ["tag_unknown"] * 2
    assert {reason.endswith(REFRESHED) for _, reason in failures} == {selected}
    asked = [(body["lists"], body["reason"]) for _, body in system.queued_syncs()]
    assert asked == ([(["tags"], "failed_items")] if selected else [])


def test_given_exports_that_fail_one_after_the_other_then_a_list_is_asked_for_once_in_ten_minutes(
    system: InProcessSystem,
) -> None:
    item = of_london("one")
    books = system.connect(NORTHGATE, [item], sync={"dimensions": ["cost_centre"]})
    books.ledger.lists.close_value("cost_centre", "LON")
    asked = []
    for _ in range(5):
        system.export(NORTHGATE, [entry_id(item)])
        system.run(NORTHGATE)
        asked.append(len(system.queued_syncs()))
        system.sleep(240)

    assert asked == [1, 0, 0, 1, 0]


def test_given_a_queue_that_does_not_answer_then_the_export_ends_all_the_same(system: InProcessSystem) -> None:
    books = system.connect(NORTHGATE, [of_london("one")], sync={"dimensions": ["cost_centre"]})
    books.ledger.lists.close_value("cost_centre", "LON")
    job = system.export(NORTHGATE)
    system.effects.on("before sqs SendMessage", ZeroDivisionError())

    system.run(NORTHGATE)

    assert system.job(job)["status"] == "failed"
    assert system.queued_syncs() == []


def test_a_text_that_would_be_cut_says_nothing_of_a_refresh() -> None:
    synced = {LedgerList.TAGS}
    assert with_refresh("x" * 400, "tag_unknown", synced) == f"{'x' * 400} {REFRESHED}"
    assert with_refresh("x" * 450, "tag_unknown", synced) == "x" * 450
    assert with_refresh("why", "account_unknown", synced) == "why"
    assert with_refresh("why", "validation_failure", synced) == "why"
    assert with_refresh(None, None, synced) is None


# An export meanwhile


def test_given_an_export_that_runs_then_the_company_s_sync_sends_a_hundred_requests_a_minute_and_the_export_goes_on(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, purchases(3), sync={"dimensions": ["project"]})
    for number in range(150):
        books.ledger.lists.put_value("project", f"N{number}", f"Number {number}")
    job = system.export(NORTHGATE)
    system.wake(NORTHGATE)  # the execution is on its way: the company's lease is taken
    sent: list[float] = []
    system.effects.on("before pleo", lambda: sent.append(system.clock.now().timestamp()), times=10_000)
    ask(system)

    assert system.deliver_syncs() == ["done"]

    busiest = max(sum(start <= each < start + 60 for each in sent) for start in sent)
    assert len(sent) > 150
    assert busiest <= CALLS_BESIDE_AN_EXPORT + 1
    system.run_executions()
    assert system.statuses(job) == {"successful": 3}


def test_given_syncs_that_use_up_their_share_when_an_export_starts_then_it_waits_for_no_request(
    system: InProcessSystem,
) -> None:
    """In the midst of another company's sync, which has sent all that it may in this minute."""
    items = purchases(60)
    system.connect(NORTHGATE, items)
    busy = system.connect(HAVN, sync={"dimensions": ["project"]})
    for number in range(450):
        busy.ledger.lists.put_value("project", f"N{number}", f"Number {number}")
    waits: list[float] = []

    def export() -> None:
        before = len(system.pauses)
        job = system.export(NORTHGATE)
        system.run(NORTHGATE)
        assert system.statuses(job) == {"successful": 60}
        waits.extend(system.pauses[before:])

    system.effects.on("before pleo POST /v0/tag-groups", export, nth=390)
    ask(system, company=HAVN)

    assert system.deliver_syncs() == ["done"]

    assert waits == []
    assert len(tags(system, "project", HAVN)) == 452
    assert sum(system.pauses) > 30  # the sync itself had to wait
