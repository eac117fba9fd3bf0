"""Preparing fetched items: the documents that can be recorded, or the reason why not (R-4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from pleo_export.accounting.errors import Rejected, internal_fault
from pleo_export.accounting.limits import kind_in_words, not_taken
from pleo_export.accounting.port import AccountingSystem, Capabilities
from pleo_export.bookkeeping.book import Booking, TextLimits, book
from pleo_export.bookkeeping.documents import Document, DocumentKind
from pleo_export.bookkeeping.export_item import ExportItem, parse_export_item
from pleo_export.bookkeeping.fingerprint import fingerprint
from pleo_export.bookkeeping.parties import PartyMatch, PartyQuery, party_query
from pleo_export.bookkeeping.reference import reference
from pleo_export.errors import ItemFailure, ItemRejected, PleoExportError
from pleo_export.failures.entry import FailureText
from pleo_export.failures.expense import NO_DATA, OTHER_COMPANY
from pleo_export.failures.receipts import NO_FILES_TAKEN
from pleo_export.settings import ReceiptPolicy, Settings
from pleo_export.store.connections import Connection
from pleo_export.store.payloads import WorkItem
from pleo_export.store.results import ItemResult
from pleo_export.workflow.recording.faults import log_fault

# The answer to each query for a supplier or employee, or why that query failed.
Parties = Mapping[PartyQuery, PartyMatch | Exception]
T = TypeVar("T")


@dataclass(frozen=True)
class PreparedItem:
    """An item that can be booked: its documents at the given revision (R-8.1). The first of them is the one that Pleo
    links to (R-6.9)."""

    item_status: str
    item: ExportItem
    settings: Settings
    capabilities: Capabilities
    party: PartyMatch | None
    booking: Booking
    revision: int

    @property
    def entry_id(self) -> str:
        """The id of the item's accounting entry."""
        return str(self.item.accounting_entry_id)

    @property
    def main(self) -> Document:
        """The document that Pleo links to."""
        return self.booking.documents[0]

    @property
    def payments(self) -> Sequence[Document]:
        """The payments that belong to the main document (R-5a.12)."""
        return self.booking.documents[1:]

    @property
    def finished_later(self) -> bool:
        """Whether more than the main document is written: payments, which the ledger settles with entries of its own,
        or files."""
        return bool(self.payments or self.item.files)

    @property
    def fingerprint(self) -> str:
        """The hash of what is booked, which tells whether an expense has changed."""
        return fingerprint(self.booking)

    def revised(self) -> PreparedItem:
        """Return the item at its next revision, which has its own references."""
        revision = self.revision + 1
        booking = _book(self.item, self.settings, self.capabilities, self.party, revision)
        return replace(self, revision=revision, booking=booking)


class _Parsed(NamedTuple):
    status: str
    item: ExportItem
    wanted: PartyQuery | None


class ItemPreparer:
    """Prepares the items of a chunk. `rejected` are the results of those that cannot be booked; a fault in one item
    leaves the others alone."""

    def __init__(self, connection: Connection, system: AccountingSystem) -> None:
        self._company_id = connection.company_id
        self._settings = connection.settings
        self._system = system
        self.rejected: list[ItemResult] = []

    def prepare(self, items: Iterable[WorkItem]) -> list[PreparedItem]:
        """Return the items that can be booked, in their order. Raises AccountingError if the search for suppliers
        failed."""
        parsed = [each for item in items if (each := self._attempt(item.entry_id, self._parse, item))]
        parties = self._parties(each.wanted for each in parsed)
        booked = (self._attempt(str(each.item.accounting_entry_id), self._book, each, parties) for each in parsed)
        return [each for each in booked if each]

    def _attempt(self, entry_id: str, step: Callable[..., T], *given: Any) -> T | None:
        try:
            return step(*given)
        except ItemRejected as error:
            self._reject(entry_id, error.failure, error.told)
        except Exception as error:  # a fault of ours in one item
            log_fault("item could not be prepared", error, entry_id=entry_id)
            self._reject(entry_id, ItemFailure.UNEXPECTED_FAILURE, internal_fault(error))
        return None

    def _reject(self, entry_id: str, failure: ItemFailure, told: FailureText) -> None:
        self.rejected.append(ItemResult.failed(entry_id, failure, told, self._settings.support_contact))

    def _parse(self, item: WorkItem) -> _Parsed:
        if item.payload is None:
            raise ItemRejected(ItemFailure.UNEXPECTED_FAILURE, NO_DATA.told())
        parsed = parse_export_item(item.payload)
        if str(parsed.company_id) != self._company_id:
            raise ItemRejected(ItemFailure.VALIDATION_FAILURE, OTHER_COMPANY.told())
        return _Parsed(item.status, parsed, party_query(parsed, self._settings))

    def _parties(self, wanted: Iterable[PartyQuery | None]) -> Parties:
        """Find each supplier and employee of the chunk once."""
        queries = {each for each in wanted if each}
        if not queries or DocumentKind.BILL not in self._system.capabilities.kinds:
            return {}
        return self._find(queries)

    def _find(self, queries: Collection[PartyQuery]) -> Parties:
        """Find the party of each query: all together, and singly after a fault, which concerns its own item only."""
        try:
            return self._system.find_parties(queries)
        except Exception as error:
            if isinstance(error, PleoExportError) and not isinstance(error, Rejected):
                raise
            if len(queries) == 1:
                return dict.fromkeys(queries, error)
        return {query: answer for each in queries for query, answer in self._find([each]).items()}

    def _book(self, parsed: _Parsed, parties: Parties) -> PreparedItem:
        party = parties.get(parsed.wanted) if parsed.wanted else None
        if isinstance(party, Rejected):
            raise ItemRejected(party.failure, party.told)
        if isinstance(party, Exception):
            raise party
        capabilities = self._system.capabilities
        booking = _book(parsed.item, self._settings, capabilities, party, revision=1)
        for document in booking.documents:  # none of them is booked without the others
            if refusal := not_taken(document, capabilities):
                raise ItemRejected(refusal.failure, refusal.told)
        booking = self._without_files(parsed.item, booking)
        return PreparedItem(
            item_status=parsed.status,
            item=parsed.item,
            settings=self._settings,
            capabilities=capabilities,
            party=party,
            booking=booking,
            revision=1,
        )

    def _without_files(self, item: ExportItem, booking: Booking) -> Booking:
        """Warn that the main document takes no files. Raises ItemRejected where the settings require receipts."""
        kind = booking.documents[0].kind
        if not item.files or kind in self._system.capabilities.files:
            return booking
        told = NO_FILES_TAKEN.told(kind=kind_in_words(kind))
        if self._settings.receipts is ReceiptPolicy.REQUIRED:
            raise ItemRejected(ItemFailure.RECEIPT_UPLOAD_FAILURE, told)
        warning = f"Booked without its receipts. The accounting system takes no files for a {kind_in_words(kind)}."
        return replace(booking, warnings=(*booking.warnings, warning))


def _book(
    item: ExportItem, settings: Settings, capabilities: Capabilities, party: PartyMatch | None, revision: int
) -> Booking:
    ids = str(item.company_id), str(item.accounting_entry_id)
    name = reference(*ids, revision, max_length=capabilities.reference_length)
    limits = TextLimits(capabilities.reference_length, text=capabilities.text_length, memo=capabilities.text_length)
    return book(item, settings, name, limits, party)
