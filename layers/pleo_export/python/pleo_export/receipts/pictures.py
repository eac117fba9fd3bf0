"""Makes pictures smaller or converts them, with Pillow, which is imported by the first picture that needs it."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pleo_export.receipts.bare import bare_copy
from pleo_export.receipts.errors import Unusable
from pleo_export.receipts.formats import JPEG, PDF, PNG, Format

if TYPE_CHECKING:
    from PIL import Image

# Of a picture that is decoded: a phone's 48 megapixels are accepted. A decoded pixel takes four bytes.
MAX_PIXELS = 50_000_000
# A receipt's rendering must not depend on when it is made: its hash is the key of the upload (R-5d.10).
_NO_TIME = time.gmtime(0)
_ORIENTATION = 0x0112  # of EXIF
_A4_LONG, _A4_SHORT = 842, 595  # points of 1/72 inch
_LONGEST_EDGE = 65_500  # pixels, the most of a JPEG
_LOWEST_DPI = 150  # on paper, a small picture stays small


@dataclass(frozen=True, slots=True)
class Step:
    """A size and JPEG quality to try: at most so many pixels, in the original proportions (a till receipt may be ten
    times as long as wide)."""

    pixels: int
    quality: int


# From as good as the original on paper down to where small print is still legible.
STEPS = (
    Step(12_000_000, 85),
    Step(8_000_000, 80),
    Step(5_000_000, 75),
    Step(3_000_000, 70),
    Step(2_000_000, 65),
    Step(1_000_000, 60),
)


def render(source: Path, target: Format, step: Step, path: Path) -> None:
    """Write the JPEG or PNG at `source` to `path` as JPEG, PNG or a one-page PDF, upright, never larger than it was.

    The same picture always gives the same bytes. Raises Unusable.
    """
    try:
        _render(source, target, step, path)
    except Unusable:
        raise
    except Exception:  # on a damaged file the library may raise anything; it must not stop other items (promise 5)
        _render_bare(source, target, step, path)


def _render_bare(source: Path, target: Format, step: Step, path: Path) -> None:
    """Render once more without the metadata, which may be the only damaged part."""
    bare = path.with_name(f"{path.name}.bare")
    try:
        bare_copy(source, bare)
        _render(bare, target, step, path)
    except Unusable:
        raise
    except Exception:  # as above
        raise Unusable("the picture is damaged") from None
    finally:
        bare.unlink(missing_ok=True)


def _render(source: Path, target: Format, step: Step, path: Path) -> None:
    """Render. Raises Unusable, and whatever the library raises."""
    from PIL import Image  # noqa: PLC0415 - only for a picture that has to change

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd metadata, and about sizes: our own limit is below the library's
        try:
            with Image.open(source, formats=("JPEG", "PNG")) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise Unusable(_too_many_pixels(picture.width, picture.height))
                turn = _turn(picture)
                small = _scaled(_in_full_tones(picture), step.pixels)
                upright = small if turn is None else small.transpose(turn)
                ready = _on_white(upright)
                ready.info = {}  # comments and profiles of the original, which would be written along
                _save(ready, target, step, path)
        except Image.DecompressionBombError:
            raise Unusable(f"it has more than {MAX_PIXELS // 1_000_000} megapixels") from None


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """Return how to set the picture upright; None if its metadata cannot be read.

    The metadata is only read for this and never written: cameras write things there that the library reads and cannot
    write, and it does not belong in the ledger.
    """
    from PIL import Image  # noqa: PLC0415 - as above

    try:
        orientation = picture.getexif().get(_ORIENTATION)
    except Exception:  # as above
        return None
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return turns.get(orientation) if isinstance(orientation, int) else None


def _too_many_pixels(width: int, height: int) -> str:
    return f"it has {width} by {height} points; more than {MAX_PIXELS // 1_000_000} megapixels are not converted"


def _in_full_tones(picture: Image.Image) -> Image.Image:
    """Convert palettes and two-tone pictures, which scale badly, and 16-bit grey, which does not fit a JPEG."""
    match picture.mode:
        case "P" | "PA":
            return picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        case "1":
            return picture.convert("L")
        case mode if mode.startswith("I"):
            return picture.convert("I").point(lambda value: value / 256).convert("L")
        case _:
            return picture


def _scaled(picture: Image.Image, pixels: int) -> Image.Image:
    """Scale in place, from a draft if the format allows one: a JPEG is then never decoded at its full size."""
    factor = (pixels / (picture.width * picture.height)) ** 0.5
    size = _edge(picture.width * factor), _edge(picture.height * factor)
    picture.draft(None, size)
    picture.thumbnail(size)  # never enlarges
    return picture


def _edge(points: float) -> int:
    return min(max(1, int(points)), _LONGEST_EDGE)


def _on_white(picture: Image.Image) -> Image.Image:
    from PIL import Image  # noqa: PLC0415 - as above

    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGB", picture.size, "white")
        paper.paste(picture, mask=picture.getchannel("A"))
        return paper
    return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")


def _save(picture: Image.Image, target: Format, step: Step, path: Path) -> None:
    if target is PNG:
        picture.save(path, "PNG", optimize=True)
    elif target is JPEG:
        picture.save(path, "JPEG", quality=step.quality)
    elif target is PDF:
        picture.save(
            path,
            "PDF",
            quality=step.quality,
            resolution=_dpi(picture.width, picture.height),
            creationDate=_NO_TIME,
            modDate=_NO_TIME,
        )


def _dpi(width: int, height: int) -> float:
    """Return the resolution at which the page is at most A4."""
    longer, shorter = max(width, height), min(width, height)
    return max(_LOWEST_DPI, longer * 72 / _A4_LONG, shorter * 72 / _A4_SHORT)
