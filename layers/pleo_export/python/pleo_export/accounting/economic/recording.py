"""Creating vouchers as drafts: all entries of many vouchers in one request, then their dimension values in another.

e-conomic creates all of a request or nothing of it, so a batch that is refused is halved until the bad voucher is
alone. Every success is proved by reading the drafts: an answer from e-conomic's memory of an Idempotency-Key may be
about entries that somebody has deleted since. Then the same is asked for under another key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from pleo_export.accounting.economic.documents import DATA, DRAFTS, EconomicDocuments, HeldVoucher, by_key
from pleo_export.accounting.economic.filters import between, both, equals
from pleo_export.accounting.economic.numbers import EconomicNumbers
from pleo_export.accounting.economic.periods import EconomicPeriods
from pleo_export.accounting.economic.rest import EconomicRest, Row, failed_by_itself
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.economic.vouchers import NewVoucher, begins_with
from pleo_export.accounting.errors import (
    AccountingError,
    OutcomeUnknown,
    PeriodClosed,
    Rejected,
)
from pleo_export.failures.connection import LEDGER_IN_DOUBT
from pleo_export.failures.openings import DRAFT_IN_DOUBT

MOST_ENTRIES = 500  # of one request
LOOKS, PAUSE = 3, 1.5  # times, and seconds between them: e-conomic may show a new entry late
Drafted = HeldVoucher | AccountingError


@dataclass(frozen=True, slots=True)
class _Numbered:
    number: int
    voucher: NewVoucher


class EconomicRecording:
    """Creates drafts. Every method raises AccountingError only while nothing is created."""

    def __init__(
        self,
        rest: EconomicRest,
        documents: EconomicDocuments,
        numbers: EconomicNumbers,
        periods: EconomicPeriods,
        journal: int,
    ) -> None:
        self._economic = rest
        self._documents = documents
        self._numbers = numbers
        self._periods = periods
        self._journal = journal

    def create(self, vouchers: Sequence[NewVoucher]) -> dict[str, Drafted]:
        """Create the vouchers as drafts, in their order. Returns what became of each, by reference."""
        if not vouchers:
            return {}
        numbers = self._numbers.take(len(vouchers))
        numbered = [_Numbered(number, each) for number, each in zip(numbers, vouchers, strict=True)]
        outcomes: dict[str, Drafted] = {}
        for portion in _portions(numbered):
            try:
                outcomes |= self._create(portion)
            except AccountingError as error:
                if not any(isinstance(each, HeldVoucher | OutcomeUnknown) for each in outcomes.values()):
                    raise
                outcomes |= {each.voucher.reference: error for each in portion}
        return outcomes

    def delete(self, held: HeldVoucher) -> None:
        """Delete the draft's entries; harmless if they are gone. Raises AccountingError."""
        for entry in held.entries:
            self._economic.delete(f"{DRAFTS}/{entry}")

    def complete(self, drafts: Sequence[HeldVoucher]) -> None:
        """Give the drafts the dimension values that they lack, as their texts say. Raises AccountingError."""
        missing = self._documents.missing_dimensions(drafts)
        for begin in range(0, len(missing), MOST_ENTRIES):
            items = {"items": missing[begin : begin + MOST_ENTRIES]}
            for salt in ("", uuid4().hex):  # they were given before, and somebody took them away
                if not self._economic.post(f"{DATA}/bulk", items, "dim", salt=salt).replayed:
                    break

    def _create(self, portion: Sequence[_Numbered], salt: str = "") -> dict[str, Drafted]:
        entries = [_row(self._journal, each, entry.row) for each in portion for entry in each.voucher.entries]
        alone = portion[0].voucher.on if len(portion) == 1 else None
        try:
            written = self._economic.post(f"{DRAFTS}/bulk", {"entries": entries}, "draft", on=alone, salt=salt)
        except Rejected as error:
            return self._refused(portion, error)
        except OutcomeUnknown as error:
            if failed_by_itself(error) and not salt and self._nothing_there(portion):
                return self._create(portion, salt="+")
            return {each.voucher.reference: error for each in portion}
        return self._proved(portion, replayed=written.replayed, salt=salt)

    def _nothing_there(self, portion: Sequence[_Numbered]) -> bool:
        try:
            return not self._economic.items(DRAFTS, _numbers_of(self._journal, portion))
        except AccountingError:
            return False

    def _refused(self, portion: Sequence[_Numbered], error: Rejected) -> dict[str, Drafted]:
        if isinstance(error, PeriodClosed):
            self._periods.forget()
        if len(portion) == 1:
            return {portion[0].voucher.reference: error}
        half = len(portion) // 2
        outcomes = self._create(portion[:half])
        try:
            return outcomes | self._create(portion[half:])
        except AccountingError as later:
            return outcomes | {each.voucher.reference: later for each in portion[half:]}

    def _proved(self, portion: Sequence[_Numbered], *, replayed: bool, salt: str) -> dict[str, Drafted]:
        """Return the drafts that are there. What e-conomic only remembers, and does not have any more, is created under
        another key."""
        unproved = OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), code="not shown")
        try:
            held = self._read(portion, looks=1 if replayed else LOOKS)
        except AccountingError:
            return {each.voucher.reference: unproved for each in portion}
        missing = [each for each in portion if each.voucher.reference not in held]
        outcomes: dict[str, Drafted] = {each.voucher.reference: unproved for each in missing}
        if missing and replayed and len(salt) < LOOKS:
            try:
                outcomes |= self._create(missing, salt=f"{salt}+")
            except AccountingError as error:
                outcomes |= {each.voucher.reference: error for each in missing}
        return outcomes | self._with_dimensions([each for each in portion if each.voucher.reference in held], held)

    def _read(self, portion: Sequence[_Numbered], looks: int) -> Mapping[str, HeldVoucher]:
        filter_ = _numbers_of(self._journal, portion)
        held: dict[str, HeldVoucher] = {}
        for look in range(looks):
            if look:
                self._economic.pause(PAUSE)
            rows = by_key(self._economic.items(DRAFTS, filter_))
            for each in portion:
                found = tuple(rows.get((each.number, each.voucher.on), ()))
                reference = each.voucher.reference
                ours = all(begins_with(row.get("text"), reference) for row in found)
                if ours and len(found) == len(each.voucher.entries):
                    held[reference] = HeldVoucher(reference, each.number, each.voucher.on, False, found)
            if len(held) == len(portion):
                break
        return held

    def _with_dimensions(self, portion: Sequence[_Numbered], held: Mapping[str, HeldVoucher]) -> dict[str, Drafted]:
        """Give the entries their dimension values. A draft whose values are refused is deleted."""
        outcomes: dict[str, Drafted] = dict(held)
        wanted = [(each.voucher.reference, _values(self._journal, each, held)) for each in portion]
        batch: list[tuple[str, list[Row]]] = []
        for reference, values in [*((ref, each) for ref, each in wanted if each), ("", [])]:
            if batch and (not reference or sum(len(each) for _, each in batch) + len(values) > MOST_ENTRIES):
                outcomes |= self._assign(batch, held)
                batch = []
            batch.append((reference, values))
        return outcomes

    def _assign(self, batch: Sequence[tuple[str, list[Row]]], held: Mapping[str, HeldVoucher]) -> dict[str, Drafted]:
        items = [value for _, values in batch for value in values]
        try:
            self._economic.post(f"{DATA}/bulk", {"items": items}, "dim")
        except Rejected as error:
            if len(batch) > 1:
                half = len(batch) // 2
                return self._assign(batch[:half], held) | self._assign(batch[half:], held)
            return {batch[0][0]: self._deleted(held[batch[0][0]], error)}
        except AccountingError as error:  # the drafts are there: they get their values before they are booked
            doubt = OutcomeUnknown(error.told.after(DRAFT_IN_DOUBT), status=error.status, code=error.code)
            return {reference: doubt for reference, _ in batch}
        return {}

    def _deleted(self, held: HeldVoucher, cause: Rejected) -> AccountingError:
        try:
            self.delete(held)
        except AccountingError as error:
            return error
        return cause


def _row(journal: int, each: _Numbered, row: Row) -> Row:
    return {"journalNumber": journal, "voucherNumber": each.number, **row}


def _numbers_of(journal: int, portion: Sequence[_Numbered]) -> str:
    numbers = between("voucherNumber", portion[0].number, portion[-1].number)
    return both(equals("journalNumber", journal), numbers)


def _values(journal: int, each: _Numbered, held: Mapping[str, HeldVoucher]) -> list[Row]:
    numbers = held[each.voucher.reference].entries
    return [
        {"journalNumber": journal, "entryNumber": number, "dimensionNumber": dimension, "dimensionKey": key}
        for number, entry in zip(numbers, each.voucher.entries, strict=True)
        for dimension, key in entry.dimensions
    ]


def _portions(numbered: Sequence[_Numbered]) -> Iterator[list[_Numbered]]:
    """Split into as many vouchers as one request takes. Raises ValueError for one that is too large by itself."""
    portion: list[_Numbered] = []
    entries = 0
    for each in numbered:
        if portion and entries + len(each.voucher.entries) > MOST_ENTRIES:
            yield portion
            portion, entries = [], 0
        portion.append(each)
        entries += len(each.voucher.entries)
    if portion:
        yield portion
