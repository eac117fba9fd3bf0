"""Failures of an expense's receipts."""

from __future__ import annotations

from pleo_export.failures.entry import FailureEntry, WhoCanFix

_ADDS_THEM = "Export this expense again: that adds the receipts, and books nothing twice."

NO_TIME_FOR_RECEIPTS = FailureEntry(
    code="no_time_for_receipts",
    says="There was no time left to attach its receipts.",
    fix=_ADDS_THEM,
    why="Pleo ends an export an hour after it began.",
    who=WhoCanFix.IN_PLEO,
)
NO_FILES_TAKEN = FailureEntry(
    code="no_files_taken",
    says="{ledger} takes no files for a {kind} over this connection.",
    fix="Keep its receipts in Pleo: ask {support} to set receipts to best_effort. Then export this expense again.",
    why="The settings say that nothing is booked without its receipts.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"kind": "journal entry"},
)
NOT_POSTED_YET = FailureEntry(
    code="not_posted_without_receipts",
    says="The entry is not posted, because its receipts are not attached yet and {ledger} takes none after that.",
    fix=_ADDS_THEM,
    why="Some accounting systems take files for drafts only, so the receipts go first.",
    who=WhoCanFix.IN_PLEO,
)

NOT_DOWNLOADED = FailureEntry(
    code="receipt_not_downloaded",
    says="{file} could not be downloaded from Pleo: {reason}.",
    fix="Export this expense again. If it fails again, replace the file in Pleo first.",
    why="Pleo did not deliver the file, or not all of it.",
    who=WhoCanFix.IN_PLEO,
    example={"file": "File 1 of 2", "reason": "HTTP 404"},
    quotes=frozenset({"reason"}),
)
LINK_EXPIRED = FailureEntry(
    code="receipt_link_expired",
    says="The link to {file} has expired.",
    fix="Export this expense again.",
    why="Pleo's links to receipts work for 24 hours.",
    who=WhoCanFix.IN_PLEO,
    example={"file": "file 1 of 2"},
)
TOO_LARGE = FailureEntry(
    code="receipt_too_large",
    says="{file}: {limit}.",
    fix="Attach something smaller to the expense in Pleo. Then export this expense again.",
    why="The file is larger than Pleo serves or the accounting system takes, and cannot be made smaller.",
    who=WhoCanFix.IN_PLEO,
    example={"file": "File 1 of 1 (PDF, 31 MB)", "limit": "the accounting system takes at most 25 MB"},
    quotes=frozenset({"limit"}),
)
NOT_CONVERTIBLE = FailureEntry(
    code="receipt_not_convertible",
    says="{file}: {reason}.",
    fix="Replace it in Pleo, preferably by a PDF or a photo. Then export this expense again.",
    why="The accounting system does not take the file as it is, and it cannot be converted.",
    who=WhoCanFix.IN_PLEO,
    example={"file": "File 1 of 1", "reason": "the PDF is protected by a password"},
    quotes=frozenset({"reason"}),
)
FILE_TYPE = FailureEntry(
    code="receipt_type_not_taken",
    says="{file}: files of type {type} are not attached in {ledger}.",
    fix="Replace it in Pleo, preferably by a PDF or a photo. " + _ADDS_THEM,
    why="The accounting system takes certain types of files only.",
    who=WhoCanFix.IN_PLEO,
    example={"file": "receipt-1.xls", "type": "application/vnd.ms-excel", "ledger": "Tryton"},
)
FILE_TOO_LARGE = FailureEntry(
    code="receipt_larger_than_ledger_takes",
    says="{file} is larger than the {limit} that {ledger} takes.",
    fix="Attach something smaller to the expense in Pleo. " + _ADDS_THEM,
    why="The accounting system limits the size of a file.",
    who=WhoCanFix.IN_PLEO,
    example={"file": "receipt-1.pdf", "limit": "25 MB", "ledger": "Tryton"},
)
FILE_LARGER_THAN_REQUEST = FailureEntry(
    code="receipt_larger_than_request",
    says="{file} is larger than a request to {ledger} may be.",
    fix="Ask the administrator of {ledger} to allow larger requests (request.max_size). " + _ADDS_THEM,
    why="The accounting system, or a gateway before it, limits the size of a request.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"file": "receipt-1.pdf", "ledger": "Tryton"},
)
FILE_REFUSED = FailureEntry(
    code="receipt_refused",
    says="{ledger} does not take {file}: {words}",
    fix=_ADDS_THEM,
    why="The accounting system refused the file for a reason of its own, which is quoted as it is.",
    who=WhoCanFix.IN_LEDGER,
    example={"file": "receipt-1.pdf", "ledger": "Tryton", "words": "The document is locked."},
    quotes=frozenset({"words"}),
)
