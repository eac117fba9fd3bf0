"""Pleo's state: companies, their expenses, and export jobs. No HTTP, no threads of its own, safe to call from many.

Two sides. The bookkeeper's: `put_company`, `put_expenses`, `click_export`, `cancel`. The integration's: everything
under "The Export API", where `caller` is the company that the credential belongs to; other companies' jobs do not
exist for it. Both speak Pleo's own JSON, so that the HTTP layer has nothing to translate.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any

from pleo_simulator.assumptions import Assumptions
from pleo_simulator.clock import Clock
from pleo_simulator.errors import Refused, bad_request, job_not_found
from pleo_simulator.jobs import Job
from pleo_simulator.paging import PageRequest, paginate
from pleo_simulator.seeded_ids import SeededIds

Json = dict[str, Any]


@dataclass
class Company:
    """A Pleo company. `contra_accounts` are the currencies whose wallet has one; a job that needs another currency is
    refused with MISSING_CONTRA_ACCOUNTS. `expenses` are raw export items by `accountingEntryId`."""

    id: str
    name: str
    default_currency: str = "GBP"
    contra_accounts: frozenset[str] = frozenset({"GBP", "EUR"})
    expenses: dict[str, Json] = field(default_factory=dict)
    registration_number: str | None = None


class PleoState:
    """`on_job_created` is called with (company id, job JSON) after each new job: the webhook's cue. `export_statuses`
    are what Pleo shows of accounting entries instead of what follows from the jobs, by entry id."""

    def __init__(
        self, clock: Clock | None = None, ids: SeededIds | None = None, assumptions: Assumptions | None = None
    ) -> None:
        self.clock = clock or Clock()
        self.assumptions = assumptions or Assumptions()
        self.on_job_created: list[Callable[[str, Json], None]] = []
        self.export_statuses: dict[str, str] = {}
        self._ids = ids or SeededIds()
        self._companies: dict[str, Company] = {}
        self._jobs: dict[str, Job] = {}  # in the order of creation
        self._lock = RLock()

    # The bookkeeper's side

    def put_company(self, company: Company) -> None:
        with self._turn():
            self._companies[company.id] = company

    def put_expenses(self, company_id: str, items: Sequence[Json]) -> None:
        """Add expenses, or replace those with the same `accountingEntryId`. A running job keeps what it locked."""
        with self._turn():
            self.company(company_id).expenses.update({item["accountingEntryId"]: item for item in items})

    def companies(self) -> list[Company]:
        with self._turn():
            return list(self._companies.values())

    def company(self, company_id: str) -> Company:
        with self._turn():
            try:
                return self._companies[company_id]
            except KeyError:
                raise Refused(404, "COMPANY_NOT_FOUND", "Company not found.") from None

    def expenses(self, company_id: str) -> list[Json]:
        """The export items of the company; none where there is no such company."""
        with self._turn():
            company = self._companies.get(company_id)
            return list(company.expenses.values()) if company else []

    def expense_state(self, company_id: str, entry_id: str) -> str:
        """`queued`, `locked` (in a running job) or `exported`."""
        with self._turn():
            holding = [job for job in self._jobs_of(company_id) if entry_id in job.items]
            if any(job.unfinished for job in holding):
                return "locked"
            exported = any(job.items[entry_id].status == "successful" for job in holding)
            return "exported" if exported else "queued"

    def click_export(
        self,
        company_id: str,
        entry_ids: Sequence[str] | None = None,
        created_by: str | None = None,
        vendor_based_bookkeeping: bool = False,
    ) -> Json:
        """A bookkeeper's Export: by default of all queued expenses, at will also of exported ones (a re-export).
        Unlike the API's own POST it may add a job while another one runs. Returns the new job."""
        with self._turn():
            company = self.company(company_id)
            if entry_ids is None:
                entry_ids = [each for each in company.expenses if self.expense_state(company_id, each) == "queued"]
        return self._new_job(company, entry_ids, created_by, True, vendor_based_bookkeeping)

    def cancel(self, job_id: str) -> Json:
        with self._turn() as now:
            if job_id not in self._jobs:
                raise job_not_found()
            job = self._jobs[job_id]
            job.cancel(now)
            return job.as_json(now)

    def all_jobs(self) -> list[Json]:
        """Every job of every company in the order of creation, each with its `items`."""
        with self._turn() as now:
            return [
                job.as_json(now) | {"items": [item.as_json() for item in job.items.values()]}
                for job in self._jobs.values()
            ]

    # The Export API

    def list_jobs(
        self,
        caller: str,
        page: PageRequest | None = None,
        company_id: str | None = None,
        statuses: Collection[str] | None = None,
    ) -> Json:
        """Newest first: Pleo names no order, and a client must not rely on one (question 2)."""
        with self._turn() as now:
            rows = [job.as_json(now) for job in reversed(self._jobs_of(caller))]
        wanted = [] if company_id not in (None, caller) else rows
        return paginate(
            wanted,
            page or PageRequest(),
            lambda row: str(row["id"]),
            lambda row: not statuses or row["status"] in statuses,
        )

    def create_job(
        self,
        caller: str,
        company_id: str,
        entry_ids: Sequence[str],
        employee_id: str | None = None,
        interactive: bool = True,
        vendor_based_bookkeeping: bool = False,
    ) -> Json:
        with self._turn():
            if company_id != caller:
                raise Refused(404, "COMPANY_NOT_FOUND", "Company not found.")
            company = self.company(company_id)
            if any(job.unfinished for job in self._jobs_of(company_id)):
                raise Refused(409, "EXPORT_ALREADY_IN_PROGRESS", "Export Job already in progress for this company.")
            _check_contra_accounts(company, [company.expenses[each] for each in entry_ids if each in company.expenses])
            return self._new_job(company, entry_ids, employee_id, interactive, vendor_based_bookkeeping)

    def get_job(self, caller: str, job_id: str) -> Json:
        with self._turn() as now:
            return self._job(caller, job_id).as_json(now)

    def post_event(
        self,
        caller: str,
        job_id: str,
        event: str,
        failure_reason: str | None = None,
        failure_reason_type: str | None = None,
    ) -> None:
        """One running job per company: `started` is refused while another one is in progress."""
        with self._turn() as now:
            job = self._job(caller, job_id)
            others = [other for other in self._jobs_of(caller) if other is not job]
            if event == "started" and any(other.status == "in_progress" for other in others):
                raise Refused(
                    422, "INVALID_EXPORT_JOB_STATUS_CHANGE", "Another export job of the company is in progress."
                )
            job.apply(event, now, self.assumptions, failure_reason, failure_reason_type)

    def list_job_items(
        self, caller: str, job_id: str, page: PageRequest | None = None, status: str | None = None
    ) -> Json:
        with self._turn():
            rows = [item.as_json() for item in self._job(caller, job_id).items.values()]
        return paginate(rows, page or PageRequest(), _entry_id, lambda row: status in (None, row["status"]))

    def update_items(self, caller: str, job_id: str, updates: Sequence[Json]) -> Json:
        with self._turn() as now:
            return self._job(caller, job_id).update_items(updates, now, self.assumptions)

    def list_export_items(self, caller: str, job_id: str | None = None, page: PageRequest | None = None) -> Json:
        """The data layer. Without `job_id`: the items of all running jobs of the company. The files' URLs are names on
        the simulator's receipt files; the HTTP layer makes links of them."""
        with self._turn():
            jobs = [self._job(caller, job_id)] if job_id else [job for job in self._jobs_of(caller) if job.unfinished]
            for job in jobs:
                if not job.unfinished:
                    raise job.not_processable()
                _check_contra_accounts(self.company(caller), list(job.expenses.values()))
            rows = [_payload(item, job) for job in jobs for item in job.expenses.values()]
        return paginate(rows, page or PageRequest(), _entry_id)

    def find_job_item(self, caller: str, company_id: str | None, entry_id: str | None) -> Json:
        """The latest job item of the entry."""
        with self._turn():
            if company_id in (None, caller):
                for job in reversed(self._jobs_of(caller)):
                    if entry_id in job.items:
                        return job.items[entry_id].as_json()
        raise Refused(404, "EXPORT_ENTRY_NOT_FOUND", "Export Job Item not found")

    def search_job_items(
        self,
        caller: str,
        entry_ids: Collection[str],
        page: PageRequest | None = None,
        company_id: str | None = None,
        status: str | None = None,
    ) -> Json:
        """The job items of these entries in all jobs, newest job first."""
        with self._turn():
            rows = [
                item.as_json()
                for job in reversed(self._jobs_of(caller))
                for item in job.items.values()
                if item.entry_id in entry_ids and company_id in (None, caller)
            ]
        return paginate(
            rows,
            page or PageRequest(),
            lambda row: f"{row['exportJobId']}:{row['accountingEntryId']}",
            lambda row: status in (None, row["status"]),
        )

    @contextmanager
    def _turn(self) -> Iterator[datetime]:
        """One caller at a time; what has expired by now has expired for this caller."""
        with self._lock:
            now = self.clock.now()
            for job in self._jobs.values():
                job.expire_if_due(now)
            yield now

    def _jobs_of(self, company_id: str) -> list[Job]:
        return [job for job in self._jobs.values() if job.company_id == company_id]

    def _job(self, caller: str, job_id: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None or job.company_id != caller:
            raise job_not_found()
        return job

    def _new_job(
        self,
        company: Company,
        entry_ids: Sequence[str],
        created_by: str | None,
        interactive: bool,
        vendor_based_bookkeeping: bool,
    ) -> Json:
        with self._turn() as now:
            for entry_id in entry_ids:
                if entry_id not in company.expenses:
                    raise bad_request(f"The company has no accounting entry {entry_id}.")
                if self.expense_state(company.id, entry_id) == "locked":
                    raise bad_request(f"The accounting entry {entry_id} is locked by a running job.")
            job = Job(
                id=self._ids.uuid("job"),
                company_id=company.id,
                created_at=now,
                created_by=created_by,
                interactive=interactive,
                vendor_based_bookkeeping=vendor_based_bookkeeping,
                expenses={entry_id: company.expenses[entry_id] for entry_id in entry_ids},
            )
            self._jobs[job.id] = job
            created = job.as_json(now)
        for tell in self.on_job_created:
            tell(company.id, created)
        return created


def _entry_id(row: Json) -> str:
    return str(row["accountingEntryId"])


def _payload(item: Json, job: Job) -> Json:
    """Vendor and method travel only with vendor-based bookkeeping (R-5a.2)."""
    return item if job.vendor_based_bookkeeping else item | {"vendor": None, "bookkeeping": None}


def _check_contra_accounts(company: Company, items: Sequence[Json]) -> None:
    """Of the entity's own currency and of each exported one (API-5, contra account)."""
    needed = {company.default_currency} | {item["amount"]["inWalletCurrency"]["currency"] for item in items}
    missing = sorted(needed - company.contra_accounts)
    if missing:
        raise Refused(
            400,
            "MISSING_CONTRA_ACCOUNTS",
            f"Contra accounts are not fully configured. Please map contra accounts in the Accounting settings for "
            f"these currencies: {', '.join(missing)}.",
        )
