"""The sample events in `events/`, captured from a local run of the real system: what each function was really given.

python -m local.events      run an export that succeeds and one that cannot, and write events/*.json (`make events`)
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from local.aws import ROOT, LocalAws
from local.pleo.sample import HAVN, NORTHGATE
from local.stack import LocalStack

EVENTS = ROOT / "events"
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
PATIENCE_SECONDS = 60

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


def main() -> None:
    with LocalStack("events", wait_scale=0, account=RecordingAws) as stack:
        stack.connect(NORTHGATE)
        stack.connect(HAVN)
        stack.aws.client("lambda").invoke(FunctionName=stack.outputs["PollFunctionName"])
        _finish(stack, stack.pleo.world.click_export(NORTHGATE)["id"])
        # The second company's books are closed to us: its job reaches FailJob.
        _revoke_books(stack, HAVN)
        _finish(stack, stack.pleo.world.click_export(HAVN)["id"])
        recorded = {path.stem: path.read_text() for path in stack.aws.recorded.glob("*.json")}  # type: ignore[attr-defined]
    if missing := set(FUNCTIONS) - set(recorded):
        raise SystemExit(f"not invoked in the run: {', '.join(sorted(missing))}")
    EVENTS.mkdir(exist_ok=True)
    for name, text in recorded.items():
        (EVENTS / f"{name}.json").write_text(_without_stack_trace(text) if name == "fail_job" else text)
    print(f"{len(recorded)} events written to events/")


def _finish(stack: LocalStack, job_id: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(
        job["id"] == job_id and job["status"] in ("pending", "in_progress") for job in stack.pleo.world.all_jobs()
    ):
        if time.monotonic() > deadline:
            raise SystemExit(f"job {job_id} did not end; see .local/log/")
        time.sleep(0.1)


def _without_stack_trace(text: str) -> str:
    """The cause of an error holds the paths of this machine."""
    event = json.loads(text)
    cause = json.loads(event["error"]["Cause"])
    event["error"]["Cause"] = json.dumps(cause | {"stackTrace": []})
    return json.dumps(event, indent=2) + "\n"


def _revoke_books(stack: LocalStack, company_id: str) -> None:
    client, name = stack.aws.client("secretsmanager"), stack.deployed.secret_name(company_id)
    value: dict[str, Any] = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    client.put_secret_value(SecretId=name, SecretString=json.dumps(value | {"accounting_system": {"token": "revoked"}}))


if __name__ == "__main__":
    main()
