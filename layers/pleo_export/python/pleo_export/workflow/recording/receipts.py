"""The receipts of an item: fetched and made fit before anything is posted, attached afterwards (R-5d.11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pleo_export.accounting.errors import (
    AccountingError,
    InternalFault,
    OutcomeUnknown,
    internal_fault,
)
from pleo_export.accounting.port import AccountingSystem, Attachment, DocumentRef
from pleo_export.bookkeeping.export_item import File, parse_export_item
from pleo_export.errors import ItemFailure, ItemRejected, PleoExportError
from pleo_export.failures.entry import FailureText
from pleo_export.failures.openings import recorded_without_receipts
from pleo_export.failures.receipts import NO_TIME_FOR_RECEIPTS
from pleo_export.observability import tally
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services
from pleo_export.settings import ReceiptPolicy
from pleo_export.store.attached_files import AttachedFile, OriginalFile
from pleo_export.store.connections import Connection
from pleo_export.workflow.entry_ids import key_of
from pleo_export.workflow.recording.faults import log_fault
from pleo_export.workflow.recording.pauses import SHORTEST_PAUSE, pause_after
from pleo_export.workflow.recording.preparation import PreparedItem

if TYPE_CHECKING:
    from pleo_export.receipts.prepare import PreparedReceipt


class PreparedReceipts(NamedTuple):
    """What is to be attached to an item's main document, and what the bookkeeper should know about it. `hashes` are
    what the posting record keeps of the attachments."""

    attachments: tuple[Attachment, ...] = ()
    warnings: tuple[str, ...] = ()
    hashes: tuple[AttachedFile, ...] = ()


class AttachmentOutcome(NamedTuple):
    """The outcome of attaching an item's files. `attachment_error` is the item's failure under `required`. With `retry`
    they are not attached yet, and to be tried again after that time; the other fields then count only if the job has
    no time for that. `in_doubt`: what was sent may still arrive. `attached` are the files that the document has for
    certain."""

    attachment_error: ItemRejected | None = None
    warnings: tuple[str, ...] = ()
    retry: timedelta | None = None
    in_doubt: bool = False
    attached: tuple[AttachedFile, ...] = ()


NO_RECEIPTS = PreparedReceipts()


@dataclass(frozen=True)
class ReceiptHandler:
    """Applies a company's policy on receipts: `required` fails the item, `best_effort` warns and goes on (R-5d.9,
    R-5d.12)."""

    run: JobInput
    services: Services
    connection: Connection
    system: AccountingSystem

    def prepare(self, item: PreparedItem, folder: Path) -> PreparedReceipts:
        """Fetch and convert the receipts of an item into files in `folder`. Raises ItemRejected under `required`,
        before anything is booked."""
        if not item.item.files or item.main.kind not in self.system.capabilities.files:
            return NO_RECEIPTS
        from pleo_export.receipts.errors import ReceiptFailed  # noqa: PLC0415 - most items have no files

        try:
            return self._prepare(item, folder)
        except ReceiptFailed as failed:
            tally("ReceiptsRefused", failure=failed.failure)
            if self._required:
                raise
            return PreparedReceipts(
                warnings=(f"Booked without its receipts. {failed.told.text(self.connection.support_contact)}",)
            )
        except PleoExportError:
            raise
        except Exception as error:
            log_fault("receipts could not be prepared", error, entry_id=item.entry_id)
            tally("ReceiptsRefused", failure=ItemFailure.RECEIPT_CONVERSION_FAILURE)
            if self._required:
                raise ItemRejected(ItemFailure.RECEIPT_CONVERSION_FAILURE, internal_fault(error)) from None
            return PreparedReceipts(warnings=(f"Booked without its receipts. {internal_fault(error)}",))

    def attach(self, files: PreparedReceipts, document: DocumentRef) -> AttachmentOutcome:
        """Attach the files to the document, which stays either way: a further try, or export, of the item finds it and
        adds the missing files."""
        if not files.attachments:
            return AttachmentOutcome(warnings=files.warnings)
        try:
            self.system.attach(document, files.attachments)
        except AccountingError as error:
            return self._not_attached(files, document, error)
        except PleoExportError:
            raise
        except Exception as error:
            log_fault("receipts could not be attached", error, document=document.id)
            return self._missing(files, document, internal_fault(error), InternalFault.failure, None)
        tally("ReceiptsAttached", len(files.attachments))
        return AttachmentOutcome(warnings=files.warnings, attached=files.hashes)

    def lost(self, files: PreparedReceipts, document: DocumentRef, error: AccountingError) -> AttachmentOutcome:
        """Return the outcome of files that the document had as a draft, and that `error` kept from the posted one."""
        if not files.attachments:
            return AttachmentOutcome()
        without = files._replace(warnings=())  # said when they were attached to the draft
        return self._not_attached(without, document, error)

    def postponed(self, files: PreparedReceipts, document: DocumentRef) -> AttachmentOutcome:
        """Return the outcome of files that the next call attaches, since this one has no time left for them."""
        return self._missing(
            files, document, NO_TIME_FOR_RECEIPTS.told(), ItemFailure.RECEIPT_UPLOAD_FAILURE, SHORTEST_PAUSE
        )

    def _not_attached(
        self, files: PreparedReceipts, document: DocumentRef, error: AccountingError
    ) -> AttachmentOutcome:
        """Return the outcome of a refusal, which is final, or of a fault that passes. An upload without an answer may
        still arrive, so the wait is long enough for it: the file must not be attached twice."""
        in_doubt = isinstance(error, OutcomeUnknown)
        pause = self.services.in_doubt_time if in_doubt else pause_after(error)
        return self._missing(files, document, error.told, error.failure, pause)._replace(in_doubt=in_doubt)

    def _missing(
        self,
        files: PreparedReceipts,
        document: DocumentRef,
        why: FailureText,
        failure: ItemFailure,
        retry: timedelta | None,
    ) -> AttachmentOutcome:
        told = why.after(recorded_without_receipts(document.number or document.id))
        if retry is None:
            tally("ReceiptsRefused", failure=ItemFailure.RECEIPT_UPLOAD_FAILURE)
        if not self._required:
            warning = told.text(self.connection.support_contact)
            return AttachmentOutcome(warnings=(*files.warnings, warning), retry=retry)
        failure = failure if failure in _RECEIPT_FAILURES else ItemFailure.RECEIPT_UPLOAD_FAILURE
        return AttachmentOutcome(ItemRejected(failure, told), files.warnings, retry)

    @property
    def _required(self) -> bool:
        return self.connection.settings.receipts is ReceiptPolicy.REQUIRED

    def _prepare(self, item: PreparedItem, folder: Path) -> PreparedReceipts:
        from pleo_export.receipts.errors import Expired  # noqa: PLC0415
        from pleo_export.receipts.limits import AttachmentLimits  # noqa: PLC0415
        from pleo_export.receipts.prepare import prepare  # noqa: PLC0415

        takes = self.system.capabilities
        limits = AttachmentLimits(takes.max_attachment_bytes, takes.max_attachments, takes.attachment_types)
        try:
            receipts = self.services.receipts.fetch(item.item.files, folder)
        except Expired:
            receipts = self.services.receipts.fetch(self._fresh_files(item), folder)
        prepared = prepare(receipts, limits, folder)
        return PreparedReceipts(prepared.attachments, prepared.warnings, tuple(map(_hashes, prepared.attachments)))

    def _fresh_files(self, item: PreparedItem) -> tuple[File, ...]:
        """Return the item's files with new links: Pleo makes them whenever the items are fetched (R-5d.3)."""
        pleo = self.services.pleo(self.connection)
        for page in pleo.export_item_pages(self.run.job_id):
            for payload in page:
                if key_of(payload.get("accountingEntryId")) == item.entry_id:
                    return parse_export_item(payload).files
        return item.item.files


def _hashes(file: PreparedReceipt) -> AttachedFile:
    originals = (OriginalFile(each.number, each.sha256, each.size, each.format.content_type) for each in file.originals)
    return AttachedFile(file.name, file.sha256, file.size, file.content_type, tuple(originals))


_RECEIPT_FAILURES = frozenset({ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED, ItemFailure.RECEIPT_UPLOAD_FAILURE})
