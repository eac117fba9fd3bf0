"""The restore drill: the table is restored to a second name, and is proved to be what it was.

python -m local.restore_drill      (make restore-drill)

It starts the whole stack, exports the sample expenses, restores the table to a point in time, as on AWS, and then works
on the restored table alone: every record is compared; each posting is compared with Pleo and the ledger (`entry`); and
the job is reconciled. docs/procedure.md says what is different on AWS.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from cli.commands.entry import Agreement, examine
from cli.stack import OTHER_TABLE
from local import interruption
from local.processes import ChildFailed, Interrupted, stopping
from local.stack import LocalStack
from pleo_export.services.services import Services
from pleo_simulator.sample import NORTHGATE

console = Console(highlight=False)
PATIENCE_SECONDS = 120
NOT_COPIED = (  # what DynamoDB does not restore with a table; set again before the stack uses it
    "time to live",
    "point-in-time recovery",
    "deletion protection",
    "tags",
    "alarms",
)

Key = tuple[str, str]


def main() -> int:
    try:
        return interruption.run(_drill)
    except ChildFailed as error:
        console.print(f"[red]✗[/red] {error}")
        return 1


def _drill() -> int:
    with console.status("starting the local AWS, the Pleo simulator and Tryton"):
        stack = LocalStack("restore-drill")
        stack.__enter__()
    try:
        for line in stack.connect(NORTHGATE):
            _say(line)
        job_id = _export(stack)
        source = stack.deployed.outputs["TableName"]
        dynamodb = stack.deployed.client("dynamodb")
        target = restore(dynamodb, source)
        _say(f"restored to a point in time, as table {target}; on AWS set again: {', '.join(NOT_COPIED)}")
        wrong = list(differences(records(dynamodb, source), records(dynamodb, target)))
        wrong += _entries(stack, target)
        wrong += _reconcile(stack, target, job_id)
    finally:
        stack.__exit__(None, None, None)
    for each in wrong:
        console.print(f"[red]✗[/red] {each}")
    _say("the restored table is what the table was" if not wrong else "the drill has failed")
    return 1 if wrong else 0


def restore(dynamodb: Any, source: str) -> str:
    """Restore the table to the latest point in time, under a second name, and return that name once it can be used.
    Raises ChildFailed when that takes too long."""
    target = f"{source}-restored-{datetime.now(UTC):%Y%m%d%H%M%S}"
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=source, TargetTableName=target, UseLatestRestorableTime=True
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while dynamodb.describe_table(TableName=target)["Table"]["TableStatus"] != "ACTIVE":
        if time.monotonic() > deadline:
            raise ChildFailed(f"table {target} is not active after {PATIENCE_SECONDS} s")
        if stopping.wait(0.5):
            raise Interrupted
    return target


def records(dynamodb: Any, table: str) -> Mapping[Key, Any]:
    """Return all records of a table by their keys."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return {(each["pk"]["S"], each["sk"]["S"]): each for page in pages for each in page["Items"]}


def differences(before: Mapping[Key, Any], after: Mapping[Key, Any]) -> Iterator[str]:
    """Yield what differs between the two, by keys; no content is shown. A table without postings proves nothing."""
    if not any(pk.startswith("ENTRY#") for pk, _ in before):
        yield "there is no posting record to compare"
    for pk, sk in sorted(before.keys() | after.keys()):
        kept, restored = before.get((pk, sk)), after.get((pk, sk))
        if kept is None or restored is None:
            yield f"{pk} {sk} is only in the {'restored table' if kept is None else 'table'}"
        elif kept != restored:
            yield f"{pk} {sk} differs"


def _entries(stack: LocalStack, table: str) -> list[str]:
    """Compare each posting of the restored table with Pleo and the ledger."""
    outputs = stack.deployed.outputs
    services = Services(
        {
            "TABLE_NAME": table,
            "PLEO_API_URL": outputs["PleoApiUrl"],
            "REFRESH_TOKENS_FUNCTION": outputs["RefreshTokensFunctionName"],
        }
    )
    wrong, prefix = [], f"ENTRY#{NORTHGATE}#"
    entries = sorted(
        {
            pk.removeprefix(prefix)
            for pk, _ in records(stack.deployed.client("dynamodb"), table)
            if pk.startswith(prefix)
        }
    )
    for entry_id in entries:
        found = examine(NORTHGATE, entry_id, services)
        if found.verdict is not Agreement.AGREE:
            wrong.append(f"expense {entry_id}: {found.verdict}. {found.what_to_do}")
    _say(f"entry: {len(entries) - len(wrong)} of {len(entries)} postings agree with Pleo and the ledger")
    return wrong


def _reconcile(stack: LocalStack, table: str, job_id: str) -> list[str]:
    """Reconcile the job by the restored table, and show what the command prints."""
    command = [sys.executable, "-m", "cli.main", "reconcile", "--job", job_id, "--stack", stack.name]
    done = subprocess.run(command, env={**os.environ, OTHER_TABLE: table}, capture_output=True, text=True, check=False)
    _say(f"reconcile: {done.stdout.strip()}")
    return [] if done.returncode == 0 else [f"reconcile ended with {done.returncode}: {done.stderr.strip()}"]


def _export(stack: LocalStack) -> str:
    """Export the sample expenses, and return the job when it is final."""
    job_id = str(stack.pleo.state.click_export(NORTHGATE, None)["id"])
    _say(f"exported: job {job_id} is {stack.wait_for(job_id)['status']}")
    return job_id


def _say(text: str) -> None:
    console.print(f"[green]✓[/green] {text}", markup=True, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
