"""`pleo-export resume`: let the exports of a paused company start again."""

from __future__ import annotations

from cli.commands.pause import PauseOutput
from cli.commands.retry import wake_up
from cli.confirmation import confirm
from cli.errors import UsageError, not_connected
from cli.options import DEFAULT_STACK, AsJson, CompanyId, StackName, Yes
from cli.printing import GOOD, print_json, print_line, print_next
from cli.stack import Stack


class ResumeOutput(PauseOutput):
    """The change, as the history keeps it."""


def command(company_id: CompanyId, yes: Yes = False, as_json: AsJson = False, stack: StackName = DEFAULT_STACK) -> None:
    """End the pause of a company, and start what has been waiting."""
    deployed = Stack.named(stack)
    if not deployed.connections.exists(company_id):
        raise not_connected(company_id)
    if deployed.pauses.get(company_id) is None:
        raise UsageError(f"company {company_id} is not paused")
    confirm(f"Exports of company {company_id} (stack {deployed.name}) will start again.", yes=yes)
    now, operator = deployed.now(), deployed.caller
    deployed.pauses.resume(company_id, operator, now)
    wake_up(deployed, company_id, "resume")
    if as_json:
        print_json(ResumeOutput(stack=deployed.name, company_id=company_id, action="resumed", by=operator, at=now))
        return
    print_line(f"company {company_id} is resumed by {operator}, and woken up", GOOD)
    print_next(f"pleo-export watch --company {company_id}")
