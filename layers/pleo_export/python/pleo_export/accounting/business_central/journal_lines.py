"""The lines of journals: added as whole documents, moved, removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pleo_export.accounting.batching import CONNECTION
from pleo_export.accounting.business_central.batches import JournalKind, patiently
from pleo_export.accounting.business_central.entry import STEP
from pleo_export.accounting.business_central.rest import LARGEST_BATCH, BusinessCentralRest, Change, RefusedChange, Row
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import AccountingError, OutcomeUnknown, Rejected, Unavailable
from pleo_export.failures.business_central import TOO_MANY_LINES
from pleo_export.failures.connection import LEDGER_BUSY


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of documents: those that are in the journal, and the errors of the others."""

    created: tuple[str, ...]
    errors: Mapping[str, AccountingError]


class BusinessCentralLines:
    """Adds, moves and removes lines. Every method raises AccountingError."""

    def __init__(self, rest: BusinessCentralRest) -> None:
        self._rest = rest

    def fill(self, kind: JournalKind, journal: str, documents: Mapping[str, Sequence[Row]], *, new: bool) -> Filled:
        """Add the lines of each document, all or none of them; numbered from 1 if the journal is new, else after those
        that are there. Raises an error of `CONNECTION` only if nothing was added."""
        created: list[str] = []
        errors: dict[str, AccountingError] = {}
        waiting = [(reference, lines) for reference, lines in documents.items() if len(lines) <= LARGEST_BATCH]
        for reference, lines in documents.items():
            if len(lines) > LARGEST_BATCH:
                told = TOO_MANY_LINES.told(ledger=TITLE, most=LARGEST_BATCH, count=len(lines))
                errors[reference] = Rejected(told)
        number = 0
        while waiting:
            batch = list(_first_batch(waiting))
            try:
                self._add(kind, journal, batch, number if new else None)
            except RefusedChange as refusal:
                bad = _owner(batch, refusal.number)
                if isinstance(refusal.error, CONNECTION) and not created:
                    raise refusal.error from None
                errors[bad] = refusal.error
                waiting = [each for each in waiting if each[0] != bad]
                continue
            except OutcomeUnknown as unknown:
                sent = [reference for reference, _ in batch]
                errors |= dict.fromkeys(sent, unknown)
                errors |= {each: _not_sent(unknown) for each, _ in waiting if each not in errors}
                break
            except CONNECTION as error:
                if not created:
                    raise
                errors |= {reference: error for reference, _ in waiting}
                break
            created += [reference for reference, _ in batch]
            number += sum(len(lines) for _, lines in batch)
            waiting = waiting[len(batch) :]
        return Filled(tuple(created), errors)

    def move(self, kind: JournalKind, journal: str, lines: Sequence[Row], first: int = 1) -> None:
        """Move the lines of drafts to another journal, in one transaction, as new lines numbered from `first` on."""
        if len(lines) * 2 > LARGEST_BATCH:
            raise Rejected(TOO_MANY_LINES.told(ledger=TITLE, most=LARGEST_BATCH // 2, count=len(lines)))
        made = [
            Change("POST", f"{kind.journals}({journal})/{kind.lines}", _copy(line, number))
            for number, line in enumerate(lines, first)
        ]
        gone = [Change("DELETE", f"{kind.lines}({line['id']})") for line in lines]
        self._all_or_none([*made, *gone])

    def remove(self, kind: JournalKind, lines: Sequence[Row]) -> None:
        """Delete the lines of drafts, in one transaction."""
        self._all_or_none([Change("DELETE", f"{kind.lines}({line['id']})") for line in lines])

    def _add(
        self, kind: JournalKind, journal: str, batch: Sequence[tuple[str, Sequence[Row]]], number: int | None
    ) -> None:
        path = f"{kind.journals}({journal})/{kind.lines}"
        lines = [line for _, each in batch for line in each]
        if number is not None:
            lines = [{"lineNumber": (number + nth) * STEP, **line} for nth, line in enumerate(lines, 1)]
        self._all_or_none([Change("POST", path, line) for line in lines])

    def _all_or_none(self, changes: Sequence[Change]) -> None:
        patiently(lambda: self._rest.change_all(changes))


def _first_batch(waiting: Sequence[tuple[str, Sequence[Row]]]) -> Iterator[tuple[str, Sequence[Row]]]:
    """Yield the first whole documents that fit one call."""
    left = LARGEST_BATCH
    for reference, lines in waiting:
        left -= len(lines)
        if left < 0:
            return
        yield reference, lines


def _owner(batch: Sequence[tuple[str, Sequence[Row]]], number: int) -> str:
    """Return the document that the n-th line is of."""
    for reference, lines in batch:
        if number < len(lines):
            return reference
        number -= len(lines)
    raise ValueError("the answer is about a line that was not sent")


def _copy(line: Row, number: int) -> Row:
    names = (
        "accountType",
        *("accountNumber", "vendorNumber", "postingDate", "documentNumber", "externalDocumentNumber"),
        *("amount", "appliesToInvoiceId", "description", "comment", "taxCode"),
    )
    copied = {name: line[name] for name in names if line.get(name) not in (None, "")}
    dimensions = [{"code": each["code"], "valueCode": each["valueCode"]} for each in line.get("dimensionSetLines", ())]
    return {"lineNumber": number * STEP, **copied} | ({"dimensionSetLines": dimensions} if dimensions else {})


def _not_sent(unknown: OutcomeUnknown) -> Unavailable:
    return Unavailable(LEDGER_BUSY.told(ledger=TITLE), status=unknown.status, code=unknown.code)
