"""`pleo-export schema`: the form of the settings file, and of what `--json` prints."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from cli.errors import UsageError
from pleo_export.settings import Settings

SETTINGS = "settings"


def command(
    name: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="Whose output; without one, the settings file.")
    ] = None,
) -> None:
    """Print the JSON Schema of the settings file, for editors, or of what a command prints with --json."""
    typer.echo(json.dumps(schema(" ".join(name or [SETTINGS])), indent=2))


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema. Raises UsageError for a command that prints no JSON."""
    if name == SETTINGS:
        return Settings.model_json_schema()
    model = output_model(name)
    if model is None:
        raise UsageError(f"{name!r} prints no JSON; `pleo-export --help` lists the commands")
    return model.model_json_schema(mode="serialization")


def output_model(name: str) -> type[BaseModel] | None:
    """Return what the command prints with --json: `<Command>Output` of its module; None where there is none.

    `audit verify` is a command of the module of `audit`.
    """
    parts = name.replace(" ", "-").split("-")
    try:
        module = import_module(f"cli.commands.{name.partition(' ')[0].replace('-', '_')}")
    except ModuleNotFoundError:
        return None
    found = getattr(module, "".join(map(str.capitalize, parts)) + "Output", None)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None
