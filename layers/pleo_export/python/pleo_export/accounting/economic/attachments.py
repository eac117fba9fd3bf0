"""The document of a voucher: e-conomic keeps one for each, by accounting year and voucher number.

Several receipts come here merged into one PDF. The note of the document holds our reference and the hash of its
content: so an upload whose answer got lost is recognised, and a document of somebody else's is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pleo_export.accounting.attaching import UploadedParts, check_file, chunks
from pleo_export.accounting.economic.filters import both, equals
from pleo_export.accounting.economic.periods import EconomicPeriods
from pleo_export.accounting.economic.rest import DOCUMENTS, EconomicRest, key_of
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.errors import AttachmentRejected, AttachmentTooLarge, Rejected
from pleo_export.accounting.port import Attachment, Capabilities, DocumentRef
from pleo_export.failures.ledger_rules import VOUCHER_HAS_DOCUMENT
from pleo_export.failures.receipts import FILE_REFUSED, FILE_TOO_LARGE

CONTENT_TYPES = frozenset({"application/pdf", "image/jpeg", "image/png"})
MEGABYTE = 1_000_000
MAX_BYTES = 9 * MEGABYTE
ATTACHED = f"{DOCUMENTS}/AttachedDocuments"
_FAIL_ON_CONFLICT = "1"  # 0, the default, would append to the document that is there
_BOUNDARY = "pleo-export-b7c1d0a94e5f4f0c"


def attach(
    rest: EconomicRest,
    periods: EconomicPeriods,
    document: DocumentRef,
    attachments: Sequence[Attachment],
    limits: Capabilities,
) -> None:
    """Attach the file, if the voucher does not have it yet: one call to look, one to send. Raises AttachmentRejected,
    AttachmentTooLarge, or another AccountingError."""
    for each in attachments:
        check_file(each, limits, TITLE, MEGABYTE)
    files = list({each.sha256: each for each in attachments}.values())
    if len(files) > 1:
        words = "one document is kept for each voucher."
        raise AttachmentRejected(FILE_REFUSED.told(ledger=TITLE, file=files[1].name, words=words))
    year = periods.year_of(document.date) or str(document.date.year)
    notes = _notes(rest, document, year)
    for each in files:
        if _note(document, each) not in notes:
            if notes:
                raise AttachmentRejected(VOUCHER_HAS_DOCUMENT.told(ledger=TITLE, voucher=document.id))
            _upload(rest, document, year, each)


def _form(fields: Mapping[str, str], file: Attachment) -> UploadedParts:
    """Return a form with fields and one file."""
    text = "".join(f"{_part(name)}\r\n\r\n{value}\r\n" for name, value in fields.items())
    name = file.name.replace("\\", "").replace('"', "%22").replace("\r", "").replace("\n", "")
    text += f'{_part("file")}; filename="{name}"\r\nContent-Type: {file.content_type}\r\n\r\n'
    head, tail = text.encode(), f"\r\n--{_BOUNDARY}--\r\n".encode()
    return UploadedParts(len(head) + file.size + len(tail), _pieces(head, file, tail))


def _pieces(head: bytes, file: Attachment, tail: bytes) -> Iterator[bytes]:
    yield head
    with file.open() as content:
        yield from chunks(content)
    yield tail


def _part(name: str) -> str:
    return f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'


def _note(document: DocumentRef, attachment: Attachment) -> str:
    return f"{document.reference} sha256 {attachment.sha256}"


def _notes(rest: EconomicRest, document: DocumentRef, year: str) -> set[str]:
    filter_ = both(equals("accountingYear", year), equals("voucherNumber", int(document.id)))
    return {str(row.get("note") or "") for row in rest.items(ATTACHED, filter_)}


def _upload(rest: EconomicRest, document: DocumentRef, year: str, attachment: Attachment) -> None:
    note = _note(document, attachment)
    fields = {
        "accountingYear": year,
        "voucherNumber": document.id,
        "note": note,
        "onConflict": _FAIL_ON_CONFLICT,
    }
    content_type = f"multipart/form-data; boundary={_BOUNDARY}"
    identity = f"{year} {document.id} {note}".encode()
    try:
        for salt in ("", "+"):
            key = key_of("doc", ATTACHED, identity, salt)
            written = rest.upload(ATTACHED, lambda: _form(fields, attachment), content_type, key)
            if not written.replayed or note in _notes(rest, document, year):
                return
    except AttachmentTooLarge as error:
        told = FILE_TOO_LARGE.told(ledger=TITLE, file=attachment.name, limit="9 MB")
        raise AttachmentTooLarge(told, status=error.status, code=error.code) from None
    except Rejected as error:
        if error.code == "DocumentAlreadyAttachedToVoucher":
            told = VOUCHER_HAS_DOCUMENT.told(ledger=TITLE, voucher=document.id)
        else:
            told = FILE_REFUSED.told(ledger=TITLE, file=attachment.name, words=error.told.sentence)
        raise AttachmentRejected(told, status=error.status, code=error.code) from None
