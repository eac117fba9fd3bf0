"""pleo-export: connect companies, and see what became of their export jobs."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli import connecting, examining, redriving
from cli.stack import Stack
from pleo_export.errors import InvalidSettings, PleoExportError
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import credential_from_secret
from pleo_export.settings import Settings, parse_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console()
LOGIN = ("user", "password")

StackName = Annotated[str, typer.Option("--stack", envvar="PLEO_EXPORT_STACK", help="Name of the deployed stack.")]
WebhookUrl = Annotated[
    str, typer.Option("--webhook-url", envvar="PLEO_EXPORT_WEBHOOK_URL", help="Default: the stack's own address.")
]
CompanyId = Annotated[str, typer.Argument(help="The Pleo company's id.")]


@app.command()
def connect(settings_file: Path, stack: StackName = "pleo-export", webhook_url: WebhookUrl = "") -> None:
    """Connect a company: check settings and credentials, subscribe to Pleo, store. Run it again to change something.

    Credentials come from PLEO_API_KEY (or PLEO_ACCESS_TOKEN) and ACCOUNTING_TOKEN, or are asked for. Where the
    accounting system takes batches only from a login, add ACCOUNTING_USER and ACCOUNTING_PASSWORD.
    """
    settings = _read_settings(settings_file)
    deployed = Stack(stack)
    if token := os.environ.get("PLEO_ACCESS_TOKEN"):
        pleo = {"access_token": token}
    else:
        pleo = {"api_key": os.environ.get("PLEO_API_KEY") or typer.prompt("Pleo API key", hide_input=True)}
    name = settings.accounting_system.name
    token = os.environ.get("ACCOUNTING_TOKEN") or typer.prompt(f"Token of {name}", hide_input=True)
    login = {key: os.environ[f"ACCOUNTING_{key.upper()}"] for key in LOGIN if f"ACCOUNTING_{key.upper()}" in os.environ}
    url = webhook_url or deployed.outputs["WebhookUrl"]
    for line in connecting.connect(deployed, settings, pleo, {"token": token} | login, url):
        console.print(f"[green]✓[/green] {line}")


@app.command()
def disconnect(company_id: CompanyId, stack: StackName = "pleo-export", webhook_url: WebhookUrl = "") -> None:
    """Disconnect a company. What was booked stays known, so that nothing is ever booked twice."""
    deployed = Stack(stack)
    url = webhook_url or deployed.outputs["WebhookUrl"]
    for line in connecting.disconnect(deployed, company_id, url):
        console.print(f"[green]✓[/green] {line}")


@app.command()
def connections(stack: StackName = "pleo-export") -> None:
    """List the connected companies."""
    deployed = Stack(stack)
    table = Table()
    table.add_column("company", no_wrap=True)
    for column in ("accounting system", "posting", "time zone"):
        table.add_column(column)
    for company_id in deployed.connections.company_ids():
        connection = deployed.connections.get(company_id)
        if connection:
            settings = connection.settings
            table.add_row(company_id, settings.accounting_system.name, settings.posting, settings.time_zone)
    console.print(table)


@app.command()
def poll(stack: StackName = "pleo-export") -> None:
    """Look for export jobs of all companies now, as the schedule does."""
    answer = boto3.client("lambda").invoke(FunctionName=Stack(stack).outputs["PollFunctionName"])
    body = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise InvalidSettings(f"the poll failed: {body.get('errorType')}: {body.get('errorMessage')}")
    console.print(f"{body['companies']} companies woken")


@app.command()
def redrive(
    stack: StackName = "pleo-export",
    discard: Annotated[bool, typer.Option("--discard", help="Delete what is no wake-up.")] = False,
) -> None:
    """Send the wake-ups again that have died: safe at any time, none is lost."""
    fates: Counter[redriving.Fate] = Counter()
    for redriven in redriving.redrive(Stack(stack), discard=discard):
        fates[redriven.fate] += 1
        mark = "[yellow]![/yellow]" if redriven.fate is redriving.Fate.LEFT else "[green]✓[/green]"
        console.print(f"{mark} {escape(redriven.line)}")
    console.print(", ".join(f"{count} {fate}" for fate, count in fates.items()) or "no wake-up is dead")


@app.command()
def job(job_id: str, stack: StackName = "pleo-export") -> None:
    """What became of an export job: our record, and each item as Pleo holds it."""
    deployed = Stack(stack)
    record = deployed.jobs.get(job_id)
    if record is None:
        raise InvalidSettings(f"job {job_id} was never taken up by stack {stack!r}")
    connection = deployed.connections.get(record.company_id)
    if connection is None:
        raise InvalidSettings(f"company {record.company_id} of that job is no longer connected")
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=connection.secret_arn)["SecretString"]
    pleo = PleoClient(deployed.outputs["PleoApiUrl"], credential_from_secret(json.loads(secret)["pleo"]))
    at_pleo = pleo.job(job_id)
    items = list(pleo.job_items(job_id))
    console.print(f"job {job_id} of company {record.company_id}: [bold]{at_pleo.status}[/bold] at Pleo")
    console.print(f"runs: {record.attempts}, outcome: {record.outcome or 'not finished'}")
    console.print(", ".join(f"{count} {status}" for status, count in Counter(item.status for item in items).items()))
    console.print(failed_items(items))
    results = deployed.results.get_many(job_id, [item.accounting_entry_id for item in items])
    for entry_id, result in results.items():
        for warning in result.warnings:
            console.print(f"[yellow]![/yellow] {entry_id}: {warning}")


@app.command()
def entry(
    company_id: CompanyId,
    entry_id: Annotated[str, typer.Argument(help="The expense's accounting entry id.")],
    stack: StackName = "pleo-export",
) -> None:
    """What our records, Pleo and the accounting system say of one expense, and whether they agree."""
    for line in examining.describe(examining.examine(company_id, entry_id, Stack(stack).runtime)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def failed_items(items: list[Any]) -> Table:
    """The items that need a person, with the reason that Pleo shows."""
    table = Table(title="failed items")
    table.add_column("expense", no_wrap=True)
    table.add_column("failure")
    table.add_column("reason")
    for item in items:
        if item.status == "failed":
            table.add_row(item.accounting_entry_id, item.failure_reason_type, item.failure_reason)
    return table


@app.command()
def schema() -> None:
    """Print the JSON Schema of the settings file, for editors."""
    typer.echo(json.dumps(Settings.model_json_schema(), indent=2))


def _read_settings(file: Path) -> Settings:
    try:
        data = yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InvalidSettings(f"{file} cannot be read: {error}") from None
    return parse_settings(data)


def main() -> None:
    """Our own errors are for people: printed as a sentence, exit code 1. Anything else is a fault and fails loudly."""
    try:
        app()
    except PleoExportError as error:
        console.print(f"[red]✗[/red] {error}", style="default", highlight=False)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
