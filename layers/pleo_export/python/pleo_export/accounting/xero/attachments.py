"""The receipts of a document in Xero, identified by their content so that none is attached twice (R-5d.10).

Xero tells no hash of a file and replaces one of the same name, so the name ends with the beginning of the hash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pleo_export.accounting.attaching import PLEO_TYPES, UploadedParts, check_file, chunks
from pleo_export.accounting.errors import AttachmentRejected, AttachmentTooLarge, Rejected
from pleo_export.accounting.limits import kind_in_words
from pleo_export.accounting.port import Attachment, Capabilities, DocumentRef
from pleo_export.accounting.xero.kinds import endpoint_of, xero_ids
from pleo_export.accounting.xero.rest import XeroRefused, XeroRest
from pleo_export.accounting.xero.title import TITLE
from pleo_export.failures.receipts import FILE_LARGER_THAN_REQUEST, FILE_REFUSED, NO_FILES_TAKEN

CONTENT_TYPES = PLEO_TYPES | {"application/zip"}  # what several receipts are put together in
MAX_BYTES = 3 * 2**20  # Xero's own figures differ between 3.5 and 10 MB
MAX_FILES = 10
TOO_LARGE = 413
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*%#\x00-\x1f]')
_HASHED = re.compile(r" \[([0-9a-f]{12})\]\.[^.]*$")


def attach(
    rest: XeroRest, document: DocumentRef, attachments: Sequence[Attachment], limits: Capabilities, *, new: bool
) -> None:
    """Attach the files that the document does not have yet: one call for each file, and for a document that is not
    `new` one to read what it has. Raises AttachmentRejected, AttachmentTooLarge, or another AccountingError."""
    for each in attachments:
        if document.kind not in limits.files:
            raise AttachmentRejected(NO_FILES_TAKEN.told(ledger=TITLE, kind=kind_in_words(document.kind)))
        check_file(each, limits, TITLE)
    endpoint, (id_, *_) = endpoint_of(document.id, document.kind), xero_ids(document.id)
    names = [] if new else [str(row.get("FileName")) for row in rest.files(endpoint.name, id_)]
    there = {hash_in(name) for name in names}
    missing = {each.sha256[:12]: each for each in attachments if each.sha256[:12] not in there}
    if limits.max_attachments is not None and len(names) + len(missing) > limits.max_attachments:
        words = f"A document has at most {limits.max_attachments} files."
        raise AttachmentRejected(FILE_REFUSED.told(ledger=TITLE, file=attachments[-1].name, words=words))
    for each in missing.values():
        _upload(rest, endpoint.name, id_, each)


def file_name(attachment: Attachment) -> str:
    """Return the name of a file in Xero: its own, and the beginning of its hash before the ending."""
    stem, dot, ending = _NOT_IN_NAMES.sub("_", attachment.name).rpartition(".")
    return f"{(stem if dot else ending)[:180]} [{attachment.sha256[:12]}].{ending if dot else 'txt'}"


def hash_in(name: str) -> str | None:
    """Return the beginning of the hash in a name; None for a file that is not ours."""
    found = _HASHED.search(name)
    return found[1] if found else None


def _upload(rest: XeroRest, endpoint: str, id_: str, attachment: Attachment) -> None:
    try:
        with attachment.open() as file:
            body = UploadedParts(attachment.size, chunks(file))
            rest.upload(endpoint, id_, file_name(attachment), attachment.content_type, body)
    except Rejected as error:
        if error.status == TOO_LARGE:
            told = FILE_LARGER_THAN_REQUEST.told(ledger=TITLE, file=attachment.name)
            raise AttachmentTooLarge(told, status=error.status) from None
        words = " ".join(error.messages) if isinstance(error, XeroRefused) else error.message
        told = FILE_REFUSED.told(ledger=TITLE, file=attachment.name, words=words)
        raise AttachmentRejected(told, status=error.status) from None
