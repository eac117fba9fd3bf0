"""`pleo-export preview`: what a waiting export would book, line by line. It writes nothing anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated

import typer

from cli.errors import UsageError
from cli.options import DEFAULT_STACK, AsJson, StackName, an_id
from cli.output_model import OutputModel
from cli.printing import BAD, GOOD, LEFT, print_json, print_line, print_next, print_table
from cli.stack import Stack
from cli.wording import several
from pleo_export.bookkeeping.documents import JournalLine
from pleo_export.bookkeeping.money import format_amount
from pleo_export.operations.preview import JobPreview, NothingToPreview, find_job, preview
from pleo_export.operations.preview_items import (
    ItemPreview,
    PreviewedDocument,
    PreviewState,
    account_names,
    account_totals,
    tax_totals,
)

LINE_COLUMNS = ("account", "name", "debit", "credit", "tax", "dimensions")
MARKS = {PreviewState.FAILS: BAD, PreviewState.FAILED: BAD, PreviewState.IN_DOUBT: LEFT}


class LineOutput(OutputModel):
    """A line of a document: minor units, `amount` positive for a debit."""

    account: str
    account_name: str
    amount: int
    tax_code: str | None
    tax_role: str | None
    dimensions: dict[str, str]
    text: str


class PreviewedDocumentOutput(OutputModel):
    """A document as it would be recorded, `state` draft or posted; `held_as`: the number or id of one that is booked
    already."""

    reference: str
    kind: str
    state: str
    currency: str
    posting_date: date
    own_date: date
    document_date: date
    party: str | None
    invoice_number: str | None
    held_as: str | None
    lines: tuple[LineOutput, ...]


class ItemOutput(OutputModel):
    """One expense, and what would become of it."""

    entry_id: str
    state: str
    failure: str | None
    reason: str | None
    warnings: tuple[str, ...]
    receipts: int
    documents: tuple[PreviewedDocumentOutput, ...]


class TotalOutput(OutputModel):
    """The total of an account (`first` debit, `second` credit) or of a tax code (base, tax), in minor units."""

    currency: str
    code: str
    first: int
    second: int


class PreviewOutput(OutputModel):
    """The result of `pleo-export preview --json`. Amounts are minor units of their currency."""

    job_id: str
    company_id: str
    job_status: str
    failure: str | None
    reason: str | None
    items: tuple[ItemOutput, ...]
    accounts: tuple[TotalOutput, ...]
    tax_codes: tuple[TotalOutput, ...]


def command(
    job_id: Annotated[
        str | None, typer.Argument(metavar="JOB_ID", help="The export job's id, as `jobs` shows it.", parser=an_id)
    ] = None,
    company_id: Annotated[
        str | None,
        typer.Option(
            "--company", metavar="COMPANY_ID", help="Take this company's oldest waiting job instead.", parser=an_id
        ),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Show only what would fail.")] = False,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Show what a waiting export would book, and what would fail. Nothing is written anywhere.

    Exit code 1 when something would fail.
    """
    if not (job_id or company_id):
        raise UsageError("name a job (JOB_ID), or a company (--company COMPANY_ID) for its oldest waiting job")
    deployed = Stack.named(stack)
    services = deployed.services
    try:
        job = find_job(services, job_id, company_id)
    except NothingToPreview as nothing:
        raise UsageError(str(nothing)) from None
    result = preview(job, services)
    connection = services.connection(job.company_id)
    secret, settings = services.accounting_secret(connection), connection.settings
    setup = deployed.accounting_setup(settings.accounting_system, secret)
    names = account_names(setup.accounts(), settings.accounts)
    shown = [each for each in result.items if each.fails or not failed]
    if as_json:
        print_json(_output(result, shown, names))
    else:
        _print(result, shown, names)
    if result.rejected or any(each.fails for each in result.items):
        raise typer.Exit(1)


def _print(result: JobPreview, shown: Sequence[ItemPreview], names: Mapping[str, str]) -> None:
    job = result.job
    expenses = several(job.number_of_items, "expense", "expenses")
    print_line(f"job {job.id} of company {job.company_id}: {job.status} at Pleo, {expenses}")
    if result.rejected:
        print_line(f"The export would fail as a whole: {result.reason}", BAD)
        print_next(f"correct it; pleo-export doctor {job.company_id} checks it")
        return
    for item in shown:
        _print_item(item, names)
    _print_totals(result.items, names)
    counts = {state: sum(each.state is state for each in result.items) for state in PreviewState}
    print_line("; ".join(f"{count} {state}" for state, count in counts.items() if count) or "nothing to book")
    print_line("Nothing was written. Receipts were not fetched.")
    print_line("What the accounting system itself refuses is seen only on booking.")
    print_next("pleo-export poll   start the exports that wait", f"pleo-export watch {job.id}")


def _print_item(item: ItemPreview, names: Mapping[str, str]) -> None:
    files = f", {several(item.receipts, 'receipt', 'receipts')}" if item.receipts else ""
    print_line(f"{item.entry_id}: {item.state}{files}", MARKS.get(item.state, GOOD))
    if item.reason:
        print_line(f"  {item.failure}: {item.reason}")
    for warning in item.warnings:
        print_line(f"  {warning}", LEFT)
    for document in item.documents:
        print_table(LINE_COLUMNS, (_row(line, names) for line in document.document.lines), _title(document))


def _title(shown: PreviewedDocument) -> str:
    document = shown.document
    moved = f" (moved from {shown.own_date})" if document.posting_date != shown.own_date else ""
    party = f", {shown.party}" if shown.party else ""
    invoice = f", invoice {shown.invoice_number}" if shown.invoice_number else ""
    held = f"; booked as {shown.held.number or shown.held.id} ({shown.held.state})" if shown.held else ""
    state = "" if shown.held else f", {shown.state}"
    kind = document.kind.replace("_", " ")
    return f"{kind} of {document.posting_date}{moved}, {document.currency}{party}{invoice}{state}{held}"


def _row(line: JournalLine, names: Mapping[str, str]) -> tuple[str, ...]:
    tax = f"{line.tax.code} ({line.tax.role})" if line.tax else ""
    dimensions = ", ".join(f"{each.category} {each.value}" for each in line.dimensions)
    amount = format_amount(abs(line.amount))
    sides = (amount, "") if line.amount > 0 else ("", amount)
    return (line.account, names.get(line.account, "not in the chart"), *sides, tax, dimensions)


def _print_totals(items: Sequence[ItemPreview], names: Mapping[str, str]) -> None:
    accounts = [
        (each.account, names.get(each.account, "not in the chart"), each.currency, *_both(each.debit, each.credit))
        for each in account_totals(items)
    ]
    print_table(("account", "name", "currency", "debit", "credit"), accounts, "totals per account")
    taxes = [(each.tax_code, each.currency, *_both(each.base, each.tax)) for each in tax_totals(items)]
    print_table(("tax code", "currency", "base", "tax"), taxes, "totals per tax code, + debit, - credit")


def _both(first: int, second: int) -> tuple[str, str]:
    return format_amount(first), format_amount(second)


def _output(result: JobPreview, shown: Sequence[ItemPreview], names: Mapping[str, str]) -> PreviewOutput:
    accounts = [(each.currency, each.account, each.debit, each.credit) for each in account_totals(result.items)]
    taxes = [(each.currency, each.tax_code, each.base, each.tax) for each in tax_totals(result.items)]
    return PreviewOutput(
        job_id=result.job.id,
        company_id=result.job.company_id,
        job_status=result.job.status,
        failure=result.rejected.failure if result.rejected else None,
        reason=result.reason,
        items=tuple(_item(each, names) for each in shown),
        accounts=tuple(_totals(accounts)),
        tax_codes=tuple(_totals(taxes)),
    )


def _totals(rows: Sequence[tuple[str, str, int, int]]) -> Iterator[TotalOutput]:
    for currency, code, first, second in rows:
        yield TotalOutput(currency=currency, code=code, first=first, second=second)


def _item(item: ItemPreview, names: Mapping[str, str]) -> ItemOutput:
    return ItemOutput(
        entry_id=item.entry_id,
        state=item.state.name.lower(),
        failure=item.failure,
        reason=item.reason,
        warnings=item.warnings,
        receipts=item.receipts,
        documents=tuple(_document(each, names) for each in item.documents),
    )


def _document(shown: PreviewedDocument, names: Mapping[str, str]) -> PreviewedDocumentOutput:
    document = shown.document
    return PreviewedDocumentOutput(
        reference=document.reference,
        kind=document.kind,
        state=shown.state,
        currency=document.currency,
        posting_date=document.posting_date,
        own_date=shown.own_date,
        document_date=document.document_date,
        party=shown.party,
        invoice_number=shown.invoice_number,
        held_as=(shown.held.number or shown.held.id) if shown.held else None,
        lines=tuple(_line(each, names) for each in document.lines),
    )


def _line(line: JournalLine, names: Mapping[str, str]) -> LineOutput:
    return LineOutput(
        account=line.account,
        account_name=names.get(line.account, "not in the chart"),
        amount=line.amount,
        tax_code=line.tax.code if line.tax else None,
        tax_role=line.tax.role if line.tax else None,
        dimensions={each.category: each.value for each in line.dimensions},
        text=line.text,
    )
