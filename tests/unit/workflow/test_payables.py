"""RecordItems where an item is a bill and its payment, has receipts, or falls into a closed period (R-5a, 5d, 5e)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import count, product
from typing import Any

import pytest

from pleo_export.accounting.errors import AccountingError, AttachmentRejected, OutcomeUnknown, Rejected, Unavailable
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import DocumentKind, Party
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.fault_queue import Fault
from pleo_simulator.receipt_files import draw, receipt_file
from pleo_simulator.sample import NORTHGATE
from tests.system.effects import Killed
from tests.system.expenses import entry_id, purchase, reference
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem

AWAY = Unavailable("The accounting system is being updated.")
# One that is away has done nothing, so there is no "after" of it.
FAULTS = [*product((Killed(), OutcomeUnknown("no answer")), ("before", "after")), (AWAY, "before")]


def named(part: BaseException | str) -> str:
    return part if isinstance(part, str) else type(part).__name__


def card_invoice(key: str = "wework", **more: Any) -> dict[str, Any]:
    """Paid by card on a supplier's invoice: a bill and its payment."""
    lines = (Line(48_000, "6400", "GB20"),)
    return export_item(NORTHGATE, Expense(key, "card_invoice", lines, supplier="WeWork", **more), date(2026, 3, 2))


@pytest.fixture
def books(system: InProcessSystem) -> FakeAccountingSystem:
    made = system.connect(NORTHGATE, [card_invoice()])
    made.ledger.suppliers["V-1008"] = Party("8", "WeWork", "2101")
    return made


def exported(system: InProcessSystem, *entries: dict[str, Any]) -> str:
    job = system.export(NORTHGATE, [entry_id(each) for each in entries] or None, vendor_based_bookkeeping=True)
    system.run(NORTHGATE)
    return job


def held(books: FakeAccountingSystem) -> list[tuple[DocumentKind, DocumentState]]:
    return [(each.entry.kind, each.state) for each in books.documents]


BOTH = [(DocumentKind.BILL, DocumentState.POSTED), (DocumentKind.PAYMENT, DocumentState.POSTED)]


def test_given_a_card_invoice_then_pleo_links_to_the_bill_with_its_payment_beside_it(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    job = exported(system)

    assert held(books) == BOTH
    assert system.items(job)[entry_id(card_invoice())]["externalId"] == books.documents[0].id
    posting = system.services.postings.latest(NORTHGATE, entry_id(card_invoice()))
    assert posting and (posting.document_id, posting.payment_ids) == ("1", ("2",))


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize(("fault", "when"), FAULTS, ids=named)
def test_given_something_goes_wrong_at_either_document_when_it_has_passed_then_both_are_there_once(
    system: InProcessSystem, books: FakeAccountingSystem, fault: BaseException, when: str, nth: int
) -> None:
    system.effects.on(f"{when} books record", fault, nth=nth)

    job = exported(system)

    assert held(books) == BOTH
    assert system.statuses(job) == {"successful": 1}


def test_given_books_unavailable_after_the_bill_then_the_item_is_not_called_unbooked(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    def away() -> None:
        system.clock.advance(timedelta(minutes=10))
        raise AWAY

    system.effects.on("before books record", away, nth=2, times=1000)

    job = exported(system)

    assert held(books) == BOTH[:1]
    ((_, reason),) = system.failures(job).values()
    assert "Not booked" not in reason
    assert system.job(job)["status"] == "failed"


def test_given_a_bill_without_its_refused_payment_when_exported_again_then_only_that_is_made(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    system.effects.on("before books record", Rejected("The bank account is blocked."), nth=2)
    first = exported(system)
    assert list(system.failures(first).values()) == [
        ("accounting_system_validation_failure", "Recorded as J1, but: The bank account is blocked.")
    ]

    second = exported(system, card_invoice())

    assert held(books) == BOTH
    assert system.statuses(second) == {"successful": 1}


def test_given_a_refused_bill_when_it_is_exported_then_no_payment_is_made(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    system.effects.on("before books record", Rejected("The supplier is blocked."))

    job = exported(system)

    assert (held(books), system.statuses(job)) == ([], {"failed": 1})


def test_given_a_voided_bill_with_a_live_payment_then_the_reason_says_what_to_void(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    exported(system)
    books.documents[0].state = DocumentState.VOID

    job = exported(system, card_invoice())

    ((kind, reason),) = system.failures(job).values()
    assert (kind, reason.startswith("Payment J2 of this expense is in")) == ("validation_failure", True)
    assert len(books.documents) == 2


def test_given_both_void_then_a_second_revision_of_both_is_booked(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    exported(system)
    for each in books.documents:
        each.state = DocumentState.VOID

    exported(system, card_invoice())

    assert held(books)[2:] == BOTH
    assert books.live()[0].reference == f"{reference(card_invoice())}:r2"


# A closed period (R-5e)


CLOSED = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("settings", "posted_on"),
    [
        ({"closed_period": "next_open"}, date(2026, 4, 1)),
        ({"closed_period": "today"}, date(2026, 11, 20)),
        ({"closed_period": "adjustment", "adjustment_date": "2026-12-31"}, date(2026, 12, 31)),
    ],
)
def test_given_a_closed_period_and_another_date_allowed_then_it_is_posted_once_on_that(
    system: InProcessSystem, settings: dict[str, Any], posted_on: date
) -> None:
    books = system.connect(NORTHGATE, [purchase()], **settings)
    books.closed_until = CLOSED

    job = exported(system)

    assert [(each.posting_date, each.document_date) for each in books.live()] == [(posted_on, date(2026, 3, 2))]
    assert system.statuses(job) == {"successful": 1}


def test_given_a_closed_period_when_the_company_allows_no_other_date_then_the_item_fails(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [purchase()])
    books.closed_until = CLOSED

    job = exported(system)

    ((kind, reason),) = system.failures(job).values()
    assert (kind, "2026-03-02" in reason) == ("accounting_system_validation_failure", True)
    assert books.documents == []


@pytest.mark.parametrize(("fault", "when"), FAULTS, ids=named)
def test_given_something_goes_wrong_at_the_other_date_when_it_has_passed_then_there_is_one_entry(
    system: InProcessSystem, fault: BaseException, when: str
) -> None:
    """One item of an open period, one of a closed one: the first is in the books before the second is tried again."""
    books = system.connect(
        NORTHGATE, [purchase("open", day=date(2026, 5, 4)), purchase("closed")], closed_period="next_open"
    )
    books.closed_until = CLOSED
    # Recorded are: the closed one (refused), the open one, the closed one on its new date.
    system.effects.on(f"{when} books record", fault, nth=3 if when == "before" else 2)

    job = exported(system)

    assert sorted(each.posting_date for each in books.live()) == [date(2026, 4, 1), date(2026, 5, 4)]
    assert system.statuses(job) == {"successful": 2}


def test_given_books_unavailable_at_the_other_date_then_a_booked_item_is_not_called_unbooked(
    system: InProcessSystem,
) -> None:
    open_item, closed_item = purchase("open", day=date(2026, 5, 4)), purchase("closed")
    books = system.connect(NORTHGATE, [open_item, closed_item], closed_period="next_open")
    books.closed_until = CLOSED
    system.effects.on("before books record", AWAY, nth=3, times=1000)

    job = exported(system)

    assert [each.reference for each in books.live()] == [reference(open_item)]
    assert system.items(job)[entry_id(open_item)]["status"] == "successful" or (
        "Not booked" not in system.items(job)[entry_id(open_item)]["failureReason"]
    )
    assert system.failures(job)[entry_id(closed_item)][0] == "accounting_system_unreachable"


def test_given_an_unknown_outcome_that_arrives_late_then_there_is_one_entry(
    system: InProcessSystem,
) -> None:
    open_item, closed_item = purchase("open", day=date(2026, 5, 4)), purchase("closed")
    books = system.connect(NORTHGATE, [open_item, closed_item], closed_period="next_open")
    books.closed_until = CLOSED
    late: list[Any] = []

    def withhold() -> None:
        late.append(books.documents.pop())
        raise OutcomeUnknown("no answer")

    system.effects.on("after books record", withhold)
    system.effects.on("before books record", AWAY, nth=3)
    system.effects.on("before books find_many", lambda: books.documents.append(late.pop()), nth=3)

    job = exported(system)
    books.documents.extend(late)  # later still, if nobody has looked for it again

    assert sorted(each.reference for each in books.live()) == sorted([reference(open_item), reference(closed_item)])
    assert system.statuses(job) == {"successful": 2}


# Receipts (R-5d)


def with_receipt() -> dict[str, Any]:
    return purchase(receipts=("pret-18.45.pdf",))


def test_given_a_receipt_when_its_item_is_exported_then_it_is_attached_once(system: InProcessSystem) -> None:
    books = system.connect(NORTHGATE, [item := with_receipt()])
    job = exported(system)
    assert [len(each.files) for each in books.documents] == [1]

    exported(system, item)

    assert [len(each.files) for each in books.documents] == [1]
    assert system.statuses(job) == {"successful": 1}


def test_given_a_function_killed_before_attaching_then_its_retry_attaches_the_receipt(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [with_receipt()])
    system.effects.on("before books attach", Killed())

    job = exported(system)

    assert [(len(each.files), each.state) for each in books.documents] == [(1, DocumentState.POSTED)]
    assert system.statuses(job) == {"successful": 1}


def test_given_posted_entries_that_take_no_files_then_the_receipt_goes_first(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [with_receipt()])
    books.capabilities = replace(books.capabilities, attach_to_posted=False)
    system.effects.on("after books attach", Killed())

    job = exported(system)

    assert [(len(each.files), each.state) for each in books.documents] == [(1, DocumentState.POSTED)]
    assert system.statuses(job) == {"successful": 1}


@pytest.mark.parametrize(("policy", "statuses"), [("required", {"failed": 1}), ("best_effort", {"successful": 1})])
def test_given_a_receipt_that_the_books_refuse_when_its_item_is_exported_then_the_policy_decides(
    system: InProcessSystem, policy: str, statuses: dict[str, int]
) -> None:
    books = system.connect(NORTHGATE, [item := with_receipt()], receipts=policy)
    system.effects.on("before books attach", AttachmentRejected("pret-18.45.pdf is damaged."))

    job = exported(system)

    assert (system.statuses(job), len(books.documents)) == (statuses, 1)
    for kind, reason in system.failures(job).values():
        assert (kind, reason.startswith("Recorded as J1, but without its receipts")) == ("receipt_upload_failure", True)
    again = exported(system, item)
    assert (system.statuses(again), [len(each.files) for each in books.documents]) == ({"successful": 1}, [1])


def late_upload(
    system: InProcessSystem, books: FakeAccountingSystem, then: BaseException | None = None
) -> Callable[[], None]:
    """The first upload kills its function, or ends in that error, and arrives when the answer is called."""
    late: list[Any] = []

    def withhold() -> None:
        late.append(books.documents[0].files.pop())
        raise then or Killed

    def arrive() -> None:
        books.documents[0].files.extend(late)
        late.clear()

    system.effects.on("after books attach", withhold)
    return arrive


def test_given_an_upload_that_arrives_after_its_function_has_died_then_the_receipt_is_there_once(
    system: InProcessSystem,
) -> None:
    """The entry is there at once; whether its receipt is, shows only when nothing more can be on its way."""
    books = system.connect(NORTHGATE, [with_receipt()])
    arrive = late_upload(system, books)
    system.effects.on("before books find_many", arrive, nth=3)

    job = exported(system)
    arrive()  # later still, if nobody has looked for it again

    assert [(len(each.files), each.state) for each in books.documents] == [(1, DocumentState.POSTED)]
    assert system.statuses(job) == {"successful": 1}


def test_given_a_second_try_that_dies_with_an_upload_under_way_then_the_third_waits_for_it_as_well(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [with_receipt()], receipts="required")
    arrive = late_upload(system, books)
    system.effects.on("before books attach", AWAY)
    system.effects.on("before books find_many", arrive, nth=4)

    job = exported(system)
    arrive()

    assert [(len(each.files), each.state) for each in books.documents] == [(1, DocumentState.POSTED)]
    assert system.statuses(job) == {"successful": 1}


def test_given_an_upload_without_an_answer_and_results_that_cannot_be_saved_then_the_next_try_waits_for_it(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [with_receipt()])
    arrive = late_upload(system, books, OutcomeUnknown("no answer"))
    system.effects.on("before dynamodb TransactWriteItems", Killed(), nth=3)  # after intents and posting records
    system.effects.on("before books find_many", arrive, nth=3)

    job = exported(system)
    arrive()

    assert [(len(each.files), each.state) for each in books.documents] == [(1, DocumentState.POSTED)]
    assert system.statuses(job) == {"successful": 1}


@pytest.mark.parametrize(
    ("policy", "error", "statuses", "files"),
    [
        ("required", AWAY, {"successful": 1}, 1),  # a further try attaches it
        ("required", Rejected("No files here."), {"failed": 1}, 0),
        ("best_effort", Rejected("No files here."), {"successful": 1}, 0),
    ],
)
def test_given_a_draft_that_loses_its_files_when_it_is_posted_then_they_count_as_not_attached(
    system: InProcessSystem,
    monkeypatch: pytest.MonkeyPatch,
    policy: str,
    error: AccountingError,
    statuses: dict[str, int],
    files: int,
) -> None:
    books = system.connect(NORTHGATE, [with_receipt()], receipts=policy)
    post_many = books.post_many

    def losing(documents: Sequence[DocumentRef]) -> Mapping[str, DocumentOutcome]:
        posted = post_many(documents)
        for each in books.documents:
            each.files.clear()
        return {name: replace(each, files_lost=error) for name, each in posted.items() if isinstance(each, DocumentRef)}

    system.effects.on("before books post", Killed())
    monkeypatch.setattr(books, "post_many", losing)

    job = exported(system)

    assert (system.statuses(job), [len(each.files) for each in books.documents]) == (statuses, [files])
    for kind, reason in system.failures(job).values():
        assert (kind, reason.startswith("Recorded as J1, but without its receipts")) == ("receipt_upload_failure", True)


@pytest.mark.parametrize(("policy", "booked"), [("required", 0), ("best_effort", 1)])
def test_given_a_receipt_that_cannot_be_fetched_then_the_policy_decides_before_booking(
    system: InProcessSystem, policy: str, booked: int
) -> None:
    books = system.connect(NORTHGATE, [with_receipt()], receipts=policy)
    system.service.faults.order(Fault(effect="status", status=503, path="/files/", count=1000))

    job = exported(system)

    assert len(books.documents) == booked
    assert system.statuses(job) == ({"successful": 1} if booked else {"failed": 1})
    for kind, _ in system.failures(job).values():
        assert kind == "receipt_download_failure"


def test_given_a_booked_item_whose_receipt_is_gone_then_it_is_said_to_be_booked(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [with_receipt()], receipts="required")

    def gone() -> None:
        system.service.faults.order(Fault(effect="status", status=503, path="/files/", count=1000))
        raise Killed

    system.effects.on("after books record", gone)

    job = exported(system)

    assert [each.state for each in books.documents] == [DocumentState.DRAFT]
    ((kind, reason),) = system.failures(job).values()
    assert (kind, reason.startswith("Recorded as draft 1, but without its receipts")) == (
        "receipt_download_failure",
        True,
    )


def test_given_a_link_that_has_expired_when_the_receipt_is_fetched_then_a_new_link_is_asked_for(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [with_receipt()], receipts="required")
    system.service.faults.order(Fault(effect="status", status=403, path="/files/"))

    job = exported(system)

    assert (system.statuses(job), len(books.documents[0].files)) == ({"successful": 1}, 1)
    assert sum(each["path"] == "/v3/export-items" for each in system.service.requests) == 2


@pytest.mark.parametrize(
    "spelling", [str.upper, lambda each: each.replace("-", "")], ids=["capitals", "without dashes"]
)
def test_given_an_id_in_another_spelling_then_an_expired_link_is_replaced_by_the_new_one(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch, spelling: Callable[[str], str]
) -> None:
    item = with_receipt()
    item |= {"accountingEntryId": spelling(entry_id(item))}
    books = system.connect(NORTHGATE, [item], receipts="required")
    listed, lists = system.service.state.list_export_items, count(1)

    def with_another_file_later(*arguments: Any, **named: Any) -> dict[str, Any]:
        page: dict[str, Any] = listed(*arguments, **named)
        files = [receipt_file("pret-18.45.pdf" if next(lists) == 1 else "later.pdf")]
        return page | {"data": [each | {"files": files} for each in page["data"]]}

    monkeypatch.setattr(system.service.state, "list_export_items", with_another_file_later)
    system.service.faults.order(Fault(effect="status", status=403, path="/files/"))

    job = exported(system)

    assert system.statuses(job) == {"successful": 1}
    assert [content for _, content in books.documents[0].contents] == [draw("later.pdf")]
