"""What our records and the accounting system hold of the items of a chunk, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from pleo_export.accounting.port import AccountingSystem, DocumentRef, Outcome, State
from pleo_export.bookkeeping.documents import Document
from pleo_export.errors import ItemFailure
from pleo_export.services.events import JobRun
from pleo_export.services.services import Runtime
from pleo_export.settings import Posting as PostingSetting
from pleo_export.settings import Settings
from pleo_export.store.postings import Posting
from pleo_export.workflow.recording.posting_dates import PostingDates, moved
from pleo_export.workflow.recording.preparation import PreparedItem
from pleo_export.workflow.recording.progress import ItemPlan, name_of
from pleo_export.workflow.recording.recovery import Action, ItemEvidence, decide_all


def find_all(system: AccountingSystem, references: Sequence[str]) -> Mapping[str, Outcome]:
    """In as many searches as `max_find` asks for. Raises AccountingError if one fails."""
    found: dict[str, Outcome] = {}
    size = system.capabilities.max_find
    for start in range(0, len(references), size):
        found.update(system.find_many(references[start : start + size]))
    return found


def posting_dates(settings: Settings, system: AccountingSystem, runtime: Runtime) -> PostingDates:
    return PostingDates(settings, system, runtime.clock().astimezone(ZoneInfo(settings.time_zone)).date())


@dataclass(frozen=True)
class Investigation:
    """Compares one company's items with its accounting system."""

    run: JobRun
    runtime: Runtime
    settings: Settings
    system: AccountingSystem

    def plans(self, candidates: Sequence[PreparedItem]) -> list[ItemPlan]:
        """One search for all; again for items that need a new revision. What is to be adopted has passed the checks
        that its creation would have passed. Raises AccountingError."""
        cases: list[ItemPlan] = []
        while candidates:
            postings = self.runtime.postings.get_many(
                self.run.company_id, {each.entry_id: each.revision for each in candidates}
            )
            references = [document.reference for each in candidates for document in each.booking.documents]
            found = find_all(self.system, references)
            looked_at = [self._plan(each, postings.get(each.entry_id), found) for each in candidates]
            cases += [case for case in looked_at if case.decision.action is not Action.NEXT_REVISION]
            candidates = [case.item.revised() for case in looked_at if case.decision.action is Action.NEXT_REVISION]
        return self._checked(cases)

    def _plan(self, candidate: PreparedItem, posting: Posting | None, found: Mapping[str, Outcome]) -> ItemPlan:
        situation = ItemEvidence(
            item_status=candidate.item_status,
            posting=posting,
            found=found.get(candidate.main.reference),
            job_id=self.run.job_id,
            fingerprint=candidate.fingerprint,
            now=self.runtime.clock(),
            in_doubt_time=self.runtime.in_doubt_time,
        )
        decision = decide_all(situation, [found.get(each.reference) for each in candidate.payments])
        answers = {each.reference: found.get(each.reference) for each in candidate.booking.documents}
        live = {
            reference: each
            for reference, each in answers.items()
            if isinstance(each, DocumentRef) and each.state is not State.VOID
        }
        return ItemPlan(candidate, posting, decision, live)

    def _checked(self, cases: Sequence[ItemPlan]) -> list[ItemPlan]:
        found = [pair for case in cases if case.decision.action is Action.ADOPT for pair in _pairs(case)]
        if not found:
            return list(cases)
        differences = self.system.differences(found)
        checked = []
        for case in cases:
            adopted = _pairs(case) if case.decision.action is Action.ADOPT else []
            different = next((held for held, _ in adopted if held.reference in differences), None)
            if different is None:
                checked.append(self._dated(case, adopted))
            else:
                error = differences[different.reference]
                words = f"Recorded as {name_of(different)}, but: {error.message}"
                checked.append(_failing(case, error.failure, words))
        return checked

    def _dated(self, case: ItemPlan, adopted: Sequence[tuple[DocumentRef, Document]]) -> ItemPlan:
        """The last rows of the table in `recovery`: documents of another posting date than ours."""
        posted = self.settings.posting is PostingSetting.POSTED
        dates = posting_dates(self.settings, self.system, self.runtime)
        for held, document in adopted:
            ours, theirs = document.posting_date, held.date
            if theirs == ours:
                continue
            if dates.allows(ours, theirs):
                note = moved(ours, theirs)
            elif posted and held.state is State.DRAFT:
                return _failing(
                    case,
                    ItemFailure.VALIDATION_FAILURE,
                    f"Recorded as {name_of(held)}, but dated {theirs} there, and {ours} in Pleo. "
                    f"Set its date to {ours} in the accounting system, or post it there as it is, and export again.",
                )
            else:
                note = f"Dated {theirs} in the accounting system, and {ours} in Pleo."
            case = replace(case, warnings=(*case.warnings, note))
        return case


def _pairs(case: ItemPlan) -> list[tuple[DocumentRef, Document]]:
    """What is there, each beside what would be recorded now."""
    return [(case.found[each.reference], each) for each in case.documents if each.reference in case.found]


def _failing(case: ItemPlan, failure: ItemFailure, reason: str) -> ItemPlan:
    return replace(case, decision=replace(case.decision, action=Action.FAIL, failure=failure, reason=reason))
