"""What a reconciliation found: every entry in a pile, with reasons, and the sums of each account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pleo_export.accounting.port import LedgerDocument
from pleo_export.store.booked import BookedDocument


class Pile(StrEnum):
    """How an entry compares. UNKNOWN: something of it could not be read, so that nothing is known to be wrong."""

    MATCHED = "matched"
    MISSING = "missing"
    EXTRA = "extra"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """Why an entry is not matched."""

    DELETED = "deleted"
    VOID = "void"
    PAYMENT_GONE = "payment_gone"
    DUPLICATE = "duplicate"
    NOT_TOLD = "not_told"  # it is booked, and Pleo was told that it failed, or nothing
    AMOUNTS = "amounts"
    ACCOUNTS = "accounts"
    TAX = "tax"
    CURRENCY = "currency"
    DATE = "date"
    DRAFT = "draft"
    OTHER_DOCUMENT = "other_document"  # Pleo links to another document
    PLEO_STATUS = "pleo_status"  # Pleo's own status of the expense is not what it was told
    LEDGER_UNREADABLE = "ledger_unreadable"
    PLEO_UNREADABLE = "pleo_unreadable"
    NOT_COMPARABLE = "not_comparable"  # our record does not say what was booked
    UNDER_WAY = "under_way"


@dataclass(frozen=True, slots=True)
class MismatchReason:
    """A cause, and a sentence for the bookkeeper."""

    cause: Cause
    text: str


@dataclass(frozen=True, slots=True)
class ReconciledEntry:
    """One entry, or one document that should not be there. `told`: the status that Pleo was given last, None if it was
    told nothing; `job_id` the export that it was told in. `booked` is what our record says, `held` what the ledger
    shows."""

    pile: Pile
    reference: str
    entry_id: str | None = None
    told: str | None = None
    job_id: str | None = None
    booked: tuple[BookedDocument, ...] = ()
    held: tuple[LedgerDocument, ...] = ()
    reasons: tuple[MismatchReason, ...] = ()


class AccountRole(StrEnum):
    """What the settings use an account for."""

    WALLET = "wallet"
    OUT_OF_POCKET = "out of pocket"
    PAYABLES = "payables"
    CLEARING = "clearing"
    OUTSIDE_PLEO = "reimbursed outside Pleo"
    OTHER = ""


@dataclass(frozen=True, slots=True)
class AccountProof:
    """The movements on one account in one currency, in minor units, + debit and - credit. `told`: of what Pleo was told
    to be exported; `ledger`: of our documents that count in the ledger."""

    account: str
    name: str
    role: AccountRole
    currency: str
    told: int
    ledger: int

    @property
    def difference(self) -> int:
        """What the ledger has more than Pleo was told."""
        return self.ledger - self.told


class PleoStatuses(StrEnum):
    """Whether Pleo's own export status of the expenses was compared as well."""

    COMPARED = "compared"
    NOT_GRANTED = "not granted"
    UNREADABLE = "unreadable"
    NOT_COMPARED = "not compared"  # nothing could be compared with it


@dataclass(frozen=True, slots=True)
class ReconciliationFindings:
    """A whole reconciliation, of a period or of one job. `not_booked` counts expenses that failed and are not in the
    ledger, as it should be. `proofs_complete`: everything that the sums need could be read."""

    company_id: str
    since: date | None
    until: date | None
    job_id: str | None
    entries: tuple[ReconciledEntry, ...]
    proofs: tuple[AccountProof, ...]
    proofs_complete: bool
    not_booked: int
    pleo_statuses: PleoStatuses

    def pile(self, pile: Pile) -> Sequence[ReconciledEntry]:
        """Return the entries of a pile."""
        return [each for each in self.entries if each.pile is pile]

    @property
    def proven(self) -> bool:
        """Whether there is nothing but matched entries, and every sum agrees."""
        matched = all(each.pile is Pile.MATCHED for each in self.entries)
        return matched and self.proofs_complete and not any(each.difference for each in self.proofs)
