"""The port to an accounting system. One package per connector implements it; tests/conformance defines it.

Contract of `record_many`: the caller has looked for the references with `find_many` and holds the company's lease
(one writer per company). The reference is inside the document from its first moment, so that a crash between
any two calls is made good by `find_many`. Every given reference has an outcome in the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from pleo_export.accounting.errors import AccountingError, Rejected
from pleo_export.bookkeeping.documents import Document, DocumentKind, PaymentPurpose

if TYPE_CHECKING:
    from pleo_export.bookkeeping.parties import PartyMatch, PartyQuery


class DocumentState(StrEnum):
    """How final a document is: a draft can be changed or deleted, a void one counts for nothing."""

    DRAFT = "draft"
    POSTED = "posted"
    VOID = "void"


class PeriodState(StrEnum):
    """Whether a day can be booked on. NONE: there is no period for it; UNKNOWN: periods cannot be read."""

    OPEN = "open"
    CLOSED = "closed"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """A document in the accounting system. `date` is its posting date, read back. `warnings` are for the bookkeeper,
    such as that a payment found no bill to settle. `files_lost` says why files that it had as a draft could not be
    attached to it again when it was posted; None: it has them."""

    reference: str
    kind: DocumentKind
    id: str
    number: str | None
    state: DocumentState
    date: date
    url: str | None
    warnings: tuple[str, ...] = ()
    files_lost: AccountingError | None = None


class Attachment(Protocol):
    """A file for a document."""

    @property
    def name(self) -> str:
        """The file's name, safe in any path or header."""

    @property
    def content_type(self) -> str:
        """The media type, such as `application/pdf`."""

    @property
    def size(self) -> int:
        """The size in bytes."""

    @property
    def sha256(self) -> str:
        """The hash of the content, in hex."""

    def open(self) -> BinaryIO:
        """Open the content for reading."""


class SettlementSupport(StrEnum):
    """What becomes of a payment and what it settles. OPEN_ITEMS: each is booked for itself, and both are reconciled
    when the later one comes; BILL_FIRST: a payment is taken only for documents that are posted, else Rejected; NONE:
    both are booked, and a person reconciles them."""

    OPEN_ITEMS = "open items"
    BILL_FIRST = "bill first"
    NONE = "none"


class ReversalSupport(StrEnum):
    """How `reverse` undoes what is posted. VOID: the document itself becomes void, on its own date, without a further
    entry; NONE: it does not, and a person has to."""

    COUNTER_ENTRY = "counter-entry"
    VOID = "void"
    NONE = "none"


class PeriodSupport(StrEnum):
    """What `period_state` knows. CALENDAR: each period has a state, and there is a last one; LOCK_DATE: all days up to
    one are closed, all later ones open; UNKNOWN: only the answer to an entry tells."""

    CALENDAR = "calendar"
    LOCK_DATE = "lock date"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a connector can do; constant. What is beyond it is refused with a sentence, for its item only
    (`accounting.limits`).

    `kinds` are recorded at all, `drafts` as drafts (others are posted at once), `foreign` in other currencies than the
    ledger's own too; of payments, those with the given `purposes`. For `tax_as_given` tax is booked as the document
    says; for others the ledger computes it, and refuses a document that comes to another tax. `tax_accounts`: whether
    tax goes to the account of its line, else to the ledger's own. A line has at most `max_dimensions` (None: any
    number).

    At most `max_batch` documents go into one `record_many`, `max_find` references into one `find_many`. Documents of
    `files` take files: `max_attachment_bytes` is for one file, `max_attachments` for one document (None: any number),
    `attachment_types` are media types. `attach_to_posted`: whether a posted document takes files. `shows_void`: whether
    a document that a person has voided is found as void; else it counts until it is reversed."""

    kinds: frozenset[DocumentKind]
    drafts: frozenset[DocumentKind]
    foreign: frozenset[DocumentKind]
    purposes: frozenset[PaymentPurpose]
    settlement: SettlementSupport
    tax_as_given: frozenset[DocumentKind]
    tax_accounts: bool
    max_dimensions: int | None
    reference_length: int
    text_length: int
    max_batch: int
    max_find: int
    files: frozenset[DocumentKind]
    max_attachment_bytes: int
    max_attachments: int | None
    attachment_types: frozenset[str]
    attach_to_posted: bool
    periods: PeriodSupport
    reversal: ReversalSupport
    shows_void: bool


class CodeAndName(NamedTuple):
    """An account or a dimension, to choose from when a connection is set up."""

    code: str
    name: str


DocumentOutcome = DocumentRef | AccountingError


class LedgerLine(NamedTuple):
    """One line as the ledger holds it. `amount` in minor units of the document's currency, + debit and - credit; `tax`
    is the code of its tax, None where it has none."""

    account: str
    amount: int
    tax: str | None = None


class LedgerDocument(NamedTuple):
    """A document with all of its lines, as the ledger holds it now."""

    ref: DocumentRef
    currency: str
    lines: tuple[LedgerLine, ...]


class AccountingSystem(Protocol):
    """The side of the port that records: what the functions use."""

    @property
    def capabilities(self) -> Capabilities:
        """What this accounting system takes."""

    def check(self) -> None:
        """Check before a job that the system can be reached and lets us write (R-2). Raises AccountingError."""

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        """Find the document of each reference that has one, including those written just before; at most
        `capabilities.max_find` references. A live one is preferred to a void one; for two live ones the outcome is
        PossibleDuplicate. Raises AccountingError if the search failed."""

    def differences(self, found: Sequence[tuple[DocumentRef, Document]]) -> Mapping[str, Rejected]:
        """Return what must not be adopted, by reference: found documents that come to another total, tax or currency
        than the document that would be recorded now. Lines on other accounts are not a difference: a person may have
        moved them. Raises AccountingError if the documents could not be read."""

    def find_parties(self, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
        """Find the supplier or employee of each query: the first of its keys that fits any party decides (R-5a.8).
        Returns an answer to every query. Raises AccountingError if the search failed; after a Rejected the caller
        searches for each query singly."""

    def refusals(self, documents: Sequence[Document]) -> Mapping[str, AccountingError]:
        """Return what `record_many` would answer to those documents that it would refuse, by reference, as far as that
        can be known without writing: closed periods, unknown accounts, tax codes and dimensions. Writes nothing. Raises
        AccountingError if it could not be found out."""

    def reverse(self, document: DocumentRef, on: date) -> DocumentRef | None:
        """Undo a document, and return the entry that undoes it; None where there is none. A draft is deleted. A posted
        document is taken out of its reconciliation and gets a counter-entry of the date `on`, posted, with a reference
        derived from the document's (`reversal_reference`), which is looked for before it is made; from then on
        `find_many` shows the document as void. Payments are reversed before their bill.

        Where `capabilities.reversal` is VOID, the document itself becomes void, and None is returned; NONE: Rejected.

        For a void document nothing is made: the counter-entry that it has is returned, and reconciled with it if a
        crash prevented that. So running it again is safe, whatever it answered. Raises PeriodClosed; Rejected for what
        a person has reconciled or has to undo first; OutcomeUnknown if it may have been done; or another
        AccountingError."""

    def record_many(self, documents: Sequence[Document], state: DocumentState) -> Mapping[str, DocumentOutcome]:
        """Record each document in the given order, at most `capabilities.max_batch` of them, as draft or posted; a kind
        without drafts is posted. A payment is reconciled with what it settles, now or when that comes later
        (R-5a.13); while that is a draft, it stays open. One bad document changes nothing for the others. A document
        that was recorded but not posted is KeptAsDraft, or OutcomeUnknown where it may have been posted. Entries that
        the connector makes beside the documents (exchange differences, roundings) carry references derived from them
        and are looked for before they are made.

        Raises AuthenticationFailed, PermissionDenied, RateLimited, Unavailable only while nothing at all was
        recorded; later each document has its own outcome."""

    def post_many(self, documents: Sequence[DocumentRef]) -> Mapping[str, DocumentOutcome]:
        """Post drafts, for example those that a crash left behind, and reconcile posted bills and payments with what
        they settle; running it again is safe. Raises AccountingError only while nothing was posted."""

    def attach(self, document: DocumentRef, attachments: Sequence[Attachment]) -> None:
        """Add files to a document; one that it has already (same content) is not added again (R-5d.10).

        Raises AttachmentRejected, AttachmentTooLarge, or another AccountingError; running it again is safe."""

    def period_state(self, on: date) -> PeriodState:
        """Return whether an entry may be posted on that date. Raises AccountingError."""

    def next_open_date(self, after: date) -> date | None:
        """Return the first day after the given one on which an entry may be posted; None if there is none, or if it
        cannot be known. Raises AccountingError."""


class AccountingSetup(Protocol):
    """The side of the port that sets up a connection: what a person chooses from, and the removal of a test entry."""

    @property
    def ledger_id(self) -> str:
        """The identity of the ledger, from the settings alone: the same for all settings that name the same ledger, so
        that only one Pleo company is connected to it (R-10.9). At most 200 characters."""

    def unknown_accounts(self, codes: Collection[str]) -> Collection[str]:
        """Return those that cannot be booked on, to check settings when they are entered. Raises AccountingError."""

    def unknown_dimensions(self, categories: Collection[str]) -> Collection[str]:
        """Return those that the accounting system lacks, or has without any value. Raises AccountingError."""

    def currency(self) -> str:
        """Return the ledger's own currency, ISO 4217. Raises AccountingError."""

    def time_zone(self) -> str | None:
        """Return the IANA time zone of the ledger's company; None where the ledger does not tell it. Raises
        AccountingError."""

    def accounts(self) -> Sequence[CodeAndName]:
        """List the accounts that can be booked on, by code. Raises AccountingError."""

    def dimensions(self) -> Sequence[CodeAndName]:
        """List the dimensions that a line can have, by code. Raises AccountingError."""

    def discard(self, document: DocumentRef) -> None:
        """Remove a draft; harmless where it is gone. Raises Rejected for a document that is not, or no longer, a draft,
        or that may not be removed; or another AccountingError. Running it again is safe."""


class LedgerReader(Protocol):
    """The side of the port that compares: it reads what the ledger holds, whole, and changes nothing."""

    @property
    def capabilities(self) -> Capabilities:
        """What this accounting system takes; the same as the AccountingSystem's."""

    def read(self, references: Collection[str]) -> Mapping[str, Sequence[LedgerDocument]]:
        """Read every document that carries one of the references, at most `capabilities.max_find` of them: several for
        one reference, void ones and those that a person has changed or moved to another date included. A reference
        without a document is left out. Raises AccountingError: then nothing is known of any of them."""

    def ours(self, since: date, until: date) -> Collection[str]:
        """Return the reference of every document of this integration, derived ones included, with a posting date in the
        period, of which both days are part. All of them are returned, or AccountingError is raised."""

    def account_names(self, codes: Collection[str]) -> Mapping[str, str]:
        """Return the names of the accounts that exist, closed ones included, by code. Raises AccountingError."""
