"""What is found in the books is checked before it is adopted (the last table of workflow/recording/recovery.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pleo_export.accounting.errors import OutcomeUnknown
from pleo_export.accounting.port import DocumentRef, State
from pleo_simulator.sample import NORTHGATE
from tests.system.effects import Killed
from tests.system.expenses import FIRST_DAY, entry_id, purchase, purchases, references
from tests.system.fake_accounting import Books
from tests.system.general_ledger import Document, reference_to
from tests.system.in_process_system import Town

ITEM = purchase()
LATER = FIRST_DAY + timedelta(days=30)


def exported(world: Town, *, state: State, **settings: Any) -> tuple[Books, str]:
    """The function dies after it has recorded the item, whose document then has another date and the given `state`."""
    books = world.connect(NORTHGATE, [ITEM], **settings)

    def changed() -> None:
        document = books.documents[-1]
        document.entry, document.state = replace(document.entry, posting_date=LATER), state

    world.effects.on("after books record", changed)
    world.effects.on("after books record", Killed())
    job = world.export(NORTHGATE)
    world.run(NORTHGATE)
    return books, job


def warnings(world: Town, job: str) -> tuple[str, ...]:
    return world.runtime.results.get_many(job, [entry_id(ITEM)])[entry_id(ITEM)].warnings


def test_given_a_draft_on_a_date_that_the_company_allows_when_it_is_adopted_then_it_is_posted_there(
    world: Town,
) -> None:
    books, job = exported(world, state=State.DRAFT, closed_period="today")

    assert [(each.state, each.entry.posting_date) for each in books.documents] == [(State.POSTED, LATER)]
    assert world.statuses(job) == {"successful": 1}
    assert warnings(world, job) == (f"Posted on {LATER}: the period of {FIRST_DAY} is closed.",)


@pytest.mark.parametrize(("state", "posting"), [(State.POSTED, "posted"), (State.DRAFT, "draft")])
def test_given_a_document_on_another_date_when_it_stays_as_it_is_then_it_is_adopted_with_a_warning(
    world: Town, state: State, posting: str
) -> None:
    books, job = exported(world, state=state, posting=posting, closed_period="fail")

    assert [each.state for each in books.documents] == [state]
    assert world.statuses(job) == {"successful": 1}
    assert warnings(world, job) == (f"Dated {LATER} in the accounting system, and {FIRST_DAY} in Pleo.",)


def test_given_a_draft_on_another_date_when_it_would_have_to_be_posted_then_a_person_decides(world: Town) -> None:
    books, job = exported(world, state=State.DRAFT, closed_period="fail")

    assert [each.state for each in books.documents] == [State.DRAFT]
    (kind, reason) = world.failures(job)[entry_id(ITEM)]
    assert kind == "validation_failure"
    assert reason.startswith(f"Recorded as draft 1, but dated {LATER} there, and {FIRST_DAY} in Pleo.")


@pytest.mark.parametrize("fault", [Killed(), OutcomeUnknown("no answer")])
def test_given_drafts_of_another_total_when_the_answer_is_lost_then_they_are_not_adopted(
    world: Town, fault: BaseException
) -> None:
    books = world.connect(NORTHGATE, [ITEM], posting="draft")
    world.effects.on("after books record", lambda: halved(books))
    world.effects.on("after books record", fault)
    job = world.export(NORTHGATE)

    world.run(NORTHGATE)

    assert world.failures(job)[entry_id(ITEM)][1].startswith("Recorded as draft 1, but: ")
    assert len(books.documents) == 1
    posting = world.runtime.postings.latest(NORTHGATE, entry_id(ITEM))
    assert posting
    assert (posting.document_id, posting.complete) == ("1", False)


def halved(books: Books) -> None:
    """The books come to another total than we do."""
    document = books.documents[-1]
    lines = tuple(replace(line, amount=line.amount // 2) for line in document.entry.lines)
    document.entry = replace(document.entry, lines=lines)  # type: ignore[arg-type]


def test_given_more_references_than_one_search_takes_when_items_are_looked_for_then_it_is_done_in_portions(
    world: Town,
) -> None:
    books = world.connect(NORTHGATE, items := purchases(5))
    world.export(NORTHGATE)
    world.run(NORTHGATE)
    books.capabilities = replace(books.capabilities, max_find=2)
    asked: list[int] = []
    find_many = books.find_many

    def counted(references: Any) -> Any:
        asked.append(len(references))
        return find_many(references)

    books.find_many = counted  # type: ignore[method-assign]
    world.service.world.put_expenses(NORTHGATE, items)
    job = world.export(NORTHGATE, [entry_id(item) for item in items])
    world.run(NORTHGATE)

    assert asked[-3:] == [2, 2, 1]
    assert sorted(each.reference for each in books.live()) == sorted(references(items))
    assert world.statuses(job) == {"successful": 5}


def test_given_a_warning_of_the_books_about_a_document_when_it_is_recorded_then_its_result_carries_it(
    world: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.connect(NORTHGATE, [ITEM])

    def warned(document: Document) -> DocumentRef:
        return replace(reference_to(document), warnings=("It settles no bill.",))

    monkeypatch.setattr("tests.system.fake_accounting.reference_to", warned)
    job = world.export(NORTHGATE)

    world.run(NORTHGATE)

    assert world.statuses(job) == {"successful": 1}
    assert warnings(world, job) == ("It settles no bill.",)
