"""Creating documents: all of one kind in one call, in which Xero accepts or refuses each individually."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pleo_export.accounting.batching import CONNECTION
from pleo_export.accounting.errors import (
    AccountingError,
    OutcomeUnknown,
    Rejected,
)
from pleo_export.accounting.port import DocumentOutcome
from pleo_export.accounting.xero.bodies import XeroBody
from pleo_export.accounting.xero.documents import XeroDocuments
from pleo_export.accounting.xero.error_table import refusal
from pleo_export.accounting.xero.kinds import XeroEndpoint, undoing
from pleo_export.accounting.xero.lines import minor
from pleo_export.accounting.xero.rest import Record, XeroRefused, XeroRest, messages_of
from pleo_export.accounting.xero.title import TITLE
from pleo_export.failures.connection import LEDGER_IN_DOUBT
from pleo_export.failures.entry import FailureText
from pleo_export.failures.ledger import OTHER_TOTAL
from pleo_export.failures.ledger_rules import REFERENCE_LOST


@dataclass(frozen=True, slots=True)
class XeroCreated:
    """What became of the bodies, by reference: their outcomes, and the rows of those that Xero holds now."""

    outcomes: dict[str, DocumentOutcome]
    rows: dict[str, Record]


class XeroCreation:
    """Creates documents of one organisation."""

    def __init__(self, rest: XeroRest, documents: XeroDocuments) -> None:
        self._rest = rest
        self._documents = documents

    def create(self, endpoint: XeroEndpoint, bodies: Sequence[XeroBody]) -> XeroCreated:
        """Create the documents of one kind in one call; those that Xero cannot read together, one by one. Raises an
        error of `CONNECTION` only if nothing was created."""
        made = XeroCreated({}, {})
        if bodies:
            self._create(endpoint, bodies, made)
        return made

    def _create(self, endpoint: XeroEndpoint, bodies: Sequence[XeroBody], made: XeroCreated) -> None:
        try:
            rows = self._rest.create(endpoint.name, [each.record for each in bodies])
        except OutcomeUnknown as unknown:
            made.outcomes.update({each.reference: unknown for each in bodies})
        except XeroRefused as refused:
            self._halves(endpoint, bodies, made, refused)
        except CONNECTION as error:
            if not made.outcomes:
                raise
            made.outcomes.update({each.reference: error for each in bodies})
        else:
            sent = {each.reference for each in bodies}
            for each, row in zip(bodies, rows, strict=True):
                self._learn(endpoint, each, row, made, sent)

    def _halves(
        self, endpoint: XeroEndpoint, bodies: Sequence[XeroBody], made: XeroCreated, refused: XeroRefused
    ) -> None:
        """Create in two halves what Xero could not read as a whole: so one bad document costs few calls."""
        if len(bodies) == 1:
            error = refusal(refused.messages, bodies[0].on) if refused.messages else _plain(refused)
            made.outcomes[bodies[0].reference] = error
            return
        middle = len(bodies) // 2
        for half in (bodies[:middle], bodies[middle:]):
            self._create(endpoint, half, made)

    def _learn(
        self, endpoint: XeroEndpoint, body: XeroBody, row: Record, made: XeroCreated, sent: Collection[str]
    ) -> None:
        """Note what became of one document. One that cannot be found again, or comes to another amount, is undone."""
        messages = messages_of(row)
        if messages or row.get("StatusAttributeString") == "ERROR":
            made.outcomes[body.reference] = refusal(messages, body.on)
            return
        kept = endpoint.reference(row)
        if not row.get(endpoint.id) or (kept != body.reference and kept in sent):
            made.outcomes[body.reference] = OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE))
            return
        if kept != body.reference:
            made.outcomes[body.reference] = undo_new(self._rest, endpoint, row, REFERENCE_LOST.told(ledger=TITLE))
            return
        if _differs(body, row):
            told = OTHER_TOTAL.told(ledger=TITLE, left="")
            made.outcomes[body.reference] = undo_new(self._rest, endpoint, row, told)
            return
        made.rows[body.reference] = row
        made.outcomes[body.reference] = self._documents.ref(endpoint, [row], body.reference)


def undo_new(rest: XeroRest, endpoint: XeroEndpoint, row: Record, told: FailureText) -> AccountingError:
    """Undo a document that was created just now, and return why; in doubt if that failed."""
    try:
        rest.change(endpoint.name, str(row[endpoint.id]), undoing(endpoint, row))
    except AccountingError as error:
        return OutcomeUnknown(error.told)
    return Rejected(told)


def by_endpoint(bodies: Sequence[XeroBody]) -> Mapping[XeroEndpoint, list[XeroBody]]:
    """Return the bodies of each kind, in their order."""
    found: dict[XeroEndpoint, list[XeroBody]] = {}
    for each in bodies:
        found.setdefault(each.endpoint, []).append(each)
    return found


def _differs(body: XeroBody, row: Record) -> bool:
    """Return whether Xero made another total or tax of a document. A manual journal balances, or Xero refuses it."""
    if body.total is None:
        return False
    return minor(row.get("Total")) != body.total or minor(row.get("TotalTax")) != body.tax


def _plain(refused: XeroRefused) -> Rejected:
    return Rejected(refused.told, status=refused.status, code=refused.code)
