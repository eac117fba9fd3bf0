"""Reconcile a company: does the ledger hold what Pleo was told? It reads our records, Pleo and the ledger, and writes
nothing.

The entries of a period come from both sides: from the company's export jobs since the period began, and from the
ledger's list of our documents in the period. What is booked on one side only is found that way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from pleo_export.accounting.errors import AccountingError
from pleo_export.accounting.port import LedgerDocument, LedgerReader
from pleo_export.operations.reconciliation.comparison import EntryComparison, stray, unreadable
from pleo_export.operations.reconciliation.evidence import EntryEvidence
from pleo_export.operations.reconciliation.gathering import EvidenceGatherer, GatheredEvidence, ReconciliationPeriod
from pleo_export.operations.reconciliation.proofs import prove
from pleo_export.operations.reconciliation.result import (
    Cause,
    MismatchReason,
    Pile,
    ReconciledEntry,
    ReconciliationFindings,
)
from pleo_export.services.services import Services
from pleo_export.settings import Settings
from pleo_export.store.booked import BookedDocument

__all__ = ["ReconciliationPeriod", "reconcile_job", "reconcile_period"]


def reconcile_period(company_id: str, period: ReconciliationPeriod, services: Services) -> ReconciliationFindings:
    """Reconcile what was booked, or is in the ledger, on the days of the period. Raises NotOurs when the company is not
    connected, PleoError when Pleo does not list its jobs, AuthenticationFailed when there is no credential for the
    ledger. What cannot be read otherwise is unknown."""
    connection = services.connection(company_id)
    reader = services.ledger_reader(connection)
    gathered = EvidenceGatherer(company_id, services, services.pleo(connection), reader).of_period(period)
    return _Reckoning(connection.settings, reader, gathered, period).result(company_id, None)


def reconcile_job(company_id: str, job_id: str, services: Services) -> ReconciliationFindings:
    """Reconcile the entries of one export job of the company, whatever their dates. Raises as `reconcile_period`
    does."""
    connection = services.connection(company_id)
    reader = services.ledger_reader(connection)
    gathered = EvidenceGatherer(company_id, services, services.pleo(connection), reader).of_job(job_id)
    return _Reckoning(connection.settings, reader, gathered, None).result(company_id, job_id)


@dataclass(frozen=True)
class _Reckoning:
    """Makes the result of what was gathered."""

    settings: Settings
    reader: LedgerReader
    gathered: GatheredEvidence
    period: ReconciliationPeriod | None

    def result(self, company_id: str, job_id: str | None) -> ReconciliationFindings:
        names = self._names()
        comparison = EntryComparison(self.settings.posting, names)
        piles = {each.entry_id: list(self._compare(comparison, each)) for each in self.gathered.evidence}
        entries = [*(each for found in piles.values() for each in found), *self._besides()]
        held = (each for each in self._held() if comparison.counts(each))
        return ReconciliationFindings(
            company_id=company_id,
            since=self.period.since if self.period else None,
            until=self.period.until if self.period else None,
            job_id=job_id,
            entries=tuple(entries),
            proofs=prove(self._told(), held, self.settings.accounts, names),
            proofs_complete=not any(each.pile is Pile.UNKNOWN for each in entries),
            not_booked=sum(not found for found in piles.values()),
            pleo_statuses=self.gathered.pleo_statuses,
        )

    def _compare(self, comparison: EntryComparison, evidence: EntryEvidence) -> Iterator[ReconciledEntry]:
        error = self.gathered.errors.get(evidence.entry_id)
        if error is None:
            yield from comparison.compare(evidence)
        else:
            text = f"The ledger's side could not be read: {error.message}"
            yield unreadable(evidence, MismatchReason(Cause.LEDGER_UNREADABLE, text))

    def _besides(self) -> Iterator[ReconciledEntry]:
        """Yield what concerns no entry: documents that name none, and lists that could not be read."""
        yield from map(stray, self.gathered.strays)
        if self.gathered.list_error:
            text = f"The ledger could not list the period: {self.gathered.list_error.message}"
            reason = MismatchReason(Cause.LEDGER_UNREADABLE, text)
            yield ReconciledEntry(Pile.UNKNOWN, "", reasons=(reason,))
        for job_id in self.gathered.unreadable_jobs:
            reason = MismatchReason(
                Cause.PLEO_UNREADABLE, "Pleo could not list the items of this job. Try again later."
            )
            yield ReconciledEntry(Pile.UNKNOWN, "", job_id=job_id, reasons=(reason,))

    def _told(self) -> Iterator[BookedDocument]:
        """Yield the documents that Pleo was told of."""
        for each in self.gathered.evidence:
            if each.told and each.told.successful and each.latest:
                yield from (booked for booked in each.latest.booked if self._counts_on(booked.date))

    def _held(self) -> Iterator[LedgerDocument]:
        for each in self.gathered.evidence:
            yield from (document for document in each.documents if self._counts_on(document.ref.date))
        yield from self.gathered.strays

    def _counts_on(self, day: date) -> bool:
        return self.period is None or day in self.period

    def _names(self) -> Mapping[str, str]:
        """Return the names of all accounts that either side has moved. They are not needed to compare."""
        booked = (amount.account for each in self._told() for amount in each.amounts)
        held = (line.account for each in self._held() for line in each.lines)
        try:
            return self.reader.account_names({*booked, *held})
        except AccountingError:
            return {}
