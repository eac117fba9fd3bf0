"""`pleo-export connect`: try everything before anything is stored, so that a wrong setting is refused here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from cli import settings_file
from cli.check_output import StepOutput, step_output
from cli.checks import Check, CheckResult, CheckStatus, run
from cli.commands.oauth_client import authorise
from cli.company_identity import SameCompany
from cli.connection_checks import CHECKS
from cli.connection_steps import FIRST_SYNC, STEPS, NewConnection, Secret
from cli.consent import Consent
from cli.credentials import pleo_credential, pleo_from_environment
from cli.errors import CheckFailed, UsageError
from cli.interview import interview
from cli.ledger_authorisation import LedgerSignIn
from cli.list_checks import scopes_of_lists
from cli.options import DEFAULT_STACK, AsJson, StackName, WebhookUrl, Yes
from cli.output_model import OutputModel
from cli.printing import print_json, print_line, print_next, print_progress, print_result
from cli.prompts import Terminal, terminal
from cli.proposed_sync import proposed_plans
from cli.stack import Stack
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.settings import Settings
from pleo_export.store.secrets import GrantOwner

AGREED = Consent()


class ConnectOutput(OutputModel):
    """What is right, and what is left to do."""

    stack: str
    company_id: str
    checks: tuple[StepOutput, ...]


def command(
    file: Annotated[
        Path | None, typer.Argument(metavar="SETTINGS_FILE", help="Without one the settings are asked for.")
    ] = None,
    oauth: Annotated[
        bool,
        typer.Option(
            "--oauth", help="A person authorises us, by a link: at Pleo, and at an accounting system that takes that."
        ),
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
    webhook_url: WebhookUrl = "",
    company_name: Annotated[
        str, typer.Option("--company-name", help="With --oauth: what the page after the link calls the company.")
    ] = "",
) -> None:
    """Connect a company: try credentials and settings, subscribe to Pleo, store. Run it again to change something.

    Credentials come from PLEO_API_KEY (or PLEO_ACCESS_TOKEN) and ACCOUNTING_TOKEN; without, those stored before are
    kept, or they are asked for. Where the accounting system takes batches only from a login, add ACCOUNTING_USER and
    ACCOUNTING_PASSWORD. Within 7 days after `disconnect` the former credentials are restored.

    With --oauth and an accounting system that is authorised by a person as well, an API key for Pleo is kept: only what
    is missing is asked for.

    Where the settings choose lists to keep in step, what that changes at Pleo is shown before anything is stored, and
    carried out only after a question, or with --yes.
    """
    if file is None and (oauth or as_json):
        option = "--oauth" if oauth else "--json"
        raise UsageError(f"{option} needs a settings file, which names the company: connect SETTINGS_FILE {option}")
    settings = settings_file.read(file) if file else None
    deployed, person = Stack.named(stack), terminal()
    if settings is None:
        settings, pleo, accounting = interview(deployed, person, webhook_url)
        _keep_settings(settings, person)
    else:
        _restore(deployed, str(settings.company_id), quiet=as_json)
        address, say = deployed.webhook_url(webhook_url), print_progress if as_json else print_line
        if oauth and not _keeps_its_key(deployed, settings):
            _authorise(deployed, settings, address, company_name, say)
        stored = deployed.usable_secrets(str(settings.company_id))
        pleo = pleo_credential(stored, person)
        company_id = str(settings.company_id)
        sign_in = LedgerSignIn(deployed, company_id, person, say, address, company_name, invites=oauth)
        ledger, accounting = sign_in.credential(settings.accounting_system, stored)
        settings = settings.model_copy(update={"accounting_system": ledger})
    company_id, done = str(settings.company_id), []
    consent = Consent(yes=yes, quiet=as_json)
    for result in connect(deployed, settings, pleo, accounting, deployed.webhook_url(webhook_url), consent):
        done.append(step_output(result))
        if not as_json:
            print_result(result)
    if as_json:
        print_json(ConnectOutput(stack=deployed.name, company_id=company_id, checks=tuple(done)))
        return
    if deployed.pauses.get(company_id):
        print_next(f"pleo-export resume {company_id}   its exports are paused")
    else:
        print_next(
            "click Export in Pleo, then: pleo-export watch   follows it",
            f"pleo-export doctor {company_id}   checks the connection at any time",
        )


def connect(
    stack: Stack,
    settings: Settings,
    pleo_secret: Secret,
    accounting_secret: Secret,
    webhook_url: str,
    consent: Consent = AGREED,
) -> Iterator[CheckResult]:
    """Connect the company and yield what is right, or to do, as it is found and done. What a person has to agree to is
    asked by `consent`, after all checks.

    Raises CheckFailed with all that has to be corrected first: then nothing is stored. Running it again continues
    where an earlier run broke off, and changes what has changed.
    """
    company_id = str(settings.company_id)
    parts: Mapping[GrantOwner, Secret] = {"pleo": pleo_secret, "accounting_system": accounting_secret}
    stored = stack.usable_secrets(company_id)
    kept = [which for which, secret in parts.items() if stored and stored.of(which) == secret]
    checked = NewConnection(
        settings=settings,
        pleo=stack.pleo(pleo_secret, company_id if "pleo" in kept else None),
        pleo_lists=stack.pleo_lists(pleo_secret, company_id if "pleo" in kept else None),
        pleo_url=stack.outputs["PleoApiUrl"],
        system=stack.accounting_system(settings.accounting_system, accounting_secret),
        setup=stack.accounting_setup(settings.accounting_system, accounting_secret),
        lists=stack.ledger_lists(settings.accounting_system, accounting_secret),
        now=stack.now(),
        holder=stack.connections.company_using,
        busy=stack.busy(company_id),
        stack=stack,
        credentials=parts,
        kept=kept,
        endpoint_url=webhook_url + company_id,
    )
    yield from _all_right(CHECKS, checked, "Nothing was stored.")
    if checked.companies.result is SameCompany.UNKNOWN and checked.holder(checked.ledger_id) is None:
        consent.same_company(checked.companies.told)
    if checked.synced:
        consent.plans(proposed_plans(checked))
    steps = (*STEPS, FIRST_SYNC) if checked.synced else STEPS
    yield from _all_right(steps, checked, "Run connect again: it continues from here.")


def _all_right(checks: Sequence[Check[NewConnection]], checked: NewConnection, otherwise: str) -> Iterator[CheckResult]:
    wrong: list[str] = []
    for result in run(checks, checked):
        if result.status is CheckStatus.FAILED:
            wrong.append(result.text)
        elif result.status is not CheckStatus.SKIPPED:
            yield result
    if wrong:
        raise CheckFailed("\n".join([*wrong, otherwise]))


def _keep_settings(settings: Settings, person: Terminal) -> None:
    """Write the settings to a file, which people keep and change before they connect again."""
    file = Path(person.text("File to keep these settings in", f"pleo-{settings.company_id}.yaml"))
    if not file.exists() or person.confirm(f"{file} exists. Overwrite it?", default=True):
        settings_file.write(file, settings)
        print_line(f"settings written to {file}")


def _authorise(
    stack: Stack, settings: Settings, webhook_url: str, company_name: str, say: Callable[[str], None]
) -> None:
    title = CONNECTORS[settings.accounting_system.name].title
    scopes = scopes_of_lists(settings.sync, stack.outputs["PleoApiUrl"])
    for line in authorise(stack, str(settings.company_id), webhook_url, company_name, title, scopes):
        say(f"Pleo: {line}")


def _keeps_its_key(stack: Stack, settings: Settings) -> bool:
    """Return whether only the accounting system is to be authorised: Pleo has a key, given or stored."""
    oauth = CONNECTORS[settings.accounting_system.name].oauth
    if oauth is None or not oauth.by_a_person:
        return False
    stored = stack.usable_secrets(str(settings.company_id))
    return bool(pleo_from_environment() or (stored and stored.pleo.get("api_key")))


def _restore(stack: Stack, company_id: str, *, quiet: bool) -> None:
    """Restore the credentials of a company that was disconnected lately."""
    if stack.restore_secret(stack.secret_name(company_id)) and not quiet:
        print_line("credentials: those of the former connection are restored")
