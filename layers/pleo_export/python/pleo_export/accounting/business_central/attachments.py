"""The receipts of a document, identified by their content so that none is attached twice (R-5d.10).

A file is added in two steps, its row and then its content, and a call that got lost between them leaves a row without
content: that is filled the next time. Files of a journal entry belong to its last line, and follow it to the general
ledger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pleo_export.accounting.attaching import PLEO_TYPES, FileInMemory, UploadedParts, check_file, chunks
from pleo_export.accounting.business_central.documents import BusinessCentralDocuments
from pleo_export.accounting.business_central.postings import draft_groups, posted_document
from pleo_export.accounting.business_central.rest import BusinessCentralRest, Row
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import AttachmentRejected, AttachmentTooLarge, Rejected
from pleo_export.accounting.port import Attachment, Capabilities, DocumentRef
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.failures.ledger import ENTRY_DELETED
from pleo_export.failures.receipts import FILE_REFUSED

CONTENT_TYPES = PLEO_TYPES  # Business Central itself takes any file
MAX_BYTES = 25 * 2**20  # the API takes requests of 350 MB
_PARENTS = {
    DocumentKind.BILL: ("purchaseInvoices", "Purchase_x0020_Invoice"),
    DocumentKind.CREDIT_NOTE: ("purchaseCreditMemos", "Purchase_x0020_Credit_x0020_Memo"),
}


class KeptFile(FileInMemory):
    """A file of a draft in Business Central."""

    __slots__ = ()


class BusinessCentralFiles:
    """Attaches files. Every method raises AccountingError."""

    def __init__(self, rest: BusinessCentralRest, documents: BusinessCentralDocuments, limits: Capabilities) -> None:
        self._rest = rest
        self._documents = documents
        self._limits = limits

    def attach(self, document: DocumentRef, attachments: Sequence[Attachment]) -> None:
        """Attach the files that the document does not have yet. Raises AttachmentRejected, AttachmentTooLarge, or
        another AccountingError."""
        for attachment in attachments:
            if not isinstance(attachment, KeptFile):  # that was there already
                check_file(attachment, self._limits, TITLE)
        table, parent, kind = self._parent(document)
        there = self._rest.list_all(f"{table}({parent})/attachments", select="id,fileName,byteSize")
        hashes: set[str] = set()
        for attachment in attachments:
            if attachment.sha256 not in hashes and not self._has(there, attachment):
                self._upload(there, parent, kind, attachment)
            hashes.add(attachment.sha256)

    def kept(self, lines: Sequence[Row]) -> tuple[KeptFile, ...]:
        """Read the files of lines that are going to be moved."""
        rows = [
            row
            for line in lines
            if line.get("attachments")
            for row in self._rest.list_all(f"journalLines({line['id']})/attachments", select="id,fileName,byteSize")
        ]
        contents = [self._rest.content(f"attachments({row['id']})/attachmentContent") for row in rows]
        return tuple(KeptFile(row["fileName"], content) for row, content in zip(rows, contents, strict=True))

    def _parent(self, document: DocumentRef) -> tuple[str, str, str]:
        """Return the set of the row that files belong to, its id, and the name of its kind."""
        if document.kind in _PARENTS:
            table, kind = _PARENTS[document.kind]
            return table, document.id, kind
        held = self._documents.held([document.reference]).get(document.reference)
        if held is not None and held.entries:
            group = (posted := posted_document(held.entries, document.reference)).live or posted.void
            return "generalLedgerEntries", _marked(group[0].entries, document.reference)["id"], "Journal"
        if held is not None and held.drafts:
            (lines, *_) = draft_groups(held.drafts, document.reference)
            return "journalLines", _marked(lines, document.reference)["id"], "Journal"
        raise Rejected(ENTRY_DELETED.told(ledger=TITLE, what="deleted"))

    def _has(self, there: Sequence[Row], attachment: Attachment) -> bool:
        """Return whether a file of the same content is there. Only those of the same size are read."""
        for row in there:
            if row["byteSize"] != attachment.size or (attachment.size == 0 and row["fileName"] != attachment.name):
                continue
            content = self._rest.content(f"attachments({row['id']})/attachmentContent")
            if hashlib.sha256(content).hexdigest() == attachment.sha256:
                return True
        return False

    def _upload(self, there: Sequence[Row], parent: str, kind: str, attachment: Attachment) -> None:
        empty = [row["id"] for row in there if row["byteSize"] == 0 and row["fileName"] == attachment.name]
        try:
            row_id = empty[0] if empty else self._add(parent, kind, attachment)
            with attachment.open() as file:
                self._rest.upload(
                    f"attachments({row_id})/attachmentContent", UploadedParts(attachment.size, chunks(file))
                )
        except AttachmentTooLarge:
            raise
        except Rejected as error:
            told = FILE_REFUSED.told(ledger=TITLE, file=attachment.name, words=error.told.sentence)
            raise AttachmentRejected(told, status=error.status, code=error.code) from None

    def _add(self, parent: str, kind: str, attachment: Attachment) -> str:
        row = {"parentId": parent, "parentType": kind, "fileName": attachment.name}
        return str(self._rest.create("attachments", row)["id"])


def _marked(rows: Sequence[Row], reference: str) -> Row:
    """Return the line with the reference, else the last one."""
    return next((row for row in rows if row["description"].startswith(reference)), rows[-1])
