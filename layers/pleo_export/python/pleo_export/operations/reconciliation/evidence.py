"""What we and Pleo know of the entries to reconcile: posting records, and the results that Pleo was given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from pleo_export.accounting.port import LedgerDocument
from pleo_export.bookkeeping.reference import payment_reference, reference
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.errors import PleoError
from pleo_export.pleo.models import ExportJob
from pleo_export.store.postings import Posting, Postings
from pleo_export.workflow.entry_ids import key_of

# An expense is exported after its date, except for an invoice that is dated ahead.
DATED_AHEAD = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class ToldResult:
    """What Pleo was told last of an entry. `under_way`: its job has not finished."""

    status: str
    job_id: str | None
    external_id: str | None
    on: date | None
    under_way: bool = False

    @property
    def successful(self) -> bool:
        """Whether Pleo was told that the entry is booked."""
        return self.status == "successful"


@dataclass(frozen=True, slots=True)
class EntryEvidence:
    """All that is known of one entry. `held` are the documents by reference; `export_status` is Pleo's own, None where
    it is not known."""

    entry_id: str
    told: ToldResult | None
    postings: Sequence[Posting] = ()
    held: Mapping[str, tuple[LedgerDocument, ...]] = field(default_factory=dict)
    export_status: str | None = None

    @property
    def latest(self) -> Posting | None:
        """The posting of the highest revision."""
        return self.postings[-1] if self.postings else None

    @property
    def documents(self) -> list[LedgerDocument]:
        """All documents of the entry in the ledger."""
        return [each for documents in self.held.values() for each in documents]


@dataclass
class ToldResults:
    """What Pleo was told, by entry, from the items of jobs; `unreadable` are the jobs whose items could not be read."""

    by_entry: dict[str, ToldResult] = field(default_factory=dict)
    unreadable: dict[str, PleoError] = field(default_factory=dict)

    def read(self, pleo: PleoClient, jobs: Iterable[ExportJob]) -> None:
        """Read the items of the jobs, given from the oldest: what a later one was told counts."""
        for job in jobs:
            try:
                for item in pleo.job_items(job.id):
                    result = ToldResult(item.status, job.id, item.external_id, job.created_at.date(), not job.finished)
                    self.by_entry[key_of(item.accounting_entry_id)] = result
            except PleoError as error:
                self.unreadable[job.id] = error

    def look_up(self, pleo: PleoClient, company_id: str, entry_id: str) -> None:
        """Ask Pleo for an entry that none of the jobs has."""
        if entry_id in self.by_entry:
            return
        if item := pleo.last_results(company_id, entry_id):
            self.by_entry[entry_id] = ToldResult(item.status, item.export_job_id, item.external_id, None)


def first_moment(since: date) -> datetime:
    """Return when the oldest job may have been created that has entries of a period."""
    return datetime.combine(since - DATED_AHEAD, time(), UTC)


def references_of(company_id: str, entry_id: str, postings: Sequence[Posting], longest: int) -> list[str]:
    """Return every reference that documents of the entry may carry: of each revision that we know, and of the first
    where our records are lost."""
    documents = [each.reference for each in postings] or [reference(company_id, entry_id, max_length=longest)]
    named = [each.reference for posting in postings for each in posting.booked]
    return list(dict.fromkeys([*documents, *(payment_reference(each, longest) for each in documents), *named]))


def of_other_companies(postings: Postings, others: Iterable[str], entry_ids: Collection[str]) -> set[str]:
    """Return those entries that we have booked for another company, which used the ledger before."""
    return {entry_id for company_id in others for entry_id in postings.histories(company_id, entry_ids)}
