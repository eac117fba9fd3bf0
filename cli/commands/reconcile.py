"""`pleo-export reconcile`: prove that the ledger holds what Pleo was told, for a period or a job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Annotated

import typer

from cli.errors import UsageError, not_connected
from cli.options import DEFAULT_STACK, AsJson, Day, StackName, an_id
from cli.output_model import OutputModel
from cli.printing import BAD, GOOD, LEFT, print_json, print_line, print_next, print_table
from cli.stack import Stack
from cli.wording import amount
from pleo_export.operations.reconcile import ReconciliationPeriod, reconcile_job, reconcile_period
from pleo_export.operations.reconciliation.result import (
    AccountProof,
    Pile,
    PleoStatuses,
    ReconciledEntry,
    ReconciliationFindings,
)

COLUMNS = ("expense", "document", "date", "what is wrong")
PROOF_COLUMNS = ("account", "name", "for", "currency", "told to Pleo", "in the ledger", "difference")
TITLES = {
    Pile.MISSING: "missing: Pleo was told that it is booked, and the ledger does not hold it",
    Pile.EXTRA: "extra: the ledger holds it, and Pleo was not told so",
    Pile.DIFFERENT: "different: the ledger holds it, but not as it was booked",
    Pile.UNKNOWN: "unknown: it could not be read or compared",
}
STATUSES = {
    PleoStatuses.COMPARED: "Pleo's own export status of each expense was compared as well.",
    PleoStatuses.NOT_GRANTED: "Pleo's own export status was not compared: the credential has no right to read "
    "accounting entries.",
    PleoStatuses.UNREADABLE: "Pleo's own export status was not compared: Pleo did not answer.",
    PleoStatuses.NOT_COMPARED: "Pleo's own export status was not compared.",
}
INCOMPLETE = "Something could not be read or compared, so the sums are not a proof yet."


class ReasonOutput(OutputModel):
    """Why an entry is not matched: a stable code and a sentence."""

    cause: str
    text: str


class AmountOutput(OutputModel):
    """A sum on one account, in minor units: + debit, - credit."""

    account: str
    tax: str | None
    amount: int


class DocumentOutput(OutputModel):
    """A document as it was booked, or as the ledger holds it. `id` to `url` are the ledger's."""

    reference: str
    currency: str
    date: date
    amounts: list[AmountOutput]
    id: str | None = None
    number: str | None = None
    state: str | None = None
    url: str | None = None


class ReconciledEntryOutput(OutputModel):
    """One entry, or one document that should not be there."""

    pile: str
    entry_id: str | None
    reference: str
    told: str | None
    job_id: str | None
    reasons: list[ReasonOutput]
    booked: list[DocumentOutput]
    held: list[DocumentOutput]


class ProofOutput(OutputModel):
    """The movements on one account in one currency, in minor units."""

    account: str
    name: str
    role: str
    currency: str
    told: int
    ledger: int
    difference: int


class ReconcileOutput(OutputModel):
    """What `pleo-export reconcile --json` prints. `proven`: nothing but matched entries, and every sum agrees."""

    company_id: str
    since: date | None
    until: date | None
    job_id: str | None
    proven: bool
    counts: dict[str, int]
    not_booked: int
    pleo_statuses: str
    proofs_complete: bool
    entries: list[ReconciledEntryOutput]
    proofs: list[ProofOutput]


def command(
    company_id: Annotated[
        str | None,
        typer.Argument(metavar="COMPANY_ID", help="The Pleo company's id; not with --job.", parser=an_id),
    ] = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=Day, help="The first posting date.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=Day, help="The last posting date.")] = None,
    job_id: Annotated[
        str | None,
        typer.Option("--job", metavar="JOB_ID", help="Reconcile one export job instead.", parser=an_id),
    ] = None,
    stack: StackName = DEFAULT_STACK,
    as_json: AsJson = False,
) -> None:
    """Prove that the ledger holds what Pleo was told, or show what is missing, extra or different. It only reads.

    Exit code 1 unless everything is matched and every sum agrees.
    """
    result = reconcile(Stack.named(stack), company_id, since, until, job_id)
    if as_json:
        print_json(output(result))
    else:
        _print(result)
    if not result.proven:
        raise typer.Exit(1)


def reconcile(
    stack: Stack, company_id: str | None, since: datetime | None, until: datetime | None, job_id: str | None
) -> ReconciliationFindings:
    """Reconcile a period of a company, or a job. Raises UsageError for arguments that do not fit together."""
    if job_id is not None:
        if company_id is not None or since or until:
            raise UsageError("give either a company with --from and --to, or --job alone")
        record = stack.jobs.get(job_id)
        if record is None:
            raise UsageError(
                f"job {job_id} was never taken up by stack {stack.name!r}; `pleo-export jobs` lists those that were"
            )
        return reconcile_job(record.company_id, record.job_id, stack.services)
    if company_id is None or since is None or until is None:
        raise UsageError(
            "name what to reconcile: a company's id with --from 2026-01-01 --to 2026-01-31, or a job with --job"
        )
    if until < since:
        raise UsageError(f"--to {until:%Y-%m-%d} is before --from {since:%Y-%m-%d}")
    period = ReconciliationPeriod(since.date(), until.date())
    if not stack.connections.exists(company_id):
        raise not_connected(company_id)
    return reconcile_period(company_id, period, stack.services)


def output(result: ReconciliationFindings) -> ReconcileOutput:
    """Return the result as it is printed as JSON."""
    return ReconcileOutput(
        company_id=result.company_id,
        since=result.since,
        until=result.until,
        job_id=result.job_id,
        proven=result.proven,
        counts={pile.value: len(result.pile(pile)) for pile in Pile},
        not_booked=result.not_booked,
        pleo_statuses=result.pleo_statuses.value,
        proofs_complete=result.proofs_complete,
        entries=[_entry(each) for each in result.entries],
        proofs=[_proof(each) for each in result.proofs],
    )


def _print(result: ReconciliationFindings) -> None:
    what = f"job {result.job_id}" if result.job_id else f"{result.since} to {result.until}"
    print_line(f"company {result.company_id}, {what}")
    for pile, title in TITLES.items():
        if entries := result.pile(pile):
            print_table(COLUMNS, map(_row, entries), title)
    print_table(PROOF_COLUMNS, map(_proof_row, result.proofs), "sums of our entries")
    if not result.proofs_complete:
        print_line(INCOMPLETE, LEFT)
    print_line(STATUSES[result.pleo_statuses], GOOD if result.pleo_statuses is PleoStatuses.COMPARED else LEFT)
    counts = ", ".join(f"{len(result.pile(pile))} {pile.value}" for pile in Pile)
    failed = f"; {result.not_booked} failed and not booked, as Pleo was told" if result.not_booked else ""
    print_line(f"{counts}{failed}", GOOD if result.proven else BAD)
    print_next(*_next_commands(result))


def _next_commands(result: ReconciliationFindings) -> Iterator[str]:
    """Yield what to type for the first entry of each pile that is not empty."""
    for pile in TITLES:
        named = [each for each in result.pile(pile) if each.entry_id]
        if named:
            yield f"pleo-export entry {result.company_id} {named[0].entry_id}   for the first that is {pile.value}"
    if any(each.reasons and not each.entry_id for each in result.pile(Pile.UNKNOWN)):
        yield f"pleo-export doctor {result.company_id}   for what is unknown"
    if result.proven:
        yield f"pleo-export jobs --company {result.company_id}"


def _row(entry: ReconciledEntry) -> tuple[str, str, str, str]:
    document = entry.held[0].ref if entry.held else None
    on = document.date if document else entry.booked[0].date if entry.booked else None
    name = (document.number or f"draft {document.id}") if document else entry.reference
    reasons = " ".join(each.text for each in entry.reasons)
    what = entry.entry_id or (f"job {entry.job_id}" if entry.job_id else "")
    return what, name, str(on or ""), f"{reasons} {document.url if document and document.url else ''}".rstrip()


def _proof_row(proof: AccountProof) -> Sequence[str]:
    sums = (amount(each) for each in (proof.told, proof.ledger, proof.difference))
    return proof.account, proof.name, proof.role.value, proof.currency, *sums


def _entry(entry: ReconciledEntry) -> ReconciledEntryOutput:
    booked = [
        DocumentOutput(
            reference=each.reference,
            currency=each.currency,
            date=each.date,
            amounts=[AmountOutput(account=one.account, tax=one.tax, amount=one.amount) for one in each.amounts],
        )
        for each in entry.booked
    ]
    held = [
        DocumentOutput(
            reference=each.ref.reference,
            currency=each.currency,
            date=each.ref.date,
            amounts=[AmountOutput(account=one.account, tax=one.tax, amount=one.amount) for one in each.lines],
            id=each.ref.id,
            number=each.ref.number,
            state=each.ref.state.value,
            url=each.ref.url,
        )
        for each in entry.held
    ]
    return ReconciledEntryOutput(
        pile=entry.pile.value,
        entry_id=entry.entry_id,
        reference=entry.reference,
        told=entry.told,
        job_id=entry.job_id,
        reasons=[ReasonOutput(cause=each.cause.value, text=each.text) for each in entry.reasons],
        booked=booked,
        held=held,
    )


def _proof(proof: AccountProof) -> ProofOutput:
    return ProofOutput(
        account=proof.account,
        name=proof.name,
        role=proof.role.value,
        currency=proof.currency,
        told=proof.told,
        ledger=proof.ledger,
        difference=proof.difference,
    )
