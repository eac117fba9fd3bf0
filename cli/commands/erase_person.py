"""`pleo-export erase-person`: what we hold of a person in one company, and erasing what may be erased."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import typer

from cli.confirmation import confirm
from cli.errors import NotNow, UsageError, not_connected
from cli.options import DEFAULT_STACK, AsJson, CompanyId, StackName, Yes
from cli.output_model import OutputModel
from cli.printing import GOOD, LEFT, print_json, print_line
from cli.stack import Stack
from cli.wording import several
from pleo_export import code_version
from pleo_export.operations.company_lease import CompanyBusy, company_lease
from pleo_export.operations.erase_person import PersonalData, PersonEraser, SoughtPerson
from pleo_export.store.payloads import Payloads

ACT = "erase-person"  # for the lease: no export reads the files meanwhile
LONGEST = timedelta(minutes=15)  # after which exports run again, whatever became of the command
SHORTEST = 3  # characters of a text to look for: a shorter one is part of too many others


class ErasePersonOutput(OutputModel):
    """What `erase-person --json` prints: how much was found of each kind, whether it was erased, and how many texts an
    export had changed meanwhile."""

    company_id: str
    erased: bool
    payload_files: int
    expenses: int
    result_texts: int
    job_texts: int
    kept_postings: int
    kept_settings_versions: int
    kept_acts: int
    left: int


def command(
    company_id: CompanyId,
    email: Annotated[str, typer.Option(help="Address to look for in texts.")] = "",
    employee_id: Annotated[str, typer.Option(help="The person's id in Pleo, or the employee number.")] = "",
    name: Annotated[list[str] | None, typer.Option(help="Name to look for in texts; may be given repeatedly.")] = None,
    yes: Yes = False,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Show what is held of a person, and erase what no law on bookkeeping requires to be kept.

    With --json and without --yes it only shows.
    """
    person = SoughtPerson(email.strip(), employee_id.strip(), tuple(each.strip() for each in name or ()))
    deployed = Stack.named(stack)
    eraser = eraser_of(deployed, company_id, person)
    found = eraser.find(person)
    if not (found.anything or deployed.connections.exists(company_id)):
        raise not_connected(company_id)
    if not as_json:
        for line in account(found):
            print_line(line)
    erased = found.anything_to_erase and (yes or not as_json)
    if erased:
        confirm("What is listed first will be erased. It cannot be undone.", yes=yes)
    left = erase(deployed, eraser, person, found) if erased else 0
    if as_json:
        print_json(_output(company_id, found, erased, left))
    elif erased:
        print_line("erased; noted in the company's events, without the person", GOOD)
        if left:
            print_line(f"{left} texts were changed meanwhile and are left: run the command again", LEFT)
        print_line("Texts were searched for what is given: run it again with --name for each spelling.")
    else:
        print_line("there is nothing to erase")
    if left:
        raise typer.Exit(1)


def eraser_of(stack: Stack, company_id: str, person: SoughtPerson) -> PersonEraser:
    """Return what finds and erases. Raises UsageError for a person who could be anybody, and for a company without
    records."""
    given = [each for each in (person.email, *person.names) if each]
    if not given and not person.employee_id:
        raise UsageError("say who it is: --employee-id, --email or --name")
    if short := next((each for each in given if len(each) < SHORTEST), None):
        raise UsageError(f"{short!r} is too short to look for: give the whole name or address")
    payloads = Payloads(stack.client("s3"), stack.outputs["PayloadsBucket"])
    return PersonEraser(stack, payloads, company_id, stack.sleep)


def erase(stack: Stack, eraser: PersonEraser, person: SoughtPerson, found: PersonalData) -> int:
    """Erase, note that it was done, but not of whom, and return how many texts were left. Raises NotNow while an export
    of the company runs."""
    company_id = eraser.company_id
    try:
        with company_lease(stack, company_id, ACT, stack.now(), LONGEST):
            left = eraser.erase(person, found)
    except CompanyBusy:
        raise NotNow(f"an export of company {company_id} is running; run the command again when that is over") from None
    facts: dict[str, str | int] = {
        "code_version": code_version(),
        "payload_files": len(found.payload_keys),
        "texts": len(found.results) + len(found.jobs) - left,
    }
    stack.company_events.add(company_id, "person erased", stack.caller, stack.now(), facts)
    return left


def account(found: PersonalData) -> Iterator[str]:
    """Yield what is held, what of it can be erased, and what stays and why, line by line."""
    yield "can be erased"
    files = several(len(found.payload_keys), "file", "files")
    yield f"  {files} of expenses on their way, with {found.expenses} that concern the person"
    yield f"  {len(found.results)} reasons or warnings of items, {len(found.jobs)} of jobs: the name becomes [erased]"
    yield "stays"
    yield f"  {found.postings} posting records of these expenses: ids, sums and hashes, no name. The law on bookkeeping"
    yield "    requires them. Older ones cannot be told apart: they do not say whose they are"
    yield f"  {found.settings} versions of settings that name the person: by these rules entries were booked"
    yield f"  {found.acts} records of what the person did as an operator: who changed what"
    yield "not in reach of this command"
    yield "  Pleo and the accounting system: erase there. Audit exports that were made already"
    yield "  backups of the table: what is erased now is in them for 35 more days"
    yield "nothing of a person is in: logs, queue, state machine, invitations. Secrets hold a company's credentials,"
    yield "  which may have been granted by the person: connect again with another's"


def _output(company_id: str, found: PersonalData, erased: bool, left: int) -> ErasePersonOutput:
    return ErasePersonOutput(
        company_id=company_id,
        erased=erased,
        payload_files=len(found.payload_keys),
        expenses=found.expenses,
        result_texts=len(found.results),
        job_texts=len(found.jobs),
        kept_postings=found.postings,
        kept_settings_versions=found.settings,
        kept_acts=found.acts,
        left=left,
    )
