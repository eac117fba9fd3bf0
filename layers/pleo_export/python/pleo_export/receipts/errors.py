"""The errors of an expense's files.

    errors.ItemRejected
    └── ReceiptFailed     receipt_download_failure, receipt_file_size_limit_exceeded or receipt_conversion_failure
        └── Expired       the link is too old: fetch the export item again, once, for a fresh one

The reason names the file by its number, its size and the limit; never its URL, which gives access to it. `label` is
that name, a Receipt or a text.
"""

from __future__ import annotations

from pleo_export.errors import ItemFailure, ItemRejected


class ReceiptFailed(ItemRejected):
    """A file cannot be downloaded, converted or attached (R-6, item failure table; R-5d.9)."""


class Expired(ReceiptFailed):
    """The link is too old: links work for 24 hours from the moment when the item was fetched (API-5)."""

    def __init__(self, reason: str) -> None:
        super().__init__(ItemFailure.RECEIPT_DOWNLOAD_FAILURE, reason)


class Unusable(Exception):
    """A file cannot be converted or merged, and why. Raised inside this package only."""


def not_downloaded(label: object, why: str) -> ReceiptFailed:
    """Return the error for a file that Pleo did not deliver (`receipt_download_failure`)."""
    return ReceiptFailed(
        ItemFailure.RECEIPT_DOWNLOAD_FAILURE,
        f"{label} could not be downloaded from Pleo: {why}. Export the expense again; if that fails too, replace the "
        "file in Pleo first.",
    )


def too_large(label: object, limit: str) -> ReceiptFailed:
    """Return the error for a file above a size limit (`receipt_file_size_limit_exceeded`)."""
    return ReceiptFailed(
        ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED,
        f"{label}: {limit}. Attach something smaller to the expense in Pleo and export it again.",
    )


def not_convertible(label: object, why: str) -> ReceiptFailed:
    """Return the error for a file that cannot be attached in its format (`receipt_conversion_failure`)."""
    return ReceiptFailed(
        ItemFailure.RECEIPT_CONVERSION_FAILURE,
        f"{label}: {why}. Replace it in Pleo, preferably by a PDF or a photo, and export the expense again.",
    )
