"""Merges PDFs into one, with pypdf, which is imported by the first merge."""

from __future__ import annotations

import logging
from pathlib import Path

from pleo_export.receipts.errors import Unusable

MAX_PAGES = 500  # of one merged PDF: merging takes time for each


class MergedPdf:
    """A merged PDF in memory. The same parts always give the same bytes."""

    def __init__(self) -> None:
        from pypdf import PdfWriter  # noqa: PLC0415 - only for a merge

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings quote what is in the file
        self._writer = PdfWriter()
        self._writer.pdf_header = "%PDF-1.7"
        self._writer.metadata = {"/Producer": "pleo-export"}  # not the library's release, which would change the bytes

    def append(self, part: Path) -> None:
        """Append the pages and embedded files of a PDF. Raises Unusable."""
        from pypdf import PdfReader  # noqa: PLC0415 - as above
        from pypdf.errors import DependencyError  # noqa: PLC0415 - as above

        try:
            with part.open("rb") as content:
                reader = PdfReader(content)
                # If only the owner's password is set, everybody may read it: it opens with an empty one.
                if reader.is_encrypted and not reader.decrypt(""):
                    raise Unusable("the PDF is protected by a password")
                if len(self._writer.pages) + len(reader.pages) > MAX_PAGES:
                    raise Unusable(f"more than {MAX_PAGES} pages are not merged")
                self._writer.append(reader, import_outline=False)
                for name, versions in reader.attachments.items():  # an e-invoice's XML must not be lost
                    for embedded in versions:
                        self._writer.add_attachment(name, embedded)
        except Unusable:
            raise
        except DependencyError:  # AES, for which the layer carries no library: it would be a third larger (17 MB)
            raise Unusable("the PDF is protected") from None
        except Exception:  # on a damaged file the library may raise anything; it must not stop other items (promise 5)
            raise Unusable("the PDF is damaged") from None

    def write(self, path: Path) -> None:
        """Write the merged PDF. Raises Unusable, without knowing which part is the cause."""
        try:
            self._writer.write(path)
        except Exception:  # as above
            raise Unusable("one of the PDFs is damaged") from None
