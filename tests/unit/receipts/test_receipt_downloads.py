"""Whether a download is the whole file, and where redirects lead: real HTTP answers, read byte by byte."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import pytest

from pleo_export.errors import ItemFailure
from pleo_export.receipts import fetch
from pleo_export.receipts.errors import ReceiptFailed
from pleo_export.receipts.fetch import FILE_BYTES, TRIES
from tests.unit.receipts import samples
from tests.unit.receipts.wire import Wire, answer, fetched

pytestmark = pytest.mark.usefixtures("socket_disabled")

PDF = samples.pdf(size=20_000)
WHOLE = answer(PDF, Content_Length=str(len(PDF)))


def chunked(body: bytes, *, ended: bool = True) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in (body[:5000], body[5000:]))
    return chunks + (b"0\r\n\r\n" if ended else b"")


# What was broken off: the first answer, and what Pleo says of the file.
BROKEN_OFF: dict[str, tuple[bytes, dict[str, Any]]] = {
    "no length": (answer(PDF[:3000]), {"size": len(PDF)}),
    "no length, one byte short": (answer(PDF[:-1]), {"size": len(PDF)}),
    "the length of what is left": (answer(PDF[:3000], Content_Length="3000"), {"size": len(PDF)}),
    "a length that is too short": (answer(PDF, Content_Length="3000"), {"size": len(PDF)}),
    "the length of the whole": (answer(PDF[:3000], Content_Length=str(len(PDF))), {}),
    "chunks, the last missing": (answer(chunked(PDF, ended=False), Transfer_Encoding="chunked"), {}),
    "chunks, broken off in one": (answer(chunked(PDF)[:9000], Transfer_Encoding="chunked"), {}),
    "gzip": (answer(gzip.compress(PDF)[:-4000], Content_Encoding="gzip"), {"size": len(PDF)}),
    "gzip, only its checksum missing": (answer(gzip.compress(PDF)[:-3], Content_Encoding="gzip"), {"size": len(PDF)}),
    "gzip, size unsaid": (answer(gzip.compress(samples.TEXT * 9)[:-9], Content_Encoding="x-gzip"), {}),
    "gzip, its second part": (
        answer(gzip.compress(PDF[:9000]) + gzip.compress(PDF[9000:])[:-20], Content_Encoding="gzip"),
        {},
    ),
    "deflate": (answer(zlib.compress(samples.TEXT * 9)[:-5], Content_Encoding="deflate"), {}),
    "nothing at all": (answer(b""), {"size": len(PDF)}),
    "a PDF of unsaid size": (answer(PDF[:-40]), {}),
    "a PDF of size 0": (answer(PDF[:-40]), {"size": 0}),
    "a picture of unsaid size": (answer(samples.jpeg()[:-2]), {}),
    "a picture with a preview": (answer(samples.jpeg_with_preview()[:-2]), {}),
    "a drawing of unsaid size": (answer(samples.png()[:-12]), {}),
    "a sheet of unsaid size": (answer(samples.xlsx()[:-22]), {}),
}


@pytest.mark.parametrize("case", BROKEN_OFF)
def test_given_a_download_that_is_broken_off_then_it_is_tried_again(tmp_path: Path, case: str) -> None:
    first, claimed = BROKEN_OFF[case]
    wire = Wire(first, WHOLE)

    assert fetched(wire, tmp_path, claimed).path.read_bytes() == PDF
    assert len(wire.asked) == 2


@pytest.mark.parametrize("case", BROKEN_OFF)
def test_given_a_download_that_is_broken_off_each_time_then_the_expense_says_so(tmp_path: Path, case: str) -> None:
    broken, claimed = BROKEN_OFF[case]
    wire = Wire(broken)

    with pytest.raises(ReceiptFailed, match=r"File 1 of 1 could not be downloaded from Pleo: broken off") as failed:
        fetched(wire, tmp_path, claimed)

    assert failed.value.failure is ItemFailure.RECEIPT_DOWNLOAD_FAILURE
    assert len(wire.asked) == TRIES


def test_the_reason_gives_the_sizes_that_arrived_and_were_expected(tmp_path: Path) -> None:
    with pytest.raises(ReceiptFailed, match=r"broken off, 3 kB of 50\.1 kB arrived"):
        fetched(Wire(answer(PDF[:3000])), tmp_path, {"size": 50_016, "type": "application/pdf"})


WHOLE_FILES: dict[str, tuple[bytes, bytes, dict[str, Any]]] = {
    "no length, its size known": (answer(PDF), PDF, {"size": len(PDF)}),
    "no length, no size": (answer(PDF), PDF, {}),
    "larger than Pleo says": (WHOLE, PDF, {"size": len(PDF) - 1}),
    "size 0 says nothing": (WHOLE, PDF, {"size": 0}),
    "a negative size says nothing": (WHOLE, PDF, {"size": -1}),
    "chunks": (answer(chunked(PDF), Transfer_Encoding="chunked"), PDF, {"size": len(PDF)}),
    "gzip, whose size is that of the file": (
        answer(gzip.compress(PDF), Content_Encoding="gzip", Content_Length=str(len(gzip.compress(PDF)))),
        PDF,
        {"size": len(PDF)},
    ),
    "gzip in two parts": (
        answer(gzip.compress(PDF[:9000]) + gzip.compress(PDF[9000:]), Content_Encoding="GZIP"),
        PDF,
        {"size": len(PDF)},
    ),
    "gzip with padding": (answer(gzip.compress(PDF) + bytes(100), Content_Encoding="gzip"), PDF, {}),
    "gzip of what is hardly to be pressed": (
        answer(gzip.compress(samples.png(300, 200)), Content_Encoding="gzip"),
        samples.png(300, 200),
        {},
    ),
    "deflate": (answer(zlib.compress(PDF), Content_Encoding="deflate"), PDF, {"size": len(PDF)}),
    "deflate without its header": (answer(zlib.compress(PDF)[2:-4], Content_Encoding="deflate"), PDF, {}),
    "a coding that is none": (answer(PDF, Content_Encoding="aws-chunked"), PDF, {"size": len(PDF)}),
    "a PDF with an update": (answer(PDF + b"\n9 0 obj\n<<>>\nendobj\nstartxref\n1\n%%EOF\n"), PDF, {}),
    "a PDF with lines behind it": (answer(PDF + b"\n--\nSent from my phone\n"), PDF, {}),
    "a picture with a preview": (answer(samples.jpeg_with_preview()), samples.jpeg_with_preview(), {}),
    "a picture with a video": (answer(samples.jpeg() + bytes(9000)), samples.jpeg(), {}),
    "a picture in many scans": (answer(samples.progressive()), samples.progressive(), {}),
    "an old sheet": (answer(samples.xls()), samples.xls(), {}),
    "text": (answer(samples.TEXT), samples.TEXT, {}),
}


@pytest.mark.parametrize("case", WHOLE_FILES)
def test_given_a_download_that_is_whole_then_it_is_taken_at_once(tmp_path: Path, case: str) -> None:
    first, content, claimed = WHOLE_FILES[case]
    wire = Wire(first)

    assert fetched(wire, tmp_path, claimed).path.read_bytes().startswith(content)
    assert len(wire.asked) == 1


def test_given_a_small_gzip_stream_that_becomes_huge_then_it_is_stopped_at_the_limit(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(FILE_BYTES + 1))
    with pytest.raises(ReceiptFailed, match="larger than 30 MB") as failed:
        fetched(Wire(answer(bomb, Content_Encoding="gzip")), tmp_path)
    assert failed.value.failure is ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED


def test_given_content_that_is_not_gzip_as_its_header_claims_then_the_expense_fails(tmp_path: Path) -> None:
    with pytest.raises(ReceiptFailed, match="broken off"):
        fetched(Wire(answer(PDF, Content_Encoding="gzip")), tmp_path)


# Redirects, as browsers follow them. Location -> what the host is asked for.
TARGETS: list[tuple[bytes, str]] = [
    ("/bucket/kvittering-æø.pdf?sig=a%2Fb".encode(), "/bucket/kvittering-%C3%A6%C3%B8.pdf?sig=a%2Fb"),
    ("/b/レシート.pdf?name=領収".encode(), "/b/%E3%83%AC%E3%82%B7%E3%83%BC%E3%83%88.pdf?name=%E9%A0%98%E5%8F%8E"),
    ("/kvittering-æ.pdf".encode("latin-1"), "/kvittering-%E6.pdf"),
    (b"/my receipt.pdf?a=b c", "/my%20receipt.pdf?a=b%20c"),
    (b"  /spaces-around  ", "/spaces-around"),
    (b"/a#page=2", "/a"),
    (b"second", "/second"),
    (b"../up/../b", "/b"),
    (b"?sig=1", "/first?sig=1"),
    (b"//files.example.com/c", "/c"),
    (b"https://eu.files.example.com:443/d?x=%20y", "/d?x=%20y"),
    (b"HTTPS://FILES.EXAMPLE.COM/E", "/E"),
    (b"/100%25?already=%C3%A6", "/100%25?already=%C3%A6"),
]


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "303 See Other", "307 X", "308 X"])
@pytest.mark.parametrize(("location", "asked"), TARGETS)
def test_given_a_redirect_then_it_is_followed_as_a_browser_would(
    tmp_path: Path, location: bytes, asked: str, status: str
) -> None:
    wire = Wire(answer(status=status, Location=location, Content_Length="0"), WHOLE)

    assert fetched(wire, tmp_path, {"size": len(PDF)}).path.read_bytes() == PDF
    assert wire.asked == ["/first", asked]


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.net/æ".encode(),
        b"//evil.net/x",
        b"http://files.example.com/x",
        b"https://files.example.com.evil.net/x",
        b"https://files.example.com@evil.net/x",
        b"https://evil.net\\@files.example.com/x",
        b"\\\\evil.net/x",
        b"https:\t//evil.net/x",
        "https://files.example.com.ævil.net/".encode(),
        b"https://[::1]/x",
        b"https://[/x",
        b"https://files.example.com:99999/x",
        b"data:application/pdf;base64,JVBERi0=",
    ],
)
def test_given_a_redirect_to_a_forbidden_address_then_no_request_is_sent(tmp_path: Path, location: bytes) -> None:
    wire = Wire(answer(status="302 Found", Location=location), WHOLE)

    with pytest.raises(ReceiptFailed) as failed:
        fetched(wire, tmp_path)

    assert "which this installation may not fetch from" in failed.value.reason
    assert failed.value.failure is ItemFailure.RECEIPT_DOWNLOAD_FAILURE
    assert wire.asked == ["/first"]


def test_given_as_many_redirects_as_browsers_follow_then_the_file_is_had(tmp_path: Path) -> None:
    wire = Wire(*[answer(status="302 Found", Location=f"/{each}") for each in range(fetch.REDIRECTS)], WHOLE)
    assert fetched(wire, tmp_path).path.read_bytes() == PDF


def test_given_redirects_in_circles_then_they_end_without_another_try(tmp_path: Path) -> None:
    wire = Wire(answer(status="302 Found", Location="/first"))
    with pytest.raises(ReceiptFailed, match="redirects too many times"):
        fetched(wire, tmp_path)
    assert len(wire.asked) == 1 + fetch.REDIRECTS


def test_given_an_unexpected_exception_then_only_this_file_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("https://files.example.com/?X-Signature=secret")

    monkeypatch.setattr(fetch, "recognise", fails)
    with pytest.raises(ReceiptFailed, match=r"File 1 of 1 .* an unexpected error \(ZeroDivisionError\)") as failed:
        fetched(Wire(WHOLE), tmp_path)
    assert "secret" not in repr(failed.value)


def test_given_a_sheet_under_a_password_then_it_is_attached_as_it_is(tmp_path: Path) -> None:
    content = samples.protected_office()
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    receipt = fetched(Wire(answer(content)), tmp_path, {"type": sheet, "size": len(content)})
    assert (receipt.name, receipt.format.content_type) == ("receipt-1.xlsx", sheet)
    assert receipt.path.read_bytes() == content


def test_given_an_office_file_under_a_password_of_an_unknown_kind_then_it_is_named_as_protected(
    tmp_path: Path,
) -> None:
    with pytest.raises(ReceiptFailed, match=r"File 1 of 1: an Office file that is protected by a password"):
        fetched(Wire(answer(samples.protected_office())), tmp_path)


def test_given_a_drawing_with_scripts_instead_of_a_receipt_then_the_expense_says_so(tmp_path: Path) -> None:
    drawing = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    with pytest.raises(ReceiptFailed, match=r"File 1 of 1: an SVG drawing, which may carry scripts") as failed:
        fetched(Wire(answer(drawing, Content_Type="image/svg+xml")), tmp_path, {"type": "image/svg+xml"})
    assert failed.value.failure is ItemFailure.RECEIPT_CONVERSION_FAILURE
