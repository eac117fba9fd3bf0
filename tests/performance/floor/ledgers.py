"""The calls that each ledger forces for a batch of documents: search, create, post, read back."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pleo_export.accounting.errors import RateLimited
from pleo_export.accounting.port import DocumentState
from pleo_export.accounting.tryton import connector as tryton
from pleo_export.accounting.tryton.documents import MOVE
from pleo_export.accounting.tryton.move import move
from pleo_export.accounting.tryton.periods import TrytonPeriods
from pleo_export.accounting.tryton.settings import TrytonSettings
from pleo_export.accounting.xero import connector as xero
from pleo_export.accounting.xero.bodies import body
from pleo_export.accounting.xero.kinds import BANK_TRANSACTIONS, ENDPOINTS
from pleo_export.accounting.xero.settings import XeroSettings
from pleo_export.bookkeeping.documents import JournalEntry

BATCH = 50
"""What Xero advises for one request; Tryton names no limit, and is given the same."""


Answer = TypeVar("Answer")


def patiently(call: Callable[[], Answer]) -> Answer:
    """Call the ledger; where it asks for a pause, after that once more."""
    while True:
        try:
            return call()
        except RateLimited as limited:
            time.sleep(limited.retry_after)


class FloorLedger(Protocol):
    """A ledger, called as seldom as it allows."""

    def record(self, entries: Sequence[JournalEntry]) -> Sequence[str]:
        """Search for the entries, create and post them, and return their ids."""

    def attach(self, id_: str, name: str, content: bytes) -> None:
        """Attach a file."""


class XeroFloor:
    """Five searches, one for each kind of document that may hold a reference, and one call to create; lists once."""

    def __init__(self, settings: XeroSettings, secret: Mapping[str, str]) -> None:
        system = xero.connect(settings, secret)
        self._rest, self._lookups = system._rest, system._lookups

    def record(self, entries: Sequence[JournalEntry]) -> Sequence[str]:
        """Raises RuntimeError if an entry is there already, or is refused."""
        references = [each.reference for each in entries]
        for endpoint in ENDPOINTS:
            where = {"where": endpoint.clause(references)}
            if patiently(lambda name=endpoint.name, where=where: list(self._rest.pages(name, where))):  # type: ignore[misc]
                raise RuntimeError("booked already")
        bodies = patiently(lambda: [body(each, self._lookups, DocumentState.POSTED, None) for each in entries])
        records = [each.record for each in bodies]
        rows = patiently(lambda: self._rest.create(BANK_TRANSACTIONS.name, records))
        if any(row.get("ValidationErrors") for row in rows):
            raise RuntimeError("refused")
        return [str(row[BANK_TRANSACTIONS.id]) for row in rows]

    def attach(self, id_: str, name: str, content: bytes) -> None:
        """One call."""
        endpoint = BANK_TRANSACTIONS.name
        patiently(lambda: self._rest.upload(endpoint, id_, name, "application/pdf", content))  # type: ignore[arg-type]


class TrytonFloor:
    """Two searches, among moves and among invoices, and one call each to create, to post and to read back."""

    def __init__(self, settings: TrytonSettings, secret: Mapping[str, str]) -> None:
        system = tryton.connect(settings, secret)
        assert system._posting._session is not None
        self._session = system._posting._session
        self._rest, self._lookups, self._documents = system._tryton, system._lookups, system._documents
        self._periods = TrytonPeriods(self._rest)

    def record(self, entries: Sequence[JournalEntry]) -> Sequence[str]:
        """Raises RuntimeError if an entry is there already."""
        if self._documents.find_many([each.reference for each in entries]):
            raise RuntimeError("booked already")
        tables = self._lookups.tables(entries)
        records = [move(each, self._periods.open_period(each.posting_date), tables) for each in entries]
        ids = self._rest.create_many(MOVE, records)
        self._session.press_button(MOVE, "post", ids)
        found = self._documents.read(MOVE, {each.reference: id_ for each, id_ in zip(entries, ids, strict=True)})
        return [found[each.reference].id for each in entries]

    def attach(self, id_: str, name: str, content: bytes) -> None:
        """One call."""
        self._rest.upload(name, name, f"{MOVE},{id_}", len(content), io.BytesIO(content))


def floor_ledger(settings: Any, secret: Mapping[str, str]) -> FloorLedger:
    """Return the ledger that a company's settings name."""
    return XeroFloor(settings, secret) if isinstance(settings, XeroSettings) else TrytonFloor(settings, secret)
