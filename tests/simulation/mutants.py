"""Remove each safeguard in turn: the simulation must notice.

A mutant is one small change of the real code, made with `mock.patch` for as long as the simulation runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest import mock

from pleo_export.accounting.errors import KeptAsDraft, OutcomeUnknown
from pleo_export.accounting.port import DocumentRef, DocumentState
from pleo_export.authorisation import refresh_tokens
from pleo_export.failures.entry import FailureText
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.models import JobEvent
from pleo_export.store.jobs import Jobs
from pleo_export.store.leases import Leases
from pleo_export.store.postings import Postings
from pleo_export.store.secret_locks import SecretLocks
from pleo_export.store.table import company_key, iso, transact
from pleo_export.store.token_refreshes import RefreshState, RefreshStates
from pleo_export.workflow import dispatch, fail_job, start_job
from pleo_export.workflow.final_event import FinalEvent, final_event
from pleo_export.workflow.look_times import interval_after
from pleo_export.workflow.ownership import prove_ours
from pleo_export.workflow.recording import creation, investigation, outcomes, posting, recorder, recovery
from pleo_export.workflow.recording import receipts as attachments
from pleo_export.workflow.recording.creation import DocumentWriter
from pleo_export.workflow.recording.investigation import Investigation
from pleo_export.workflow.recording.posting_records import PostingRecords
from pleo_export.workflow.recording.progress import ItemPlan, ItemProgress
from pleo_export.workflow.recording.recorder import BatchRecorder
from tests.simulation.fake_endpoints import SimulatedLedger
from tests.simulation.simulator import SimulatedServices
from tests.system import asl

Mutant = Callable[[], AbstractContextManager[Any]]
patch = mock.patch.object


def no_intent() -> AbstractContextManager[Any]:
    return patch(Postings, "intend", lambda *_, **__: True)


def intent_without_condition() -> AbstractContextManager[Any]:
    def intend(self: Postings, token: Any, intents: Any) -> bool:
        return self.save_many(token, [intent for intent, _ in intents])

    return patch(Postings, "intend", intend)


def no_fencing_token() -> AbstractContextManager[Any]:
    """A function that was superseded goes on writing."""
    return _both(
        mock.patch("pleo_export.store.fencing.transact", lambda table, actions: transact(table, actions[1:])),
        patch(Jobs, "close", lambda *_: True),
    )


def no_find() -> AbstractContextManager[Any]:
    return patch(SimulatedLedger, "find_many", lambda *_: {})


def key_by_job() -> AbstractContextManager[Any]:
    find_many = SimulatedLedger.find_many

    def find(self: SimulatedLedger, wanted: Any) -> Any:
        assert self.injector.call
        ours = self.jobs, self.injector.call.job_id
        found = find_many(self, wanted)
        return {
            name: each for name, each in found.items() if isinstance(each, DocumentRef) and ours[0][each.id] == ours[1]
        }

    return patch(SimulatedLedger, "find_many", find)


def no_lease_check() -> AbstractContextManager[Any]:
    original = start_job.start_job

    def unchecked(run: Any, services: Any) -> Any:
        with patch(Leases, "confirm", lambda *_: True):
            return original(run, services)

    return _in_state("start_job", unchecked)


def lease_without_condition() -> AbstractContextManager[Any]:
    def take(self: Leases, company_id: str, owner: str, now: Any, *, replacing: Any) -> bool:
        self._table.put_item(Item={**company_key(company_id, "LEASE"), "owner": owner, "since": iso(now)})
        return True

    return patch(Leases, "take", take)


def every_lease_is_dead() -> AbstractContextManager[Any]:
    return patch(dispatch, "alive", lambda *_: False)


def interval_never_falls_back() -> AbstractContextManager[Any]:
    """A company keeps the interval that its webhooks once earned."""
    return patch(
        dispatch,
        "interval_after",
        lambda reason, waited, known, longest: max(known, interval_after(reason, waited, known, longest)),
    )


def no_lease_is_dead() -> AbstractContextManager[Any]:
    return patch(dispatch, "alive", lambda *_: True)


def report_before_record() -> AbstractContextManager[Any]:
    outcome_of = outcomes.outcome_of

    def hopeful(progress: ItemProgress, services: Any, names: Any) -> Any:
        for name, outcome in progress.outcomes.items():
            if isinstance(outcome, OutcomeUnknown):
                document = progress.plan.item.main
                progress.outcomes[name] = DocumentRef(
                    name, document.kind, "1", "J1", DocumentState.POSTED, document.posting_date, ""
                )
        return outcome_of(progress, services, names)

    return patch(recorder, "outcome_of", hopeful)


def no_in_doubt_time() -> AbstractContextManager[Any]:
    return patch(SimulatedServices, "in_doubt_time", timedelta())


def no_wait_for_what_was_sent_for_a_document() -> AbstractContextManager[Any]:
    return patch(recovery, "_being_finished", lambda *_: None)


def withdraw_after_unknown() -> AbstractContextManager[Any]:
    save = PostingRecords.save

    def forget(self: PostingRecords, batch: Sequence[ItemProgress]) -> None:
        for progress in batch:
            if isinstance(progress.first_fault, OutcomeUnknown) and progress.intent:
                self.services.postings.withdraw(progress.intent)
        save(self, batch)

    return patch(PostingRecords, "save", forget)


def adopt_void() -> AbstractContextManager[Any]:
    find = SimulatedLedger.find_many

    def as_if_live(self: SimulatedLedger, wanted: Any) -> Any:
        found = find(self, wanted)
        return {
            name: replace(each, state=DocumentState.POSTED)
            for name, each in found.items()
            if isinstance(each, DocumentRef)
        }

    return patch(SimulatedLedger, "find_many", as_if_live)


def adopt_changed() -> AbstractContextManager[Any]:
    return patch(recovery, "_found", lambda _, document: recovery.Decision(recovery.Action.ADOPT, document=document))


def no_deadline() -> AbstractContextManager[Any]:
    return patch(start_job, "_deadline", lambda job, now: now + timedelta(hours=9))


def no_look_at_open_items() -> AbstractContextManager[Any]:
    has = PleoClient.has_items

    def none_pending(self: PleoClient, job_id: str, status: str) -> bool:
        return status != "pending" and has(self, job_id, status)

    return patch(PleoClient, "has_items", none_pending)


def no_wake_at_release() -> AbstractContextManager[Any]:
    definition = asl._parsed(asl.DEFINITION)
    return mock.patch.dict(definition["States"], {"WakeCompany": {"Type": "Succeed"}})


def one_execution_per_job() -> AbstractContextManager[Any]:
    return patch(Jobs, "next_attempt", lambda *_: 1)


def claim_after_started() -> AbstractContextManager[Any]:
    """The claim is written only when Pleo has said yes."""
    send, claim = PleoClient.send_event, Jobs.claim

    def unclaimed(_self: Jobs, _job_id: str, _call: str) -> bool:
        return False

    def claiming(self: PleoClient, job_id: str, event: JobEvent, *more: Any) -> None:
        send(self, job_id, event, *more)
        if event is JobEvent.STARTED:
            services = current_services()
            claim(services.jobs, job_id, "another call")

    return _both(patch(Jobs, "claim", unclaimed), patch(PleoClient, "send_event", claiming))


def drafts_stay() -> AbstractContextManager[Any]:
    return patch(BatchRecorder, "_post", lambda *_: None)


def youngest_first() -> AbstractContextManager[Any]:
    choose = dispatch.choose
    return patch(dispatch, "choose", lambda unfinished, is_ours: choose(unfinished[::-1], is_ours))


NOT_BOOKED_TEXT = FailureText("outcome_unknown", "Not booked; export it again.")


def unknown_is_not_booked() -> AbstractContextManager[Any]:
    return _both(
        patch(outcomes, "OUTCOME_UNKNOWN", NOT_BOOKED_TEXT),
        patch(creation, "OUTCOME_UNKNOWN", NOT_BOOKED_TEXT),
        patch(recovery, "OUTCOME_UNKNOWN", NOT_BOOKED_TEXT),
        mock.patch("pleo_export.workflow.recording.unrecorded.OUTCOME_UNKNOWN", NOT_BOOKED_TEXT),
    )


# What real accounting systems taught us


def no_search_before_withdrawing() -> AbstractContextManager[Any]:
    return patch(DocumentWriter, "_seen", lambda *_: {})


def no_proof_is_unavailable() -> AbstractContextManager[Any]:
    """After a write a gateway's 503 is believed to mean that nothing was done."""
    return patch(SimulatedLedger, "_write", SimulatedLedger._ask)


def no_differences() -> AbstractContextManager[Any]:
    return patch(SimulatedLedger, "differences", lambda *_: {})


def no_look_at_dates() -> AbstractContextManager[Any]:
    return patch(Investigation, "_dated", lambda _self, case, _adopted: case)


def differences_not_looked_for() -> AbstractContextManager[Any]:
    """Exchange differences are made again whenever a run finds the two documents open."""
    return patch(SimulatedLedger, "_differences_of", lambda *_: [])


def no_net_around_a_batch() -> AbstractContextManager[Any]:
    return _both(patch(creation, "log_fault", _raised_again), patch(posting, "log_fault", _raised_again))


def no_net_around_receipts() -> AbstractContextManager[Any]:
    return patch(attachments, "log_fault", _raised_again)


def poison_stays_in_its_batch() -> AbstractContextManager[Any]:
    """An item that broke its batch is tried in a batch again."""
    return patch(ItemPlan, "interrupted", False)


def passing_fault_of_a_file_is_final() -> AbstractContextManager[Any]:
    return patch(attachments, "pause_after", lambda _: None)


def kept_as_draft_withdraws() -> AbstractContextManager[Any]:
    """A refused draft stays in the books, and nothing is known of what it holds."""
    save = PostingRecords.save

    def forget(self: PostingRecords, batch: Sequence[ItemProgress]) -> None:
        save(self, [progress for progress in batch if not isinstance(progress.posting_error, KeptAsDraft)])
        for progress in batch:
            if isinstance(progress.posting_error, KeptAsDraft) and progress.intent:
                self.services.postings.withdraw(progress.intent)

    return patch(PostingRecords, "save", forget)


def no_close_before_failing() -> AbstractContextManager[Any]:
    return patch(fail_job, "close", lambda run, services, *_: prove_ours(run, services))


def all_failed_is_completed() -> AbstractContextManager[Any]:
    event = FinalEvent(JobEvent.COMPLETED_WITH_ERRORS)

    def hopeful(pleo: PleoClient, job_id: str) -> FinalEvent:
        said = final_event(pleo, job_id)
        return event if said.event is JobEvent.FAILED else said

    return mock.patch("pleo_export.workflow.complete_job.final_event", hopeful)


def search_of_any_size() -> AbstractContextManager[Any]:
    def find(system: Any, references: Any) -> Any:
        return system.find_many(references)

    return _both(patch(creation, "find_all", find), patch(investigation, "find_all", find))


def codes_keep_what_nobody_sees() -> AbstractContextManager[Any]:
    return mock.patch("pleo_export.text._NOT_IN_CODES", frozenset())


def no_secret_lock() -> AbstractContextManager[Any]:
    return patch(SecretLocks, "take", lambda *_: True)


def replaced_token_is_sent_again() -> AbstractContextManager[Any]:
    """What could not be stored is not known to be used either."""
    get = RefreshStates.get

    def forgetful(self: RefreshStates, company_id: str, grant_owner: Any) -> RefreshState:
        return replace(get(self, company_id, grant_owner), last_used_refresh_token="")

    return patch(RefreshStates, "get", forgetful)


def grant_given_up_after_one_try() -> AbstractContextManager[Any]:
    return patch(refresh_tokens, "TRIES", 1)


def _raised_again(what: str, error: Exception, **_: object) -> None:
    raise error


def current_services() -> SimulatedServices:
    from tests.simulation.simulator import _BorrowedServices  # noqa: PLC0415

    return _BorrowedServices.in_use[-1]


def _in_state(function: str, use_case: Any) -> AbstractContextManager[Any]:
    """Another use case in a function's handler."""
    from tests.simulation.simulator import handlers  # noqa: PLC0415

    return patch(handlers()[function], "_use_case", use_case)


@contextmanager
def _both(*patches: AbstractContextManager[Any]) -> Iterator[None]:
    from contextlib import ExitStack  # noqa: PLC0415

    with ExitStack() as stack:
        for each in patches:
            stack.enter_context(each)
        yield


AT_REFRESH = ("refresh_tokens", "killed, slow, reply lost, throttled", "oauth")
AT_BOTH_REFRESHES = (*AT_REFRESH, "ledger_oauth")
# Where to inject faults for those mutants that random faults meet too seldom for a quick test.
TARGETS: Mapping[str, tuple[str, ...]] = {
    "lease_without_condition": ("(before dynamodb PutItem|after pleo GET /v3/export-jobs$)", "slow"),
    "no_fencing_token": ("before (dynamodb Transact|books find)", "given up, 401"),
    "intent_without_condition": ("before dynamodb TransactWriteItems", "stopped", *["export_instead"] * 3),
    "withdraw_after_unknown": ("books record", ""),
    "no_wait_for_what_was_sent_for_a_document": ("books (attach|difference)", "killed"),
    "no_deadline": ("books", "429"),
    "interval_never_falls_back": ("nothing", "", "webhooks_end", *["void"] * 4),
    "unknown_is_not_booked": ("TransactWriteItems", "killed"),
    "no_lease_check": ("StartExecution", ""),
    "no_differences": ("before books post", "refused", "edit_drafts", "decide_to_post"),
    "no_look_at_dates": ("before books post", "refused", "edit_drafts", "decide_to_post"),
    "no_search_before_withdrawing": ("after books record", "refused"),
    "no_proof_is_unavailable": ("books record", "gateway"),
    "differences_not_looked_for": (
        "(after books difference|after books post .*:fx|books reconcile)",
        "killed, reply lost",
    ),
    "kept_as_draft_withdraws": ("before books post", "refused", "change"),
    "no_close_before_failing": ("(before books check|fail_job: on its way pleo POST)", "401"),
    "passing_fault_of_a_file_is_final": ("before books attach", "429, away, gateway"),
    "no_secret_lock": AT_BOTH_REFRESHES,
    "replaced_token_is_sent_again": AT_REFRESH,
    "grant_given_up_after_one_try": AT_REFRESH,
}

MUTANTS: Mapping[str, Mutant] = {
    each.__name__: each
    for each in (
        no_intent,
        intent_without_condition,
        no_fencing_token,
        no_find,
        key_by_job,
        no_lease_check,
        lease_without_condition,
        every_lease_is_dead,
        no_lease_is_dead,
        interval_never_falls_back,
        report_before_record,
        no_in_doubt_time,
        no_wait_for_what_was_sent_for_a_document,
        withdraw_after_unknown,
        adopt_void,
        adopt_changed,
        no_deadline,
        no_look_at_open_items,
        no_wake_at_release,
        one_execution_per_job,
        claim_after_started,
        drafts_stay,
        youngest_first,
        unknown_is_not_booked,
        no_search_before_withdrawing,
        no_proof_is_unavailable,
        no_differences,
        no_look_at_dates,
        differences_not_looked_for,
        no_net_around_a_batch,
        no_net_around_receipts,
        poison_stays_in_its_batch,
        passing_fault_of_a_file_is_final,
        kept_as_draft_withdraws,
        no_close_before_failing,
        all_failed_is_completed,
        search_of_any_size,
        codes_keep_what_nobody_sees,
        no_secret_lock,
        replaced_token_is_sent_again,
        grant_given_up_after_one_try,
    )
}
