"""Why an expense goes without its files.

    errors.ItemRejected
    └── ReceiptFailed     receipt_download_failure, receipt_file_size_limit_exceeded or receipt_conversion_failure
        └── Expired       the link is too old: fetch the export item again, once, for a fresh one

The reason names the file by its number, its size and the limit; never its URL, which is a key to it.
"""

from __future__ import annotations

from pleo_export.errors import ItemFailure, ItemRejected


class ReceiptFailed(ItemRejected):
    """A file cannot be had or cannot be made to fit (R-6, item failure table; R-5d.9)."""


class Expired(ReceiptFailed):
    """Links work for 24 hours from the moment the item was fetched (API-5)."""

    def __init__(self, reason: str) -> None:
        super().__init__(ItemFailure.RECEIPT_DOWNLOAD_FAILURE, reason)


class Unusable(Exception):
    """Inside this package: a file that cannot be converted or merged, and why."""


def not_downloaded(which: object, why: str) -> ReceiptFailed:
    return ReceiptFailed(
        ItemFailure.RECEIPT_DOWNLOAD_FAILURE,
        f"{which} could not be downloaded from Pleo: {why}. Export the expense again; if that fails too, replace the "
        "file in Pleo first.",
    )


def too_large(which: object, limit: str) -> ReceiptFailed:
    return ReceiptFailed(
        ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED,
        f"{which}: {limit}. Attach something smaller to the expense in Pleo and export it again.",
    )


def not_convertible(which: object, why: str) -> ReceiptFailed:
    return ReceiptFailed(
        ItemFailure.RECEIPT_CONVERSION_FAILURE,
        f"{which}: {why}. Replace it in Pleo, best by a PDF or a photo, and export the expense again.",
    )
