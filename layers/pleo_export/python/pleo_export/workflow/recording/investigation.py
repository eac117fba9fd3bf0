"""Comparing our records and the accounting system with the items of a chunk, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from pleo_export.accounting.port import AccountingSystem, DocumentOutcome, DocumentRef, DocumentState
from pleo_export.batches import in_batches
from pleo_export.bookkeeping.documents import Document
from pleo_export.bookkeeping.settings import PostingMode
from pleo_export.errors import ItemFailure
from pleo_export.failures.entry import FailureText
from pleo_export.failures.export import DRAFT_WITH_OTHER_DATE
from pleo_export.failures.openings import recorded_but
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services
from pleo_export.settings import Settings
from pleo_export.store.postings import Posting
from pleo_export.workflow.recording.posting_dates import PostingDates, moved
from pleo_export.workflow.recording.preparation import PreparedItem
from pleo_export.workflow.recording.progress import ItemPlan, name_of
from pleo_export.workflow.recording.recovery import Action, ItemEvidence, decide_all


def find_all(system: AccountingSystem, references: Sequence[str]) -> Mapping[str, DocumentOutcome]:
    """Find the documents with these references, in as many searches as `max_find` needs. Raises AccountingError if one
    fails."""
    found: dict[str, DocumentOutcome] = {}
    for batch in in_batches(references, system.capabilities.max_find):
        found.update(system.find_many(batch))
    return found


def posting_dates(settings: Settings, system: AccountingSystem, services: Services) -> PostingDates:
    """Return the dates that the company's documents may be posted on, as of today in its time zone."""
    return PostingDates(settings, system, services.clock().astimezone(ZoneInfo(settings.time_zone)).date())


@dataclass(frozen=True)
class Investigation:
    """Compares one company's items with its accounting system."""

    run: JobInput
    services: Services
    settings: Settings
    system: AccountingSystem

    def plans(self, items: Sequence[PreparedItem]) -> list[ItemPlan]:
        """Decide what to do with each item: one search for all, and another for items that need a new revision. What is
        to be adopted has passed the checks that its creation would have passed. Raises AccountingError."""
        plans: list[ItemPlan] = []
        while items:
            postings = self.services.postings.get_many(
                self.run.company_id, {each.entry_id: each.revision for each in items}
            )
            references = [document.reference for each in items for document in each.booking.documents]
            found = find_all(self.system, references)
            decided = [self._plan(each, postings.get(each.entry_id), found) for each in items]
            plans += [plan for plan in decided if plan.decision.action is not Action.NEXT_REVISION]
            items = [plan.item.revised() for plan in decided if plan.decision.action is Action.NEXT_REVISION]
        return self._checked(plans)

    def _plan(self, item: PreparedItem, posting: Posting | None, found: Mapping[str, DocumentOutcome]) -> ItemPlan:
        evidence = ItemEvidence(
            item_status=item.item_status,
            posting=posting,
            found=found.get(item.main.reference),
            job_id=self.run.job_id,
            fingerprint=item.fingerprint,
            now=self.services.clock(),
            in_doubt_time=self.services.in_doubt_time,
            finished_later=item.finished_later,
        )
        decision = decide_all(evidence, [found.get(each.reference) for each in item.payments])
        answers = {each.reference: found.get(each.reference) for each in item.booking.documents}
        live = {
            reference: each
            for reference, each in answers.items()
            if isinstance(each, DocumentRef) and each.state is not DocumentState.VOID
        }
        return ItemPlan(item, posting, decision, live)

    def _checked(self, plans: Sequence[ItemPlan]) -> list[ItemPlan]:
        found = [pair for plan in plans if plan.decision.action is Action.ADOPT for pair in _pairs(plan)]
        if not found:
            return list(plans)
        differences = self.system.differences(found)
        checked = []
        for plan in plans:
            adopted = _pairs(plan) if plan.decision.action is Action.ADOPT else []
            different = next((held for held, _ in adopted if held.reference in differences), None)
            if different is None:
                checked.append(self._dated(plan, adopted))
            else:
                error = differences[different.reference]
                checked.append(_failing(plan, error.failure, error.told.after(recorded_but(name_of(different)))))
        return checked

    def _dated(self, plan: ItemPlan, adopted: Sequence[tuple[DocumentRef, Document]]) -> ItemPlan:
        """Apply the last rows of the table in `recovery`: documents of another posting date than ours."""
        posted = self.settings.posting is PostingMode.POSTED
        dates = posting_dates(self.settings, self.system, self.services)
        for held, document in adopted:
            ours, theirs = document.posting_date, held.date
            if theirs == ours:
                continue
            if dates.allows(ours, theirs):
                warning = moved(ours, theirs)
            elif posted and held.state is DocumentState.DRAFT:
                return _failing(
                    plan,
                    ItemFailure.VALIDATION_FAILURE,
                    DRAFT_WITH_OTHER_DATE.told(name=name_of(held), theirs=theirs, ours=ours),
                )
            else:
                warning = f"Dated {theirs} in the accounting system, and {ours} in Pleo."
            plan = replace(plan, warnings=(*plan.warnings, warning))
        return plan


def _pairs(plan: ItemPlan) -> list[tuple[DocumentRef, Document]]:
    """Return the documents that exist, each with what would be recorded now."""
    return [(plan.found[each.reference], each) for each in plan.documents if each.reference in plan.found]


def _failing(plan: ItemPlan, failure: ItemFailure, told: FailureText) -> ItemPlan:
    return replace(plan, decision=plan.decision._replace(action=Action.FAIL, failure=failure, told=told))
