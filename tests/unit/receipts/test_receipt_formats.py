"""A file's format is determined by its content; the claimed one only decides where that is ambiguous."""

from __future__ import annotations

from pathlib import Path

import filetype  # type: ignore[import-untyped]
import pytest

from pleo_export.receipts.formats import DOC, DOCX, JPEG, PDF, TEXT, XLS, XLSX, Format, claimed, recognise
from pleo_export.receipts.strangers import refusal
from tests.unit.receipts import samples


def recognised(folder: Path, content: bytes, claim: str | None = None) -> Format | None:
    file = folder / "file"
    file.write_bytes(content)
    return recognise(file, claimed(claim))


@pytest.mark.parametrize("extension", samples.SERVED)
@pytest.mark.parametrize("claimed_as", ["nothing", "the truth", "nonsense"])
def test_each_format_that_pleo_serves_is_known_by_its_content(tmp_path: Path, extension: str, claimed_as: str) -> None:
    content, content_type, ours = samples.SERVED[extension]
    claim = {"nothing": None, "the truth": content_type, "nonsense": "application/octet-stream"}[claimed_as]
    format = recognised(tmp_path, content, claim)
    assert format is not None
    assert (format.content_type, format.extension) == (content_type, ours)


@pytest.mark.parametrize("extension", ["pdf", "jpg", "png", "docx", "xlsx"])
def test_the_package_filetype_recognises_the_same(tmp_path: Path, extension: str) -> None:
    """Of what it knows; a PDF after a mail's header, old Office files and text it does not (ADR-0010)."""
    content = samples.SERVED[extension][0]
    ours = recognised(tmp_path, content)

    assert ours is not None
    assert filetype.guess(content).mime == ours.content_type


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


def test_given_a_picture_claimed_to_be_a_pdf_then_the_content_decides(tmp_path: Path) -> None:
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
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", None),
        (b"\n  <svg:svg xmlns:svg='x'/>", "text/plain"),
        (b"<!-- drawn by hand --><svg/>", "txt"),
        ("\ufeff<SVG onload='x'>".encode("utf-16"), "text/plain"),
        ("<script>".encode("utf-16-be"), None),
        (b"<ubl:Invoice xmlns:ubl='x'/>", None),
        (b"<body onload='x'>", "txt"),
        (b"<br/>Total 24", None),
        (b"{\\rtf1\\ansi Kvittering}", None),
        (b"%!PS-Adobe-3.0", "text/plain"),
        (samples.protected_office(), None),
        (samples.protected_office(), "application/pdf"),
        (samples.office("ppt/presentation.xml"), None),
    ],
)
def test_what_pleo_does_not_serve_is_not_a_receipt(tmp_path: Path, content: bytes, claim: str | None) -> None:
    assert recognised(tmp_path, content, claim) is None


@pytest.mark.parametrize("extension", ["doc", "docx", "xls", "xlsx"])
def test_an_office_file_under_a_password_is_what_it_is_claimed_to_be(tmp_path: Path, extension: str) -> None:
    format = recognised(tmp_path, samples.protected_office(), extension)
    assert format is not None
    assert format.extension == extension


@pytest.mark.parametrize("text", ["<3 the lunch", "< 24.00 >", "a < b", "<ada@example.com> wrote:", "2 > 1 <svg>"])
def test_text_with_angle_brackets_is_text(tmp_path: Path, text: str) -> None:
    assert recognised(tmp_path, text.encode()) is TEXT


# What Pleo does not serve -> how the bookkeeper reads of it.
STRANGERS: dict[str, tuple[bytes, str]] = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing, which may carry scripts and is therefore"),
    "svg in xml": (b"<?xml version='1.0'?><!-- x --><svg/>", "an SVG drawing"),
    "html": (b"<html><body>Sign in", "what arrived is a web page or XML, not a receipt"),
    "xml": (b"<Invoice xmlns='urn:x'/>", "what arrived is a web page or XML, not a receipt"),
    "protected office": (samples.protected_office(), "an Office file that is protected by a password"),
    "gif": (
        b"GIF89a" + bytes(20),
        "a GIF picture, which is not attached; PDF, JPEG, PNG, Word, Excel and text files are",
    ),
    "tiff": (b"II*\0" + bytes(20), "a TIFF picture"),
    "webp": (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(20), "a WebP picture"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(20), "a HEIC picture"),
    "heif": (b"\0\0\0\x18ftypmif1" + bytes(20), "a HEIC picture"),
    "avif": (b"\0\0\0\x18ftypavif" + bytes(20), "an AVIF picture"),
    "video": (b"\0\0\0\x18ftypisom" + bytes(20), "a video"),
    "rtf": (b"{\\rtf1 x}", "an RTF document"),
    "slides": (samples.office("ppt/presentation.xml"), "a PowerPoint file"),
    "old slides": (samples.OLE + "PowerPoint Document".encode("utf-16-le"), "a PowerPoint file"),
    "message": (samples.OLE + "__properties_version1.0".encode("utf-16-le"), "an Outlook message"),
    "other ole": (samples.OLE, "an Office file that is neither Word nor Excel"),
    "zip": (samples.office("receipt.pdf"), "a ZIP archive"),
    "ods": (samples.open_document(), "an OpenDocument file"),
    "program": (b"MZ\x90\0\x03", "what arrived is neither a PDF, JPEG, PNG, Word, Excel nor text file"),
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_is_refused_is_called_what_it_is(tmp_path: Path, stranger: str) -> None:
    content, name = STRANGERS[stranger]
    file = tmp_path / "file"
    file.write_bytes(content)
    assert recognise(file, None) is None
    reason = refusal("File 1 of 1", file).reason
    assert reason.startswith("File 1 of 1")
    assert name in reason


@pytest.mark.parametrize("text", ["Kvittering 12,00 æøå", "  "])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_in_the_usual_encodings_is_text(tmp_path: Path, text: str, encoding: str) -> None:
    assert recognised(tmp_path, text.encode(encoding)) is TEXT
