"""The errors of an expense's files.

    errors.ItemRejected
    └── ReceiptFailed     receipt_download_failure, receipt_file_size_limit_exceeded or receipt_conversion_failure
        └── Expired       the link is too old: fetch the export item again, once, for a fresh one

The reason names the file by its number, its size and the limit; never its URL, which gives access to it. `label` is
that name, a Receipt or a text.
"""

from __future__ import annotations

from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.receipts import LINK_EXPIRED, NOT_CONVERTIBLE, NOT_DOWNLOADED, TOO_LARGE


class ReceiptFailed(ItemRejected):
    """A file cannot be downloaded, converted or attached (R-6, item failure table; R-5d.9)."""


class Expired(ReceiptFailed):
    """The link is too old: links work for 24 hours from the moment when the item was fetched (API-5)."""

    def __init__(self, label: object) -> None:
        super().__init__(ItemFailure.RECEIPT_DOWNLOAD_FAILURE, LINK_EXPIRED.told(file=label))


class Unusable(Exception):
    """A file cannot be converted or merged, and why. Raised inside this package only."""


def not_downloaded(label: object, why: str) -> ReceiptFailed:
    """Return the error for a file that Pleo did not deliver (`receipt_download_failure`)."""
    return ReceiptFailed(
        ItemFailure.RECEIPT_DOWNLOAD_FAILURE,
        NOT_DOWNLOADED.told(file=label, reason=why),
    )


def too_large(label: object, limit: str) -> ReceiptFailed:
    """Return the error for a file above a size limit (`receipt_file_size_limit_exceeded`)."""
    return ReceiptFailed(
        ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED,
        TOO_LARGE.told(file=label, limit=limit),
    )


def not_convertible(label: object, why: str) -> ReceiptFailed:
    """Return the error for a file that cannot be attached in its format (`receipt_conversion_failure`)."""
    return ReceiptFailed(
        ItemFailure.RECEIPT_CONVERSION_FAILURE,
        NOT_CONVERTIBLE.told(file=label, reason=why),
    )
