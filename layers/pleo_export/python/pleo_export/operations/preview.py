"""Preview: what an export would book, before anything is booked. Nothing is written anywhere.

The items go the way of the export itself: fetched as FetchItems does, prepared and looked for as RecordItems does,
with the same decisions. What the export would only find out while it writes is asked of the connector beforehand
(`AccountingSystem.refusals`): closed periods, unknown accounts, tax codes and dimensions.

Not foreseen: what the accounting system itself refuses, such as a bill that it holds already under another reference,
and receipts, which are not fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pleo_export.accounting.errors import AccountingError, PeriodClosed
from pleo_export.accounting.port import AccountingSystem, Capabilities, DocumentRef
from pleo_export.batches import in_batches
from pleo_export.bookkeeping.documents import Document
from pleo_export.errors import JobRejected, NotOurs, PleoExportError
from pleo_export.failures.openings import recorded_but
from pleo_export.operations.preview_items import ItemPreview, PreviewedDocument, PreviewState
from pleo_export.pleo.errors import PleoNotFound, PleoRefused
from pleo_export.pleo.models import ExportJob
from pleo_export.services.error_mapping import translate
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services
from pleo_export.settings import Settings
from pleo_export.store.connections import Connection
from pleo_export.store.payloads import WorkItem
from pleo_export.store.results import ItemResult
from pleo_export.sync.refused_codes import LedgerNames, names_for
from pleo_export.workflow.fetch_items import FetchItemsInput, open_chunks
from pleo_export.workflow.recording.foreseen_refusals import NOT_ON_THE_LISTS
from pleo_export.workflow.recording.investigation import Investigation, posting_dates
from pleo_export.workflow.recording.naming import named
from pleo_export.workflow.recording.posting_dates import PostingDates, moved
from pleo_export.workflow.recording.preparation import ItemPreparer
from pleo_export.workflow.recording.progress import ItemPlan, name_of
from pleo_export.workflow.recording.recovery import Action
from pleo_export.workflow.recording.states import final_state, state_wanted
from pleo_export.workflow.validate_job import ValidateJobInput, validate_job

RUN = "preview"  # in place of an execution's name, which nothing here writes


class NothingToPreview(PleoExportError):
    """There is no such job, or it is over. The message says which."""


@dataclass(frozen=True)
class JobPreview:
    """What the export of a job would book. `rejected`: why it would fail as a whole; then there are no items."""

    job: ExportJob
    settings: Settings
    rejected: JobRejected | None
    items: Sequence[ItemPreview]

    @property
    def reason(self) -> str | None:
        """Why it would fail as a whole, as Pleo would be told."""
        return self.rejected.told.text(self.settings.support_contact) if self.rejected else None


def find_job(services: Services, job_id: str | None, company_id: str | None) -> ExportJob:
    """Return the job, or the company's oldest that waits or runs. Raises NothingToPreview."""
    if job_id is None:
        connection = services.connection(company_id or "")
        waiting = services.pleo(connection).unfinished_jobs(connection.company_id)
        if not waiting:
            raise NothingToPreview(f"no export of company {company_id} is waiting. Click Export in Pleo first")
        return waiting[0]
    job = _named(services, job_id, company_id)
    if job.finished:
        raise NothingToPreview(f"job {job_id} is {job.status}: Pleo gives its expenses only until it is over")
    return job


def preview(job: ExportJob, services: Services) -> JobPreview:
    """Return what the job's export would book now. Raises the errors of Pleo and of the accounting system that hold for
    all of it and pass, such as that it cannot be reached."""
    connection = services.connection(job.company_id)
    run = FetchItemsInput(company_id=job.company_id, job_id=job.id, execution=RUN, number_of_items=job.number_of_items)
    method = ValidateJobInput(**_ids(run), vendor_based_bookkeeping=job.vendor_based_bookkeeping)
    try:
        validate_job(method, services)
        system = services.accounting_system(connection)
        books = _Books(run, services, connection, system)
        chunks = open_chunks(run, services, system.capabilities.max_batch)
        items = [each for chunk in chunks for each in books.previews(chunk)]
    except (JobRejected, PleoRefused) as error:
        rejected = translate(error)
        if not isinstance(rejected, JobRejected):
            raise
        return JobPreview(job, connection.settings, rejected, ())
    return JobPreview(job, connection.settings, None, items)


def _ids(run: JobInput) -> dict[str, str]:
    return {"company_id": run.company_id, "job_id": run.job_id, "execution": run.execution}


def _named(services: Services, job_id: str, company_id: str | None) -> ExportJob:
    record = services.jobs.get(job_id)
    known = company_id or (record.company_id if record else None)
    for each in [known] if known else services.connections.all_company_ids():
        try:
            job = services.pleo(services.connection(each)).job(job_id)
        except PleoNotFound:
            continue
        except (NotOurs, PleoExportError):
            if known:
                raise
            continue
        if job.company_id.lower() == each.lower():
            return job
    raise NothingToPreview(f"no connected company has the job {job_id}; name its company with --company")


@dataclass(frozen=True)
class _Books:
    """One company's accounting system, and the run that is previewed."""

    run: JobInput
    services: Services
    connection: Connection
    system: AccountingSystem

    def previews(self, items: Sequence[WorkItem]) -> list[ItemPreview]:
        """Return the items in their order. Raises AccountingError for what holds for all of them."""
        preparer = ItemPreparer(self.connection, self.system)
        prepared = preparer.prepare(items)
        plans = Investigation(self.run, self.services, self.connection.settings, self.system).plans(prepared)
        dates = posting_dates(self.connection.settings, self.system, self.services)
        names = names_for(self.run.job_id, self.connection, self.services)
        foreseen = _Foreseen.of(plans, self.system, dates, names)
        previews = {each.entry_id: _rejected(each) for each in preparer.rejected}
        previews |= {plan.entry_id: _previewed(plan, foreseen) for plan in plans}
        results = (self._results[each.entry_id] for each in items if each.entry_id in self._results)
        previews |= {each.entry_id: _done(previews.get(each.entry_id), each) for each in results}
        return [previews[each.entry_id] for each in items]

    @cached_property
    def _results(self) -> Mapping[str, ItemResult]:
        return self.services.results.of_job(self.run.job_id)


@dataclass(frozen=True)
class _Foreseen:
    """What would become of the missing documents: each on its posting date, or why it is refused."""

    documents: Mapping[str, Document]
    refusals: Mapping[str, AccountingError]
    takes: Capabilities
    names: LedgerNames

    @classmethod
    def of(
        cls, plans: Sequence[ItemPlan], system: AccountingSystem, dates: PostingDates, names: LedgerNames
    ) -> _Foreseen:
        wanted = [plan for plan in plans if plan.decision.action in (Action.CREATE, Action.ADOPT)]
        missing = {each.reference: each for plan in wanted for each in plan.missing(plan.documents)}
        refusals = _refusals(system, list(missing.values()))
        later = {
            reference: document
            for reference, refusal in refusals.items()
            if isinstance(refusal, PeriodClosed) and (document := dates.on_open_date(missing[reference]))
        }
        refusals = {name: each for name, each in refusals.items() if name not in later}
        refusals |= _refusals(system, list(later.values()))
        return cls(missing | later, refusals, system.capabilities, names)


def _refusals(system: AccountingSystem, documents: Sequence[Document]) -> dict[str, AccountingError]:
    refused: dict[str, AccountingError] = {}
    for batch in in_batches(documents, system.capabilities.max_batch):
        refused |= system.refusals(batch)
    return refused


def _rejected(result: ItemResult) -> ItemPreview:
    return ItemPreview(result.entry_id, PreviewState.FAILS, failure=result.failure, reason=result.reason)


def _done(item: ItemPreview | None, result: ItemResult) -> ItemPreview:
    """Return an item that this job has a result for: nothing more is done for it."""
    state = PreviewState.FAILED if result.failure else PreviewState.NOTHING_TO_DO
    before = item or ItemPreview(result.entry_id, state)
    return replace(before, state=state, failure=result.failure, reason=result.reason)


def _previewed(plan: ItemPlan, foreseen: _Foreseen) -> ItemPreview:
    booked = tuple(_document(plan, each, foreseen) for each in plan.documents)
    warnings = (*plan.item.booking.warnings, *plan.warnings, *_moves(plan, booked))
    item = ItemPreview(
        entry_id=plan.entry_id,
        state=_state(plan, booked),
        revision=plan.item.revision,
        documents=booked,
        receipts=len(plan.item.item.files),
        warnings=tuple(dict.fromkeys(warnings)),
    )
    if plan.decision.action in (Action.FAIL, Action.WAIT):
        told, support = plan.decision.told, plan.item.settings.support_contact
        return replace(item, documents=(), failure=plan.decision.failure, reason=told.text(support) if told else None)
    refused = [error for each in plan.documents if (error := foreseen.refusals.get(each.reference))]
    if not refused:
        return item
    return replace(
        item, state=PreviewState.FAILS, failure=refused[0].failure, reason=_reason(plan, foreseen, refused[0])
    )


def _reason(plan: ItemPlan, foreseen: _Foreseen, error: AccountingError) -> str:
    """Return the sentence that Pleo would get; the number of a document that is not booked yet is not known."""
    main, support = plan.item.main.reference, plan.item.settings.support_contact
    told = named(error, plan.item.item, plan.item.settings, foreseen.names)
    if main in foreseen.refusals or (not plan.found and isinstance(error, NOT_ON_THE_LISTS)):
        return told.text(support)
    held = plan.found.get(main)
    return told.after(recorded_but(name_of(held) if held else "a new entry")).text(support)


def _state(plan: ItemPlan, documents: Sequence[PreviewedDocument]) -> PreviewState:
    match plan.decision.action:
        case Action.FAIL:
            return PreviewState.FAILS
        case Action.WAIT:
            return PreviewState.IN_DOUBT
        case Action.CREATE:
            return PreviewState.NEW
    posting = plan.posting
    whole = all(each.held for each in documents) and posting is not None and posting.complete
    return PreviewState.NOTHING_TO_DO if whole else PreviewState.ADOPTED


def _document(plan: ItemPlan, document: Document, foreseen: _Foreseen) -> PreviewedDocument:
    held: DocumentRef | None = plan.found.get(document.reference)
    item = plan.item
    state = final_state(document, item.booking.documents, foreseen.takes, state_wanted(item.settings))
    return PreviewedDocument(foreseen.documents.get(document.reference, document), document.posting_date, held, state)


def _moves(plan: ItemPlan, documents: Sequence[PreviewedDocument]) -> Iterator[str]:
    for each in documents:
        if not each.held and each.document.posting_date != each.own_date:
            yield moved(each.own_date, each.document.posting_date)
