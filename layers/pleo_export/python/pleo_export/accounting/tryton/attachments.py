"""The receipts of a document in Tryton, identified by their content so that none is attached twice (R-5d.10)."""

from __future__ import annotations

from collections.abc import Sequence

from pleo_export.accounting.attaching import PLEO_TYPES, check_file
from pleo_export.accounting.errors import AttachmentRejected, AttachmentTooLarge, Rejected
from pleo_export.accounting.port import Attachment, Capabilities, DocumentRef
from pleo_export.accounting.tryton.documents import model_of
from pleo_export.accounting.tryton.rest import TrytonRest
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.failures.receipts import FILE_LARGER_THAN_REQUEST, FILE_REFUSED

CONTENT_TYPES = PLEO_TYPES  # Tryton itself takes any file
MAX_BYTES = 25 * 2**20  # Tryton's own limit for a request with a key is 2 MiB, unless its request.max_size is raised
TOO_LARGE = 413


def attach(tryton: TrytonRest, document: DocumentRef, attachments: Sequence[Attachment], limits: Capabilities) -> None:
    """Attach the files that the document does not have yet: one call to read what it has, and one for each file. The
    hash of a file's content is its description in Tryton. Raises AttachmentRejected, AttachmentTooLarge, or another
    AccountingError."""
    for attachment in attachments:
        check_file(attachment, limits, TITLE)
    resource = f"{model_of(document.kind)},{document.id}"
    rows = tryton.search_read("ir.attachment", [["resource", "=", resource]], ["description"])
    there = {row["description"] for row in rows}
    for attachment in attachments:
        description = f"sha256 {attachment.sha256}"
        if description not in there:
            _upload(tryton, resource, description, attachment)
            there.add(description)


def _upload(tryton: TrytonRest, resource: str, description: str, attachment: Attachment) -> None:
    try:
        with attachment.open() as file:
            tryton.upload(attachment.name, description, resource, attachment.size, file)
    except Rejected as error:
        if error.status == TOO_LARGE:
            told = FILE_LARGER_THAN_REQUEST.told(ledger=TITLE, file=attachment.name)
            raise AttachmentTooLarge(told, status=error.status) from None
        raise AttachmentRejected(
            FILE_REFUSED.told(ledger=TITLE, file=attachment.name, words=error.told.sentence), status=error.status
        ) from None
