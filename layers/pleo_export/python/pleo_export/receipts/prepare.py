"""Converts an expense's files to what the accounting system accepts (R-5d.4, R-5d.6, R-5d.7).

    as it is          if the system takes the format and size
    converted, shrunk pictures only, step by step, as long as small print is legible
    one PDF           if the system takes fewer files than there are and all can be merged
    a ZIP             if it takes one and nothing else is possible
    ReceiptFailed     otherwise: no file is dropped silently (R-5d.9)

The same files and limits always give the same bytes (within one release of this product): a repeated upload is
recognised by `PreparedReceipt.sha256` (R-5d.10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pleo_export.receipts.archive import pack
from pleo_export.receipts.errors import Unusable, not_convertible, too_large
from pleo_export.receipts.formats import JPEG, PDF, PICTURES, PNG, ZIP, Format
from pleo_export.receipts.limits import AttachmentLimits, limit_in_words, size_in_words
from pleo_export.receipts.pdfs import MergedPdf
from pleo_export.receipts.pictures import STEPS, Step, render
from pleo_export.receipts.receipt import Receipt, sha256_of
from pleo_export.receipts.surprises import contained


@dataclass(frozen=True, slots=True)
class PreparedReceipt:
    """A file to upload. `name` is ours and safe in any path or header; `size` is in bytes, `sha256` in hex. `originals`
    are the files of Pleo that it is or was made of."""

    name: str
    content_type: str
    path: Path
    size: int
    sha256: str
    originals: tuple[Receipt, ...]

    def open(self) -> BinaryIO:
        """Open the file for reading."""
        return self.path.open("rb")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The files of one expense, in Pleo's order. `warnings` tell the bookkeeper which files are no longer the
    originals."""

    attachments: tuple[PreparedReceipt, ...]
    warnings: tuple[str, ...]


def prepare(receipts: Sequence[Receipt], limits: AttachmentLimits, folder: Path) -> Prepared:
    """Return the files as the accounting system takes them; new files are written into `folder`. Raises
    ReceiptFailed."""
    preparation = _Preparation(limits, folder)
    if limits.max_count is not None and len(receipts) > limits.max_count:
        with contained(_together(receipts), not_convertible):
            return _prepared([preparation.combined(receipts)])
    fitted = []
    for receipt in receipts:
        with contained(receipt, not_convertible):
            fitted.append(preparation.fitted(receipt))
    return _prepared(fitted)


def _prepared(fitted: Sequence[_Fitted]) -> Prepared:
    return Prepared(tuple(_attachment(each) for each in fitted), tuple(each.warning for each in fitted if each.warning))


@dataclass(frozen=True, slots=True)
class _Fitted:
    name: str
    format: Format
    path: Path
    originals: tuple[Receipt, ...]
    warning: str = ""


def _attachment(fitted: _Fitted) -> PreparedReceipt:
    size, known = fitted.path.stat().st_size, {each.path: each.sha256 for each in fitted.originals}
    digest = known.get(fitted.path) or sha256_of(fitted.path)
    return PreparedReceipt(fitted.name, fitted.format.content_type, fitted.path, size, digest, fitted.originals)


class _NotMergeable(Exception):
    """The files cannot become one PDF: because of this file, for this reason."""

    def __init__(self, receipt: Receipt, why: object) -> None:
        super().__init__(str(why))
        self.receipt = receipt


@dataclass(frozen=True, slots=True)
class _Preparation:
    limits: AttachmentLimits
    folder: Path

    def fitted(self, receipt: Receipt) -> _Fitted:
        """Return one file by itself."""
        taken = self.limits.takes(receipt.format)
        if taken and receipt.size <= self.limits.max_bytes:
            return _Fitted(receipt.name, receipt.format, receipt.path, (receipt,))
        if receipt.format in PICTURES and (target := self._target_for_pictures()):
            return self._redrawn(receipt, target)
        if taken:
            raise too_large(receipt, self._size_limit)
        if self.limits.takes(ZIP):
            return self._packed([receipt], f"receipt-{receipt.number}", "does not take the format")
        raise not_convertible(receipt, "the accounting system does not take this format, and it cannot be converted")

    def combined(self, receipts: Sequence[Receipt]) -> _Fitted:
        """Return all files as one: a PDF if possible."""
        try:
            return self._merged(receipts)
        except _NotMergeable as reason:
            if not self.limits.takes(ZIP):
                raise not_convertible(
                    reason.receipt, f"the accounting system takes {self._files}, and merging is impossible: {reason}"
                ) from None
        return self._packed(receipts, "receipts", f"takes {self._files} and not all can be merged into a PDF")

    def _redrawn(self, receipt: Receipt, target: Format) -> _Fitted:
        name = f"receipt-{receipt.number}.{target.extension}"
        path = self.folder / name
        try:
            for step in STEPS:
                render(receipt.path, target, step, path)
                if self._fits(path):
                    words = f"{target.name}, {size_in_words(path.stat().st_size)}"
                    return _Fitted(name, target, path, (receipt,), f"{receipt} was made into a {words}.")
        except Unusable as reason:
            raise not_convertible(receipt, str(reason)) from None
        raise too_large(receipt, f"{self._size_limit}, and it would not be legible at that size")

    def _merged(self, receipts: Sequence[Receipt]) -> _Fitted:
        if not self.limits.takes(PDF):
            raise _NotMergeable(receipts[0], "it does not take PDFs")
        for receipt in receipts:
            if receipt.format not in PICTURES | {PDF}:
                raise _NotMergeable(receipt, "only PDFs and pictures can be merged")
        # A merge is made in memory and is hardly smaller than its PDFs: do not try what must fail.
        if sum(receipt.size for receipt in receipts if receipt.format is PDF) <= self.limits.max_bytes:
            path = self.folder / "receipts.pdf"
            for step in STEPS if _has_pictures(receipts) else STEPS[:1]:
                self._merge(receipts, step, path)
                if self._fits(path):
                    warning = (
                        f"{len(receipts)} files were merged into one PDF: the accounting system takes {self._files}."
                    )
                    return _Fitted(path.name, PDF, path, tuple(receipts), warning)
        raise too_large(_together(receipts), self._size_limit)

    def _merge(self, receipts: Sequence[Receipt], step: Step, path: Path) -> None:
        merged = MergedPdf()
        receipt = receipts[0]
        try:
            for receipt in receipts:
                page = receipt.path
                if receipt.format in PICTURES:
                    page = self.folder / f"page-{receipt.number}.pdf"
                    render(receipt.path, PDF, step, page)
                merged.append(page)
            merged.write(path)
        except Unusable as reason:
            raise _NotMergeable(receipt, reason) from None

    def _packed(self, receipts: Sequence[Receipt], stem: str, why: str) -> _Fitted:
        path = self.folder / f"{stem}.zip"
        for step in (None, *STEPS) if _has_pictures(receipts) else (None,):
            pack([self._entry(receipt, step) for receipt in receipts], path)
            if self._fits(path):
                warning = f"{_together(receipts)} packed into a ZIP: the accounting system {why}."
                return _Fitted(path.name, ZIP, path, tuple(receipts), warning)
        raise too_large(_together(receipts), self._size_limit)

    def _entry(self, receipt: Receipt, step: Step | None) -> tuple[str, Path]:
        """Return name and path in a ZIP: the original, or a smaller picture."""
        if step is None or receipt.format not in PICTURES:
            return receipt.name, receipt.path
        name = f"receipt-{receipt.number}.{JPEG.extension}"
        try:
            render(receipt.path, JPEG, step, self.folder / name)
        except Unusable as reason:
            raise not_convertible(receipt, str(reason)) from None
        return name, self.folder / name

    def _target_for_pictures(self) -> Format | None:
        """Return the format whose files are smallest; a PDF holds a JPEG."""
        return next((format for format in (JPEG, PDF, PNG) if self.limits.takes(format)), None)

    def _fits(self, path: Path) -> bool:
        return path.stat().st_size <= self.limits.max_bytes

    @property
    def _size_limit(self) -> str:
        return f"the accounting system takes at most {limit_in_words(self.limits.max_bytes)}"

    @property
    def _files(self) -> str:
        count = self.limits.max_count
        return "one file per entry" if count == 1 else f"{count} files per entry"


def _has_pictures(receipts: Sequence[Receipt]) -> bool:
    return any(receipt.format in PICTURES for receipt in receipts)


def _together(receipts: Sequence[Receipt]) -> str:
    if len(receipts) == 1:
        return str(receipts[0])
    return f"{len(receipts)} files ({size_in_words(sum(receipt.size for receipt in receipts))} together)"
