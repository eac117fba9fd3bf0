"""Bills that Xero holds already under another reference (R-8.5): Xero itself takes one number of one supplier twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pleo_export.accounting.port import DocumentRef
from pleo_export.accounting.xero.bodies import XeroBody
from pleo_export.accounting.xero.kinds import SEPARATOR, VOID, XeroEndpoint
from pleo_export.accounting.xero.rest import Record, XeroRest, day, moment
from pleo_export.bookkeeping.reference import MARK

DAYS = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class _Known:
    contact: str
    number: str
    on: date
    reference: str
    name: str
    draft: bool


def repeated(rest: XeroRest, endpoint: XeroEndpoint, bodies: Sequence[XeroBody]) -> Mapping[str, str]:
    """Return, by reference, the names of the documents that those of one kind probably repeat: the same number of the
    same contact within sixty days, live, or earlier among these. One call. Raises AccountingError."""
    own = [_of(endpoint, each.record, each.dated, each.reference) for each in bodies]
    return _repeated(own, _held(rest, endpoint, own)) if own else {}


def repeated_drafts(rest: XeroRest, endpoint: XeroEndpoint, drafts: Sequence[DocumentRef]) -> Mapping[str, str]:
    """Return the same for drafts that are to be posted; of two drafts the first one given is the original. Two calls.
    Raises AccountingError."""
    wanted = " OR ".join(f'{endpoint.id}==Guid("{each.id}")' for each in drafts)
    rows = {str(row[endpoint.id]): row for row in rest.pages(endpoint.name, {"where": wanted})}
    own = [_of(endpoint, rows[each.id], each.date, each.reference) for each in drafts if each.id in rows]
    held = [each for each in _held(rest, endpoint, own) if not each.draft] if own else []
    return _repeated(own, held)


def _repeated(own: Sequence[_Known], held: Sequence[_Known]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    known = list(held)
    for each in own:
        if alike := next((other for other in known if _alike(each, other)), None):
            found[each.reference] = alike.name
        else:
            known.append(each)
    return found


def _held(rest: XeroRest, endpoint: XeroEndpoint, own: Sequence[_Known]) -> list[_Known]:
    first, last = min(each.on for each in own) - DAYS, max(each.on for each in own) + DAYS
    contacts = " OR ".join(f'Contact.ContactID==Guid("{each}")' for each in sorted({each.contact for each in own}))
    where = f"Date>={moment(first)} AND Date<={moment(last)} AND {endpoint.payable} AND ({contacts})"
    return list(_live(endpoint, rest.pages(endpoint.name, {"where": where})))


def _live(endpoint: XeroEndpoint, rows: Iterator[Record]) -> Iterator[_Known]:
    for row in rows:
        on = day(row.get("DateString")) or day(row.get("Date"))
        if on is not None and row.get("Status") not in VOID:
            yield _of(endpoint, row, on, endpoint.reference(row))


def _of(endpoint: XeroEndpoint, record: Record, on: date, reference: str) -> _Known:
    held = str(record.get(endpoint.key) or "")
    number = held.rpartition(SEPARATOR)[0] if reference.startswith(MARK) else held
    draft = record.get("Status") in ("DRAFT", "SUBMITTED")
    return _Known(str(record["Contact"]["ContactID"]), number, on, reference, held, draft)


def _alike(own: _Known, other: _Known) -> bool:
    same = (own.contact, own.number) == (other.contact, other.number)
    return bool(own.number) and same and own.reference != other.reference and abs(own.on - other.on) <= DAYS
