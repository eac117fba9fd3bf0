"""The golden cases, and the documents of each as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pleo_export.bookkeeping.book import Booking, TextLimits, book
from pleo_export.bookkeeping.documents import Bill, Document, JournalLine, Payment
from pleo_export.bookkeeping.export_item import ExportItem, parse_export_item
from pleo_export.bookkeeping.money import format_amount
from pleo_export.bookkeeping.parties import PartyMatch, party_query
from pleo_export.bookkeeping.reference import reference
from pleo_export.errors import ItemRejected
from pleo_export.settings import Settings, parse_settings
from tests.golden.parties import answer

HERE = Path(__file__).parent
NO_PARTIES = "journals-only"  # the folder whose books keep no suppliers
LIMITS = TextLimits(reference=64, text=60, memo=250)


@dataclass(frozen=True)
class Case:
    path: Path

    @property
    def title(self) -> str:
        """`E04-Card-purchase-in-USD` is the file of `E04 Card purchase in USD`."""
        return self.path.stem.replace("-", " ")

    @property
    def expected(self) -> Path:
        return self.path.with_suffix(".expected")

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(self.path.read_text(), parse_float=Decimal)
        return payload

    @property
    def settings(self) -> Settings:
        return _settings(self.path.parent)

    def item(self) -> ExportItem:
        return parse_export_item(self.payload)

    def outcome(self) -> Booking | ItemRejected:
        payload = self.payload
        try:
            key = reference(self.settings.company_id, payload["accountingEntryId"], max_length=LIMITS.reference)
            item = parse_export_item(payload)
            return book(item, self.settings, key, LIMITS, self.party(item))
        except ItemRejected as rejection:
            return rejection

    def party(self, item: ExportItem) -> PartyMatch | None:
        """What the books answer when they are asked for the item's party."""
        wanted = party_query(item, self.settings)
        return answer(wanted) if wanted is not None and self.path.parent.name != NO_PARTIES else None

    def as_text(self) -> str:
        outcome = self.outcome()
        if isinstance(outcome, ItemRejected):
            return f"rejected {outcome.failure}\n  {outcome.reason}\n"
        documents = "\n".join(_document(each) for each in outcome.documents)
        return documents + "".join(f"  warning: {each}\n" for each in outcome.warnings)


def cases() -> Iterator[Case]:
    return (Case(path) for path in sorted(HERE.glob("*/*.json"), key=lambda path: path.name))


@cache
def account_name(code: str) -> str:
    names: dict[str, str] = yaml.safe_load((HERE / "accounts.yaml").read_text())
    return names.get(code, "")


@cache
def _settings(folder: Path) -> Settings:
    return parse_settings(yaml.safe_load((folder / "settings.yaml").read_text()))


def _document(document: Document) -> str:
    head = f"{document.posting_date} {document.currency} {document.kind} {document.reference}\n  {document.memo}\n"
    texts = sorted({line.text for line in document.lines})
    text = "".join(f"  text: {text}\n" for text in texts)
    return head + party_line(document) + text + "".join(_line(line) for line in document.lines)


def party_line(document: Document) -> str:
    match document:
        case Bill(party=party):
            due = f", due {document.due_date}" if document.due_date else ""
            invoice = f"invoice {document.invoice_number} of {document.document_date}{due}"
            return f"  {party.name} ({party.id}): {invoice}, id {document.reconciliation_id}\n"
        case Payment(party=party, settles=settles):
            named = [settles.reference, settles.invoice_number and f"invoice {settles.invoice_number}"]
            ids = [f"id {each}" for each in settles.reconciliation_ids]
            what = ", ".join(each for each in [*named, *ids] if each)
            return f"  {party.name} ({party.id}): {document.purpose} for {what}\n"
        case _:
            return ""


def _line(line: JournalLine) -> str:
    side = "dr" if line.amount > 0 else "cr"
    tax = f"  {line.tax.code} {line.tax.role}" if line.tax else ""
    dimensions = "".join(f"  {each.category}={each.value}" for each in line.dimensions)
    return (
        f"  {line.account:<6}{account_name(line.account):<22}{format_amount(line.amount):>12} {side}{tax}{dimensions}\n"
    )
