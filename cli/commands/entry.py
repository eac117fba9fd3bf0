"""`pleo-export entry`: compare our records, Pleo and the accounting system for one expense (R-8.2).

| In the accounting system                    | At Pleo               | Verdict                         |
|---------------------------------------------|-----------------------|---------------------------------|
| cannot be asked                             | any                   | unknown                         |
| several valid documents                     | any                   | two documents                   |
| only one of a document and its payment      | any                   | half booked                     |
| a valid document                            | successful, this one  | agree                           |
| a valid document                            | successful, another   | Pleo links to another document  |
| a valid document                            | anything else         | booked, but Pleo does not know  |
| void ones only, or none                     | successful            | the document is void, or gone   |
| void ones only, or none                     | anything else         | not booked                      |

The accounting system is searched for the references of all revisions, recorded by us or not: without our records only
one case is not seen, a document whose payment is gone. Of the expense itself nothing is shown, but the reason of a
failure as Pleo shows it.
"""

from __future__ import annotations

import datetime as datetime_
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import typer
from pydantic import Field

from cli.checks import explained
from cli.errors import UsageError, not_connected
from cli.options import DEFAULT_STACK, AsJson, CompanyId, EntryId, StackName
from cli.output_model import OutputModel
from cli.printing import print_json, print_line, print_next
from cli.stack import Stack
from cli.wording import minute
from pleo_export.accounting.errors import AccountingError
from pleo_export.accounting.port import AccountingSystem, DocumentOutcome, DocumentRef, DocumentState
from pleo_export.bookkeeping.reference import payment_reference, reference
from pleo_export.errors import PleoExportError
from pleo_export.failures.catalogue import remedy
from pleo_export.failures.entry import Remedy
from pleo_export.pleo.models import JobItem
from pleo_export.services.services import Services
from pleo_export.store.connections import Connection
from pleo_export.store.postings import Posting
from pleo_export.workflow.entry_ids import key_of


class Agreement(StrEnum):
    """Whether the three agree on an expense."""

    AGREE = "agree"
    NOT_BOOKED = "not booked"
    PLEO_DOES_NOT_KNOW = "booked, but Pleo does not know"
    VOID = "Pleo says successful, but the document is void"
    GONE = "Pleo says successful, but the document is gone"
    OTHER_DOCUMENT = "Pleo links to another document"
    HALF = "half booked"
    TWO = "two documents"
    UNKNOWN = "unknown, since not all could be asked"


AGAIN = "Nothing, if that was intended. Else export it again: it is booked again, as the next revision."
WHAT_TO_DO = {
    Agreement.AGREE: "There is nothing to do.",
    Agreement.UNKNOWN: "Correct what is marked above, then run this again.",
    Agreement.NOT_BOOKED: "If it failed, fix what its reason in Pleo says. Then export it: it is looked for first.",
    Agreement.PLEO_DOES_NOT_KNOW: "Export it again: the document is found and reported, nothing is booked twice. If "
    "Pleo says then that its content has changed, void the document first.",
    Agreement.VOID: AGAIN,
    Agreement.GONE: AGAIN,
    Agreement.OTHER_DOCUMENT: "Export it again: Pleo is told the one that the accounting system holds.",
    Agreement.HALF: "If the payment is missing, export it again: the payment is recorded then. If the document is, "
    "void the payment in the accounting system first.",
    Agreement.TWO: "Void all but one in the accounting system, then export it again, so that Pleo links to that one.",
}
IN_DOUBT = (
    "A request may still be under way: wait until InDoubtSeconds have passed since the moment in our record. "
    "Then export it again: it is looked for first."
)
UNDER_WAY = ("pending", "in_progress")
UNKNOWN_REVISIONS = 5  # searched for beyond those of our records, which may be lost


@dataclass(frozen=True)
class RevisionDocuments:
    """What the accounting system holds under the references of one revision; an error is a PossibleDuplicate."""

    revision: int
    document: DocumentOutcome | None
    payment: DocumentOutcome | None


@dataclass(frozen=True)
class EntryStatus:
    """One expense as all three hold it: our `postings`, what Pleo was last told of it, the documents. `silent` says why
    Pleo or the accounting system could not be asked."""

    postings: Sequence[Posting]
    final_result: JobItem | None
    held: Sequence[RevisionDocuments]
    silent: Mapping[str, str] = field(default_factory=dict)
    remedy: Remedy | None = None

    @property
    def verdict(self) -> Agreement:
        """Return the verdict, by the table above."""
        if self.silent:
            return Agreement.UNKNOWN
        return self._wrong_in_itself() or self._against_pleo(_valid([each.document for each in self.held]))

    def _wrong_in_itself(self) -> Agreement | None:
        """Whether the documents do not fit together, whatever Pleo was told."""
        documents, payments = [each.document for each in self.held], [each.payment for each in self.held]
        duplicate = any(isinstance(each, AccountingError) for each in documents + payments)
        if duplicate or len(_valid(documents)) > 1 or len(_valid(payments)) > 1:
            return Agreement.TWO
        half = any(_half(each, self._posting(each.revision)) for each in self.held)
        return Agreement.HALF if half else None

    def _against_pleo(self, valid: Sequence[DocumentRef]) -> Agreement:
        told = self.final_result
        successful = told if told and told.status == "successful" else None
        if valid and successful:
            return Agreement.AGREE if successful.external_id == valid[0].id else Agreement.OTHER_DOCUMENT
        if valid:
            return Agreement.PLEO_DOES_NOT_KNOW
        if successful:
            return Agreement.VOID if any(each.document for each in self.held) else Agreement.GONE
        return Agreement.NOT_BOOKED

    @property
    def what_to_do(self) -> str:
        """The next step for the operator."""
        told = self.final_result
        if self.verdict in (Agreement.NOT_BOOKED, Agreement.PLEO_DOES_NOT_KNOW) and told and told.status in UNDER_WAY:
            return f"Wait until job {told.export_job_id} is over, then look again."
        if any(each.reversal_begun_at and not each.reversed_at for each in self.postings):
            return "Its reversal was interrupted: run `pleo-export reverse` for it once more."
        if self.verdict is Agreement.NOT_BOOKED and any(each.document_id is None for each in self.postings):
            return IN_DOUBT
        return WHAT_TO_DO[self.verdict]

    def _posting(self, revision: int) -> Posting | None:
        return next((each for each in self.postings if each.revision == revision), None)


class EntryPosting(OutputModel):
    """One revision in our records."""

    revision: int
    job_id: str
    intended_at: datetime = Field(description="From then on there may be a document; UTC.")
    document_id: str | None
    document_number: str | None
    document_state: str | None
    complete: bool


class EntryAtPleo(OutputModel):
    """What Pleo was last told."""

    job_id: str | None
    status: str
    document_id: str | None
    url: str | None
    failure_type: str | None
    reason: str | None
    fix: str | None = Field(None, description="What to do about a failure.")
    who: str | None = Field(None, description="Who can do it.")


class EntryDocument(OutputModel):
    """A document in the accounting system."""

    revision: int
    role: Literal["document", "payment"]
    id: str | None = Field(None, description="Null where there are several: then `problem` says so.")
    number: str | None = None
    state: str | None = None
    date: datetime_.date | None = None
    url: str | None = None
    problem: str | None = None


class EntryOutput(OutputModel):
    """One expense as our records, Pleo and the accounting system hold it."""

    stack: str
    company_id: str
    entry_id: str
    verdict: Agreement
    what_to_do: str
    our_records: tuple[EntryPosting, ...]
    pleo: EntryAtPleo | None = Field(description="Null where it was never exported.")
    accounting_system: tuple[EntryDocument, ...]
    not_asked: Mapping[str, str] = Field(description="Why Pleo or the accounting system could not be asked.")


def command(
    company_id: CompanyId,
    entry_id: EntryId,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Show what our records, Pleo and the accounting system hold of one expense, and whether they agree.

    Exit code 1 when they do not, or not all could be asked.
    """
    deployed = Stack.named(stack)
    if not deployed.connections.exists(company_id):
        raise not_connected(company_id)
    status = examine(company_id, entry_id, deployed.services)
    if as_json:
        print_json(_output(deployed.name, company_id, entry_id, status))
    else:
        for line in describe(status):
            print_line(line)
        if status.final_result and status.final_result.export_job_id:
            print_next(f"pleo-export job {status.final_result.export_job_id}")
        else:
            print_next(f"pleo-export jobs --company {company_id}")
    if status.verdict is not Agreement.AGREE:
        raise typer.Exit(1)


def examine(company_id: str, entry_id: str, services: Services) -> EntryStatus:
    """Ask all three; what Pleo or the accounting system answers with an error is in `silent`. Raises UsageError for
    what is not an id, NotOurs when the company is not connected."""
    company_id, entry_id = _id("COMPANY_ID", company_id), _id("ENTRY_ID", entry_id)
    connection = services.connection(company_id)
    postings = services.postings.revisions(company_id, entry_id)
    known = max((each.revision for each in postings), default=0)
    silent: dict[str, str] = {}
    final_result, held = None, []
    try:
        final_result = services.pleo(connection).last_results(company_id, entry_id)
    except PleoExportError as error:
        silent["Pleo"] = explained(error)
    try:
        held = list(_held(services.accounting_system(connection), company_id, entry_id, known))
    except PleoExportError as error:
        silent["accounting system"] = explained(error)
    return EntryStatus(postings, final_result, held, silent, _remedy(services, connection, final_result))


def describe(status: EntryStatus) -> Iterator[str]:
    """Yield what each of the three holds, line by line, and the verdict."""
    yield "our records"
    yield from [f"  revision {each.revision}: {_record(each)}" for each in status.postings] or ["  none"]
    yield "Pleo's final result"
    never = status.silent.get("Pleo", "never exported")
    yield f"  {_final_result(status.final_result) if status.final_result else never}"
    if status.remedy:
        yield f"  to do ({status.remedy.who}): {status.remedy.fix}"
    yield "accounting system"
    nothing = status.silent.get("accounting system", "nothing")
    yield from [line for each in status.held for line in _holds(each)] or [f"  {nothing}"]
    yield f"{status.verdict}. {status.what_to_do}"


def _output(stack: str, company_id: str, entry_id: str, status: EntryStatus) -> EntryOutput:
    told = status.final_result
    return EntryOutput(
        stack=stack,
        company_id=company_id,
        entry_id=entry_id,
        verdict=status.verdict,
        what_to_do=status.what_to_do,
        our_records=tuple(
            EntryPosting(
                revision=each.revision,
                job_id=each.job_id,
                intended_at=each.intended_at,
                document_id=each.document_id,
                document_number=each.document_number,
                document_state=each.document_state,
                complete=each.complete,
            )
            for each in status.postings
        ),
        pleo=told
        and EntryAtPleo(
            job_id=told.export_job_id,
            status=told.status,
            document_id=told.external_id,
            url=told.external_url,
            failure_type=told.failure_reason_type,
            reason=told.failure_reason,
            fix=status.remedy.fix if status.remedy else None,
            who=status.remedy.who if status.remedy else None,
        ),
        accounting_system=tuple(each for held in status.held for each in _documents(held)),
        not_asked=status.silent,
    )


def _documents(held: RevisionDocuments) -> Iterator[EntryDocument]:
    roles: tuple[Literal["document", "payment"], ...] = ("document", "payment")
    for role, outcome in zip(roles, (held.document, held.payment), strict=True):
        if isinstance(outcome, AccountingError):
            yield EntryDocument(revision=held.revision, role=role, problem=outcome.message)
        elif outcome:
            yield EntryDocument(
                revision=held.revision,
                role=role,
                id=outcome.id,
                number=outcome.number,
                state=outcome.state,
                date=outcome.date,
                url=outcome.url,
            )


def _id(name: str, text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise UsageError(f"{name}: {text!r} is not an id such as 6f5c4d0e-9c57-4d6a-8b3f-7a10b1f0f1c4") from None


def _held(system: AccountingSystem, company_id: str, entry_id: str, known: int) -> Iterator[RevisionDocuments]:
    """Yield the revisions of which the accounting system holds something: one search for all possible references."""
    longest = system.capabilities.reference_length
    documents = {
        revision: reference(company_id, entry_id, revision, max_length=longest)
        for revision in range(1, known + UNKNOWN_REVISIONS + 1)
    }
    payments = {revision: payment_reference(document, longest) for revision, document in documents.items()}
    found = system.find_many([*documents.values(), *payments.values()])
    for revision, document in documents.items():
        held = RevisionDocuments(revision, found.get(document), found.get(payments[revision]))
        if held.document or held.payment:
            yield held


def _valid(outcomes: Sequence[DocumentOutcome | None]) -> list[DocumentRef]:
    return [each for each in outcomes if isinstance(each, DocumentRef) and each.state is not DocumentState.VOID]


def _half(held: RevisionDocuments, posting: Posting | None) -> bool:
    document, payment = _valid([held.document]), _valid([held.payment])
    return bool(payment and not document) or bool(document and not payment and posting and posting.payment_ids)


def _record(posting: Posting) -> str:
    intended = f"meant to book at {minute(posting.intended_at)} by job {posting.job_id}"
    if posting.document_id is None:
        return f"{intended}; whether it was booked was not noted"
    name = posting.document_number or posting.document_id
    if posting.reversed_at:
        ids = f" by {', '.join(posting.reversal_ids)}" if posting.reversal_ids else ""
        who = f", {posting.reversed_by}" if posting.reversed_by else ""
        return f"{intended}; booked as {name}, reversed{ids} at {minute(posting.reversed_at)}{who}"
    if posting.reversal_begun_at:
        return f"{intended}; booked as {name}; its reversal was begun at {minute(posting.reversal_begun_at)}, not ended"
    finished = "finished" if posting.complete else "not finished"
    return f"{intended}; booked as {name} ({posting.document_state}), {finished}"


def _final_result(item: JobItem) -> str:
    told = f"{item.status} in job {item.export_job_id}"
    if item.status == "successful":
        return f"{told}, as document {item.external_id}"
    why = ": ".join(filter(None, (item.failure_reason_type, item.failure_reason)))
    return f"{told}: {why}" if why else told


def _remedy(services: Services, connection: Connection, told: JobItem | None) -> Remedy | None:
    """Return what to do about the failure that Pleo was told last, where we know its code."""
    if told is None or told.status != "failed" or told.export_job_id is None:
        return None
    key = key_of(told.accounting_entry_id)
    result = services.results.of_job(told.export_job_id).get(key)
    return remedy(result.code, connection.support_contact) if result and result.code else None


def _holds(held: RevisionDocuments) -> Iterator[str]:
    if held.document:
        yield f"  revision {held.revision}: {_document(held.document)}"
    if held.payment:
        yield f"  revision {held.revision}, its payment: {_document(held.payment)}"


def _document(outcome: DocumentOutcome) -> str:
    if isinstance(outcome, AccountingError):
        return outcome.message
    return f"document {outcome.id}, {outcome.number or 'no number yet'}, {outcome.state}, {outcome.url or 'no address'}"
