"""The port to an accounting system. One module per connector implements it; tests/conformance defines it.

Contract of `record_many`: the caller has looked for the references with `find_many` and holds the company's lease
(one writer per company). The reference is inside the document from its first moment, so that a crash between
any two calls is healed by `find_many`. Every given reference has an outcome in the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from pleo_export.accounting.errors import AccountingError
from pleo_export.bookkeeping.documents import JournalEntry, Kind


class State(StrEnum):
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
    """A document that the accounting system holds. `date` is its posting date, read back."""

    reference: str
    kind: Kind
    id: str
    number: str | None
    state: State
    date: date
    url: str | None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Constant per connector."""

    kinds: frozenset[Kind]
    drafts: frozenset[Kind]
    periods_readable: bool
    reference_length: int
    text_length: int
    max_batch: int
    max_dimensions_per_line: int | None


Outcome = DocumentRef | AccountingError


class AccountingSystem(Protocol):
    @property
    def capabilities(self) -> Capabilities: ...

    def check(self) -> None:
        """Before a job: reachable, authorised, allowed to write. Raises AccountingError."""

    def find_many(self, references: Collection[str]) -> Mapping[str, Outcome]:
        """The document of each reference that has one, read after write. A live one wins over a void one; for
        two live ones the outcome is PossibleDuplicate. Raises AccountingError if nobody could look."""

    def record_many(self, entries: Sequence[JournalEntry], state: State) -> Mapping[str, Outcome]:
        """Record each entry, at most `capabilities.max_batch`, as draft or posted. One bad entry changes nothing
        for the others. Raises AuthenticationFailed, PermissionDenied, RateLimited, Unavailable only while
        nothing at all was recorded; later each entry has its own outcome."""

    def finalise_many(self, documents: Sequence[DocumentRef]) -> Mapping[str, Outcome]:
        """Post drafts, for example those a crash left behind."""

    def period_state(self, on: date) -> PeriodState:
        """Whether an entry may be posted on that date."""
