"""`pleo-export doctor`: repeat every check of connecting, and check what has been connected since.

It changes nothing but for the test entry, which it removes again, and does not disturb a running export.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli.checks import Check, CheckResult, CheckStatus, explained, run
from cli.connection_checks import CHECKS as COMMON
from cli.errors import CheckFailed, UsageError
from cli.options import DEFAULT_STACK, StackName, WebhookUrl
from cli.printing import print_line, print_result
from cli.stack import Stack
from cli.stored_connection_checks import AGAIN, stored_connection
from cli.stored_connection_checks import CHECKS as OWN
from pleo_export.errors import PleoExportError


def command(
    company_id: Annotated[str, typer.Argument(help="Only this Pleo company.")] = "",
    stack: StackName = DEFAULT_STACK,
    webhook_url: WebhookUrl = "",
) -> None:
    """Check every connection, or one, and say what to fix. Exit code 1 when something is wrong."""
    deployed = Stack.named(stack)
    url = deployed.webhook_url(webhook_url)
    good = True
    for each in [company_id] if company_id else deployed.connections.all_company_ids():
        print_line(f"company {each}")
        good &= _print_all(examine_company(deployed, each, url))
    print_line(f"stack {deployed.name}")
    good &= _print_all(examine_stack(deployed))
    if not good:
        raise typer.Exit(1)


def examine_company(stack: Stack, company_id: str, webhook_url: str) -> Iterator[CheckResult]:
    """Run all checks of one company. Raises UsageError if it is not connected."""
    if not stack.connections.exists(company_id):
        raise UsageError(f"company {company_id} is not connected; `pleo-export connections` lists those that are")
    try:
        stored = stored_connection(stack, company_id, webhook_url)
    except (PleoExportError, BotoCoreError, ClientError) as error:
        fix = f"{explained(error)}. Correct the settings file, then {AGAIN}"
        yield CheckResult("settings", CheckStatus.FAILED, fix)
        return
    yield CheckResult("settings", CheckStatus.OK, "fit this version")
    yield from run((*COMMON, *OWN), stored)


def examine_stack(stack: Stack) -> Iterator[CheckResult]:
    """Run the checks of what all companies share."""
    return run(SHARED, stack)


def _print_all(results: Iterator[CheckResult]) -> bool:
    """Print each result as it is found. Return whether all are good."""
    good = True
    for result in results:
        print_result(result)
        good &= result.good
    return good


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
