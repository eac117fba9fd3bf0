"""The arguments and options that several commands have in common."""

from __future__ import annotations

from typing import Annotated

import typer

DEFAULT_STACK = "pleo-export"

StackName = Annotated[str, typer.Option("--stack", envvar="PLEO_EXPORT_STACK", help="Name of the deployed stack.")]
WebhookUrl = Annotated[
    str, typer.Option("--webhook-url", envvar="PLEO_EXPORT_WEBHOOK_URL", help="Default: the stack's own address.")
]
CompanyId = Annotated[str, typer.Argument(help="The Pleo company's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON; `pleo-export schema` describes it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before anything is written or deleted.")]
