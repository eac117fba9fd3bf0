"""`pleo-export schema`: the form of the settings file, for editors."""

from __future__ import annotations

import json

import typer

from pleo_export.settings import Settings


def command() -> None:
    """Print the JSON Schema of the settings file, for editors."""
    typer.echo(json.dumps(Settings.model_json_schema(), indent=2))
