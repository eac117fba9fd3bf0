"""Pictures as cameras, scanners and programs make them: what surrounds a picture never keeps it from being shrunk, and
nothing that the picture library raises reaches another expense."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from pleo_export.errors import ItemFailure
from pleo_export.receipts import prepare
from pleo_export.receipts.errors import ReceiptFailed
from pleo_export.receipts.limits import AttachmentLimits
from pleo_export.receipts.prepare import Prepared
from tests.unit.receipts import samples

WIDTH, HEIGHT = 60, 40
FILM = bytes(30_000)  # behind the picture, as of a motion photo: that makes the file too large
LIMIT = 20_000
ROOM = 4 * b"\xff"


def shrunk(folder: Path, content: bytes, content_type: str = "image/jpeg") -> Image.Image:
    """The picture that is attached where the file itself is too large."""
    limits = AttachmentLimits(LIMIT, None, frozenset({content_type}))
    (attachment,) = prepare.prepare(samples.on_disk(folder, content), limits, folder).attachments
    with attachment.open() as opened:
        image = Image.open(io.BytesIO(opened.read()))
        image.load()
    assert attachment.size <= LIMIT
    return image


def mpf() -> bytes:
    """The index of a file of several pictures, which points nowhere."""
    entries = struct.pack("<HHL4s", 0xB000, 7, 4, b"0100") + struct.pack("<HHLL", 0xB001, 4, 1, 9)
    index = struct.pack("<HHLL", 0xB002, 2, 2**31, 60)
    return samples.segment(0xE2, b"MPF\0II*\0\x08\0\0\0" + struct.pack("<H", 3) + entries + index + bytes(20))


ODD_METADATA: dict[str, bytes] = {
    "a unit of resolution that is not a short": samples.exif((0x0128, 4, 1, ROOM)),
    "a signed resolution": samples.exif((0x011A, 10, 1, struct.pack("<L", 38))),
    "a resolution of undefined type": samples.exif((0x011A, 7, 8, struct.pack("<L", 38))),
    "a type that does not exist": samples.exif((0x011A, 99, 1, ROOM)),
    "a directory of cameras that is none": samples.exif((0x8769, 4, 1, ROOM)),
    "places that are text": samples.exif((0x8825, 2, 4, b"here")),
    "more values than the file has bytes": samples.exif((0x0111, 4, 2**32 - 1, ROOM)),
    "a preview of text": samples.exif((0x014A, 2, 4, b"none")),
    "an index that leads nowhere": samples.exif() + mpf(),
    "an index alone": mpf(),
    "a JFIF segment that is too short": samples.exif() + samples.segment(0xE0, b"JFIF\0\x01"),
    "an Adobe segment that is too short": samples.exif() + samples.segment(0xEE, b"Adobe\0"),
    "resources that break off": samples.exif() + samples.segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed\0"),
    "a profile that is none": samples.exif() + samples.segment(0xE2, b"ICC_PROFILE\0\x01\x01garbage"),
    "the longest comment": samples.exif() + samples.segment(0xFE, bytes(65_533)),
}


@pytest.mark.parametrize("target", ["image/jpeg", "image/png", "application/pdf"])
@pytest.mark.parametrize("case", ODD_METADATA)
def test_given_a_photo_with_odd_metadata_when_it_must_change_then_it_is_shrunk(
    tmp_path: Path, case: str, target: str
) -> None:
    photo = samples.jpeg_with(ODD_METADATA[case], image=samples.noise(WIDTH, HEIGHT))
    limits = AttachmentLimits(LIMIT, None, frozenset({target}))
    (attachment,) = prepare.prepare(samples.on_disk(tmp_path, photo + FILM), limits, tmp_path).attachments
    assert (attachment.content_type, attachment.size <= LIMIT) == (target, True)


@pytest.mark.parametrize("case", [each for each in ODD_METADATA if each.startswith(("a unit", "a signed", "a res"))])
def test_given_a_photo_taken_on_its_side_with_odd_metadata_then_it_stands_upright(tmp_path: Path, case: str) -> None:
    photo = samples.jpeg_with(ODD_METADATA[case], image=samples.noise(WIDTH, HEIGHT))
    image = shrunk(tmp_path, photo + FILM)
    assert image.size == (HEIGHT, WIDTH)


@pytest.mark.parametrize("orientation", range(10))
def test_each_way_to_hold_a_camera_ends_upright_and_none_of_it_is_written_along(
    tmp_path: Path, orientation: int
) -> None:
    photo = samples.jpeg_with(samples.exif(orientation=orientation), image=samples.halves(WIDTH, HEIGHT))
    image = shrunk(tmp_path, photo + FILM)

    upright = Image.open(io.BytesIO(photo))
    ImageOps.exif_transpose(upright, in_place=True)
    assert image.size == upright.size
    assert max(ImageStat.Stat(ImageChops.difference(image, upright.convert("RGB"))).mean) < 5
    assert dict(image.getexif()) == {}
    assert "comment" not in image.info


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@cache
def bomb() -> bytes:
    """A few bytes, which are many when they are unpacked."""
    return zlib.compress(bytes(80_000_000))


def png_with(*chunks: bytes) -> bytes:
    plain = samples.png(WIDTH, HEIGHT)
    return plain[:33] + b"".join(chunks) + plain[33:]


ODD_CHUNKS: dict[str, Callable[[], bytes]] = {  # made by their test: to collect tests takes no time
    "text bomb": lambda: chunk(b"zTXt", b"note\0\0" + bomb()),
    "profile bomb": lambda: chunk(b"iCCP", b"p\0\0" + bomb()),
    "broken profile": lambda: chunk(b"iCCP", b"p\0\0nonsense"),
    "another text bomb": lambda: chunk(b"iTXt", b"note\0\x01\0en\0\0" + bomb()),
    "exif": lambda: chunk(b"eXIf", b"II*\0" + bytes(3)),
    "size": lambda: chunk(b"pHYs", b"\0"),
    "gamma": lambda: chunk(b"gAMA", b""),
    "checksum": lambda: chunk(b"tIME", b"\xff" * 7)[:-4] + b"0000",
}


@pytest.mark.parametrize("odd", ODD_CHUNKS)
def test_given_a_drawing_with_odd_metadata_when_it_must_change_then_it_is_shrunk(tmp_path: Path, odd: str) -> None:
    assert shrunk(tmp_path, png_with(ODD_CHUNKS[odd]()) + FILM).size == (WIDTH, HEIGHT)


def test_given_odd_metadata_then_a_transparent_place_is_still_paper(tmp_path: Path) -> None:
    clear = samples.picture(Image.new("P", (WIDTH, HEIGHT), 0), "PNG", transparency=0)
    at = clear.index(b"IDAT") - 4
    odd = clear[:at] + chunk(b"zTXt", b"note\0\0" + bomb()) + clear[at:]
    assert shrunk(tmp_path, odd + FILM).getpixel((5, 5)) == pytest.approx((255, 255, 255), abs=2)


def _grey(mode: str, value: int) -> Image.Image:
    return Image.new(mode, (WIDTH, HEIGHT), value)


def _animated() -> bytes:
    frames = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("red", "blue")]
    return samples.picture(frames[0], "PNG", save_all=True, append_images=frames[1:])


# Each kind of picture -> the colour in its middle, on white paper.
KINDS: dict[str, tuple[bytes, tuple[int, int, int]]] = {
    "deep grey": (samples.picture(_grey("I;16", 0x8000), "PNG"), (128, 128, 128)),
    "deep grey, one tone declared as transparent": (
        samples.picture(_grey("I;16", 0x8000), "PNG", transparency=0x8000),
        (128, 128, 128),
    ),
    "grey, transparent": (samples.picture(_grey("L", 9), "PNG", transparency=9), (255, 255, 255)),
    "two tones": (samples.picture(_grey("1", 1), "PNG"), (255, 255, 255)),
    "two tones, transparent": (samples.picture(_grey("1", 0), "PNG", transparency=0), (255, 255, 255)),
    "grey with alpha": (samples.picture(Image.new("LA", (WIDTH, HEIGHT), (0, 0)), "PNG"), (255, 255, 255)),
    "colours, one transparent": (
        samples.picture(Image.new("RGB", (WIDTH, HEIGHT), (9, 9, 9)), "PNG", transparency=(9, 9, 9)),
        (255, 255, 255),
    ),
    "palette with alpha": (
        samples.picture(Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0)).convert("P"), "PNG"),
        (255, 255, 255),
    ),
    "printer's colours": (
        samples.picture(Image.new("CMYK", (WIDTH, HEIGHT), (0, 255, 255, 0)), "JPEG"),
        (254, 0, 0),
    ),
    "animated": (_animated(), (254, 0, 0)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_picture_is_shrunk_as_it_is_seen(tmp_path: Path, kind: str) -> None:
    content, colour = KINDS[kind]
    image = shrunk(tmp_path, content + FILM).convert("RGB")
    assert image.size == (WIDTH, HEIGHT)
    assert image.getpixel((WIDTH // 2, HEIGHT // 2)) == pytest.approx(colour, abs=4)


def test_given_a_picture_longer_than_a_jpeg_can_be_then_it_is_made_shorter(tmp_path: Path) -> None:
    content = samples.picture(Image.new("L", (20, 100_000), 200), "PNG")
    image = shrunk(tmp_path, content + FILM)
    assert image.height <= 65_500
    assert image.width >= 10


@pytest.mark.parametrize("kept", [0.9, 0.5, 0.1])
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_given_a_picture_that_is_cut_off_when_it_must_change_then_its_expense_alone_fails(
    tmp_path: Path, format: str, kept: float
) -> None:
    content = samples.picture(samples.noise(WIDTH, HEIGHT), format)
    limits = AttachmentLimits(LIMIT, None, frozenset({"application/pdf"}))
    cut_off = samples.on_disk(tmp_path, content[: int(len(content) * kept)])
    with pytest.raises(ReceiptFailed, match=r"File 1 of 1 .* the picture is damaged") as failed:
        prepare.prepare(cut_off, limits, tmp_path)
    assert failed.value.failure is ItemFailure.RECEIPT_CONVERSION_FAILURE


@pytest.mark.parametrize("error", [struct.error, TypeError, KeyError, MemoryError, RecursionError, AttributeError])
def test_given_an_exception_of_the_picture_library_then_only_that_expense_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Image, "open", fails)
    with pytest.raises(ReceiptFailed, match="the picture is damaged"):
        shrunk(tmp_path, samples.jpeg() + FILM)
    assert [each.name for each in tmp_path.iterdir()] == ["source-1"]


def test_given_an_exception_of_the_picture_library_when_the_picture_fits_then_it_is_attached_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "open", None)
    limits = AttachmentLimits(LIMIT, None, frozenset({"image/jpeg"}))
    (attachment,) = prepare.prepare(samples.on_disk(tmp_path, samples.jpeg()), limits, tmp_path).attachments
    assert attachment.path.read_bytes() == samples.jpeg()


@pytest.mark.parametrize("max_count", [None, 1])
def test_given_an_unexpected_exception_then_the_expense_fails_and_names_its_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, max_count: int | None
) -> None:
    def fails(*_: object) -> Prepared:
        raise ZeroDivisionError("a name, an amount")

    monkeypatch.setattr(prepare, "render", fails)
    limits = AttachmentLimits(LIMIT, max_count, frozenset({"image/png", "application/pdf"}))
    with pytest.raises(ReceiptFailed, match=r"an unexpected error \(ZeroDivisionError\)") as failed:
        prepare.prepare(samples.on_disk(tmp_path, samples.jpeg(), samples.jpeg()), limits, tmp_path)
    assert failed.value.failure is ItemFailure.RECEIPT_CONVERSION_FAILURE
    assert "amount" not in repr(failed.value)
