"""The golden cases, and the entry of each as text."""

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
from pleo_export.bookkeeping.documents import JournalEntry, JournalLine
from pleo_export.bookkeeping.export_item import ExportItem, parse_export_item
from pleo_export.bookkeeping.money import plain
from pleo_export.bookkeeping.reference import reference
from pleo_export.errors import ItemRejected
from pleo_export.settings import Settings, parse_settings

HERE = Path(__file__).parent
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
            return book(parse_export_item(payload), self.settings, key, LIMITS)
        except ItemRejected as rejection:
            return rejection

    def as_text(self) -> str:
        outcome = self.outcome()
        if isinstance(outcome, ItemRejected):
            return f"rejected {outcome.failure}\n  {outcome.reason}\n"
        entries = "\n".join(_entry(each) for each in outcome.entries)
        return entries + "".join(f"  warning: {each}\n" for each in outcome.warnings)


def cases() -> Iterator[Case]:
    return (Case(path) for path in sorted(HERE.glob("*/*.json"), key=lambda path: path.name))


@cache
def account_name(code: str) -> str:
    names: dict[str, str] = yaml.safe_load((HERE / "accounts.yaml").read_text())
    return names.get(code, "")


@cache
def _settings(folder: Path) -> Settings:
    return parse_settings(yaml.safe_load((folder / "settings.yaml").read_text()))


def _entry(entry: JournalEntry) -> str:
    head = f"{entry.document_date} {entry.currency} {entry.kind} {entry.reference}\n  {entry.memo}\n"
    texts = sorted({line.text for line in entry.lines})
    return head + "".join(f"  text: {text}\n" for text in texts) + "".join(_line(line) for line in entry.lines)


def _line(line: JournalLine) -> str:
    side = "dr" if line.amount > 0 else "cr"
    tax = f"  {line.tax.code} {line.tax.role}" if line.tax else ""
    dimensions = "".join(f"  {each.category}={each.value}" for each in line.dimensions)
    return f"  {line.account:<6}{account_name(line.account):<22}{plain(line.amount):>12} {side}{tax}{dimensions}\n"
