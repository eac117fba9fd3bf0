"""e-conomic's simulator as tests look into it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from ledger_simulators.economic.entries import Booked, Draft
from ledger_simulators.economic.ledger import EconomicLedger
from local.ledgers.economic import PROFILE
from pleo_export.accounting.port import DocumentState
from tests.system.fake_network import Answer, Request
from tests.system.held_documents import Held
from tests.system.ledger_faces.face import LedgerFace, reference_in, role_of

Voucher = Sequence[Draft | Booked]
_REFUSAL = "The agreement is being moved to another server"


def documents(ledger: EconomicLedger) -> Sequence[Held]:
    """Return all vouchers of ours: drafts, booked ones, and those that a person has turned back."""
    booked = [each for each in _by_voucher(ledger.booked.values()) if _reference(each)]
    gone = _turned_back(booked)
    drafts = [each for each in _by_voucher(ledger.drafts.values()) if _reference(each)]
    posted = [(each, DocumentState.VOID if each in gone else DocumentState.POSTED) for each in booked]
    return [_held(ledger, each, state) for each, state in (*posted, *((each, DocumentState.DRAFT) for each in drafts))]


def _by_voucher(entries: Iterable[Draft | Booked]) -> list[Voucher]:
    found: dict[tuple[int, date], list[Draft | Booked]] = defaultdict(list)
    for each in entries:
        found[each.voucher, each.date].append(each)
    return list(found.values())


def _reference(voucher: Voucher) -> str:
    return next((found for each in voucher if (found := reference_in(each.text))), "")


def _turned_back(booked: Sequence[Voucher]) -> list[Voucher]:
    """Return the vouchers that undo each other: same reference, same amounts with the other sign. A difference of
    exchange rates, which e-conomic adds to a voucher by itself, has no amount in the voucher's currency."""
    gone: list[Voucher] = []
    for later in booked:
        for earlier in booked:
            if earlier is later:
                break
            same = _reference(earlier) == _reference(later)
            if same and earlier not in gone and _amounts(earlier, -1) == _amounts(later, 1):
                gone += [earlier, later]
                break
    return gone


def _amounts(voucher: Voucher, sign: int) -> list[tuple[int, Decimal]]:
    return sorted((each.account or 0, sign * each.amount) for each in voucher if each.amount)


def _held(ledger: EconomicLedger, voucher: Voucher, state: DocumentState) -> Held:
    first, lines = voucher[0], ledger.lines_of(voucher)
    reference = _reference(voucher)
    parts = [
        part
        for each in ledger.documents.values()
        if (each.year, each.voucher) == (str(first.date.year), first.voucher)
        for part in each.parts
    ]
    gross = max(abs(sum((each.amount for each in side), Decimal(0))) for side in _sides(lines))
    own = state is DocumentState.DRAFT  # e-conomic rounds when it books
    return Held(
        id=str(first.voucher),
        reference=reference,
        role=role_of(reference),
        state=state,
        on=first.date,
        accounts=tuple(str(line.account) for line in lines),
        sums=frozenset({int(gross * 100), *(abs(int(line.amount * 100)) for line in lines)}),
        balances=own or (sum(line.amount for line in lines) == 0 and sum(line.base for line in lines) == 0),
        contents=tuple(parts),
    )


def _sides(lines: Sequence[Booked]) -> tuple[list[Booked], list[Booked]]:
    return [each for each in lines if each.amount > 0], [each for each in lines if each.amount < 0]


def void(ledger: EconomicLedger, id_: str) -> None:
    """A person books the opposite, or deletes a draft."""
    delete_draft(ledger, id_)
    references = {_reference(each) for each in _by_voucher(ledger.booked.values()) if each[0].voucher == int(id_)}
    for reference in references:
        ledger.turn_back(reference)


def delete_draft(ledger: EconomicLedger, id_: str) -> None:
    """A person deletes a draft. What is booked stays."""
    ledger.delete([each for each in list(ledger.drafts.values()) if each.voucher == int(id_)])


def refused(_: Request) -> Answer:
    """Refuse a write for a reason of e-conomic's own."""
    content = {"title": "Bad Request", "status": 400, "detail": _REFUSAL, "errorCode": "Other", "errors": []}
    return Answer(400, [("Content-Type", "application/problem+json")], json.dumps(content).encode())


FACE = LedgerFace(PROFILE, documents, void, void, refused, most_files=1)
