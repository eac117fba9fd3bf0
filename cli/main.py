"""pleo-export: connect companies, and see what became of their export jobs."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.checks import CheckResult, CheckStatus, explained
from cli.commands import connect as connecting
from cli.commands import disconnect as disconnecting
from cli.commands import doctor as doctors
from cli.commands import entry as examining
from cli.commands import oauth_client as authorising
from cli.commands import redrive as redriving
from cli.prompts import credentials, interview
from cli.stack import Stack
from pleo_export.errors import InvalidSettings, PleoExportError
from pleo_export.settings import Settings, parse_settings
from pleo_export.store.connections import Connection

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console()

StackName = Annotated[str, typer.Option("--stack", envvar="PLEO_EXPORT_STACK", help="Name of the deployed stack.")]
WebhookUrl = Annotated[
    str, typer.Option("--webhook-url", envvar="PLEO_EXPORT_WEBHOOK_URL", help="Default: the stack's own address.")
]
CompanyId = Annotated[str, typer.Argument(help="The Pleo company's id.")]


@app.command()
def connect(
    settings_file: Annotated[Path | None, typer.Argument(help="Without one the settings are asked for.")] = None,
    stack: StackName = "pleo-export",
    webhook_url: WebhookUrl = "",
    oauth: Annotated[bool, typer.Option("--oauth", help="A person authorises us at Pleo, by a link.")] = False,
) -> None:
    """Connect a company: try credentials and settings, subscribe to Pleo, store. Run it again to change something.

    Credentials come from PLEO_API_KEY (or PLEO_ACCESS_TOKEN) and ACCOUNTING_TOKEN; without, those stored before are
    kept, or they are asked for. Where the accounting system takes batches only from a login, add ACCOUNTING_USER and
    ACCOUNTING_PASSWORD.
    """
    deployed = Stack(stack)
    if settings_file is None:
        if oauth:
            raise InvalidSettings("--oauth: give a settings file, so that it is known which company to authorise for")
        settings, pleo, accounting = interview(deployed)
        _keep_settings(settings)
    else:
        settings = _read_settings(settings_file)
        if oauth:
            _authorise(deployed, str(settings.company_id), _webhook_url(deployed, webhook_url))
        pleo, accounting = credentials(settings, deployed.usable_secrets(str(settings.company_id)))
    for finding in connecting.connect(deployed, settings, pleo, accounting, _webhook_url(deployed, webhook_url)):
        _print(finding)


@app.command()
def oauth_client(
    provider: Annotated[str, typer.Argument(help="Where it is registered: pleo, or an accounting system.")] = "pleo",
    stack: StackName = "pleo-export",
    webhook_url: WebhookUrl = "",
) -> None:
    """Store the id and secret of this installation's OAuth client.

    They come from OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET, or are asked for.
    """
    deployed = Stack(stack)
    client_id = os.environ.get("OAUTH_CLIENT_ID") or typer.prompt("Client id")
    secret = os.environ.get("OAUTH_CLIENT_SECRET") or typer.prompt("Client secret", hide_input=True)
    authorising.store_client(deployed, provider, client_id, secret)
    if provider == "pleo":
        url = authorising.callback_url(_webhook_url(deployed, webhook_url))
        console.print(f"stored; at Pleo the client needs this redirect URL: {url}", highlight=False, soft_wrap=True)


@app.command()
def doctor(
    company_id: Annotated[str, typer.Argument(help="Only this Pleo company.")] = "",
    stack: StackName = "pleo-export",
    webhook_url: WebhookUrl = "",
) -> None:
    """Check every connection, or one, and say what to fix. Exit code 1 when something is wrong."""
    deployed = Stack(stack)
    url = _webhook_url(deployed, webhook_url)
    good = True
    for each in [company_id] if company_id else deployed.connections.all_company_ids():
        console.print(f"company {each}", highlight=False)
        for finding in doctors.examine_company(deployed, each, url):
            _print(finding)
            good &= finding.good
    console.print(f"stack {deployed.name}", highlight=False)
    for finding in doctors.examine_stack(deployed):
        _print(finding)
        good &= finding.good
    if not good:
        raise typer.Exit(1)


@app.command()
def disconnect(company_id: CompanyId, stack: StackName = "pleo-export", webhook_url: WebhookUrl = "") -> None:
    """Disconnect a company. What was booked stays known, so that nothing is ever booked twice."""
    deployed = Stack(stack)
    for finding in disconnecting.disconnect(deployed, company_id, _webhook_url(deployed, webhook_url)):
        _print(finding)


@app.command()
def connections(stack: StackName = "pleo-export") -> None:
    """List the connected companies."""
    deployed = Stack(stack)
    table = Table()
    table.add_column("company", no_wrap=True)
    for column in ("accounting system", "posting", "time zone", "to do"):
        table.add_column(column)
    for company_id in deployed.connections.all_company_ids():
        connection = deployed.connections.get(company_id)
        if connection:
            table.add_row(company_id, *_in_short(connection), _to_do(connection))
    console.print(table)


def _in_short(connection: Connection) -> tuple[str, ...]:
    try:
        settings = connection.settings
    except InvalidSettings:
        return ("its settings no longer fit; `pleo-export doctor` says why",)
    return settings.accounting_system.name, settings.posting, settings.time_zone


@app.command()
def poll(stack: StackName = "pleo-export") -> None:
    """Look for export jobs of all companies now, as the schedule does."""
    deployed = Stack(stack)
    answer = deployed.client("lambda").invoke(FunctionName=deployed.outputs["PollFunctionName"])
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
    fates: Counter[redriving.RedriveResult] = Counter()
    for redriven in redriving.redrive(Stack(stack), discard=discard):
        fates[redriven.result] += 1
        mark = "[yellow]![/yellow]" if redriven.result is redriving.RedriveResult.LEFT else "[green]✓[/green]"
        console.print(f"{mark} {escape(redriven.line)}")
    console.print(", ".join(f"{count} {fate}" for fate, count in fates.items()) or "no wake-up is dead")


@app.command()
def job(job_id: str, stack: StackName = "pleo-export") -> None:
    """What became of an export job: our record, and each item as Pleo holds it."""
    deployed = Stack(stack)
    record = deployed.jobs.get(job_id)
    if record is None:
        raise InvalidSettings(f"job {job_id} was never taken up by stack {stack!r}")
    secrets = deployed.secrets(record.company_id)
    if secrets is None:
        raise InvalidSettings(f"company {record.company_id} of that job is no longer connected")
    pleo = deployed.pleo(secrets.pleo, record.company_id)
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
    for line in examining.describe(examining.examine(company_id, entry_id, Stack(stack).services)):
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


def _keep_settings(settings: Settings) -> None:
    """For people to keep, and to change before they connect again."""
    file = Path(typer.prompt("File to keep these settings in", default=f"pleo-{settings.company_id}.yaml"))
    if not file.exists() or typer.confirm(f"{file} exists. Overwrite it?", default=True):
        text = yaml.safe_dump(settings.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)
        file.write_text(f"# Change something, then: pleo-export connect {file}\n{text}")
        console.print(f"settings written to {file}", highlight=False)


def _authorise(stack: Stack, company_id: str, webhook_url: str) -> None:
    for line in authorising.authorise(stack, company_id, webhook_url):
        console.print(f"Pleo: {escape(line)}", highlight=False, soft_wrap=True)


def _to_do(connection: Connection) -> str:
    ended = connection.ended.items()
    return "; ".join(f"reconnect {which} ({each.at:%Y-%m-%d %H:%M} UTC): {each.reason}" for which, each in ended)


def _webhook_url(stack: Stack, given: str) -> str:
    """Up to the company's id."""
    return given or stack.outputs["WebhookUrl"]


SIGNS = {
    CheckStatus.OK: "[green]✓[/green]",
    CheckStatus.ACTION_NEEDED: "[red]✗[/red]",
    CheckStatus.FAILED: "[red]✗[/red]",
    CheckStatus.SKIPPED: "[dim]–[/dim]",
}


def _print(finding: CheckResult) -> None:
    """One line, however long: the next one is another check."""
    text = escape(str(finding).replace("\n", "; "))
    console.print(f"{SIGNS[finding.status]} {text}", highlight=False, soft_wrap=True)


def main() -> None:
    """Our own errors are for people: printed as a sentence, exit code 1. Anything else is a fault and fails loudly."""
    try:
        app()
    except PleoExportError as error:
        for line in explained(error).splitlines():
            console.print(f"[red]✗[/red] {escape(line)}", style="default", highlight=False, soft_wrap=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
