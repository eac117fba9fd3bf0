"""`pleo-export entry`: compare our records, Pleo and the accounting system for one expense (R-8.2).

| In the accounting system                    | At Pleo               | Verdict                         |
|---------------------------------------------|-----------------------|---------------------------------|
| several valid documents                     | any                   | two documents                   |
| only one of a document and its payment      | any                   | half booked                     |
| a valid document                            | successful, this one  | agree                           |
| a valid document                            | successful, another   | Pleo links to another document  |
| a valid document                            | anything else         | booked, but Pleo does not know  |
| void ones only, or none                     | successful            | the document is void, or gone   |
| void ones only, or none                     | anything else         | not booked                      |

The accounting system is searched for the references of all revisions, recorded by us or not: without our records only
one case is not seen, a document whose payment is gone. Nothing of the expense itself is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from cli.errors import UsageError
from cli.options import DEFAULT_STACK, CompanyId, StackName
from cli.printing import print_line
from cli.stack import Stack
from pleo_export.accounting.errors import AccountingError
from pleo_export.accounting.port import AccountingSystem, DocumentOutcome, DocumentRef, DocumentState
from pleo_export.bookkeeping.reference import payment_reference, reference
from pleo_export.pleo.models import JobItem
from pleo_export.services.services import Services
from pleo_export.store.postings import Posting


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


AGAIN = "Nothing, if that was intended. Else export it again: it is booked again, as the next revision."
WHAT_TO_DO = {
    Agreement.AGREE: "Nothing.",
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
    """One expense as all three hold it: our `postings`, what Pleo was last told of it, the documents."""

    postings: Sequence[Posting]
    final_result: JobItem | None
    held: Sequence[RevisionDocuments]

    @property
    def verdict(self) -> Agreement:
        """Return the verdict, by the table above."""
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


def command(
    company_id: CompanyId,
    entry_id: Annotated[str, typer.Argument(help="The expense's accounting entry id.")],
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Show what our records, Pleo and the accounting system hold of one expense, and whether they agree."""
    for line in describe(examine(company_id, entry_id, Stack.named(stack).services)):
        print_line(line)


def examine(company_id: str, entry_id: str, services: Services) -> EntryStatus:
    """Ask all three. Raises UsageError for what is not an id, NotOurs when the company is not connected, and the errors
    of Pleo and of the accounting system."""
    company_id, entry_id = _id("COMPANY_ID", company_id), _id("ENTRY_ID", entry_id)
    connection = services.connection(company_id)
    postings = services.postings.revisions(company_id, entry_id)
    known = max((each.revision for each in postings), default=0)
    return EntryStatus(
        postings,
        services.pleo(connection).last_results(company_id, entry_id),
        list(_held(services.accounting_system(connection), company_id, entry_id, known)),
    )


def describe(status: EntryStatus) -> Iterator[str]:
    """Yield what each of the three holds, line by line, and the verdict."""
    yield "our records"
    yield from [f"  revision {each.revision}: {_record(each)}" for each in status.postings] or ["  none"]
    yield "Pleo's final result"
    yield f"  {_final_result(status.final_result) if status.final_result else 'never exported'}"
    yield "accounting system"
    yield from [line for each in status.held for line in _holds(each)] or ["  nothing"]
    yield f"{status.verdict}. {status.what_to_do}"


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
    intended = f"meant to book at {_minute(posting.intended_at)} by job {posting.job_id}"
    if posting.document_id is None:
        return f"{intended}; whether it was booked was not noted"
    name = posting.document_number or posting.document_id
    if posting.reversed_at:
        ids = f" by {', '.join(posting.reversal_ids)}" if posting.reversal_ids else ""
        who = f", {posting.reversed_by}" if posting.reversed_by else ""
        return f"{intended}; booked as {name}, reversed{ids} at {_minute(posting.reversed_at)}{who}"
    if posting.reversal_begun_at:
        return (
            f"{intended}; booked as {name}; its reversal was begun at {_minute(posting.reversal_begun_at)}, not ended"
        )
    finished = "finished" if posting.complete else "not finished"
    return f"{intended}; booked as {name} ({posting.document_state}), {finished}"


def _final_result(item: JobItem) -> str:
    told = f"{item.status} in job {item.export_job_id}"
    if item.status == "successful":
        return f"{told}, as document {item.external_id}"
    return f"{told}: {item.failure_reason_type}" if item.failure_reason_type else told


def _holds(held: RevisionDocuments) -> Iterator[str]:
    if held.document:
        yield f"  revision {held.revision}: {_document(held.document)}"
    if held.payment:
        yield f"  revision {held.revision}, its payment: {_document(held.payment)}"


def _document(outcome: DocumentOutcome) -> str:
    if isinstance(outcome, AccountingError):
        return outcome.message
    return f"document {outcome.id}, {outcome.number or 'no number yet'}, {outcome.state}, {outcome.url or 'no address'}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
