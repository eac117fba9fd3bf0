"""What a report says. Amounts are integers in minor units (hundredths) of `currency`, ISO 4217; times are UTC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Literal

from cli.output_model import OutputModel

EXPORTED, FAILED, OPEN = "exported", "failed", "open"


class ReportLine(OutputModel):
    """One line of a document as the ledger holds it: a debit or a credit."""

    account: str
    account_name: str = ""
    debit: int = 0
    credit: int = 0
    tax_code: str = ""
    text: str = ""


class ReportDocument(OutputModel):
    """One document of an entry: its number, its kind, its state (draft, posted, void), the link to it and its lines."""

    name: str
    kind: str = ""
    state: str
    posted_on: date | None = None
    url: str | None = None
    currency: str
    lines: tuple[ReportLine, ...] = ()


class ReportEntry(OutputModel):
    """One expense: what Pleo was told of it, and the documents that the ledger holds. `documents` is None where the
    ledger could not be read, `amount` where Pleo has the expense no more. Of a failed one `code`, `fix` and `who` come
    from the failure catalogue."""

    entry_id: str
    date: date
    supplier: str
    amount: int | None
    currency: str
    status: Literal["exported", "failed", "open"]
    pleo_url: str | None = None
    documents: tuple[ReportDocument, ...] | None = ()
    reason: str = ""
    code: str = ""
    fix: str = ""
    who: str = ""
    warnings: tuple[str, ...] = ()


class ReportProof(OutputModel):
    """One sum that was told to Pleo beside the sum that the ledger holds, of one account and currency."""

    what: str
    currency: str
    told: int
    held: int

    @property
    def difference(self) -> int:
        """What the ledger holds more than was told."""
        return self.held - self.told


class ReportFinding(OutputModel):
    """An entry on which Pleo and the ledger do not agree, or that could not be read."""

    pile: str
    entry_id: str
    explanation: str


class ReportReconciliation(OutputModel):
    """What the comparison of Pleo with the ledger found: entries by pile, and the proofs of sums. `proven`: there was
    nothing else to find."""

    proven: bool
    counts: dict[str, int]
    findings: tuple[ReportFinding, ...] = ()
    proofs: tuple[ReportProof, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether everything matched."""
        return self.proven and not self.findings and not any(each.difference for each in self.proofs)


class ReportMappingFinding(OutputModel):
    """One finding of the nightly check."""

    told: str
    who: str


class ReportMapping(OutputModel):
    """What the last nightly check found that exports will fail for, a sentence each; `who` can correct it. `number`
    counts all of it."""

    checked_at: datetime
    number: int
    findings: tuple[ReportMappingFinding, ...] = ()


class ReportOutput(OutputModel):
    """A whole report: the command's JSON, and what the page shows. `not_compared`: why there is no reconciliation.
    `mapping` is None before the first nightly check."""

    title: str
    company: str
    ledger: str
    made_at: datetime
    job_id: str | None = None
    job_status: str = ""
    job_reason: str = ""
    entries: tuple[ReportEntry, ...] = ()
    reconciliation: ReportReconciliation | None = None
    not_compared: str = ""
    mapping: ReportMapping | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How many entries have each status."""
        found = Counter[str](each.status for each in self.entries)
        return {status: found[status] for status in (EXPORTED, FAILED, OPEN)}

    @property
    def totals(self) -> dict[str, dict[str, int]]:
        """The sum of each status, by currency."""
        sums: dict[str, dict[str, int]] = {}
        for each in self.entries:
            if each.amount is not None:
                by_currency = sums.setdefault(each.currency, {})
                by_currency[each.status] = by_currency.get(each.status, 0) + each.amount
        return sums

    @property
    def to_fix(self) -> Sequence[FixGroup]:
        """The failed entries, those with the same fix together, the largest group first."""
        failed = sorted((each for each in self.entries if each.status == FAILED), key=_same_fix)
        groups = [FixGroup(fix, who, tuple(found)) for (fix, who, _), found in groupby(failed, key=_same_fix)]
        return sorted(groups, key=lambda group: -len(group.entries))


@dataclass(frozen=True)
class FixGroup:
    """The failed entries that one step corrects."""

    fix: str
    who: str
    entries: Sequence[ReportEntry]


def amount_by_account(entries: Iterable[ReportEntry]) -> dict[tuple[str, str], int]:
    """Return what was debited less what was credited, by account (code and name) and currency."""
    sums: dict[tuple[str, str], int] = {}
    for entry in entries:
        for document in entry.documents or ():
            for line in document.lines:
                key = f"{line.account} {line.account_name}".strip(), document.currency
                sums[key] = sums.get(key, 0) + line.debit - line.credit
    return sums


def _same_fix(entry: ReportEntry) -> tuple[str, str, str]:
    return entry.fix or entry.reason, entry.who, entry.code
