"""`pleo-export doctor`: repeat every check of connecting, and check what has been connected since.

It changes nothing but for the test entry, which it removes again, and does not disturb a running export.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field

from cli.check_output import StepOutput, step_output
from cli.checks import Check, CheckResult, CheckStatus, explained, run
from cli.connection_checks import CHECKS as COMMON
from cli.errors import CheckFailed, not_connected
from cli.list_status import status_checks
from cli.options import DEFAULT_STACK, AsJson, StackName, WebhookUrl, an_id
from cli.output_model import OutputModel
from cli.printing import print_json, print_line, print_next, print_result
from cli.stack import Stack
from cli.stored_connection_checks import AGAIN, stored_connection
from cli.stored_connection_checks import CHECKS as OWN
from pleo_export.errors import PleoExportError


class ExaminedCompany(OutputModel):
    """The checks of one company."""

    company_id: str
    checks: tuple[StepOutput, ...]


class DoctorOutput(OutputModel):
    """The checks of each company, and of what all share."""

    stack: str
    good: bool = Field(description="Whether there is nothing to do.")
    companies: tuple[ExaminedCompany, ...]
    shared: tuple[StepOutput, ...]


def command(
    company_id: Annotated[
        str | None, typer.Argument(metavar="COMPANY_ID", help="Only this Pleo company.", parser=an_id)
    ] = None,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
    webhook_url: WebhookUrl = "",
) -> None:
    """Check every connection, or one, and say what to fix. Exit code 1 when something is wrong."""
    deployed = Stack.named(stack)
    url = deployed.webhook_url(webhook_url)
    companies = [company_id] if company_id else deployed.connections.all_company_ids()
    found = []
    for each in companies:
        results = _told(f"company {each}", examine_company(deployed, each, url), quiet=as_json)
        found.append(ExaminedCompany(company_id=each, checks=results))
    shared = _told(f"stack {deployed.name}", examine_stack(deployed), quiet=as_json)
    good = all(_is_good(each) for each in (*shared, *(check for each in found for check in each.checks)))
    if as_json:
        print_json(DoctorOutput(stack=deployed.name, good=good, companies=tuple(found), shared=shared))
    elif not companies:
        print_line("no company is connected")
        print_next("pleo-export connect")
    else:
        print_next("pleo-export jobs" if good else "correct what is marked, then: pleo-export doctor")
    if not good:
        raise typer.Exit(1)


def examine_company(stack: Stack, company_id: str, webhook_url: str) -> Iterator[CheckResult]:
    """Run all checks of one company. Raises UsageError if it is not connected."""
    if not stack.connections.exists(company_id):
        raise not_connected(company_id)
    try:
        stored = stored_connection(stack, company_id, webhook_url)
    except (PleoExportError, BotoCoreError, ClientError) as error:
        fix = f"{explained(error)}. Correct the settings file, then {AGAIN}"
        yield CheckResult("settings", CheckStatus.FAILED, fix)
        return
    yield CheckResult("settings", CheckStatus.OK, "fit this version")
    yield from run((*COMMON, *OWN, *status_checks(stored)), stored)


def examine_stack(stack: Stack) -> Iterator[CheckResult]:
    """Run the checks of what all companies share."""
    return run(SHARED, stack)


def _told(title: str, results: Iterator[CheckResult], *, quiet: bool) -> tuple[StepOutput, ...]:
    """Print each result as it is found, below the title, and return them all."""
    if not quiet:
        print_line(title)
    found = []
    for result in results:
        found.append(step_output(result))
        if not quiet:
            print_result(result)
    return tuple(found)


def _is_good(check: StepOutput) -> bool:
    return check.status in (CheckStatus.OK, CheckStatus.SKIPPED)


def dead_letters(stack: Stack) -> str:
    """Check that no wake-up is in the dead-letter queue."""
    name = "ApproximateNumberOfMessages"
    queue = stack.outputs["FailedQueueUrl"]
    answer = stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
    if count := int(answer["Attributes"][name]):
        raise CheckFailed(
            f"{count} wake-ups failed five times each: `pleo-export redrive` says why, and sends them again"
        )
    return "none"


def schedule(stack: Stack) -> str:
    """Check that the poll is scheduled."""
    name = stack.outputs["PollScheduleName"]
    found = stack.client("scheduler").get_schedule(Name=name)
    if found["State"] != "ENABLED":
        raise CheckFailed(
            f"the schedule {name} is {found['State']}: enable it, or exports whose webhook is lost are never found"
        )
    return f"runs at {found['ScheduleExpression']}"


SHARED = (
    Check("dead letters", dead_letters),
    Check("poll", schedule),
)
