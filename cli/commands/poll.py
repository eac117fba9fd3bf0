"""`pleo-export poll`: look for export jobs now."""

from __future__ import annotations

import json

from cli.errors import CheckFailed
from cli.options import DEFAULT_STACK, StackName
from cli.printing import print_line
from cli.stack import Stack


def command(stack: StackName = DEFAULT_STACK) -> None:
    """Look for export jobs of all companies now, as the schedule does."""
    print_line(f"{poll(Stack.named(stack))} companies woken")


def poll(stack: Stack) -> int:
    """Invoke the poll and return how many companies it woke. Raises CheckFailed when it failed."""
    answer = stack.client("lambda").invoke(FunctionName=stack.outputs["PollFunctionName"])
    body = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise CheckFailed(f"the poll failed: {body.get('errorType')}: {body.get('errorMessage')}")
    return int(body["companies"])
