"""pleo-export: connect companies, and see what became of their export jobs."""

from __future__ import annotations

import sys
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli.commands import (
    audit,
    check,
    connect,
    connections,
    disconnect,
    doctor,
    entry,
    erase_person,
    job,
    jobs,
    logs,
    oauth_client,
    pause,
    poll,
    preview,
    reconcile,
    redrive,
    report,
    resume,
    retry,
    reverse,
    schema,
    sync,
    sync_history,
    watch,
)
from cli.printing import print_error
from pleo_export.errors import PleoExportError

INTERRUPTED = 130  # the exit code of shells for what Ctrl-C has ended

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


app.command("check")(check.command)
app.command("connect")(connect.command)
app.command("oauth-client")(oauth_client.command)
app.command("doctor")(doctor.command)
app.command("disconnect")(disconnect.command)
app.command("connections")(connections.command)
app.command("poll")(poll.command)
app.command("redrive")(redrive.command)
app.command("pause")(pause.command)
app.command("resume")(resume.command)
app.command("jobs")(jobs.command)
app.command("job")(job.command)
app.command("watch")(watch.command)
app.command("logs")(logs.command)
app.command("retry")(retry.command)
app.command("entry")(entry.command)
app.command("reconcile")(reconcile.command)
app.command("sync")(sync.command)
app.command("sync-history")(sync_history.command)
app.command("report")(report.command)
app.command("preview")(preview.command)
app.command("reverse")(reverse.command)
app.command("schema")(schema.command)
app.add_typer(audit.app, name="audit")
app.command("erase-person")(erase_person.command)


def main() -> None:
    """Run a command. What it refuses, and what AWS or the file system refuses, is printed as sentences, with exit code
    1; Ctrl-C ends it with 130.

    Anything else is a fault of ours and is raised.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # marks that the terminal's encoding lacks are shown as "?"
    try:
        app(prog_name="pleo-export")
    except (PleoExportError, BotoCoreError, ClientError, OSError) as error:
        print_error(error)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


if __name__ == "__main__":
    main()
