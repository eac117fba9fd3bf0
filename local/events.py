"""The sample events in `events/`, captured from a local run of the real system: what each function was really given.

python -m local.events            capture them: run an export that succeeds and one that cannot (`make events`)
python -m local.events refresh    make them good for the running stack, for `sam local invoke`
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import requests

from cli.stack import Stack
from local.aws import ROOT, STATE, LocalAws
from local.processes import LOOPBACK
from local.stack import NAME, LocalStack, running
from pleo_export.accounting.lists import LedgerList
from pleo_export.services.messages import SyncRequest
from pleo_export.workflow.fetch_items import FetchItemsInput
from pleo_simulator.deliveries import sign
from pleo_simulator.oauth import ACCESS_TOKEN_LIFE
from pleo_simulator.sample import HAVN, LUMBRE, NORTHGATE

EVENTS = ROOT / "events"
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
VARIABLES = STATE / "invoke.json"
PATIENCE_SECONDS = 60

Event = dict[str, Any]

# Stands beside a staged function: keeps the first event it is given, then lets the function handle it.
RECORDER = """
import json, pathlib
import app

FILE = pathlib.Path({file!r})

def handler(event, context):
    if not FILE.exists():
        FILE.write_text(json.dumps(event, indent=2) + "\\n")
    return app.handler(event, context)
"""


class RecordingAws(LocalAws):
    """A local AWS whose functions write down what they are given, in `recorded`."""

    recorded: Path

    def _stage(self) -> Path:
        stage = super()._stage()
        self.recorded = stage.parent / "recorded"
        self.recorded.mkdir(exist_ok=True)
        for code in (stage / "functions").glob("*/app.py"):
            file = str(self.recorded / f"{code.parent.name}.json")
            code.with_name("recorder.py").write_text(RECORDER.format(file=file))
            bootstrap = code.with_name("bootstrap")
            bootstrap.write_text(bootstrap.read_text().replace('"$_HANDLER"', "recorder.handler"))
        return stage


def sample(function: str) -> Event:
    event: Event = json.loads((EVENTS / f"{function}.json").read_text())
    return event


def fitted(event: Event, run: FetchItemsInput, webhook_secret: str, now: datetime) -> Event:
    """Return the sample event as that run's. A webhook tells of its job, and is signed `now`: it is good for five
    minutes."""
    ids = {name: value for name, value in run.model_dump(by_alias=True).items() if name in event}
    if "webhook-signature" not in event.get("headers", {}):
        return event | ids
    message = json.loads(event["body"])
    message["data"]["id"] = run.job_id
    body, at, headers = json.dumps(message), int(now.timestamp()), event["headers"]
    signature = sign(webhook_secret, headers["webhook-id"], at, body.encode())
    return event | {"body": body, "headers": headers | {"webhook-timestamp": str(at), "webhook-signature": signature}}


def refresh() -> None:
    """Fit the events to the last finished job of the stack that `make up` keeps running, and tell SAM where that is."""
    facts = running()
    if facts is None:
        raise SystemExit("The local stack is not running: `make up` starts it.")
    os.environ.update(facts["environment"])
    stack = Stack(NAME)
    run, now = _last_run(facts, stack), datetime.now(UTC)
    secret_id = stack.secret_name(run.company_id)
    secret = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"])
    for function in FUNCTIONS:
        _write(function, fitted(sample(function), run, secret["webhook_secrets"][0], now))
    VARIABLES.write_text(json.dumps(_variables(facts), indent=2) + "\n")
    print(f"events/*.json are now about job {run.job_id}; the webhook's signature is good for five minutes.")


def _variables(facts: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the environment of each function as deployed, but for containers, in the form of SAM's `--env-vars`."""
    elsewhere = {
        "AWS_ENDPOINT_URL": facts["environment"]["AWS_ENDPOINT_URL"],
        "PLEO_API_URL": facts["pleo"].replace(LOOPBACK, facts["host"]),
    }
    functions: Any = boto3.client("lambda")
    variables = {}
    for resource in boto3.client("cloudformation").describe_stack_resources(StackName=NAME)["StackResources"]:
        if resource["ResourceType"] == "AWS::Lambda::Function":
            function = functions.get_function_configuration(FunctionName=resource["PhysicalResourceId"])
            variables[resource["LogicalResourceId"]] = function["Environment"]["Variables"] | elsewhere
    return variables


def _last_run(facts: dict[str, Any], stack: Stack) -> FetchItemsInput:
    jobs = requests.get(f"{facts['pleo']}/_sim/jobs", timeout=10).json()
    for job in sorted(jobs, key=lambda each: str(each["createdAt"]), reverse=True):
        record = stack.jobs.get(job["id"])
        if record and record.outcome and job["companyId"] == facts["company"]:
            execution = f"{job['id']}-{record.attempts}"
            return FetchItemsInput(
                company_id=job["companyId"],
                job_id=job["id"],
                execution=execution,
                number_of_items=job["numberOfItems"],
            )
    raise SystemExit("No export has finished yet: click Export first (`make up` says how).")


def capture() -> None:
    with LocalStack("events", wait_scale=0, account=RecordingAws) as stack, ExitStack() as ledgers:
        stack.connect(NORTHGATE, sync={"dimensions": ["project"]})
        stack.connect(HAVN, ledgers.enter_context(stack.books.fresh()))
        stack.aws.client("lambda").invoke(FunctionName=stack.outputs["PollFunctionName"])
        _finish(stack, stack.pleo.state.click_export(NORTHGATE)["id"])
        for each in ("ReconcileDraftsFunctionName", "CheckMappingFunctionName"):
            stack.aws.client("lambda").invoke(FunctionName=stack.outputs[each])
        stack.aws.client("lambda").invoke(FunctionName=stack.outputs["ScheduleSyncsFunctionName"])
        _sync(stack, NORTHGATE)
        # The second company's books are closed to us: its job reaches FailJob.
        _revoke_books(stack, HAVN)
        _finish(stack, stack.pleo.state.click_export(HAVN)["id"])
        # The third connects by OAuth, and its token ends.
        stack.connect_by_oauth(LUMBRE, ledgers.enter_context(stack.books.fresh()))
        stack.pleo.service.clock.advance(ACCESS_TOKEN_LIFE)
        stack.aws.client("lambda").invoke(FunctionName=stack.outputs["PollFunctionName"])
        _wait_for(stack, "refresh_tokens")
        recorded = {path.stem: path.read_text() for path in stack.aws.recorded.glob("*.json")}  # type: ignore[attr-defined]
    if missing := set(FUNCTIONS) - set(recorded):
        raise SystemExit(f"not invoked in the run: {', '.join(sorted(missing))}")
    EVENTS.mkdir(exist_ok=True)
    for name, text in recorded.items():
        event = json.loads(text)
        _write(name, _without_stack_trace(event) if name == "fail_job" else event)
    print(f"{len(recorded)} events written to events/")


def _sync(stack: LocalStack, company_id: str) -> None:
    request = SyncRequest(company_id=company_id, lists=(LedgerList.TAGS,), run_id="sample", reason="by_hand")
    stack.deployed.sync_queue.send(request, once_per="sample")
    _wait_for(stack, "sync")


def _wait_for(stack: LocalStack, function: str) -> None:
    recorded: Path = stack.aws.recorded / f"{function}.json"  # type: ignore[attr-defined]
    _wait_until(recorded.exists, f"{function} was not invoked")


def _finish(stack: LocalStack, job_id: str) -> None:
    _wait_until(lambda: stack.is_over(job_id), f"job {job_id} did not end")


def _wait_until(done: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise SystemExit(f"{otherwise}; see .local/log/")
        time.sleep(0.1)


def _without_stack_trace(event: Event) -> Event:
    """The cause of an error holds the paths of this machine."""
    cause = json.loads(event["error"]["Cause"])
    return event | {"error": event["error"] | {"Cause": json.dumps(cause | {"stackTrace": []})}}


def _write(function: str, event: Event) -> None:
    (EVENTS / f"{function}.json").write_text(json.dumps(event, indent=2) + "\n")


def _revoke_books(stack: LocalStack, company_id: str) -> None:
    client, name = stack.aws.client("secretsmanager"), stack.deployed.secret_name(company_id)
    value: dict[str, Any] = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    client.put_secret_value(SecretId=name, SecretString=json.dumps(value | {"accounting_system": {"token": "revoked"}}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            capture()
        case ["refresh"]:
            refresh()
        case _:
            sys.exit(__doc__)
