"""Downloads an expense's files to disk.

The links give access to the files: they appear in no log and no error, no credential is sent with them (open question
28), and they are followed only to hosts on our list and to public addresses, redirect by redirect.

A download is complete if the connection and the coding came to their end and at least as many bytes arrived as Pleo
gives as the file's size. That counts the file's own bytes, so they are counted decoded. A file without a size (the
document requires it, a guide leaves it out; 0 means unknown) has to end as its format ends. More bytes than Pleo's size
are accepted: nothing is missing then, and the limits hold all the same.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urljoin

import requests
from urllib3.exceptions import HTTPError

from pleo_export import __version__
from pleo_export.bookkeeping.export_item import File
from pleo_export.http.backoff import pause_after
from pleo_export.http.session import IsolatedSession
from pleo_export.receipts.connection import PublicAddresses
from pleo_export.receipts.decoding import BrokenContent, decoder
from pleo_export.receipts.endings import is_whole
from pleo_export.receipts.errors import Expired, ReceiptFailed, not_downloaded, too_large
from pleo_export.receipts.formats import Format, claimed, recognise
from pleo_export.receipts.hosts import ForeignHost, ReceiptHosts
from pleo_export.receipts.limits import size_in_words
from pleo_export.receipts.receipt import Receipt, file_number, sha256_of
from pleo_export.receipts.strangers import refusal
from pleo_export.receipts.surprises import contained

# Pleo's limit is "30 MB" (R-5d.1), of 1000 or 1024 kB; the larger reading refuses nothing that Pleo took.
FILE_BYTES = 30 * 1024 * 1024
EXPENSE_BYTES = 240 * 1024 * 1024  # what was fetched and what is made of it: twice this fits Lambda's 512 MB of /tmp
CONNECT_SECONDS, READ_SECONDS = 3, 10
EXPENSE_SECONDS = 60  # for all files of one expense, attempts and pauses included
TRIES = 4
REDIRECTS = 20  # as browsers
PIECE = 64 * 1024  # bytes

REDIRECT = frozenset({301, 302, 303, 307, 308})
# Open question 28: how an old link is refused. S3 answers 403, and 400 if the credential that signed it has ended.
EXPIRED = frozenset({400, 403, 410})
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class _Fault(Exception):
    """One attempt failed, another may succeed. The message says how, without the address."""


@dataclass(frozen=True, slots=True)
class _Download:
    """One file to download. `room` and `size` are in bytes, `size` as Pleo gives it (0 if unknown); `ends` is on the
    fetcher's clock."""

    label: str
    url: str
    path: Path
    room: int
    size: int
    claim: Format | None
    ends: float


class Fetcher:
    """Downloads files. `clock` counts seconds, `sleep` takes seconds, `jitter` returns a number from 0 to 1."""

    def __init__(
        self,
        hosts: ReceiptHosts,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hosts = hosts
        self._session = session or ReceiptSession()
        self._sleep = sleep
        self._jitter = jitter
        self._clock = clock

    def fetch(self, files: Sequence[File], folder: Path) -> tuple[Receipt, ...]:
        """Return all files, in Pleo's order, written into `folder`, which is the caller's to remove.

        Raises Expired (fetch the export item again, once) and ReceiptFailed.
        """
        ends = self._clock() + EXPENSE_SECONDS
        receipts: list[Receipt] = []
        for number, file in enumerate(files, start=1):
            room = EXPENSE_BYTES - sum(receipt.size for receipt in receipts)
            label, path = file_number(number, len(files)), folder / f"source-{number}"
            size = max(file.size or 0, 0)
            download = _Download(label, file.url, path, room, size, claimed(file.type), ends)
            with contained(label, not_downloaded):
                format = self._try_repeatedly(download)
            receipts.append(Receipt(number, len(files), format, path, path.stat().st_size, sha256_of(path)))
        return tuple(receipts)

    def _try_repeatedly(self, download: _Download) -> Format:
        attempt = 1
        while True:
            try:
                return self._try(download)
            except _Fault as fault:
                pause = pause_after(attempt, self._jitter)
                if attempt == TRIES or self._clock() + pause >= download.ends:
                    raise not_downloaded(download.label, str(fault)) from None
            self._sleep(pause)
            attempt += 1

    def _try(self, download: _Download) -> Format:
        url = download.url
        for _ in range(1 + REDIRECTS):
            with self._get(url, download) as answer:
                if answer.status_code in REDIRECT:
                    url = _target(url, answer)
                    self._check_deadline(download)
                    continue
                _check(answer, download)
                self._save(answer, download)
                return _format(download, answer.headers.get("Content-Type"))
        raise not_downloaded(download.label, "its link redirects too many times")

    def _check_deadline(self, download: _Download) -> None:
        if self._clock() >= download.ends:
            raise _Fault(f"not finished after {EXPENSE_SECONDS} seconds")

    def _get(self, url: str, download: _Download) -> requests.Response:
        try:
            return self._session.get(
                self._hosts.admit(url),
                headers={"User-Agent": f"pleo-export/{__version__}", "Accept-Encoding": "identity"},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )
        except ForeignHost as host:
            raise not_downloaded(
                download.label,
                f"its link leads to {host}, which this installation may not fetch from (RECEIPT_HOSTS)",
            ) from None
        except requests.RequestException as failure:  # its message holds the address
            raise _Fault(f"no answer ({type(failure).__name__})") from None

    def _save(self, answer: requests.Response, download: _Download) -> None:
        """Write the answer's content, counting what arrives and checking the deadline with each piece, however
        small."""
        limit = min(FILE_BYTES, download.room)
        size = 0
        coding = decoder(answer.headers.get("Content-Encoding", ""))
        with download.path.open("wb") as target:
            try:
                while sent := answer.raw.read1(PIECE, decode_content=False):
                    self._check_deadline(download)
                    for piece in coding.feed(sent, PIECE):
                        size += len(piece)
                        if size > limit:
                            raise _over_our_limit(download)
                        target.write(piece)
            except (HTTPError, BrokenContent) as failure:
                raise _Fault(f"broken off ({type(failure).__name__})") from None
        if size < download.size:
            raise _Fault(f"broken off, {size_in_words(size)} of {size_in_words(download.size)} arrived")
        if not coding.complete:
            raise _Fault(f"broken off after {size_in_words(size)}")
        if not size:
            raise not_downloaded(download.label, "it is empty")


def _target(url: str, answer: requests.Response) -> str:
    """Return where a redirect leads, as browsers read it; empty if that is not an address.

    Spaces and bytes beyond ASCII stand for themselves, percent-encoded (the HTTP library gives each byte of a header as
    the character of its number).
    """
    location = answer.headers.get("Location", "").strip()
    location = location.translate({ord(each): None for each in "\t\r\n"})
    encoded = "".join(each if "!" <= each <= "~" else quote(each.encode("latin-1", "ignore")) for each in location)
    try:
        return urljoin(url, encoded)
    except ValueError:
        return ""


def _format(download: _Download, served_as: str | None) -> Format:
    format = recognise(download.path, download.claim or claimed(served_as))
    if format is None:
        raise refusal(download.label, download.path)
    if not (download.size or is_whole(download.path, format)):
        raise _Fault(f"broken off after {size_in_words(download.path.stat().st_size)}: its end is missing")
    return format


def _check(answer: requests.Response, download: _Download) -> None:
    status = answer.status_code
    if status in EXPIRED:
        raise Expired(download.label)
    if status in PASSING:
        raise _Fault(f"HTTP {status}")
    if status != requests.codes.ok:
        raise not_downloaded(download.label, f"HTTP {status}")
    announced = answer.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > min(FILE_BYTES, download.room):
        raise _over_our_limit(download)


def _over_our_limit(download: _Download) -> ReceiptFailed:
    if download.room < FILE_BYTES:
        return too_large(download.label, f"the files of the expense together exceed {EXPENSE_BYTES >> 20} MB")
    return too_large(download.label, f"larger than {FILE_BYTES >> 20} MB, the most that Pleo serves")


class ReceiptSession(IsolatedSession):
    """A session to hosts that anybody may run, and so without a proxy, which could reach private addresses for us.

    It leaves redirects to the Fetcher: requests would prepare the next request even if it is not wanted, read the whole
    answer for that, and fail on names that are not UTF-8.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mount("https://", PublicAddresses())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None: the Fetcher reads redirects."""
