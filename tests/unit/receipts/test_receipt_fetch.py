"""Fetching an expense's files: all of them, from Pleo's hosts only, within limits, and without a trace of the link."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from pleo_export.bookkeeping.export_item import File
from pleo_export.errors import ItemFailure
from pleo_export.receipts import fetch
from pleo_export.receipts.errors import Expired, ReceiptFailed
from pleo_export.receipts.fetch import EXPENSE_SECONDS, FILE_BYTES, TRIES, Fetcher
from pleo_export.receipts.hosts import ReceiptHosts
from pleo_export.receipts.receipt import Receipt
from tests.unit.receipts import samples

HOST = "https://files.example.com"
SECRET = "X-Signature=never-to-be-seen"
URL = f"{HOST}/a?{SECRET}"


@dataclass
class Pleo:
    """A file host in memory, a clock that only pauses move, and a fetcher."""

    answers: responses.RequestsMock
    folder: Path
    pauses: list[float] = field(default_factory=list)
    now: float = 0.0
    chance: float = 1.0

    def serves(self, url: str = URL, **answer: Any) -> None:
        self.answers.get(url, **({"body": samples.pdf()} | answer))

    def fetch(self, *files: File) -> tuple[Receipt, ...]:
        hosts = ReceiptHosts.parse("files.example.com, example.org, http://127.0.0.1:8080")
        fetcher = Fetcher(hosts, sleep=self._sleep, jitter=lambda: self.chance, clock=lambda: self.now)
        return fetcher.fetch(files or (File(url=URL),), self.folder)

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    @property
    def asked(self) -> int:
        return len(self.answers.calls)


@pytest.fixture
def pleo(socket_disabled: None, tmp_path: Path) -> Iterator[Pleo]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as answers:
        yield Pleo(answers, tmp_path)


def failure(pleo: Pleo, *files: File) -> ReceiptFailed:
    with pytest.raises(ReceiptFailed) as caught:
        pleo.fetch(*files)
    assert SECRET not in repr(caught.value)
    assert HOST not in repr(caught.value)
    assert "File 1 of 1" in caught.value.reason
    return caught.value


def test_given_no_files_when_fetched_then_nothing_is_asked(pleo: Pleo) -> None:
    hosts = ReceiptHosts.parse("example.com")
    assert Fetcher(hosts).fetch((), pleo.folder) == ()
    assert pleo.asked == 0


def test_given_seven_files_when_fetched_then_all_are_there_in_pleos_order(pleo: Pleo) -> None:
    contents = [samples.pdf(width=100 + number) for number in range(7)]
    for number, content in enumerate(contents):
        pleo.serves(f"{HOST}/{number}", body=content)
    receipts = pleo.fetch(*(File(url=f"{HOST}/{number}") for number in range(7)))
    assert [receipt.path.read_bytes() for receipt in receipts] == contents
    assert [receipt.number for receipt in receipts] == [1, 2, 3, 4, 5, 6, 7]
    assert str(receipts[1]).startswith("File 2 of 7 (PDF, ")


@pytest.mark.parametrize("extension", samples.SERVED)
def test_given_a_file_of_each_format_when_fetched_then_its_content_says_what_it_is(pleo: Pleo, extension: str) -> None:
    content, content_type, ours = samples.SERVED[extension]
    pleo.serves(body=content)
    (receipt,) = pleo.fetch(File(url=URL, type=content_type, size=len(content)))
    assert (receipt.format.content_type, receipt.name) == (content_type, f"receipt-1.{ours}")
    assert receipt.path.read_bytes() == content


def test_given_no_type_in_the_payload_then_the_content_type_of_the_host_decides(pleo: Pleo) -> None:
    both = samples.doc() + samples.xls()
    pleo.serves(body=both, content_type="application/vnd.ms-excel")
    assert pleo.fetch(File(url=URL))[0].format.extension == "xls"


def test_given_hostile_names_when_fetched_then_ours_are_used_and_nothing_lands_elsewhere(pleo: Pleo) -> None:
    url = f"{HOST}/..%2f..%2fetc/passwd%00.pdf"
    pleo.serves(url, headers={"Content-Disposition": 'attachment; filename="../../../tmp/evil.sh"'})
    (receipt,) = pleo.fetch(File(url=url, type="../../evil"))
    assert receipt.name == "receipt-1.pdf"
    assert receipt.path.resolve().parent == pleo.folder.resolve()
    assert [each.name for each in pleo.folder.iterdir()] == ["source-1"]


# ---------------------------------------------------------------- size


def test_given_a_file_of_30_mb_when_fetched_then_it_is_whole(pleo: Pleo) -> None:
    pleo.serves(body=samples.pdf().ljust(FILE_BYTES, b" "))
    assert pleo.fetch()[0].size == FILE_BYTES == 30 * 1024 * 1024


@pytest.mark.parametrize("announced", [None, str(FILE_BYTES + 1), "many"])
def test_given_one_byte_more_than_30_mb_whatever_is_announced_then_it_is_refused(
    pleo: Pleo, announced: str | None
) -> None:
    body = samples.pdf().ljust(FILE_BYTES + 1, b" ")
    pleo.serves(body=body, headers={"Content-Length": announced} if announced else {})
    error = failure(pleo, File(url=URL, size=10))
    assert error.failure is ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED
    assert "larger than 30 MB" in error.reason


def test_given_less_announced_than_comes_then_it_is_not_taken_for_the_file(pleo: Pleo) -> None:
    pleo.serves(body=samples.pdf(size=fetch.PIECE), headers={"Content-Length": "10"})
    assert failure(pleo).failure is ItemFailure.RECEIPT_DOWNLOAD_FAILURE


def test_given_too_much_announced_then_nothing_is_read(pleo: Pleo) -> None:
    pleo.serves(headers={"Content-Length": str(FILE_BYTES + 1)})
    assert failure(pleo).failure is ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED
    assert list(pleo.folder.iterdir()) == []


def test_given_files_that_together_fill_the_disk_then_the_expense_is_refused(
    pleo: Pleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = samples.pdf()
    monkeypatch.setattr(fetch, "EXPENSE_BYTES", 3 * len(content) - 1)
    pleo.serves(body=content)
    assert len(pleo.fetch(File(url=URL), File(url=URL))) == 2
    with pytest.raises(ReceiptFailed, match=r"File 3 of 3.*together exceed") as error:
        pleo.fetch(File(url=URL), File(url=URL), File(url=URL))
    assert error.value.failure is ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED


def test_given_an_empty_file_then_it_is_refused(pleo: Pleo) -> None:
    pleo.serves(body=b"")
    error = failure(pleo)
    assert error.failure is ItemFailure.RECEIPT_DOWNLOAD_FAILURE
    assert "empty" in error.reason


# ---------------------------------------------------------------- faults that pass, and others


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 429},
        {"status": 408},
        {"body": requests.ConnectTimeout(f"to {URL}")},
        {"body": requests.ReadTimeout(f"from {URL}")},
        {"body": requests.ConnectionError(f"reset by {URL}")},
        {"headers": {"Content-Length": "100000"}},  # and then less
    ],
)
def test_given_a_fault_that_passes_when_fetched_then_it_is_tried_again(pleo: Pleo, fault: dict[str, Any]) -> None:
    pleo.serves(**fault)
    pleo.serves(**fault)
    pleo.serves()
    (receipt,) = pleo.fetch()
    assert receipt.path.read_bytes() == samples.pdf()
    assert pleo.pauses == [0.5, 1.0]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"status": 503}, "HTTP 503"),
        ({"body": requests.ReadTimeout(f"from {URL}")}, "no answer (ReadTimeout)"),
        ({"headers": {"Content-Length": "100000"}}, "broken off (ProtocolError)"),
    ],
)
def test_given_a_fault_that_stays_then_the_item_fails_and_says_how(
    pleo: Pleo, fault: dict[str, Any], says: str
) -> None:
    pleo.serves(**fault)
    error = failure(pleo)
    assert error.failure is ItemFailure.RECEIPT_DOWNLOAD_FAILURE
    assert says in error.reason
    assert pleo.asked == TRIES


def test_given_no_time_for_another_try_then_there_is_none(pleo: Pleo) -> None:
    def late(_: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        pleo.now += EXPENSE_SECONDS - 0.1
        return 503, {}, b""

    pleo.answers.add_callback(responses.GET, URL, late)
    assert "HTTP 503" in failure(pleo).reason
    assert pleo.asked == 1


def test_given_many_functions_at_once_then_chance_spreads_their_tries(pleo: Pleo) -> None:
    pleo.serves(status=503)
    pleo.chance = 0.0
    failure(pleo)
    assert pleo.pauses == [0.25, 0.5, 1.0]


@pytest.mark.parametrize("status", [401, 404, 418, 204, 206, 304])
def test_given_an_answer_that_will_stay_the_same_then_it_is_asked_once(pleo: Pleo, status: int) -> None:
    pleo.serves(status=status)
    error = failure(pleo)
    assert f"HTTP {status}" in error.reason
    assert not isinstance(error, Expired)
    assert pleo.asked == 1


@pytest.mark.parametrize("status", [400, 403, 410])
def test_given_a_link_that_has_expired_then_the_caller_may_fetch_the_item_again(pleo: Pleo, status: int) -> None:
    pleo.serves(status=status)
    error = failure(pleo)
    assert isinstance(error, Expired)
    assert error.failure is ItemFailure.RECEIPT_DOWNLOAD_FAILURE
    assert pleo.asked == 1


def test_given_a_host_that_trickles_then_the_time_for_the_expense_ends_it(pleo: Pleo) -> None:
    class Trickle(io.RawIOBase):
        """A byte every five seconds: no time limit on reading ever ends it."""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any, /) -> int:
            pleo.now += 5
            buffer[:1] = b"%"
            return 1

    pleo.serves(body=io.BufferedReader(Trickle()))
    assert "not finished after 60 seconds" in failure(pleo).reason
    assert pleo.now == EXPENSE_SECONDS


# ---------------------------------------------------------------- where to, and with what


def test_given_a_redirect_within_the_list_then_it_is_followed(pleo: Pleo) -> None:
    pleo.serves(status=302, headers={"Location": "/b"})
    pleo.serves(f"{HOST}/b", status=307, headers={"Location": "https://eu.example.org/c"})
    pleo.serves("https://eu.example.org/c")
    assert pleo.fetch()[0].path.read_bytes() == samples.pdf()


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("https://evil.net/x", "evil.net"),
        ("//evil.net/x", "evil.net"),
        ("http://169.254.169.254/latest/meta-data", "an address without a domain"),
        ("http://files.example.com/a", "files.example.com"),
        ("file:///etc/passwd", "an address without a domain"),
    ],
)
def test_given_a_redirect_to_a_foreign_host_then_it_is_not_called(pleo: Pleo, target: str, named: str) -> None:
    pleo.serves(status=302, headers={"Location": target})
    with pytest.raises(ReceiptFailed, match=f"leads to {named}, which this installation may not fetch") as error:
        pleo.fetch()
    assert error.value.failure is ItemFailure.RECEIPT_DOWNLOAD_FAILURE
    assert "/x" not in error.value.reason
    assert pleo.asked == 1


@pytest.mark.parametrize("headers", [{"Location": URL}, {}])
def test_given_redirects_in_circles_then_they_end(pleo: Pleo, headers: dict[str, str]) -> None:
    pleo.serves(status=302, headers=headers)
    assert "redirects too many times" in failure(pleo).reason
    assert pleo.asked == 1 + fetch.REDIRECTS


def test_given_a_foreign_host_in_the_payload_then_it_is_not_called(pleo: Pleo) -> None:
    with pytest.raises(ReceiptFailed, match=r"evil\.net"):
        pleo.fetch(File(url="https://evil.net/a"))
    assert pleo.asked == 0


def test_given_a_pleo_on_the_same_machine_then_it_may_be_listed(pleo: Pleo) -> None:
    pleo.serves("http://127.0.0.1:8080/files/a")
    assert pleo.fetch(File(url="http://127.0.0.1:8080/files/a"))


def test_no_credential_and_no_cookie_goes_with_the_request(
    pleo: Pleo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine files.example.com login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    pleo.serves(headers={"Set-Cookie": "session=1"})
    pleo.fetch(File(url=URL), File(url=URL))
    for call in pleo.answers.calls:
        assert "Authorization" not in call.request.headers
        assert "Cookie" not in call.request.headers


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.1", "100.64.0.1", "224.0.0.1",
     "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"],
)  # fmt: skip
def test_given_a_listed_name_that_leads_to_a_private_address_then_nothing_is_sent_to_it(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = Connected(address)
    monkeypatch.setattr("urllib3.util.connection.create_connection", lambda *_, **__: connected)
    with pytest.raises(ReceiptFailed, match="leads to a private address, which this installation may not fetch"):
        Fetcher(ReceiptHosts.parse("files.example.com")).fetch([File(url=URL)], tmp_path)
    assert (connected.closed, connected.spoken_to) == (True, False)


@pytest.mark.parametrize("address", ["52.218.0.1", "2a05:d000::1", "::ffff:52.218.0.1"])
def test_given_a_public_address_then_it_is_spoken_to(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = Connected(address)
    monkeypatch.setattr("urllib3.util.connection.create_connection", lambda *_, **__: connected)
    fetcher = Fetcher(ReceiptHosts.parse("files.example.com"), sleep=lambda _: None)
    with pytest.raises(ReceiptFailed, match="no answer"):
        fetcher.fetch([File(url=URL)], tmp_path)
    assert connected.spoken_to


class Connected:
    """A socket that has been connected, until TLS begins on it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.closed = self.spoken_to = False

    def getpeername(self) -> tuple[str, int]:
        return self._address, 443

    def close(self) -> None:
        self.closed = True

    def getsockopt(self, *_: int) -> int:
        self.spoken_to = True
        raise TimeoutError


def test_given_a_proxy_in_the_environment_then_it_is_not_asked(pleo: Pleo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://10.0.0.1:3128")
    pleo.serves()
    pleo.fetch()
    (call,) = pleo.answers.calls
    assert vars(call.request)["req_kwargs"]["proxies"] == {}


def test_the_link_is_in_no_log(pleo: Pleo, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    pleo.serves(status=503)
    pleo.serves(status=302, headers={"Location": "https://evil.net/x"})
    with pytest.raises(ReceiptFailed):
        pleo.fetch()
    assert SECRET not in caplog.text


def test_given_an_error_page_instead_of_a_file_then_it_is_not_a_receipt(pleo: Pleo) -> None:
    pleo.serves(body=b"<html><body>Sign in to Pleo", content_type="text/html")
    error = failure(pleo, File(url=URL, type="application/pdf"))
    assert error.failure is ItemFailure.RECEIPT_DOWNLOAD_FAILURE
