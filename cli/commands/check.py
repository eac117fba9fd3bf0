"""`pleo-export check`: whether a settings file is complete and correct, without connecting."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field

from cli import settings_file
from cli.options import AsJson
from cli.output_model import OutputModel
from cli.printing import BAD, GOOD, print_json, print_line, print_next
from pleo_export.errors import PleoExportError


class CheckOutput(OutputModel):
    """Whether the file can be connected with, as far as the file alone tells."""

    file: str
    good: bool
    faults: tuple[str, ...] = Field(description="A sentence for each fault, with its line.")
    company_id: str | None = None


def command(
    file: Annotated[Path, typer.Argument(metavar="SETTINGS_FILE", help="A settings file, in YAML.")],
    as_json: AsJson = False,
) -> None:
    """Check a settings file without connecting: every fault with its line. Exit code 1 when there is one.

    Whether accounts and credentials exist is tried by `connect` only.
    """
    output = check(file)
    if as_json:
        print_json(output)
    elif output.good:
        print_line(f"{file}: settings of company {output.company_id}, complete and correct in form", GOOD)
        print_next(f"pleo-export connect {file}")
    else:
        for fault in output.faults:
            print_line(fault, BAD)
        print_next(f"correct the file, then: pleo-export check {file}; pleo-export schema describes every setting")
    if not output.good:
        raise typer.Exit(1)


def check(file: Path) -> CheckOutput:
    """Return what is wrong with the file."""
    try:
        settings = settings_file.read(file)
    except PleoExportError as error:
        return CheckOutput(file=str(file), good=False, faults=tuple(filter(None, str(error).splitlines())))
    return CheckOutput(file=str(file), good=True, faults=(), company_id=str(settings.company_id))
