"""pleo-export: connect companies, and see what became of their export jobs."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli.commands import (
    audit,
    connect,
    connections,
    disconnect,
    doctor,
    entry,
    erase_person,
    job,
    oauth_client,
    poll,
    preview,
    reconcile,
    redrive,
    reverse,
    schema,
)
from cli.printing import print_error
from pleo_export.errors import PleoExportError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"pleo-export {version('pleo-export')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Connect companies, and see what became of their export jobs."""


app.command("connect")(connect.command)
app.command("oauth-client")(oauth_client.command)
app.command("doctor")(doctor.command)
app.command("disconnect")(disconnect.command)
app.command("connections")(connections.command)
app.command("poll")(poll.command)
app.command("redrive")(redrive.command)
app.command("job")(job.command)
app.command("entry")(entry.command)
app.command("reconcile")(reconcile.command)
app.command("preview")(preview.command)
app.command("reverse")(reverse.command)
app.command("schema")(schema.command)
app.add_typer(audit.app, name="audit")
app.command("erase-person")(erase_person.command)


def main() -> None:
    """Run a command. What it refuses, and what AWS refuses, is printed as sentences, with exit code 1.

    Anything else is a fault of ours and is raised.
    """
    try:
        app()
    except (PleoExportError, BotoCoreError, ClientError) as error:
        print_error(error)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
