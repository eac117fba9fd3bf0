"""The receipts of an item: fetched and made fit before anything is posted, attached afterwards (R-5d.11)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pleo_export.accounting.errors import AccountingError
from pleo_export.accounting.port import AccountingSystem, Attachment, DocumentRef
from pleo_export.bookkeeping.export_item import File, parse_export_item
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.settings import Receipts
from pleo_export.state.connections import Connection
from pleo_export.workflow.candidates import Candidate
from pleo_export.workflow.events import JobRun
from pleo_export.workflow.runtime import Runtime


@dataclass(frozen=True)
class Files:
    """What is to be attached to an item's main document, and what the bookkeeper should know about it."""

    attachments: tuple[Attachment, ...] = ()
    warnings: tuple[str, ...] = ()


NO_FILES = Files()


@dataclass(frozen=True)
class ReceiptDesk:
    """A company's policy on receipts: `required` fails the item, `best_effort` warns and goes on (R-5d.9, R-5d.12)."""

    run: JobRun
    runtime: Runtime
    connection: Connection
    system: AccountingSystem

    def prepare(self, candidate: Candidate, folder: Path) -> Files:
        """Raises ItemRejected under `required`, before anything is booked."""
        if not candidate.item.files:
            return NO_FILES
        from pleo_export.receipts.errors import ReceiptFailed  # noqa: PLC0415 - most items have no files

        try:
            return self._prepare(candidate, folder)
        except ReceiptFailed as failed:
            if self._required:
                raise
            return Files(warnings=(f"Booked without its receipts. {failed.reason}",))

    def attach(self, files: Files, document: DocumentRef) -> tuple[ItemRejected | None, tuple[str, ...]]:
        """The refusal under `required`, and the warnings. The document stays either way; a further export of the item
        finds it and adds only what is missing."""
        if not files.attachments:
            return None, files.warnings
        try:
            self.system.attach(document, files.attachments)
        except AccountingError as error:
            reason = f"Recorded as {document.number or document.id}, but without its receipts: {error.message}"
            if not self._required:
                return None, (*files.warnings, reason)
            failure = error.failure if error.failure in _RECEIPT_FAILURES else ItemFailure.RECEIPT_UPLOAD_FAILURE
            return ItemRejected(failure, f"{reason} Export it again to add them."), files.warnings
        return None, files.warnings

    @property
    def _required(self) -> bool:
        return self.connection.settings.receipts is Receipts.REQUIRED

    def _prepare(self, candidate: Candidate, folder: Path) -> Files:
        from pleo_export.receipts.errors import Expired  # noqa: PLC0415
        from pleo_export.receipts.limits import AttachmentLimits  # noqa: PLC0415
        from pleo_export.receipts.prepare import prepare  # noqa: PLC0415

        takes = self.system.capabilities
        limits = AttachmentLimits(takes.max_attachment_bytes, takes.max_attachments, takes.attachment_types)
        try:
            receipts = self.runtime.receipts.fetch(candidate.item.files, folder)
        except Expired:
            receipts = self.runtime.receipts.fetch(self._fresh_files(candidate), folder)
        prepared = prepare(receipts, limits, folder)
        return Files(prepared.attachments, prepared.warnings)

    def _fresh_files(self, candidate: Candidate) -> tuple[File, ...]:
        """The item's files with new links: Pleo makes them whenever the items are fetched (R-5d.3)."""
        pleo = self.runtime.pleo(self.connection)
        for page in pleo.export_item_pages(self.run.job_id):
            for payload in page:
                if payload.get("accountingEntryId") == candidate.entry_id:
                    return parse_export_item(payload).files
        return candidate.item.files


_RECEIPT_FAILURES = frozenset({ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED, ItemFailure.RECEIPT_UPLOAD_FAILURE})
