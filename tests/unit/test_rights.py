"""Each function's role is what its code does, no less and no more (least privilege).

The scenarios run every function on moto; each of its calls to AWS is compared with its statements in template.yaml. A
right that no scenario uses is either not needed, or a scenario is missing: add one to SCENARIOS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest

from pleo_export.accounting.errors import AuthenticationFailed
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.call_budget import CallRate
from pleo_export.services.events import JobInput
from pleo_export.services.executions import Executions as StepFunctions
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import ACCOUNT, REGION, ROOT, STACK, client, template
from tests.system.effects import Killed
from tests.system.expenses import entry_id, purchases
from tests.system.in_process_system import Executions, InProcessSystem, in_process_system, oauth_client_id
from tests.system.lambda_context import InvocationContext
from tests.system.oauth_ledger import BY_A_PERSON, ledger_with
from tests.system.rights import KEYED, AwsCall, Json, Right, Watch, on_aws, rights
from tests.unit.test_template import (
    BY_FUNCTION,
    RESOURCES,
    a_night_finds_what_exports_would_fail_for,
    a_person_posts_drafts_and_the_night_comes,
    everything_happens,
    lists_are_synced,
    statements,
)
from tests.unit.workflow.test_notification import a_job_with_failures, receiving
from tests.unit.workflow.test_syncs import ask, held_back
from tests.unit.workflow.test_webhook import created, deliver, headers

MACHINE = f"{STACK}-export-job"
STATES = f"arn:aws:states:{REGION}:{ACCOUNT}"
# The template's references, as the in-process system has them.
NAMES = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": STACK,
    "Table.Arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/table",
    "Payloads.Arn": "arn:aws:s3:::payloads",
    "Notifications": f"arn:aws:sns:{REGION}:{ACCOUNT}:notifications",
    "WakeUps.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:wake-ups.fifo",
    "Syncs.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:syncs.fifo",
    "FunctionLogs.Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:functions:*",
    "RefreshTokensFunction.Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-refresh-tokens",
    "ExportJob": f"{STATES}:stateMachine:{MACHINE}",
    "ExportJob.Name": MACHINE,
}
# What AWS does in a function's name: its log and traces, for dispatch the queue, the keys of encrypted services. SAM or
# the keys allow it, everywhere.
PLATFORM = {
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}


# Scenarios: together they reach every call of every function


def a_job_that_is_cancelled_right_before_its_completion(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    job = system.export(NORTHGATE)
    system.effects.on("before pleo POST", partial(system.service.state.cancel, job), nth=2)
    system.run(NORTHGATE)


def a_run_that_broke_off_and_whose_company_has_no_work_left(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    job = system.export(NORTHGATE)
    system.wake(NORTHGATE)
    system.executions.over[system.executions.started[0].execution] = "TIMED_OUT"
    system.service.state.cancel(job)
    system.wake(NORTHGATE)


def a_run_that_breaks_off_after_started_and_is_resumed(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    system.export(NORTHGATE)
    system.service.faults.order(Fault(effect="status", status=503, path="/v3/export-job", nth=4, count=60))
    system.run(NORTHGATE)
    system.service.faults.clear()
    system.heal()


def a_credential_that_ends_after_a_function_has_died_over_its_entries(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(2))
    system.export(NORTHGATE)
    system.effects.on("after books record", Killed())
    system.effects.on("before books find_many", AuthenticationFailed("The token has been revoked."), nth=2)
    system.run(NORTHGATE)


def a_result_that_is_lost_while_pleo_refuses_its_report(system: InProcessSystem) -> None:
    (item,) = purchases(1)
    system.connect(NORTHGATE, [item])
    job = system.export(NORTHGATE)
    system.service.faults.order(Fault(effect="item_errors", method="PUT"))
    lost = {"pk": {"S": f"JOB#{job}"}, "sk": {"S": f"BOOKED#{job}-1#00000#{entry_id(item)}"}}
    lose = partial(client("dynamodb").delete_item, TableName=system.environment["TABLE_NAME"], Key=lost)
    system.effects.on("after pleo PUT", lose)
    system.run(NORTHGATE)


def polls_without_time_and_of_a_company_that_an_older_release_has_stored(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)
    hurried = InvocationContext(lambda: 1_000)
    system.scheduled_poll(hurried)
    system.services.table.update_item(
        Key={"pk": f"COMPANY#{NORTHGATE}", "sk": "CONNECTION"}, UpdateExpression="REMOVE next_look"
    )
    system.sleep(3600)
    system.poll()


def webhooks_that_arrive(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    system.export(NORTHGATE)
    body = created()
    deliver(system, body, headers(system, body))
    system.deliver()


def a_job_with_failures_and_one_that_fails_are_told_to_the_topic_and_to_a_webhook(system: InProcessSystem) -> None:
    receiving(system)
    a_job_with_failures(system)
    system.run(NORTHGATE)
    system.export(NORTHGATE)
    system.effects.on("before s3 PutObject", ValueError())
    system.run(NORTHGATE)


def a_night_finds_what_exports_would_fail_for_and_tells_a_webhook_too(system: InProcessSystem) -> None:
    receiving(system)
    a_night_finds_what_exports_would_fail_for(system)


def tokens_so_short_lived_that_every_function_has_to_ask_for_new_ones(system: InProcessSystem) -> None:
    with ledger_with(BY_A_PERSON), mock.patch("pleo_simulator.oauth.ACCESS_TOKEN_LIFE", timedelta(seconds=20)):
        system.connect(NORTHGATE, purchases(1))
        system.authorise(NORTHGATE)
        system.authorise(NORTHGATE, "accounting_system", "tryton")
        system.export(NORTHGATE)
        system.run(NORTHGATE)
        system.service.oauth.revoke(oauth_client_id("tryton"))
        system.export(NORTHGATE)
        system.run(NORTHGATE)


def a_ledger_with_a_call_budget(system: InProcessSystem) -> None:
    limited = replace(CONNECTORS["tryton"], rate=CallRate(calls=60, seconds=60, per_day=5_000))
    with mock.patch.dict(CONNECTORS, {"tryton": limited}):
        a_person_posts_drafts_and_the_night_comes(system)
        system.connect(NORTHGATE, purchases(1))
        system.export(NORTHGATE)
        system.run(NORTHGATE)


def confirmed_archives_that_are_interrupted(system: InProcessSystem) -> None:
    held = held_back(system, 250)
    system.effects.on("before pleo POST /v0/tags/archive", Killed(), nth=2)
    ask(system, run="run-3", confirm=held)
    system.deliver_syncs()


SCENARIOS: tuple[Callable[[InProcessSystem], None], ...] = (
    everything_happens,
    a_person_posts_drafts_and_the_night_comes,
    a_night_finds_what_exports_would_fail_for_and_tells_a_webhook_too,
    a_job_that_is_cancelled_right_before_its_completion,
    a_run_that_broke_off_and_whose_company_has_no_work_left,
    a_run_that_breaks_off_after_started_and_is_resumed,
    a_credential_that_ends_after_a_function_has_died_over_its_entries,
    a_result_that_is_lost_while_pleo_refuses_its_report,
    polls_without_time_and_of_a_company_that_an_older_release_has_stored,
    webhooks_that_arrive,
    a_job_with_failures_and_one_that_fails_are_told_to_the_topic_and_to_a_webhook,
    tokens_so_short_lived_that_every_function_has_to_ask_for_new_ones,
    a_ledger_with_a_call_budget,
    lists_are_synced,
    confirmed_archives_that_are_interrupted,
)


class SeenExecutions(Executions):
    """The executions of the in-process system; asks Step Functions for them as well."""

    def __init__(self) -> None:
        super().__init__()
        role = f"arn:aws:iam::{ACCOUNT}:role/machine"
        machine = client("stepfunctions").create_state_machine(name=MACHINE, definition="{}", roleArn=role)
        self._step_functions = StepFunctions(client("stepfunctions"), machine["stateMachineArn"])

    def start(self, run: JobInput) -> None:
        self._step_functions.start(run)
        super().start(run)

    def running(self, name: str) -> bool | None:
        self._step_functions.running(name)
        return super().running(name)


@pytest.fixture(scope="module")
def calls() -> dict[str, set[AwsCall]]:
    """The calls of each function, over all scenarios."""
    watch = Watch(BY_FUNCTION)
    for scenario in SCENARIOS:
        with in_process_system() as system, watch.of_aws():
            system.executions = system.services.executions = SeenExecutions()
            for name, handler in system.handlers.items():
                system.handlers[name] = partial(_watched, watch, name, handler, system)
            scenario(system)
    return watch.calls


def _watched(watch: Watch, name: str, handler: Any, system: InProcessSystem, event: Any, context: Any) -> Any:
    for remembered in ("secrets", "_budgets", "_pleo_budgets"):  # by each function for itself
        system.services.__dict__.pop(remembered, None)
    with watch.function(name):
        return handler(event, context)


def role(function: str) -> set[Right]:
    return rights(statements(BY_FUNCTION[function]), NAMES)


def boundary() -> set[Right]:
    return rights(on_aws(RESOURCES["FunctionBoundary"]["Properties"]["PolicyDocument"]["Statement"]), NAMES)


def denied(calls: set[AwsCall], given: set[Right]) -> list[str]:
    return [str(call) for call in sorted(calls) if not any(right.allows(call) for right in given)]


def unused(calls: set[AwsCall], given: set[Right]) -> list[str]:
    return [str(right) for right in sorted(given) if not any(right.allows(call) for call in calls)]


@pytest.mark.parametrize("function", BY_FUNCTION)
def test_a_function_may_do_what_its_code_does(function: str, calls: dict[str, set[AwsCall]]) -> None:
    assert denied(calls[function], role(function)) == [], f"{function}: its role in template.yaml has to allow these"
    assert denied(calls[function], boundary()) == [], f"{function}: FunctionBoundary has to allow these"


@pytest.mark.parametrize("function", BY_FUNCTION)
def test_a_function_may_do_nothing_that_its_code_does_not(function: str, calls: dict[str, set[AwsCall]]) -> None:
    advice = "drop these from its role, or add the scenario that needs them to SCENARIOS"
    assert unused(calls[function], role(function)) == [], f"{function}: {advice}"


def test_the_boundary_leaves_nothing_that_no_function_needs(calls: dict[str, set[AwsCall]]) -> None:
    by_platform = {right for right in boundary() if right.action in PLATFORM}
    assert unused(set.union(*calls.values()), boundary() - by_platform) == []
    assert {right.action for right in by_platform} == PLATFORM


def test_one_statement_covers_all_keys_of_a_transaction() -> None:
    """`ForAllValues` holds within one statement only."""
    given = statements(BY_FUNCTION["record_items"])
    (together,) = [each for each in given if "dynamodb:ConditionCheckItem" in each["Action"]]

    assert set(together["Action"]) == {"dynamodb:PutItem", "dynamodb:ConditionCheckItem"}
    kinds = {"dynamodb:LeadingKeys": ["JOB#*", "ENTRY#*"]}
    assert together["Condition"] == {"ForAllValues:StringLike": kinds, "Null": KEYED}


def test_every_function_has_the_boundary_and_the_role_that_sam_makes() -> None:
    assert template()["Globals"]["Function"]["PermissionsBoundary"] == {"Ref": "FunctionBoundary"}
    own = {name: each["Properties"].keys() & {"PermissionsBoundary", "Role"} for name, each in BY_FUNCTION.items()}
    assert own == {name: set() for name in BY_FUNCTION}


def test_the_state_machine_may_do_what_its_definition_does_without_a_function() -> None:
    """Its functions, and the rights for its log: see test_template."""
    definition = json.loads((ROOT / "statemachine/export_job.asl.json").read_text())
    used = {state["Resource"].split(":::")[1]: state["Parameters"] for state in _integrations(definition["States"])}
    assert used.keys() == {"dynamodb:deleteItem", "sqs:sendMessage"}
    assert used["dynamodb:deleteItem"]["Key"]["pk"]["S.$"].startswith("States.Format('COMPANY#{}'")
    others = [
        each
        for each in statements(RESOURCES["ExportJob"])
        if each["Resource"] != "*" and "lambda" not in each["Action"]
    ]
    assert rights(others, NAMES) == {
        Right("dynamodb:DeleteItem", NAMES["Table.Arn"], "COMPANY#*"),
        Right("sqs:SendMessage", NAMES["WakeUps.Arn"]),
    }


def _integrations(states: Json) -> Iterator[Json]:
    """The states that call AWS without a function."""
    for state in states.values():
        if ":::" in state.get("Resource", ""):
            yield state
        if "ItemProcessor" in state:
            yield from _integrations(state["ItemProcessor"]["States"])
