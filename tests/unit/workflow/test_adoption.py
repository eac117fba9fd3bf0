"""What is found in the books is checked before it is adopted (the last table of workflow/recording/recovery.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pleo_export.accounting.errors import OutcomeUnknown
from pleo_export.accounting.port import DocumentRef, DocumentState
from pleo_simulator.sample import NORTHGATE
from tests.system.effects import Killed
from tests.system.expenses import FIRST_DAY, entry_id, purchase, purchases, references
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.general_ledger import Document, reference_to
from tests.system.in_process_system import InProcessSystem

ITEM = purchase()
LATER = FIRST_DAY + timedelta(days=30)


def exported(system: InProcessSystem, *, state: DocumentState, **settings: Any) -> tuple[FakeAccountingSystem, str]:
    """The function dies after it has recorded the item, whose document then has another date and the given `state`."""
    books = system.connect(NORTHGATE, [ITEM], **settings)

    def changed() -> None:
        document = books.documents[-1]
        document.entry, document.state = replace(document.entry, posting_date=LATER), state

    system.effects.on("after books record", changed)
    system.effects.on("after books record", Killed())
    job = system.export(NORTHGATE)
    system.run(NORTHGATE)
    return books, job


def warnings(system: InProcessSystem, job: str) -> tuple[str, ...]:
    return system.services.results.of_job(job)[entry_id(ITEM)].warnings


def test_given_a_draft_on_an_allowed_date_when_adopted_then_it_is_posted_on_it(
    system: InProcessSystem,
) -> None:
    books, job = exported(system, state=DocumentState.DRAFT, closed_period="today")

    assert [(each.state, each.entry.posting_date) for each in books.documents] == [(DocumentState.POSTED, LATER)]
    assert system.statuses(job) == {"successful": 1}
    assert warnings(system, job) == (f"Posted on {LATER}: the period of {FIRST_DAY} is closed.",)


@pytest.mark.parametrize(("state", "posting"), [(DocumentState.POSTED, "posted"), (DocumentState.DRAFT, "draft")])
def test_given_a_document_on_another_date_when_it_stays_as_it_is_then_it_is_adopted_with_a_warning(
    system: InProcessSystem, state: DocumentState, posting: str
) -> None:
    books, job = exported(system, state=state, posting=posting, closed_period="fail")

    assert [each.state for each in books.documents] == [state]
    assert system.statuses(job) == {"successful": 1}
    assert warnings(system, job) == (f"Dated {LATER} in the accounting system, and {FIRST_DAY} in Pleo.",)


def test_given_a_draft_on_another_date_when_it_would_have_to_be_posted_then_a_person_decides(
    system: InProcessSystem,
) -> None:
    books, job = exported(system, state=DocumentState.DRAFT, closed_period="fail")

    assert [each.state for each in books.documents] == [DocumentState.DRAFT]
    (kind, reason) = system.failures(job)[entry_id(ITEM)]
    assert kind == "validation_failure"
    assert reason.startswith(f"This expense is recorded as draft 1, dated {LATER} there and {FIRST_DAY} in Pleo.")


@pytest.mark.parametrize("fault", [Killed(), OutcomeUnknown("no answer")])
def test_given_drafts_of_another_total_when_the_answer_is_lost_then_they_are_not_adopted(
    system: InProcessSystem, fault: BaseException
) -> None:
    books = system.connect(NORTHGATE, [ITEM], posting="draft")
    system.effects.on("after books record", lambda: halved(books))
    system.effects.on("after books record", fault)
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert system.failures(job)[entry_id(ITEM)][1].startswith("Recorded as draft 1, but: ")
    assert len(books.documents) == 1
    posting = system.services.postings.latest(NORTHGATE, entry_id(ITEM))
    assert posting
    assert (posting.document_id, posting.complete) == ("1", False)


def halved(books: FakeAccountingSystem) -> None:
    """The books come to another total than we do."""
    document = books.documents[-1]
    lines = tuple(replace(line, amount=line.amount // 2) for line in document.entry.lines)
    document.entry = replace(document.entry, lines=lines)  # type: ignore[arg-type]


def test_given_more_references_than_one_search_takes_then_it_is_split(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, items := purchases(5))
    system.export(NORTHGATE)
    system.run(NORTHGATE)
    books.capabilities = replace(books.capabilities, max_find=2)
    asked: list[int] = []
    find_many = books.find_many

    def counted(references: Any) -> Any:
        asked.append(len(references))
        return find_many(references)

    books.find_many = counted  # type: ignore[method-assign]
    system.service.state.put_expenses(NORTHGATE, items)
    job = system.export(NORTHGATE, [entry_id(item) for item in items])
    system.run(NORTHGATE)

    assert asked[-3:] == [2, 2, 1]
    assert sorted(each.reference for each in books.live()) == sorted(references(items))
    assert system.statuses(job) == {"successful": 5}


def test_given_a_warning_about_a_document_then_its_result_carries_it(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.connect(NORTHGATE, [ITEM])

    def warned(document: Document) -> DocumentRef:
        return replace(reference_to(document), warnings=("It settles no bill.",))

    monkeypatch.setattr("tests.system.fake_accounting.reference_to", warned)
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert system.statuses(job) == {"successful": 1}
    assert warnings(system, job) == ("It settles no bill.",)
