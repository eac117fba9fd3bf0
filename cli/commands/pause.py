"""`pleo-export pause`: let no export of a company start for the moment."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import typer
from pydantic import Field

from cli.confirmation import confirm
from cli.errors import UsageError, not_connected
from cli.options import DEFAULT_STACK, AsJson, CompanyId, StackName, Yes
from cli.output_model import OutputModel
from cli.printing import GOOD, print_json, print_line, print_next
from cli.stack import Stack


class PauseOutput(OutputModel):
    """The change, as the history keeps it."""

    stack: str
    company_id: str
    action: Literal["paused", "resumed"]
    by: str = Field(description="Whose AWS credentials (ARN).")
    at: datetime = Field(description="UTC.")
    reason: str | None = None


def command(
    company_id: CompanyId,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, for those who read it later.")] = None,
    yes: Yes = False,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Pause a company: its exports do not start until `resume`.

    A job that runs is carried to its end. One that waits stays pending and is not failed by us; Pleo lets it expire
    when nothing happens to it for an hour, and then Export has to be clicked again.
    """
    deployed = Stack.named(stack)
    if not deployed.connections.exists(company_id):
        raise not_connected(company_id)
    confirm(f"Exports of company {company_id} (stack {deployed.name}) will not start until they are resumed.", yes=yes)
    now, operator = deployed.now(), deployed.caller
    if not deployed.pauses.pause(company_id, operator, now, reason):
        raise UsageError(f"company {company_id} is paused already; `pleo-export connections` shows by whom")
    output = PauseOutput(
        stack=deployed.name, company_id=company_id, action="paused", by=operator, at=now, reason=reason
    )
    if as_json:
        print_json(output)
        return
    print_line(f"company {company_id} is paused by {operator}", GOOD)
    if deployed.busy(company_id):
        print_line("an export of it is running, and is carried to its end")
    print_next(f"pleo-export resume {company_id}")
