"""Exporting a company's records of a period, as the next link of its chain of audit exports.

The files are written beside the folder first, then the link is added to our records, then they get the folder's name.
Only an export that was broken off between the last two has a name that ends in `.part`; it is complete.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pleo_export.errors import PleoExportError
from pleo_export.operations.audit.files import RecordFile, Spool, sha256_of
from pleo_export.operations.audit.manifest import MANIFEST, AuditFile, AuditManifest
from pleo_export.operations.audit.readme import README, README_NAME
from pleo_export.operations.audit.records import AuditReader, Period, Record, job_of
from pleo_export.store.audit_exports import AuditLink
from pleo_export.store.records import Records

POSTINGS = RecordFile(
    "postings",
    (
        *("entry_id", "revision", "reference", "intended_at", "recorded_at", "complete", "job_id"),
        *("document_id", "document_number", "document_state", "document_url", "payment_ids", "open_references"),
        *("reversed_at", "reversed_by", "reversal_ids", "booked", "fingerprint", "settings_version", "code_version"),
        *("files", "files_left_out", "company_id"),
    ),
    ordered_by="intended_at",
)
JOBS = RecordFile(
    "jobs", ("pk", "outcome", "finished_at", "attempts", "items", "closed_as", "closed_because"), "finished_at"
)
RESULTS = RecordFile(
    "results",
    (
        *("pk", "entry_id", "status", "recorded_at", "exported_at", "external_id", "external_url"),
        *("failure", "reason", "warnings"),
    ),
    ordered_by="recorded_at",
)
SETTINGS = RecordFile("settings", ("version", "stored_at", "stored_by", "code_version", "sha256", "settings"))
COMPANY = RecordFile("company", ("sk", "event", "action", "at", "by", "reason", "settings_version", "code_version"))
FILES = (POSTINGS, JOBS, RESULTS, SETTINGS, COMPANY)


class AuditConflict(PleoExportError):
    """Another audit export of the company was made at the same time, and has the number of this one."""


class NothingToAudit(PleoExportError):
    """The installation has no record of the company."""


@dataclass(frozen=True)
class AuditOrder:
    """What is exported, and what the manifest says of the export: the stack, the code that makes it, and who makes it
    (an AWS identity's ARN)."""

    company_id: str
    period: Period
    stack: str
    code_version: str
    made_by: str


def export_audit(
    order: AuditOrder, folder: Path, records: Records, now: datetime, sleep: Callable[[float], None]
) -> AuditManifest:
    """Write the export into `folder`, which does not exist yet, and return its manifest.

    Raises NothingToAudit, and AuditConflict when another export was made meanwhile; then nothing is left of this one.
    """
    part = part_of(folder)
    part.mkdir(parents=True, mode=0o700)
    try:
        manifest = _written(order, part, records, now, sleep)
    except BaseException:
        shutil.rmtree(part)
        raise
    link = AuditLink(order.company_id, manifest.number, manifest.sha256, order.made_by, now)
    if not records.audit_exports.add(link):
        shutil.rmtree(part)
        raise AuditConflict(
            f"another audit export of company {order.company_id} was made at the same time; run the command again"
        )
    part.rename(folder)
    return manifest


def part_of(folder: Path) -> Path:
    """Return where the files of an export are until it is in our records."""
    return folder.with_name(f"{folder.name}.part")


def _written(
    order: AuditOrder, folder: Path, records: Records, now: datetime, sleep: Callable[[float], None]
) -> AuditManifest:
    last = records.audit_exports.last(order.company_id)
    files = _record_files(order, AuditReader(records.table, order.company_id, sleep), folder)
    manifest = AuditManifest(
        company_id=order.company_id,
        number=last.number + 1 if last else 1,
        period_from=order.period.first,
        period_to=order.period.last,
        stack=order.stack,
        code_version=order.code_version,
        made_at=now,
        made_by=order.made_by,
        previous_manifest_sha256=last.manifest_sha256 if last else None,
        files=(*files, _readme(folder)),
    )
    (folder / MANIFEST).write_bytes(manifest.as_bytes())
    return manifest


def _record_files(order: AuditOrder, reader: AuditReader, folder: Path) -> list[AuditFile]:
    spools = {file: Spool(file) for file in FILES}
    jobs, known = [], False
    for kind, record in reader.postings_and_jobs():
        known = True
        if kind == "job":
            jobs.append(record)
        elif order.period.touched_by(record):
            spools[POSTINGS].add(record)
    for job, results in _jobs(order.period, reader, jobs):
        spools[JOBS].add(job)
        spools[RESULTS].add_all(results)
    spools[SETTINGS].add_all(reader.settings())
    spools[COMPANY].add_all(reader.others())
    if not (known or len(spools[SETTINGS]) or len(spools[COMPANY])):
        raise NothingToAudit(f"there is no record of company {order.company_id} in stack {order.stack!r}")
    return [each for spool in spools.values() for each in spool.write(folder)]


def _jobs(period: Period, reader: AuditReader, jobs: Iterable[Record]) -> Iterator[tuple[Record, list[Record]]]:
    """Yield the jobs of the period, each with its results in the period."""
    for job in jobs:
        if "finished_at" in job and period.after(str(job["finished_at"])):
            continue
        results = [each for each in reader.results(job_of(job)) if period.touched_by(each)]
        if results or period.touched_by(job):
            yield job, results


def _readme(folder: Path) -> AuditFile:
    path = folder / README_NAME
    path.write_text(README, encoding="utf-8", newline="\n")
    return AuditFile(name=README_NAME, sha256=sha256_of(path), size=path.stat().st_size, records=0)
