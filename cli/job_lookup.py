"""Look an export job up: at Pleo as far as it can be asked, and in our records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cli.checks import explained
from cli.errors import UsageError
from cli.stack import Stack
from pleo_export.errors import InvalidSettings, PleoExportError
from pleo_export.failures.entry import DEFAULT_SUPPORT
from pleo_export.operations.job_overview import JobEvidence, JobOverview, job_overview
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.errors import PleoNotFound, PleoRefused
from pleo_export.pleo.models import ExportJob
from pleo_export.store.jobs import JobRecord


@dataclass(frozen=True)
class FoundJob:
    """A job: our record of it, Pleo's, and a client for more; each may be missing, but not both of the first two."""

    job_id: str
    company_id: str
    record: JobRecord | None
    at_pleo: ExportJob | None
    pleo: PleoClient | None
    not_asked: str | None = None


def find_job(stack: Stack, job_id: str) -> FoundJob:
    """Find the job. One that we have never started is looked for at Pleo, company by company.

    Raises UsageError when nobody knows it.
    """
    record = stack.jobs.get(job_id)
    if record is not None:
        return _of_company(stack, job_id, record.company_id, record)
    for company_id in stack.connections.all_company_ids():
        found = _of_company(stack, job_id, company_id, None)
        if found.at_pleo:
            return found
    raise UsageError(
        f"job {job_id} is known neither to stack {stack.name!r} nor to Pleo; `pleo-export jobs` lists those there are"
    )


def overview(stack: Stack, found: FoundJob, *, with_facts: bool = True) -> JobOverview:
    """Return the job with all its items: with supplier, date and amount, for which all payloads are read, or
    without."""
    known = JobEvidence(
        job_id=found.job_id,
        company_id=found.company_id,
        record=found.record,
        at_pleo=found.at_pleo,
        job_items=list(found.pleo.job_items(found.job_id)) if found.pleo and found.at_pleo else (),
        payloads=_payloads(stack, found) if with_facts else {},
        not_asked=found.not_asked,
        support=_support(stack, found.company_id),
    )
    return job_overview(stack, known, _time_zone(stack, found.company_id))


def _of_company(stack: Stack, job_id: str, company_id: str, record: JobRecord | None) -> FoundJob:
    """Ask Pleo with the company's credential. Where that is impossible our record has to do, and the reason is kept."""
    try:
        secrets = stack.secrets(company_id)
        if secrets is None or not stack.connections.exists(company_id):
            return FoundJob(job_id, company_id, record, None, None, f"company {company_id} is not connected any more")
        pleo = stack.pleo(secrets.pleo, company_id)
        return FoundJob(job_id, company_id, record, pleo.job(job_id), pleo)
    except PleoNotFound:
        return FoundJob(job_id, company_id, record, None, None, "Pleo does not know the job any more")
    except PleoExportError as error:
        return FoundJob(job_id, company_id, record, None, None, explained(error))


def _payloads(stack: Stack, found: FoundJob) -> dict[str, Mapping[str, Any]]:
    """Return the payloads by entry id: those that our runs have kept, else Pleo's, which has them while the job is not
    finished. Without the right to read the bucket there are none: the rest is shown all the same."""
    try:
        kept = {each.told_as: each.payload for each in stack.payloads.of_job(found.job_id) if each.payload}
    except ClientError:
        kept = {}
    if kept or found.pleo is None or found.at_pleo is None or found.at_pleo.finished:
        return dict(kept)
    try:
        pages = found.pleo.export_item_pages(found.job_id)
        return {str(each.get("accountingEntryId")): each for page in pages for each in page}
    except PleoRefused:  # contra accounts are missing: the job will fail with that reason
        return {}


def _support(stack: Stack, company_id: str) -> str:
    connection = stack.connections.get(company_id)
    return connection.support_contact if connection else DEFAULT_SUPPORT


def _time_zone(stack: Stack, company_id: str) -> str:
    try:
        connection = stack.connections.get(company_id)
        return connection.settings.time_zone if connection else "UTC"
    except InvalidSettings:
        return "UTC"
