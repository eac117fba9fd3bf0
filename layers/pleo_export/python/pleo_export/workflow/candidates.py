"""From a fetched item to an entry that can be recorded, or to the reason why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pleo_export.accounting.port import Capabilities
from pleo_export.bookkeeping.book import TextLimits, book
from pleo_export.bookkeeping.documents import JournalEntry
from pleo_export.bookkeeping.export_item import ExportItem, parse_export_item
from pleo_export.bookkeeping.fingerprint import fingerprint
from pleo_export.bookkeeping.reference import reference
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.observability import logger
from pleo_export.settings import Settings
from pleo_export.state.connections import Connection
from pleo_export.state.jobs import ItemResult
from pleo_export.state.payloads import WorkItem


@dataclass(frozen=True)
class Candidate:
    """An item that can be booked: its entry at the given revision (R-8.1)."""

    item_status: str
    item: ExportItem
    entry: JournalEntry
    fingerprint: str
    revision: int
    settings: Settings
    capabilities: Capabilities

    @property
    def entry_id(self) -> str:
        return str(self.item.accounting_entry_id)

    def revised(self) -> Candidate:
        """The same item as the next revision, under a reference of its own."""
        return _candidate(self.item, self.item_status, self.settings, self.capabilities, self.revision + 1)


def prepare(
    items: Iterable[WorkItem], connection: Connection, capabilities: Capabilities
) -> tuple[list[Candidate], list[ItemResult]]:
    """Candidates, and the results of the items that cannot be booked. One item never takes another down."""
    candidates, rejected = [], []
    for item in items:
        try:
            candidates.append(_candidate(_parse(item, connection), item.status, connection.settings, capabilities))
        except ItemRejected as error:
            rejected.append(ItemResult(item.entry_id, failure=error.failure, reason=error.reason))
        except Exception as error:  # a fault of ours in one item; its message may hold content, its class does not
            fault = type(error).__name__
            logger.error("item could not be prepared", extra={"entry_id": item.entry_id, "error": fault})
            reason = f"Internal fault ({fault}); the operator has been told. Export it again later."
            rejected.append(ItemResult(item.entry_id, failure=ItemFailure.UNEXPECTED_FAILURE, reason=reason))
    return candidates, rejected


def _parse(item: WorkItem, connection: Connection) -> ExportItem:
    if item.payload is None:
        raise ItemRejected(
            ItemFailure.UNEXPECTED_FAILURE, "Pleo listed this item but sent no data for it (R-4.3). Export it again."
        )
    parsed = parse_export_item(item.payload)
    if str(parsed.company_id) != connection.company_id:
        raise ItemRejected(ItemFailure.VALIDATION_FAILURE, "companyId names another company than the export (R-4.7).")
    return parsed


def _candidate(
    item: ExportItem, status: str, settings: Settings, capabilities: Capabilities, revision: int = 1
) -> Candidate:
    name = reference(
        str(item.company_id), str(item.accounting_entry_id), revision, max_length=capabilities.reference_length
    )
    limits = TextLimits(capabilities.reference_length, text=capabilities.text_length, memo=capabilities.text_length)
    booking = book(item, settings, name, limits)
    (entry,) = booking.entries
    return Candidate(
        item_status=status,
        item=item,
        entry=entry,
        fingerprint=fingerprint(booking),
        revision=revision,
        settings=settings,
        capabilities=capabilities,
    )
