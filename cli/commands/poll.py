"""`pleo-export poll`: look for export jobs now."""

from __future__ import annotations

import json

from pydantic import Field

from cli.errors import CheckFailed
from cli.options import DEFAULT_STACK, AsJson, StackName
from cli.output_model import OutputModel
from cli.printing import print_json, print_line, print_next
from cli.stack import Stack
from cli.wording import several


class PollOutput(OutputModel):
    """What the poll did."""

    stack: str
    companies: int = Field(description="How many were woken up.")


def command(as_json: AsJson = False, stack: StackName = DEFAULT_STACK) -> None:
    """Look for export jobs of all companies now, as the schedule does every five minutes."""
    deployed = Stack.named(stack)
    woken = poll(deployed)
    if as_json:
        print_json(PollOutput(stack=deployed.name, companies=woken))
    elif woken:
        print_line(f"{several(woken, 'company', 'companies')} woken up")
        print_next("pleo-export watch")
    else:
        print_line("no company is connected, or all have to reconnect")
        print_next("pleo-export connections")


def poll(stack: Stack) -> int:
    """Invoke the poll and return how many companies it woke. Raises CheckFailed when it failed."""
    answer = stack.client("lambda").invoke(FunctionName=stack.outputs["PollFunctionName"])
    body = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise CheckFailed(f"the poll failed: {body.get('errorType')}: {body.get('errorMessage')}")
    return int(body["companies"])
