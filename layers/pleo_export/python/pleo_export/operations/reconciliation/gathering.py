"""Gathering what the three sides hold of a period or a job: our records, Pleo, the ledger. Only reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from pleo_export.accounting.errors import AccountingError
from pleo_export.accounting.port import DocumentState, LedgerDocument, LedgerReader
from pleo_export.bookkeeping.reference import ReferenceRole, reference_parts
from pleo_export.operations.reconciliation.evidence import (
    EntryEvidence,
    ToldResults,
    first_moment,
    of_other_companies,
    references_of,
)
from pleo_export.operations.reconciliation.ledger import LedgerContent, LedgerScan
from pleo_export.operations.reconciliation.result import PleoStatuses
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.errors import PleoError
from pleo_export.services.services import Services
from pleo_export.store.postings import Posting


@dataclass(frozen=True, slots=True)
class ReconciliationPeriod:
    """The posting dates to reconcile, both days included."""

    since: date
    until: date

    def __contains__(self, day: date) -> bool:
        return self.since <= day <= self.until


@dataclass
class GatheredEvidence:
    """What was found. `errors`: why the ledger's side of an entry could not be read, by entry. `strays`: documents that
    carry our mark and name no expense. `list_error`: why the ledger could not list the period."""

    evidence: list[EntryEvidence]
    errors: Mapping[str, AccountingError]
    strays: Sequence[LedgerDocument]
    list_error: AccountingError | None
    unreadable_jobs: Mapping[str, PleoError]
    pleo_statuses: PleoStatuses = PleoStatuses.COMPARED


@dataclass
class EvidenceGatherer:
    """Asks all three sides about one company."""

    company_id: str
    services: Services
    pleo: PleoClient
    reader: LedgerReader
    _told: ToldResults = field(default_factory=ToldResults)

    def of_period(self, period: ReconciliationPeriod) -> GatheredEvidence:
        """Return what is known of the entries that were booked, or are in the ledger, in the period. Raises PleoError
        when Pleo cannot list the jobs, or does not answer about an entry that the ledger holds."""
        self._told.read(self.pleo, self.pleo.jobs_since(self.company_id, first_moment(period.since)))
        try:
            listed = _by_entry(self.reader.ours(period.since, period.until))
        except AccountingError as error:
            return self._without_ledger(period, error)
        own = self._own([*self._told.by_entry, *(each for each in listed if each)])
        for entry_id in own:
            self._told.look_up(self.pleo, self.company_id, entry_id)
        postings = self.services.postings.histories(self.company_id, own)
        wanted = [each for each in own if each in listed or _may_be_in(period, postings.get(each, ()))]
        gathered = self._gather(wanted, postings, listed)
        gathered.evidence = [
            each
            for each in gathered.evidence
            if _is_in(period, each) or (each.entry_id in gathered.errors and each.entry_id in listed)
        ]
        return self._with_pleo_statuses(gathered)

    def of_job(self, job_id: str) -> GatheredEvidence:
        """Return what is known of the entries of one job. Raises PleoError when Pleo does not have it."""
        self._told.read(self.pleo, [self.pleo.job(job_id)])
        postings = self.services.postings.histories(self.company_id, self._told.by_entry)
        return self._with_pleo_statuses(self._gather(list(self._told.by_entry), postings, {}))

    def _own(self, entry_ids: Sequence[str]) -> list[str]:
        """Return the entries without those that another company has booked into the same ledger, when it was connected
        to that one."""
        known = self.services.postings.histories(self.company_id, entry_ids).keys() | self._told.by_entry.keys()
        others = [each for each in self.services.connections.all_company_ids() if each != self.company_id]
        strange = [each for each in entry_ids if each not in known]
        theirs = of_other_companies(self.services.postings, others, strange) if strange else set()
        return [each for each in dict.fromkeys(entry_ids) if each not in theirs]

    def _gather(
        self, wanted: Sequence[str], postings: Mapping[str, Sequence[Posting]], listed: Mapping[str, Sequence[str]]
    ) -> GatheredEvidence:
        longest = self.reader.capabilities.reference_length
        names = {
            each: [*references_of(self.company_id, each, postings.get(each, ()), longest), *listed.get(each, ())]
            for each in wanted
        }
        strays = listed.get("", ())
        scan = LedgerScan(self.reader)
        scan.read([*(name for each in wanted for name in names[each]), *strays])
        content = scan.content
        evidence = [
            EntryEvidence(each, self._told.by_entry.get(each), postings.get(each, ()), content.of(names[each]))
            for each in wanted
        ]
        errors = {each: error for each in wanted if (error := content.error(names[each]))}
        return GatheredEvidence(evidence, errors, _live(content, strays), None, self._told.unreadable)

    def _without_ledger(self, period: ReconciliationPeriod, error: AccountingError) -> GatheredEvidence:
        """Return what we and Pleo know: nothing is known to be missing."""
        postings = self.services.postings.histories(self.company_id, self._told.by_entry)
        evidence = [
            EntryEvidence(entry_id, told, postings.get(entry_id, ())) for entry_id, told in self._told.by_entry.items()
        ]
        evidence = [each for each in evidence if _is_in(period, each)]
        errors = {each.entry_id: error for each in evidence}
        return GatheredEvidence(evidence, errors, (), error, self._told.unreadable, PleoStatuses.NOT_COMPARED)

    def _with_pleo_statuses(self, gathered: GatheredEvidence) -> GatheredEvidence:
        """Add Pleo's own status of the expenses that it was told to be exported, where it may be read."""
        told = [each.entry_id for each in gathered.evidence if each.told and each.told.successful]
        try:
            statuses = self.pleo.export_statuses(told)
        except PleoError:
            return replace(gathered, pleo_statuses=PleoStatuses.UNREADABLE)
        if statuses is None:
            return replace(gathered, pleo_statuses=PleoStatuses.NOT_GRANTED)
        known = [replace(each, export_status=statuses.get(each.entry_id)) for each in gathered.evidence]
        return replace(gathered, evidence=known)


def _by_entry(references: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Return the references by entry, without derived ones; those that name no entry under an empty text."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in sorted(references):
        parts = reference_parts(each)
        if parts is None or parts.role is not ReferenceRole.DERIVED:
            found[parts.entry_id if parts else ""].append(each)
    return dict(found)


def _live(content: LedgerContent, references: Sequence[str]) -> list[LedgerDocument]:
    documents = (each for found in content.of(references).values() for each in found)
    return [each for each in documents if each.ref.state is not DocumentState.VOID]


def _may_be_in(period: ReconciliationPeriod, postings: Sequence[Posting]) -> bool:
    """Whether the entry may have been booked in the period, before the ledger is asked: one whose date we do not know
    may."""
    booked = postings[-1].booked if postings else ()
    return not booked or any(each.date in period for each in booked)


def _is_in(period: ReconciliationPeriod, evidence: EntryEvidence) -> bool:
    """Whether the entry belongs to the period: by its dates, as booked and in the ledger, else by its export's."""
    booked = evidence.latest.booked if evidence.latest else ()
    live = (each.ref.date for each in evidence.documents if each.ref.state is not DocumentState.VOID)
    dates = [*(each.date for each in booked), *live]
    if not dates and evidence.told and evidence.told.on:
        dates = [evidence.told.on]
    return any(each in period for each in dates)
