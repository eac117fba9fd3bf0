"""The port to an accounting system. One package per connector implements it; tests/conformance defines it.

Contract of `record_many`: the caller has looked for the references with `find_many` and holds the company's lease
(one writer per company). The reference is inside the document from its first moment, so that a crash between
any two calls is healed by `find_many`. Every given reference has an outcome in the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import BinaryIO, Protocol

from pleo_export.accounting.errors import AccountingError, Rejected
from pleo_export.bookkeeping.documents import Document, DocumentKind
from pleo_export.bookkeeping.parties import PartyMatch, PartyQuery


class DocumentState(StrEnum):
    DRAFT = "draft"
    POSTED = "posted"
    VOID = "void"


class PeriodState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """A document that the accounting system holds. `date` is its posting date, read back. `warnings` are what the
    bookkeeper should know of it, such as a payment that found no bill to settle."""

    reference: str
    kind: DocumentKind
    id: str
    number: str | None
    state: DocumentState
    date: date
    url: str | None
    warnings: tuple[str, ...] = ()


class Attachment(Protocol):
    """A file for a document. `name` is safe in any path or header; `size` in bytes; `sha256` in hex."""

    @property
    def name(self) -> str: ...
    @property
    def content_type(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    def open(self) -> BinaryIO: ...


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Constant per connector. `max_batch` documents go into one `record_many`, `max_find` references into one
    `find_many`. The attachment fields: bytes of one file, files of one document (None: any number),
    content types; `attach_to_posted`: whether files may be added to a posted document."""

    kinds: frozenset[DocumentKind]
    drafts: frozenset[DocumentKind]
    periods_readable: bool
    reference_length: int
    text_length: int
    max_batch: int
    max_find: int
    max_dimensions_per_line: int | None
    max_attachment_bytes: int
    max_attachments: int | None
    attachment_types: frozenset[str]
    attach_to_posted: bool


@dataclass(frozen=True, slots=True)
class CodeAndName:
    """An account or a dimension, for a person who sets up a connection to choose."""

    code: str
    name: str


DocumentOutcome = DocumentRef | AccountingError


class AccountingSystem(Protocol):
    """The face of the port that records: what the functions use."""

    @property
    def capabilities(self) -> Capabilities: ...

    def check(self) -> None:
        """Before a job: reachable, authorised, allowed to write. Raises AccountingError."""

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        """The document of each reference that has one, read after write; at most `capabilities.max_find` references. A
        live one wins over a void one; for two live ones the outcome is PossibleDuplicate. Raises AccountingError if
        nobody could look."""

    def differences(self, found: Sequence[tuple[DocumentRef, Document]]) -> Mapping[str, Rejected]:
        """What must not be adopted, by reference: found documents that come to another total, tax or currency than the
        document that would be recorded now, each error naming both figures' place but no more than its item may hold.
        A person may have moved lines to other accounts: that is no difference. Raises AccountingError if nobody could
        look."""

    def find_parties(self, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
        """Who each question means: the first of its keys that fits anybody decides (R-5a.8). Every question has an
        answer. Raises AccountingError if nobody could look; after a Rejected each question is asked singly."""

    def record_many(self, documents: Sequence[Document], state: DocumentState) -> Mapping[str, DocumentOutcome]:
        """Record each document in the given order, at most `capabilities.max_batch`, as draft or posted; a kind
        without drafts is posted. A payment is reconciled with what it settles, now or when that comes later
        (R-5a.13); while that is a draft, it stays open. One bad document changes nothing for the others. A document
        that was recorded but not posted is KeptAsDraft, or OutcomeUnknown where it may have been posted. Entries that
        the connector makes beside the documents (exchange differences, roundings) carry references derived from them
        and are looked for before they are made.

        Raises AuthenticationFailed, PermissionDenied, RateLimited, Unavailable only while nothing at all was
        recorded; later each document has its own outcome."""

    def post_many(self, documents: Sequence[DocumentRef]) -> Mapping[str, DocumentOutcome]:
        """Post drafts, for example those a crash left behind, and reconcile posted bills and payments with what they
        settle; harmless where that is done."""

    def attach(self, document: DocumentRef, attachments: Sequence[Attachment]) -> None:
        """Add files to a document; one that it has already (same content) is not added again (R-5d.10).

        Raises AttachmentRejected, AttachmentTooLarge, or another AccountingError; running it again is safe."""

    def period_state(self, on: date) -> PeriodState:
        """Whether an entry may be posted on that date."""

    def next_open_date(self, after: date) -> date | None:
        """The first day after the given one on which an entry may be posted; None where nobody can tell."""


class AccountingSetup(Protocol):
    """The face of the port for setting up a connection: what a person chooses from, and the removal of a test entry."""

    @property
    def ledger_id(self) -> str:
        """Which company's books these are, from the settings alone: the same for all that name the same books, so
        that only one Pleo company is connected to them (R-10.9). At most 200 characters."""

    def unknown_accounts(self, codes: Collection[str]) -> Collection[str]:
        """Those that nothing can be booked on, for checking settings when they are entered. Raises AccountingError."""

    def unknown_dimensions(self, categories: Collection[str]) -> Collection[str]:
        """Those that the accounting system does not have, or has without any value. Raises AccountingError."""

    def currency(self) -> str:
        """The books' own, ISO 4217. Raises AccountingError."""

    def accounts(self) -> Sequence[CodeAndName]:
        """All that can be booked on, by code. Raises AccountingError."""

    def dimensions(self) -> Sequence[CodeAndName]:
        """All that a line can carry, by code. Raises AccountingError."""

    def discard(self, document: DocumentRef) -> None:
        """Remove a draft, as if it had never been; harmless where it is gone. Raises Rejected for one that is no draft
        (any more), or that may not be removed; or another AccountingError; running it again is safe."""
