"""Gathering what a report says: the jobs as Pleo and our records hold them, the entries as the ledger does. Only
reads."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time

from cli.errors import UsageError, not_connected
from cli.job_lookup import FoundJob, find_job, overview
from cli.report.content import (
    EXPORTED,
    FAILED,
    OPEN,
    ReportDocument,
    ReportEntry,
    ReportFinding,
    ReportLine,
    ReportMapping,
    ReportMappingFinding,
    ReportOutput,
    ReportProof,
    ReportReconciliation,
)
from cli.stack import Stack
from pleo_export.accounting.port import LedgerDocument
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.errors import InvalidSettings, PleoExportError
from pleo_export.operations.job_overview import ItemOverview, JobOverview
from pleo_export.operations.reconcile import ReconciliationPeriod, reconcile_job, reconcile_period
from pleo_export.operations.reconciliation.result import AccountProof, AccountRole, Cause, Pile, ReconciliationFindings
from pleo_export.workflow.entry_ids import key_of


def report_of_job(stack: Stack, job_id: str) -> ReportOutput:
    """Return the report of one export job. Raises UsageError when nobody knows the job."""
    job = overview(stack, find_job(stack, job_id))
    findings, why_not = _compared(stack, job.company_id, job_id, None)
    return ReportOutput(
        title=f"Export of {job.created_at:%d %B %Y}" if job.created_at else "Export",
        company=job.company_id,
        ledger=_ledger(stack, job.company_id),
        made_at=stack.now(),
        job_id=job_id,
        job_status=job.status or job.outcome or "",
        job_reason=job.failure or "",
        entries=tuple(_entries([job], findings)),
        reconciliation=_reconciliation(findings),
        not_compared=why_not,
        mapping=_mapping(stack, job.company_id),
    )


def report_of_month(stack: Stack, company_id: str, month: date) -> ReportOutput:
    """Return the report of a company's expenses of that month (any day of it), by their dates in the ledger, or in Pleo
    where they are not booked. Raises UsageError for a company that is not connected, and Pleo's errors."""
    secrets = stack.secrets(company_id)
    if secrets is None or not stack.connections.exists(company_id):
        raise not_connected(company_id)
    period = ReconciliationPeriod(
        month.replace(day=1), month.replace(day=calendar.monthrange(month.year, month.month)[1])
    )
    pleo = stack.pleo(secrets.pleo, company_id)
    since = datetime.combine(period.since, time(), UTC)
    found = (
        FoundJob(job.id, company_id, stack.jobs.get(job.id), job, pleo) for job in pleo.jobs_since(company_id, since)
    )
    jobs = [overview(stack, each) for each in found]
    findings, why_not = _compared(stack, company_id, None, period)
    entries = {each.entry_id: each for each in _entries(jobs, findings)}  # what a later job was told counts
    return ReportOutput(
        title=f"{month:%B %Y}",
        company=company_id,
        ledger=_ledger(stack, company_id),
        made_at=stack.now(),
        entries=tuple(each for each in entries.values() if each.date in period),
        reconciliation=_reconciliation(findings),
        not_compared=why_not,
        mapping=_mapping(stack, company_id),
    )


def parse_month(text: str) -> date:
    """Return the first day of a month such as 2026-01. Raises UsageError."""
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise UsageError(f"--month: {text!r} is not a month such as 2026-01") from None


def _compared(
    stack: Stack, company_id: str, job_id: str | None, period: ReconciliationPeriod | None
) -> tuple[ReconciliationFindings | None, str]:
    """Return what the comparison found, or why there is none: the rest of the report is made all the same."""
    try:
        if period:
            return reconcile_period(company_id, period, stack.services), ""
        return reconcile_job(company_id, str(job_id), stack.services), ""
    except PleoExportError as error:
        return None, str(error)


def _mapping(stack: Stack, company_id: str) -> ReportMapping | None:
    health = stack.mapping_health.get(company_id)
    if health.checked_at is None:
        return None
    found = tuple(ReportMappingFinding(told=each.told, who=each.who) for each in health.findings)
    return ReportMapping(checked_at=health.checked_at, number=health.number, findings=found)


def _ledger(stack: Stack, company_id: str) -> str:
    try:
        connection = stack.connections.get(company_id)
        return CONNECTORS[connection.settings.accounting_system.name].title if connection else "the accounting system"
    except InvalidSettings:
        return "the accounting system"


def _entries(jobs: Sequence[JobOverview], findings: ReconciliationFindings | None) -> Iterator[ReportEntry]:
    held = _held(findings)
    names = {each.account: each.name for each in findings.proofs} if findings else {}
    for job in jobs:
        for item in job.items:
            key = key_of(item.entry_id)
            found = held.get(key, ()) if held is not None else None
            documents = None if found is None else tuple(_document(document, names) for document in found)
            yield _entry(job, item, documents)


def _held(findings: ReconciliationFindings | None) -> Mapping[str, Sequence[LedgerDocument] | None] | None:
    """Return the ledger's documents by entry id: None for an entry that could not be read, and None for all where
    nothing could."""
    if findings is None or any(each.pile is Pile.UNKNOWN and not each.entry_id for each in findings.entries):
        return None
    documents: dict[str, list[LedgerDocument]] = {}
    unreadable: set[str] = set()
    for each in findings.entries:
        if each.entry_id:
            documents.setdefault(key_of(each.entry_id), []).extend(each.held)
            if any(reason.cause is Cause.LEDGER_UNREADABLE for reason in each.reasons):
                unreadable.add(key_of(each.entry_id))
    return documents | dict.fromkeys(unreadable)


def _entry(job: JobOverview, item: ItemOverview, documents: tuple[ReportDocument, ...] | None) -> ReportEntry:
    return ReportEntry(
        entry_id=item.entry_id,
        date=_day(job, item, documents or ()),
        supplier=item.supplier or "",
        amount=item.amount,
        currency=item.currency or "",
        status=FAILED if item.failed else EXPORTED if item.status == "successful" else OPEN,
        pleo_url=item.pleo_url,
        documents=documents,
        reason=(item.reason or item.failure_type or job.failure or "") if item.failed else "",
        code=item.failure_code or "",
        fix=item.fix or "",
        who=item.who or "",
        warnings=item.warnings,
    )


def _day(job: JobOverview, item: ItemOverview, documents: Iterable[ReportDocument]) -> date:
    """Return the day of the entry in the ledger, else of the expense, else of the export."""
    booked = next((each.posted_on for each in documents if each.posted_on), None)
    return booked or item.date or (job.created_at.date() if job.created_at else date.min)


def _document(document: LedgerDocument, names: Mapping[str, str]) -> ReportDocument:
    ref = document.ref
    return ReportDocument(
        name=ref.number or ref.id,
        kind=ref.kind,
        state=ref.state,
        posted_on=ref.date,
        url=ref.url,
        currency=document.currency,
        lines=tuple(
            ReportLine(
                account=line.account,
                account_name=names.get(line.account, ""),
                debit=max(line.amount, 0),
                credit=max(-line.amount, 0),
                tax_code=line.tax or "",
            )
            for line in document.lines
        ),
    )


def _reconciliation(findings: ReconciliationFindings | None) -> ReportReconciliation | None:
    if findings is None:
        return None
    wrong = [each for each in findings.entries if each.pile is not Pile.MATCHED]
    return ReportReconciliation(
        proven=findings.proven,
        counts={str(pile): len(findings.pile(pile)) for pile in Pile},
        findings=tuple(
            ReportFinding(
                pile=each.pile,
                entry_id=each.entry_id or each.reference,
                explanation=" ".join(reason.text for reason in each.reasons),
            )
            for each in wrong
        ),
        proofs=tuple(_proof(each) for each in findings.proofs if each.role is not AccountRole.OTHER or each.difference),
    )


def _proof(proof: AccountProof) -> ReportProof:
    role = f" ({proof.role})" if proof.role else ""
    return ReportProof(
        what=f"{proof.account} {proof.name}{role}", currency=proof.currency, told=proof.told, held=proof.ledger
    )
