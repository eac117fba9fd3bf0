"""A file's format is decided by its content; what it is said to be only settles doubt."""

from __future__ import annotations

from pathlib import Path

import pytest

from pleo_export.receipts.formats import DOC, DOCX, JPEG, PDF, TEXT, XLS, XLSX, Format, claimed, recognise
from tests.unit.receipts import samples


def recognised(folder: Path, content: bytes, claim: str | None = None) -> Format | None:
    file = folder / "file"
    file.write_bytes(content)
    return recognise(file, claimed(claim))


@pytest.mark.parametrize("extension", samples.SERVED)
@pytest.mark.parametrize("said", ["nothing", "the truth", "nonsense"])
def test_each_format_that_pleo_serves_is_known_by_its_content(tmp_path: Path, extension: str, said: str) -> None:
    content, content_type, ours = samples.SERVED[extension]
    claim = {"nothing": None, "the truth": content_type, "nonsense": "application/octet-stream"}[said]
    format = recognised(tmp_path, content, claim)
    assert format is not None
    assert (format.content_type, format.extension) == (content_type, ours)


@pytest.mark.parametrize("extension", samples.SERVED)
def test_each_extension_of_pleos_list_is_understood_as_a_type(extension: str) -> None:
    format = claimed(extension.upper())
    assert format is not None
    assert format.content_type == samples.SERVED[extension][1]


@pytest.mark.parametrize(
    ("text", "format"),
    [("image/jpg", JPEG), ("Application/PDF; charset=binary", PDF), (" txt ", TEXT), ("", None), (None, None)],
)
def test_what_a_type_may_look_like(text: str | None, format: Format | None) -> None:
    assert claimed(text) is format


def test_given_a_picture_said_to_be_a_pdf_then_the_content_decides(tmp_path: Path) -> None:
    assert recognised(tmp_path, samples.jpeg(), "application/pdf") is JPEG


def test_a_pdf_may_begin_with_some_junk(tmp_path: Path) -> None:
    assert recognised(tmp_path, b"\n" * 900 + samples.pdf()) is PDF


@pytest.mark.parametrize(
    ("content", "claim", "format"),
    [
        (samples.doc() + samples.xls(), "application/vnd.ms-excel", XLS),
        (samples.doc() + samples.xls(), None, DOC),
        (samples.office("word/document.xml", "xl/workbook.xml"), "xlsx", XLSX),
        (samples.office("word/document.xml", "xl/workbook.xml"), None, DOCX),
    ],
)
def test_given_a_document_inside_another_then_the_claim_decides(
    tmp_path: Path, content: bytes, claim: str | None, format: Format
) -> None:
    assert recognised(tmp_path, content, claim) is format


@pytest.mark.parametrize(
    ("content", "claim"),
    [
        (b"<!DOCTYPE html><p>Access denied", None),
        (b"\n <HTML>", "text/plain"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error/>", None),
        (b"Not found", "application/pdf"),
        (b"MZ\x90\x00\x03", None),
        (b"MZ\x90\x00\x03", "application/pdf"),
        (samples.office("evil/payload"), "docx"),
        (samples.OLE, "application/msword"),
    ],
)
def test_what_pleo_does_not_serve_is_no_receipt(tmp_path: Path, content: bytes, claim: str | None) -> None:
    assert recognised(tmp_path, content, claim) is None


@pytest.mark.parametrize("text", ["Kvittering 12,00 æøå", "  "])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_in_the_usual_encodings_is_text(tmp_path: Path, text: str, encoding: str) -> None:
    assert recognised(tmp_path, text.encode(encoding)) is TEXT
