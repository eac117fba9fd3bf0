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
    left: int = Field(description="How many more there are, which the schedule looks at when they are due.")


def command(as_json: AsJson = False, stack: StackName = DEFAULT_STACK) -> None:
    """Look for export jobs of all companies now, also of those that the schedule would look at later."""
    deployed = Stack.named(stack)
    done = poll(deployed)
    if as_json:
        print_json(done)
    elif done.companies:
        print_line(f"{several(done.companies, 'company', 'companies')} woken up")
        if done.left:
            print_line(f"{done.left} more are left to the schedule: the poll takes so many at once, and no more")
        print_next("pleo-export watch")
    else:
        print_line("no company is connected, or all have to reconnect")
        print_next("pleo-export connections")


def poll(stack: Stack) -> PollOutput:
    """Invoke the poll and return which companies it woke. Raises CheckFailed when it failed."""
    answer = stack.client("lambda").invoke(FunctionName=stack.outputs["PollFunctionName"])
    body = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise CheckFailed(f"the poll failed: {body.get('errorType')}: {body.get('errorMessage')}")
    return PollOutput(stack=stack.name, companies=body["companies"], left=body.get("left", 0))
