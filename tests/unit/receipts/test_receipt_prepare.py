"""Making an expense's files fit for an accounting system: nothing is lost, nothing is changed without need."""

from __future__ import annotations

import hashlib
import io
import re
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.errors import DependencyError

from pleo_export.errors import ItemFailure
from pleo_export.receipts import formats, pdfs
from pleo_export.receipts.errors import ReceiptFailed
from pleo_export.receipts.limits import AttachmentLimits, limit_in_words, size_in_words
from pleo_export.receipts.pictures import MAX_PIXELS, STEPS, Step, render
from pleo_export.receipts.prepare import Prepared, PreparedReceipt, prepare
from tests.unit.receipts import samples

MB = 1_000_000
PDF, JPEG, PNG, ZIP = "application/pdf", "image/jpeg", "image/png", "application/zip"


def limits(*types: str, max_bytes: int = 25 * MB, max_count: int | None = None) -> AttachmentLimits:
    return AttachmentLimits(max_bytes, max_count, frozenset(types) or samples.ALL_TYPES)


def prepared(folder: Path, limits: AttachmentLimits, *contents: bytes) -> Prepared:
    folder.mkdir(exist_ok=True)
    return prepare(samples.on_disk(folder, *contents), limits, folder)


def only(result: Prepared) -> PreparedReceipt:
    (attachment,) = result.attachments
    return attachment


def content(attachment: PreparedReceipt) -> bytes:
    with attachment.open() as opened:
        return opened.read()


def shown(attachment: PreparedReceipt) -> Image.Image:
    with attachment.open() as opened:
        image = Image.open(io.BytesIO(opened.read()))
        image.load()
        return image


def widths(attachment: PreparedReceipt) -> list[float]:
    return [float(page.mediabox.width) for page in PdfReader(io.BytesIO(content(attachment))).pages]


def failure(folder: Path, limits: AttachmentLimits, *contents: bytes) -> ReceiptFailed:
    with pytest.raises(ReceiptFailed) as caught:
        prepared(folder, limits, *contents)
    return caught.value


# ---------------------------------------------------------------- as they are


def test_given_no_files_when_prepared_then_there_is_nothing_to_attach(tmp_path: Path) -> None:
    assert prepared(tmp_path, limits(max_count=1)) == Prepared((), ())


def test_given_a_file_of_each_format_and_a_system_that_takes_them_then_all_stay_as_they_are(tmp_path: Path) -> None:
    contents = [content for content, _, _ in samples.SERVED.values()]
    result = prepared(tmp_path, limits(), *contents)
    assert [content(each) for each in result.attachments] == contents
    assert [each.content_type for each in result.attachments] == [each for _, each, _ in samples.SERVED.values()]
    assert [each.name for each in result.attachments] == [
        f"receipt-{number}.{extension}" for number, (_, _, extension) in enumerate(samples.SERVED.values(), start=1)
    ]
    assert result.warnings == ()


def test_an_attachment_knows_its_size_and_hash(tmp_path: Path) -> None:
    attachment = only(prepared(tmp_path, limits(), samples.TEXT))
    assert attachment.size == len(samples.TEXT)
    assert attachment.sha256 == hashlib.sha256(samples.TEXT).hexdigest()


def test_given_seven_files_and_a_system_that_takes_ten_then_there_are_seven_attachments(tmp_path: Path) -> None:
    result = prepared(tmp_path, limits(max_count=10), *[samples.pdf(width=100 + each) for each in range(7)])
    assert [widths(each) for each in result.attachments] == [[100.0 + each] for each in range(7)]


def test_given_one_file_and_a_system_that_takes_one_then_it_stays_as_it_is(tmp_path: Path) -> None:
    assert content(only(prepared(tmp_path, limits(max_count=1), samples.docx()))) == samples.docx()


@pytest.mark.parametrize("damaged", [samples.pdf(user_password="x"), b"%PDF-1.7 and no more", samples.jpeg()[:200]])
def test_given_a_protected_or_damaged_file_that_needs_no_change_then_it_stays_as_it_is(
    tmp_path: Path, damaged: bytes
) -> None:
    assert content(only(prepared(tmp_path, limits(), damaged))) == damaged


# ---------------------------------------------------------------- pictures


def test_given_a_picture_that_is_too_large_then_it_is_shrunk_until_it_fits_with_a_warning(tmp_path: Path) -> None:
    result = prepared(tmp_path, limits(max_bytes=1 * MB), samples.jpeg(1800, 1400))
    attachment = only(result)
    assert attachment.size <= 1 * MB
    image = shown(attachment)
    assert image.width < 1800
    assert image.width / image.height == pytest.approx(1800 / 1400, rel=0.01)
    assert (attachment.name, attachment.content_type) == ("receipt-1.jpg", JPEG)
    (warning,) = result.warnings
    assert re.fullmatch(r"File 1 of 1 \(JPEG picture, .* MB\) was made into a JPEG picture, .* kB\.", warning)


def test_given_a_picture_that_must_change_then_it_is_never_made_larger(tmp_path: Path) -> None:
    assert shown(only(prepared(tmp_path, limits(JPEG), samples.png(60, 40)))).size == (60, 40)


def test_given_a_long_till_receipt_when_shrunk_then_it_stays_as_wide_as_its_points_allow(tmp_path: Path) -> None:
    image = shown(only(prepared(tmp_path, limits(JPEG, max_bytes=900_000), samples.jpeg(500, 6000))))
    assert image.width >= 400


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
@pytest.mark.parametrize("target", [JPEG, PNG, PDF])
def test_given_a_photo_taken_on_its_side_when_it_must_change_then_it_stands_upright(
    tmp_path: Path, format: str, target: str
) -> None:
    lying = samples.picture(samples.noise(80, 40), format, orientation=6)
    other = {"JPEG": PNG, "PNG": JPEG}[format] if target == {"JPEG": JPEG, "PNG": PNG}[format] else target
    attachment = only(prepared(tmp_path, limits(other), lying))
    if other == PDF:
        page = PdfReader(io.BytesIO(content(attachment))).pages[0]
        assert page.mediabox.height > page.mediabox.width
    else:
        image = shown(attachment)
        assert image.size == (40, 80)
        assert samples.EXIF_ORIENTATION not in image.getexif()


def _transparent(mode: str) -> bytes:
    return samples.picture(Image.new("RGBA", (8, 8), (0, 0, 0, 0)).convert(mode), "PNG")


def _deep_grey() -> bytes:
    image = Image.new("I;16", (8, 8), 0x8000)
    return samples.picture(image, "PNG")


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        (_transparent("RGBA"), (255, 255, 255)),
        (_transparent("LA"), (255, 255, 255)),
        (samples.picture(Image.new("P", (8, 8), 0), "PNG", transparency=0), (255, 255, 255)),
        (samples.picture(Image.new("P", (8, 8), 0), "PNG"), (0, 0, 0)),
        (samples.picture(Image.new("1", (8, 8), 1), "PNG"), (255, 255, 255)),
        (samples.picture(Image.new("L", (8, 8), 100), "PNG"), (100, 100, 100)),
        (_deep_grey(), (128, 128, 128)),
    ],
    ids=["transparent", "transparent grey", "transparent palette", "palette", "two tones", "grey", "deep grey"],
)
def test_given_a_png_of_any_kind_when_made_a_jpeg_then_it_looks_the_same_on_white(
    tmp_path: Path, original: bytes, expected: tuple[int, int, int]
) -> None:
    image = shown(only(prepared(tmp_path, limits(JPEG), original))).convert("RGB")
    assert image.getpixel((4, 4)) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("mode", ["P", "1"])
def test_given_a_picture_of_few_colours_when_shrunk_then_its_lines_stay_visible(tmp_path: Path, mode: str) -> None:
    stripes = Image.new("L", (400, 400), "white")
    for left in range(0, 400, 4):
        stripes.paste(0, (left, 0, left + 1, 400))
    (tmp_path / "source").write_bytes(samples.picture(stripes.convert(mode), "PNG"))
    render(tmp_path / "source", formats.PNG, Step(10_000, 85), tmp_path / "small")
    with Image.open(tmp_path / "small") as small:
        assert small.size == (100, 100)
        assert small.convert("L").getpixel((50, 50)) == pytest.approx(191, abs=10)


def test_given_a_printers_jpeg_when_it_must_change_then_its_colours_become_a_screens(tmp_path: Path) -> None:
    cmyk = samples.picture(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")
    image = shown(only(prepared(tmp_path, limits(PNG), cmyk)))
    assert image.getpixel((4, 4)) == pytest.approx((254, 0, 0), abs=3)


def test_given_a_system_that_takes_only_pdf_then_a_picture_becomes_a_page_no_larger_than_a4(tmp_path: Path) -> None:
    result = prepared(tmp_path, limits(PDF), samples.jpeg(3000, 1000))
    page = PdfReader(io.BytesIO(content(only(result)))).pages[0]
    assert page.mediabox.width == pytest.approx(842, abs=1)
    assert page.mediabox.height == pytest.approx(842 / 3, abs=1)
    assert only(result).name == "receipt-1.pdf"
    assert len(page.images) == 1


def test_given_a_limit_below_what_can_be_read_then_the_item_fails_and_names_size_and_limit(tmp_path: Path) -> None:
    error = failure(tmp_path, limits(JPEG, max_bytes=20_500), samples.jpeg(1200, 900))
    assert error.failure is ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED
    assert re.search(r"File 1 of 1 \(JPEG picture, [\d.]+ MB\): .* at most 20\.5 kB", error.reason)


def test_given_a_damaged_picture_that_must_change_then_the_item_fails_with_a_sentence(tmp_path: Path) -> None:
    error = failure(tmp_path, limits(PNG), samples.jpeg()[:500])
    assert error.failure is ItemFailure.RECEIPT_CONVERSION_FAILURE
    assert "File 1 of 1 (JPEG picture, 0.5 kB): the picture is damaged. Replace it in Pleo" in error.reason


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that unpacks to width x height points."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("edge", [int(MAX_PIXELS**0.5) + 1, 11_000, 60_000])
def test_given_a_picture_that_would_unpack_to_too_much_when_it_must_change_then_it_is_refused(
    tmp_path: Path, edge: int
) -> None:
    error = failure(tmp_path, limits(JPEG), _bomb(edge, edge))
    assert error.failure is ItemFailure.RECEIPT_CONVERSION_FAILURE
    assert "50 megapixels" in error.reason


# ---------------------------------------------------------------- what cannot be converted


@pytest.mark.parametrize("extension", ["doc", "docx", "txt", "xls", "xlsx", "pdf"])
def test_given_a_format_that_is_refused_and_not_convertible_then_the_item_fails(tmp_path: Path, extension: str) -> None:
    error = failure(tmp_path, limits(JPEG), samples.SERVED[extension][0])
    assert error.failure is ItemFailure.RECEIPT_CONVERSION_FAILURE
    assert "File 1 of 1" in error.reason
    assert "does not take this format" in error.reason


def test_given_a_format_that_is_refused_and_a_system_that_takes_zip_then_it_is_packed(tmp_path: Path) -> None:
    result = prepared(tmp_path, limits(PDF, ZIP), samples.pdf(), samples.docx())
    assert [each.name for each in result.attachments] == ["receipt-1.pdf", "receipt-2.zip"]
    with result.attachments[1].open() as opened, zipfile.ZipFile(opened) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"receipt-2.docx": samples.docx()}
    assert len(result.warnings) == 1


@pytest.mark.parametrize("extension", ["doc", "docx", "txt", "xls", "xlsx", "pdf"])
def test_given_a_file_larger_than_the_limit_that_cannot_be_shrunk_then_the_item_fails(
    tmp_path: Path, extension: str
) -> None:
    body = samples.SERVED[extension][0]
    error = failure(tmp_path, limits(max_bytes=len(body) - 1), body)
    assert error.failure is ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED
    assert prepared(tmp_path, limits(max_bytes=len(body)), body).attachments[0].size == len(body)


# ---------------------------------------------------------------- one file for all


def test_given_pdfs_and_pictures_and_a_system_that_takes_one_file_then_they_become_one_pdf_in_order(
    tmp_path: Path,
) -> None:
    result = prepared(
        tmp_path,
        limits(PDF, max_count=1),
        samples.pdf(width=301),
        samples.jpeg(625, 400),
        samples.pdf(pages=2, width=302),
        samples.png(1250, 400),
    )
    attachment = only(result)
    assert (attachment.name, attachment.content_type) == ("receipts.pdf", PDF)
    assert widths(attachment) == pytest.approx([301, 300, 302, 302, 600])
    assert result.warnings == ("4 files were merged into one PDF: the accounting system takes one file per entry.",)


def test_given_more_files_than_the_system_takes_then_they_are_merged(tmp_path: Path) -> None:
    result = prepared(tmp_path, limits(max_count=2), samples.pdf(), samples.pdf(), samples.pdf())
    assert len(widths(only(result))) == 3
    assert "takes 2 files per entry" in result.warnings[0]


def test_given_a_merge_that_is_too_large_then_its_pictures_are_shrunk(tmp_path: Path) -> None:
    contents = (samples.jpeg(1400, 1000), samples.pdf(), samples.jpeg(1400, 1000))
    large = only(prepared(tmp_path / "a", limits(max_count=1), *contents))
    small = only(prepared(tmp_path / "b", limits(max_count=1, max_bytes=large.size // 2), *contents))
    assert small.size <= large.size // 2
    assert len(widths(small)) == 3


@pytest.mark.parametrize("max_bytes", [90_000, 150_000])
def test_given_pdfs_that_together_are_too_large_then_the_item_fails_and_names_both_sizes(
    tmp_path: Path, max_bytes: int
) -> None:
    body = samples.pdf(size=80_000)
    error = failure(tmp_path, limits(max_count=1, max_bytes=max_bytes), body, body)
    assert error.failure is ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED
    assert not (tmp_path / "receipts.pdf").exists()  # not even tried: a merge lies in memory
    assert re.search(rf"2 files \(16[\d.]+ kB together\): .* at most {max_bytes // 1000} kB", error.reason)


def test_given_a_word_document_and_a_system_that_takes_zip_then_the_originals_are_packed(
    tmp_path: Path,
) -> None:
    result = prepared(tmp_path, limits(PDF, ZIP, max_count=1), samples.jpeg(), samples.docx(), samples.pdf())
    attachment = only(result)
    assert (attachment.name, attachment.content_type) == ("receipts.zip", ZIP)
    with attachment.open() as opened, zipfile.ZipFile(opened) as archive:
        assert archive.namelist() == ["receipt-1.jpg", "receipt-2.docx", "receipt-3.pdf"]
        assert archive.read("receipt-1.jpg") == samples.jpeg()
    assert "packed into a ZIP" in result.warnings[0]


def test_given_a_zip_that_is_too_large_then_its_pictures_are_shrunk(tmp_path: Path) -> None:
    contents = (samples.png(1000, 800), samples.docx())
    attachment = only(prepared(tmp_path, limits(ZIP, max_count=1, max_bytes=900_000), *contents))
    assert attachment.size <= 900_000
    with attachment.open() as opened, zipfile.ZipFile(opened) as archive:
        assert archive.namelist() == ["receipt-1.jpg", "receipt-2.docx"]


def test_given_a_zip_that_stays_too_large_then_the_item_fails(tmp_path: Path) -> None:
    error = failure(tmp_path, limits(ZIP, max_count=1, max_bytes=300), samples.docx(), samples.pdf())
    assert error.failure is ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED


@pytest.mark.parametrize(
    ("other", "named", "why"),
    [
        (samples.docx(), "File 2 of 2 (Word document", "only PDFs and pictures can be merged"),
        (samples.pdf(user_password="x", algorithm="RC4-128"), "File 2 of 2 (PDF", "the PDF is protected"),
        (samples.pdf(user_password="x", algorithm="AES-256"), "File 2 of 2", "the PDF is protected by a password"),
        (b"%PDF-1.7 and no more", "File 2 of 2 (PDF", "the PDF is damaged"),
        (samples.jpeg()[:500], "File 2 of 2 (JPEG", "the picture is damaged"),
        (_bomb(60_000, 60_000), "File 2 of 2 (PNG", "50 megapixels"),
        (samples.pdf(pages=pdfs.MAX_PAGES), "File 2 of 2 (PDF", "more than 500 pages"),
    ],
    ids=["word", "password", "password, AES", "damaged pdf", "damaged picture", "bomb", "pages"],
)
def test_given_a_file_that_cannot_be_merged_then_it_is_packed_or_the_item_fails_and_names_it(
    tmp_path: Path, other: bytes, named: str, why: str
) -> None:
    error = failure(tmp_path, limits(max_count=1), samples.pdf(), other)
    assert error.failure is ItemFailure.RECEIPT_CONVERSION_FAILURE
    assert named in error.reason
    assert why in error.reason
    assert only(prepared(tmp_path, limits(PDF, ZIP, max_count=1), samples.pdf(), other)).content_type == ZIP


def test_given_an_encryption_without_its_library_then_the_pdf_is_protected_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_library(*_: object, **__: object) -> None:
        raise DependencyError("cryptography>=3.1 is required for AES algorithm")

    protected = samples.pdf(user_password="x", algorithm="AES-256")
    monkeypatch.setattr(PdfReader, "_handle_encryption", without_library)
    assert "the PDF is protected" in failure(tmp_path, limits(max_count=1), samples.pdf(), protected).reason


RESTRICTED = ("RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256")


@pytest.mark.parametrize("algorithm", RESTRICTED)
def test_given_a_pdf_that_everybody_may_open_and_only_its_owner_change_then_it_is_merged(
    tmp_path: Path, algorithm: str
) -> None:
    restricted = samples.pdf(width=300, user_password="", owner_password="x", algorithm=algorithm)
    merged = only(prepared(tmp_path, limits(max_count=1), samples.pdf(), restricted))
    assert widths(merged) == [200, 300]
    assert not PdfReader(io.BytesIO(content(merged))).is_encrypted


AS_IN_THE_LAYER = """
import sys
sys.modules |= {"cryptography": None, "Crypto": None}
from pathlib import Path
from pleo_export.receipts.errors import Unusable
from pleo_export.receipts.pdfs import MergedPdf
try:
    MergedPdf().append(Path(sys.argv[1]))
except Unusable as reason:
    print(reason)
else:
    print("merged")
"""


@pytest.mark.parametrize(
    ("algorithm", "result"), [*zip(RESTRICTED, ["merged"] * 2 + ["the PDF is protected"] * 3, strict=True)]
)
def test_without_a_library_for_aes_as_in_the_layer_a_restricted_pdf_is_merged_or_named_as_protected(
    tmp_path: Path, algorithm: str, result: str
) -> None:
    file = tmp_path / "restricted.pdf"
    file.write_bytes(samples.pdf(size=99, user_password="", owner_password="x", algorithm=algorithm))
    run = subprocess.run(
        [sys.executable, "-c", AS_IN_THE_LAYER, file], check=True, capture_output=True, text=True, timeout=60
    )
    assert run.stdout.strip() == result


def test_given_pdfs_that_cannot_be_written_together_then_the_item_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise KeyError("/Kids")

    two = (samples.pdf(), samples.pdf())
    monkeypatch.setattr(PdfWriter, "write", fails)
    assert failure(tmp_path, limits(max_count=1), *two).failure is ItemFailure.RECEIPT_CONVERSION_FAILURE


def test_given_a_system_that_takes_one_file_and_no_pdf_and_no_zip_then_the_item_fails(tmp_path: Path) -> None:
    error = failure(tmp_path, limits(JPEG, max_count=1), samples.jpeg(), samples.jpeg())
    assert error.failure is ItemFailure.RECEIPT_CONVERSION_FAILURE
    assert "it does not take PDFs" in error.reason


# ---------------------------------------------------------------- the same again


@pytest.mark.parametrize(
    "limits",
    [
        limits(JPEG, ZIP),
        limits(PDF, ZIP),
        limits(PNG, ZIP),
        limits(PDF, ZIP, max_count=1),
        limits(ZIP, max_count=1),
        limits(PDF, ZIP, max_count=1, max_bytes=400_000),
    ],
    ids=["jpeg", "pdf", "png", "merged", "packed", "merged and shrunk"],
)
def test_given_the_same_files_at_another_time_in_another_place_then_the_bytes_are_the_same(
    tmp_path: Path, limits: AttachmentLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = [samples.pdf(), samples.jpeg(700, 500), samples.png(40, 40), _transparent("RGBA")]
    first = prepared(tmp_path / "first", limits, *contents)
    later = time.time() + 100_000
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "gmtime", lambda seconds=later: time.struct_time((2031, 1, 2, 3, 4, 5, 6, 7, 0)))
    second = prepared(tmp_path / "second", limits, *contents)
    assert [(each.name, each.sha256) for each in first.attachments] == [
        (each.name, each.sha256) for each in second.attachments
    ]


def test_a_merged_pdf_carries_nothing_of_time_or_the_libraries_release(tmp_path: Path) -> None:
    merged = content(only(prepared(tmp_path, limits(max_count=1), samples.jpeg(), samples.pdf())))
    reader = PdfReader(io.BytesIO(merged))
    metadata: dict[object, object] = {**(reader.metadata or {})}
    assert metadata == {"/Producer": "pleo-export"}
    assert "/ID" not in reader.trailer


def test_a_merge_keeps_what_the_pages_say(tmp_path: Path) -> None:
    source = PdfWriter()
    page = source.add_blank_page(100, 100)
    page.rotate(90)
    out = io.BytesIO()
    source.write(out)
    merged = content(only(prepared(tmp_path, limits(max_count=1), out.getvalue(), samples.pdf())))
    assert PdfReader(io.BytesIO(merged)).pages[0].rotation == 90


def test_a_merge_keeps_the_files_inside_each_pdf(tmp_path: Path) -> None:
    invoices = []
    for number in (b"1", b"2"):
        writer = PdfWriter()
        writer.add_blank_page(100, 100)
        writer.add_attachment("factur-x.xml", b"<invoice>" + number)
        out = io.BytesIO()
        writer.write(out)
        invoices.append(out.getvalue())
    merged = content(only(prepared(tmp_path, limits(max_count=1), *invoices)))
    assert dict(PdfReader(io.BytesIO(merged)).attachments) == {"factur-x.xml": [b"<invoice>1", b"<invoice>2"]}


# ---------------------------------------------------------------- the limits themselves


@pytest.mark.parametrize(("max_bytes", "max_count", "types"), [(0, 1, {PDF}), (1, 0, {PDF}), (1, None, set())])
def test_limits_of_a_system_without_attachments_are_refused(
    max_bytes: int, max_count: int | None, types: set[str]
) -> None:
    with pytest.raises(ValueError, match="without attachments"):
        AttachmentLimits(max_bytes, max_count, frozenset(types))


@pytest.mark.parametrize(
    ("size", "as_size", "as_limit"),
    [(3_000_000, "3 MB", "3 MB"), (3_000_001, "3.1 MB", "3 MB"), (3_099_999, "3.1 MB", "3 MB"), (1, "0.1 kB", "0 kB")],
)
def test_what_is_over_a_limit_never_reads_like_it(size: int, as_size: str, as_limit: str) -> None:
    assert (size_in_words(size), limit_in_words(size)) == (as_size, as_limit)


def test_the_steps_go_down() -> None:
    assert list(STEPS) == sorted(STEPS, key=lambda step: (step.pixels, step.quality), reverse=True)


# ---------------------------------------------------------------- what is imported

FRESH = """
import sys
from pathlib import Path
import pleo_export.receipts.fetch
from pleo_export.receipts.formats import recognise
from pleo_export.receipts.limits import AttachmentLimits
from pleo_export.receipts.prepare import prepare
from pleo_export.receipts.receipt import Receipt, sha256_of
file = Path(sys.argv[1])
receipt = Receipt(1, 1, recognise(file, None), file, file.stat().st_size, sha256_of(file))
prepare([receipt], AttachmentLimits(1_000_000, 1, frozenset({"application/pdf"})), file.parent)
print(*sys.modules)
"""


def imported_for(folder: Path, content: bytes) -> set[str]:
    """What a fresh interpreter has loaded after preparing this file for a system that takes PDFs."""
    file = folder / "source-1"
    file.write_bytes(content)
    run = subprocess.run([sys.executable, "-c", FRESH, file], check=True, capture_output=True, text=True)
    return set(run.stdout.split())


def test_given_a_file_that_needs_no_change_then_no_large_library_is_imported(tmp_path: Path) -> None:
    imported = imported_for(tmp_path, samples.pdf())
    assert "pleo_export.receipts.pdfs" in imported
    assert imported.isdisjoint({"PIL", "pypdf", "boto3"})


def test_given_a_picture_to_convert_then_only_pillow_is_imported(tmp_path: Path) -> None:
    assert imported_for(tmp_path, samples.png()).isdisjoint({"pypdf", "boto3"})
    assert (tmp_path / "receipt-1.pdf").read_bytes().startswith(b"%PDF-")
