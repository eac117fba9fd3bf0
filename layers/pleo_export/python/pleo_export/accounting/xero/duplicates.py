"""Bills that Xero holds already under another reference (R-8.5): Xero itself takes one number of one supplier twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

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


def similar(rest: XeroRest, endpoint: XeroEndpoint, bodies: Sequence[XeroBody]) -> Mapping[str, str]:
    """Return, by reference, the names of the documents that those of one kind probably repeat: the same number of the
    same contact within sixty days, live, or earlier among these. One call. Raises AccountingError."""
    if not bodies:
        return {}
    found: dict[str, str] = {}
    known = list(_held(rest, endpoint, bodies))
    for body in bodies:
        own = _of(endpoint, body.record, body.on, body.reference)
        others = [each for each in known if _alike(own, each)]
        if others:
            found[body.reference] = others[0].name
        known.append(own)
    return found


def _held(rest: XeroRest, endpoint: XeroEndpoint, bodies: Sequence[XeroBody]) -> Iterable[_Known]:
    first, last = min(each.on for each in bodies) - DAYS, max(each.on for each in bodies) + DAYS
    contacts = sorted({str(each.record["Contact"]["ContactID"]) for each in bodies})
    wanted = " OR ".join(f'Contact.ContactID==Guid("{each}")' for each in contacts)
    kind = bodies[0].record["Type"]
    where = f'Type=="{kind}" AND Date>={moment(first)} AND Date<={moment(last)} AND ({wanted})'
    for row in rest.pages(endpoint.name, {"where": where}):
        on = day(row.get("DateString")) or day(row.get("Date"))
        if on is not None and row.get("Status") not in VOID:
            yield _of(endpoint, row, on, endpoint.reference(row))


def _of(endpoint: XeroEndpoint, record: Record, on: date, reference: str) -> _Known:
    held = str(record.get(endpoint.key) or "")
    number = held.rpartition(SEPARATOR)[0] if reference.startswith(MARK) else held
    return _Known(str(record["Contact"]["ContactID"]), number, on, reference, held)


def _alike(own: _Known, other: _Known) -> bool:
    same = (own.contact, own.number) == (other.contact, other.number)
    return bool(own.number) and same and own.reference != other.reference and abs(own.on - other.on) <= DAYS
