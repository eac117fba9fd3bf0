"""The documents that Xero holds, as the port names them, and the search for them by our reference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote

from pleo_export.accounting.errors import PossibleDuplicate
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.accounting.xero.kinds import (
    ENDPOINTS,
    ID_SEPARATOR,
    PAYMENTS,
    STATES,
    VOID,
    XeroEndpoint,
    document_id,
    xero_ids,
)
from pleo_export.accounting.xero.lookups import XeroLookups
from pleo_export.accounting.xero.rest import Record, XeroRest, day
from pleo_export.accounting.xero.title import TITLE
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.bookkeeping.reference import ReferenceRole, reference_parts
from pleo_export.failures.ledger import RECORDED_TWICE

_LOGIN = "https://go.xero.com/organisationlogin/default.aspx"
Found = tuple[XeroEndpoint, list[Record]]


class XeroDocuments:
    """Reads documents. Every method that calls Xero raises AccountingError."""

    def __init__(self, rest: XeroRest, lookups: XeroLookups) -> None:
        self._rest = rest
        self._lookups = lookups

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        """Find the document of each reference that has one, void ones included: one call for each kind of document."""
        return {reference: self._one(reference, found) for reference, found in self.rows(references).items()}

    def rows(self, references: Collection[str]) -> Mapping[str, list[Found]]:
        """Read what carries each reference, whole: for each document its rows, which are several for a payment of
        several bills."""
        wanted = {each for each in references if each and "\0" not in each}
        found: dict[str, list[Found]] = defaultdict(list)
        for endpoint in ENDPOINTS:
            asked = [each for each in sorted(wanted) if _may_be_in(each, endpoint)]
            if not asked:
                continue
            rows: dict[str, list[Record]] = defaultdict(list)
            for portion in endpoint.portions(asked):
                for row in self._rest.pages(endpoint.name, {"where": endpoint.clause(portion)}):
                    if endpoint.reference(row) in wanted and not endpoint.is_gone(row):
                        rows[endpoint.reference(row)].append(row)
            for reference, held in rows.items():
                found[reference] += [(endpoint, each) for each in _documents(endpoint, held)]
        return found

    def ref(self, endpoint: XeroEndpoint, rows: Sequence[Record], reference: str | None = None) -> DocumentRef:
        """Return the document of these rows, as the port names it. `reference`: ours, where it is known."""
        first = rows[0]
        state = STATES.get(str(first.get("Status")), DocumentState.POSTED)
        ids = sorted(str(row[endpoint.id]) for row in rows)
        on = day(first.get("DateString")) or day(first.get("Date"))
        if on is None:
            raise ValueError("Xero gave a document without a day")
        return DocumentRef(
            reference=reference or endpoint.reference(first),
            kind=endpoint.kind,
            id=document_id(endpoint, ID_SEPARATOR.join(ids)),
            number=_number(endpoint, first, reference),
            state=state,
            date=on,
            url=self._url(endpoint, document_id(endpoint, ID_SEPARATOR.join(ids))),
        )

    def _url(self, endpoint: XeroEndpoint, id_: str) -> str:
        page = f"{endpoint.page}{xero_ids(id_)[0]}"
        return f"{_LOGIN}?shortcode={quote(self._lookups.short_code)}&redirecturl={page}"

    def _one(self, reference: str, found: Iterable[Found]) -> DocumentOutcome:
        refs = [self.ref(endpoint, rows, reference) for endpoint, rows in found]
        live = [each for each in refs if each.state is not DocumentState.VOID]
        if len(live) > 1:
            names = " and ".join(each.number or f"draft {each.id}" for each in live)
            return PossibleDuplicate(RECORDED_TWICE.told(ledger=TITLE, names=names))
        return (live or refs)[-1]


def _number(endpoint: XeroEndpoint, row: Record, reference: str | None) -> str:
    """Return what people find it by: a bill's number; for others our reference, since Xero numbers none of them."""
    if endpoint.kind in (DocumentKind.BILL, DocumentKind.CREDIT_NOTE):
        return str(row.get(endpoint.key) or "")
    return reference or endpoint.reference(row)


def _may_be_in(reference: str, endpoint: XeroEndpoint) -> bool:
    """Return whether a document of that kind can have the reference: one of a payment's is nothing else."""
    parts = reference_parts(reference)
    return parts is None or parts.role is not ReferenceRole.PAYMENT or endpoint is PAYMENTS


def _documents(endpoint: XeroEndpoint, rows: Sequence[Record]) -> Iterator[list[Record]]:
    """Yield the rows of each document. Payments with one reference are one document, unless they pay one bill twice:
    those that count together, and those that were taken back together."""
    if endpoint is not PAYMENTS:
        yield from ([row] for row in rows)
        return
    for void in (True, False):
        left = [row for row in rows if (row.get("Status") in VOID) is void]
        while left:
            together: dict[str, Record] = {}
            for row in list(left):
                bill = str((row.get("Invoice") or {}).get("InvoiceID"))
                if bill not in together:
                    together[bill] = row
                    left.remove(row)
            yield list(together.values())
