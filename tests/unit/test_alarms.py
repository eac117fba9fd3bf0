"""Each alarm goes off for what it is there for, is silent while all is well, and leads to a page that says what to do.

What happens, happens in the system of this process; the metrics are those that its functions print, and the alarms
are read from template.yaml."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta

import pytest

from pleo_export.accounting.errors import AuthenticationFailed, Unavailable
from pleo_export.errors import PleoExportError
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import ROOT, template
from tests.system.cloudwatch import Measured, measuring, resolved
from tests.system.expenses import purchase, purchases
from tests.system.in_process_system import InProcessSystem, oauth_client_id
from tests.unit.test_template import of_type
from tests.unit.workflow.test_webhook import created, deliver, headers

ALARMS = {name: each["Properties"] for name, each in of_type("AWS::CloudWatch::Alarm").items()}
RUNBOOK = ROOT / "docs/runbook.md"
Scenario = Callable[[InProcessSystem], None]


@pytest.fixture
def measure(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[Scenario], Measured]]:
    for name, value in template()["Globals"]["Function"]["Environment"]["Variables"].items():
        if name.startswith("POWERTOOLS_"):
            monkeypatch.setenv(name, resolved(value))

    def after(scenario: Scenario) -> Measured:
        with measuring(system, lambda: capsys.readouterr().out) as measured:
            scenario(system)
        return measured

    yield after


def an_export(system: InProcessSystem, number: int = 1) -> str:
    system.connect(NORTHGATE, purchases(number))
    return system.export(NORTHGATE)


def all_is_well(system: InProcessSystem) -> None:
    expenses = [purchase("receipt", receipts=("pret-18.45.pdf",)), *purchases(3)]
    system.connect(NORTHGATE, expenses, sync={"dimensions": ["cost_centre"], "accounts": True})
    system.authorise(NORTHGATE)
    system.subscribe(NORTHGATE)
    body = created()
    for _ in range(3):
        system.export(NORTHGATE)
        deliver(system, body, headers(system, body, message_id=f"msg_{len(system.executions.started)}"))
        system.deliver()
        system.run_executions()
        system.sleep(600)
    system.scheduled_poll()
    system.deliver()
    syncs_for(hours=24)(system)
    system.night()
    system.check_mapping(NORTHGATE)


def syncs_for(*, hours: int) -> Scenario:
    """The schedule, hour by hour, and what it asks for."""

    def scenario(system: InProcessSystem) -> None:
        for _ in range(hours):
            system.sleep(3600)
            system.schedule_syncs()
            system.deliver_syncs()

    return scenario


def a_run_cannot_even_say_that_it_failed(system: InProcessSystem) -> None:
    an_export(system)
    system.service.faults.order(Fault(effect="status", status=503, path="/v3/export-job", nth=4, count=60))
    system.run(NORTHGATE)


def a_run_ends(how: str) -> Scenario:
    def scenario(system: InProcessSystem) -> None:
        an_export(system)
        system.wake(NORTHGATE)
        system.executions.over[system.executions.started[0].execution] = how

    return scenario


def dynamodb_refuses(call: str, then: Scenario) -> Scenario:
    def scenario(system: InProcessSystem) -> None:
        an_export(system)
        system.effects.on(f"before dynamodb {call}", ValueError())
        with suppress(PleoExportError):
            then(system)

    return scenario


def a_night(system: InProcessSystem) -> None:
    system.night()


def a_check_of_mappings(system: InProcessSystem) -> None:
    system.check_mapping()


def an_account_is_closed(system: InProcessSystem) -> None:
    books = system.connect(NORTHGATE)
    books.ledger.lists.close_account("2250")
    system.check_mapping(NORTHGATE)


def a_webhook(system: InProcessSystem) -> None:
    body = created()
    deliver(system, body, headers(system, body))


def nothing(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)


def a_wake_up_fails_five_times(system: InProcessSystem) -> None:
    an_export(system)
    system.service.faults.order(Fault(effect="status", status=401, count=20))  # the key is revoked
    system.poll()
    system.deliver()


def a_grant_is_revoked(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)
    system.authorise(NORTHGATE)
    system.service.oauth.revoke(oauth_client_id())
    system.sleep(3600)
    system.wake(NORTHGATE)


def the_books_answer(error: PleoExportError) -> Scenario:
    def scenario(system: InProcessSystem) -> None:
        an_export(system)
        system.effects.on("before books find_many", error, times=20)
        system.run(NORTHGATE)

    return scenario


def faults_of_ours(number: int) -> Scenario:
    def scenario(system: InProcessSystem) -> None:
        system.connect(NORTHGATE, purchases(1))
        for _ in range(number):
            system.export(NORTHGATE)
            system.effects.on("before s3 PutObject", ValueError())
            system.run(NORTHGATE)

    return scenario


def a_job_waits(minutes: float) -> Scenario:
    def scenario(system: InProcessSystem) -> None:
        an_export(system)
        system.sleep(timedelta(minutes=minutes).total_seconds())
        system.wake(NORTHGATE)

    return scenario


def the_sign_in_service_is_silent(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)
    system.authorise(NORTHGATE)
    system.service.faults.order(Fault(effect="status", status=503, path="/oauth/token", count=100))
    for _ in range(10):
        system.sleep(1000)
        with suppress(PleoExportError):
            system.wake(NORTHGATE)


def a_grant_is_not_used(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)
    system.authorise(NORTHGATE)
    system.sleep(timedelta(days=50).total_seconds())
    system.wake(NORTHGATE)


def the_topic_is_gone(system: InProcessSystem) -> None:
    system.environment["NOTIFICATION_TOPIC"] += "-gone"
    system.connect(NORTHGATE, [purchase("no-account", account=None)])
    system.export(NORTHGATE)
    system.run(NORTHGATE)


def the_queue_no_longer_invokes(system: InProcessSystem) -> None:
    an_export(system)
    system.poll()


def jobs_are_found_by_the_poll_only(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    for _ in range(3):
        system.export(NORTHGATE)
        system.sleep(300)
        system.poll()
        system.deliver()
        system.run_executions()


def more_companies_than_the_poll_may_look_at(system: InProcessSystem) -> None:
    system.services.looks_per_minute = 1
    for number in range(18):
        system.connect(company := f"{number:08d}-1111-4111-8111-111111111111")
        system.services.looks.note(company, system.clock.now() - timedelta(minutes=30), timedelta(minutes=5))
    for _ in range(18):
        system.scheduled_poll()
        system.sleep(60)


TAGS: Mapping[str, object] = {"dimensions": ["cost_centre"]}
ACCOUNTS: Mapping[str, object] = {"accounts": True}


def the_schedule_of_syncs(system: InProcessSystem) -> None:
    system.schedule_syncs()


def a_sync_fails_three_times(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, sync=TAGS)
    system.effects.on("before books list tags", ValueError(), times=3)
    syncs_for(hours=2)(system)


def nobody_takes_the_requests_for_syncs(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, sync=TAGS)
    for _ in range(2):
        system.sleep(3600)
        system.schedule_syncs()
    system.sleep(3 * 3600)


def a_chart_of_accounts_is_emptied(system: InProcessSystem) -> None:
    books = system.connect(NORTHGATE, sync=ACCOUNTS)
    syncs_for(hours=24)(system)
    books.ledger.lists.accounts.clear()
    syncs_for(hours=24)(system)


def the_ledger_is_silent(sync: Mapping[str, object], *, hours: int) -> Scenario:
    def scenario(system: InProcessSystem) -> None:
        system.connect(NORTHGATE, sync=sync)
        system.effects.on("before books list", Unavailable("Tryton cannot be reached."), times=1_000)
        syncs_for(hours=hours)(system)

    return scenario


PROVOKED: dict[str, Scenario] = {
    "ExecutionsFailed": a_run_cannot_even_say_that_it_failed,
    "ExecutionsTimedOut": a_run_ends("TIMED_OUT"),
    "ExecutionsAborted": a_run_ends("ABORTED"),
    "ReconcileDraftsFailed": dynamodb_refuses("Query", a_night),
    "ReconcileDraftsMissing": nothing,
    "CheckMappingFailed": dynamodb_refuses("Query", a_check_of_mappings),
    "CheckMappingMissing": nothing,
    "MappingsBroken": an_account_is_closed,
    "PollErrors": dynamodb_refuses("Query", InProcessSystem.poll),
    "PollMissing": nothing,
    "PollBehind": more_companies_than_the_poll_may_look_at,
    "WebhookErrors": dynamodb_refuses("GetItem", a_webhook),
    "ApiErrors": dynamodb_refuses("GetItem", a_webhook),
    "WakeUpsDead": a_wake_up_fails_five_times,
    "WakeUpsUnhandled": the_queue_no_longer_invokes,
    "WebhooksMissing": jobs_are_found_by_the_poll_only,
    "ReconnectNeeded": a_grant_is_revoked,
    "RefreshesUnanswered": the_sign_in_service_is_silent,
    "GrantsEnding": a_grant_is_not_used,
    "CredentialsRefused": the_books_answer(AuthenticationFailed("The key has been revoked.")),
    "AccountingSystemFailed": the_books_answer(Unavailable("Tryton cannot be reached.")),
    "FaultsOfOurs": faults_of_ours(1),
    "JobsWaiting": a_job_waits(minutes=35),
    "JobsExpiring": a_job_waits(minutes=55),
    "NotificationsFailed": the_topic_is_gone,
    "ScheduleSyncsErrors": dynamodb_refuses("Query", the_schedule_of_syncs),
    "ScheduleSyncsMissing": nothing,
    "SyncsDead": a_sync_fails_three_times,
    "SyncsWaiting": nobody_takes_the_requests_for_syncs,
    "SyncsHeldBack": a_chart_of_accounts_is_emptied,
    "TagsNotSynced": the_ledger_is_silent(TAGS, hours=9),
    "AccountsNotSynced": the_ledger_is_silent(ACCOUNTS, hours=108),
    "ObjectiveMissedFast": faults_of_ours(2),
    "ObjectiveMissedSlowly": faults_of_ours(3),
}


def test_every_alarm_is_provoked() -> None:
    assert PROVOKED.keys() == ALARMS.keys()


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_goes_off_for_what_it_is_there_for(name: str, measure: Callable[[Scenario], Measured]) -> None:
    assert measure(PROVOKED[name]).state(ALARMS[name]) == "ALARM"


def test_no_alarm_goes_off_while_all_is_well(measure: Callable[[Scenario], Measured]) -> None:
    measured = measure(all_is_well)

    assert {name: measured.state(each) for name, each in ALARMS.items()} == dict.fromkeys(ALARMS, "OK")


@pytest.mark.parametrize(("failures", "state"), [(1, "OK"), (2, "ALARM")])
def test_one_missed_job_of_few_burns_no_budget(
    failures: int, state: str, measure: Callable[[Scenario], Measured]
) -> None:
    assert measure(faults_of_ours(failures)).state(ALARMS["ObjectiveMissedFast"]) == state


@pytest.mark.parametrize(("alarm", "sync", "hours"), [("TagsNotSynced", TAGS, 5), ("AccountsNotSynced", ACCOUNTS, 60)])
def test_a_ledger_that_is_silent_for_a_while_is_no_alarm(
    alarm: str, sync: Mapping[str, object], hours: int, measure: Callable[[Scenario], Measured]
) -> None:
    assert measure(the_ledger_is_silent(sync, hours=hours)).state(ALARMS[alarm]) == "OK"


def test_a_first_entry_after_five_minutes_misses_the_objective(measure: Callable[[Scenario], Measured]) -> None:
    def late_twice(system: InProcessSystem) -> None:
        system.connect(NORTHGATE, purchases(2))
        for number in range(2):
            system.export(NORTHGATE, [purchases(2)[number]["accountingEntryId"]])
            system.sleep(301)
            system.run(NORTHGATE)

    assert measure(late_twice).state(ALARMS["ObjectiveMissedFast"]) == "ALARM"


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_leads_to_its_part_of_the_runbook(name: str) -> None:
    target = re.search(r"docs/runbook\.md#([a-z]+)$", ALARMS[name]["AlarmDescription"])
    headings = re.findall(r"^### (\w+)$", RUNBOOK.read_text(), flags=re.MULTILINE)

    assert target
    assert [each for each in headings if each.lower() == target[1]] == [name]


def test_the_runbook_has_no_part_for_an_alarm_that_does_not_exist() -> None:
    assert set(re.findall(r"^### (\w+)$", RUNBOOK.read_text(), flags=re.MULTILINE)) == set(ALARMS)
