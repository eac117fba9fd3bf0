"""The arguments and options that several commands have in common."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

DEFAULT_STACK = ""  # found by `cli.deployed_stacks`


def an_id(text: str) -> str:
    """Return the id as Pleo writes it. Raises BadParameter for what is none."""
    try:
        return str(UUID(text))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not an id such as 6f5c4d0e-9c57-4d6a-8b3f-7a10b1f0f1c4") from None


StackName = Annotated[
    str,
    typer.Option(
        "--stack",
        envvar="PLEO_EXPORT_STACK",
        help="Name of the deployed stack. Default: the one of samconfig.toml in this folder, else the only one there "
        "is in the region.",
        show_default=False,
    ),
]
WebhookUrl = Annotated[
    str, typer.Option("--webhook-url", envvar="PLEO_EXPORT_WEBHOOK_URL", help="Default: the stack's own address.")
]
CompanyId = Annotated[str, typer.Argument(metavar="COMPANY_ID", help="The Pleo company's id.", parser=an_id)]
SomeCompanyId = Annotated[
    str | None, typer.Option("--company", metavar="COMPANY_ID", help="Only this Pleo company.", parser=an_id)
]
EntryId = Annotated[
    str, typer.Argument(metavar="ENTRY_ID", help="The expense's accounting entry id, as `job` shows it.", parser=an_id)
]
Day = ["%Y-%m-%d"]  # the form of days
JobId = Annotated[str, typer.Argument(metavar="JOB_ID", help="The export job's id, as `jobs` shows it.", parser=an_id)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON; `pleo-export schema` describes it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before anything is written or deleted.")]
