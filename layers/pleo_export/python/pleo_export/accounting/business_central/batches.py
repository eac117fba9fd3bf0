"""Journals of our own: made, posted, removed.

Posting takes all lines of a journal along, so what is to be posted gets a journal of its own, and nobody else's lines
are in it. Codes have letters only: Business Central counts a number in a code up when it posts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pleo_export.accounting.business_central.documents import OURS, our_journals
from pleo_export.accounting.business_central.rest import (
    LARGEST_BATCH,
    BusinessCentralRest,
    Change,
    RefusedChange,
    listing,
)
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import (
    InvalidConfiguration,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from pleo_export.failures.connection import LEDGER_BUSY, LEDGER_UNREACHABLE, SETTING_UNKNOWN_THERE

Done = TypeVar("Done")

DRAFTS = f"{OURS}DRAFT"  # the journal whose lines people post
DRAFTS_NAME = "Pleo drafts"
TRIES = 3  # of what Business Central says that it has not done, since others held the rows
_SAME_KEY, _NO_RELATION = "Internal_EntityWithSameKeyExists", "Internal_InvalidTableRelation"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class JournalKind:
    """The sets that a journal and its lines are in."""

    journals: str
    lines: str


GENERAL = JournalKind("journals", "journalLines")
PAYMENTS = JournalKind("vendorPaymentJournals", "vendorPayments")


class BusinessCentralJournals:
    """Makes and posts journals. Every method raises AccountingError."""

    def __init__(self, rest: BusinessCentralRest, template: str) -> None:
        self._rest = rest
        self._template = template

    def check(self) -> None:
        """Check the right to write journals, and the template, by making sure that the journal of drafts is there; and
        remove our journals that are empty. Raises PermissionDenied, InvalidConfiguration, or another error."""
        known = self._drafts()
        if known is None:
            self._create(GENERAL, DRAFTS, DRAFTS_NAME)
        else:
            self._rest.update(f"journals({known})", {"displayName": DRAFTS_NAME})
        self._remove_empty()

    def drafts(self) -> str:
        """Return the id of the journal whose lines people post; it is made if it is not there."""
        known = self._drafts()
        return known if known is not None else self._create(GENERAL, DRAFTS, DRAFTS_NAME)

    def make(self, kind: JournalKind, references: Sequence[str], contra: str | None = None) -> str:
        """Make a journal for these documents, and return its id. `contra`: the id of its balancing account."""
        for attempt in range(10):
            try:
                return self._create(kind, _code(references, attempt), "Pleo, while it is recorded", contra)
            except Rejected as refusal:
                if refusal.code != _SAME_KEY:
                    raise
        raise Unavailable(LEDGER_BUSY.told(ledger=TITLE))

    def post(self, journal: str) -> None:
        """Post all lines of a journal."""
        patiently(lambda: self._rest.act(f"journals({journal})"))

    def other_lines(self, kind: JournalKind, journal: str, ids: Collection[str]) -> bool:
        """Return whether a journal holds other lines than these."""
        rows = self._rest.list_all(f"{kind.journals}({journal})/{kind.lines}", select="id")
        return any(row["id"] not in ids for row in rows)

    def _drafts(self) -> str | None:
        listed = f"code eq '{DRAFTS}' and {our_journals(self._template)}"
        rows = self._rest.list_all("journals", filter=listed, select="id,code")
        return rows[0]["id"] if rows else None

    def _remove_empty(self) -> None:
        """Remove the journals of earlier recordings that nothing is in."""
        questions = [
            listing(kind.journals, filter=f, select="id,code", expand=f"{kind.lines}($top=1;$select=id)")
            for kind, f in ((GENERAL, our_journals(self._template)), (PAYMENTS, our_journals("")))
        ]
        found = zip((GENERAL, PAYMENTS), self._rest.list_many(questions), strict=True)
        empty = [
            Change("DELETE", f"{kind.journals}({row['id']})")
            for kind, rows in found
            for row in rows
            if row["code"] != DRAFTS and not row[kind.lines]
        ]
        if empty:
            patiently(lambda: self._rest.change_all(empty[:LARGEST_BATCH]))

    def _create(self, kind: JournalKind, code: str, name: str, contra: str | None = None) -> str:
        row: dict[str, Any] = {"code": code, "displayName": name}
        if kind is GENERAL and self._template:
            row["templateDisplayName"] = self._template
        if contra is not None:
            row["balancingAccountId"] = contra
        try:
            return str(self._rest.create(kind.journals, row)["id"])
        except OutcomeUnknown as unknown:  # whether it was made or not, nothing is in it
            told = LEDGER_UNREACHABLE.told(ledger=TITLE)
            raise Unavailable(told, status=unknown.status, code=unknown.code) from None
        except Rejected as refusal:
            if refusal.code != _NO_RELATION or not self._template:
                raise
            told = SETTING_UNKNOWN_THERE.told(ledger=TITLE, count="no", setting="journal", value=self._template)
            raise InvalidConfiguration(told, status=refusal.status, code=refusal.code) from None


def patiently(act: Callable[[], Done]) -> Done:
    """Call `act`; again where others hold the rows at the moment, which Business Central says itself: then nothing was
    done."""
    for _ in range(TRIES - 1):
        try:
            return act()
        except (Unavailable, RefusedChange) as refusal:
            error = refusal.error if isinstance(refusal, RefusedChange) else refusal
            if error.status != 409:
                raise
    return act()


def _code(references: Sequence[str], attempt: int) -> str:
    """Return a code of letters, the same for the same documents and attempt."""
    digest = hashlib.sha256("\n".join([*references, str(attempt)]).encode(errors="surrogatepass")).digest()
    return OURS + "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:6])
