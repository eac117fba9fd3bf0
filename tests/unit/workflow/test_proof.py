"""An intent is withdrawn only when a search has shown that nothing came of a refused request."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pleo_export.accounting.errors import RateLimited, Rejected, Unavailable
from pleo_export.accounting.port import DocumentState
from pleo_export.bookkeeping.documents import Document as Entry
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase, reference
from tests.system.general_ledger import Document
from tests.system.in_process_system import NOON, InProcessSystem

ITEM = purchase()
AWAY = Unavailable("The accounting system is being updated.")
ARRIVAL = NOON + timedelta(seconds=60)


@pytest.mark.parametrize(
    "answer",
    [AWAY, RateLimited("Too many requests.", retry_after=1), Rejected("blocked")],
    ids=lambda e: type(e).__name__,
)
def test_given_an_unproven_refusal_of_a_request_that_arrives_then_it_is_not_sent_again(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch, answer: Exception
) -> None:
    books = system.connect(NORTHGATE, [ITEM])
    on_its_way: list[Document] = []
    create = books.ledger.create

    def sent(entry: Entry, *, final: bool) -> Document:
        if not on_its_way and not books.documents:
            on_its_way.append(Document("late", entry, DocumentState.POSTED))
            raise answer
        return create(entry, final=final)

    def arrive() -> None:
        if on_its_way and system.clock.now() >= ARRIVAL:
            books.documents.append(on_its_way.pop())

    monkeypatch.setattr(books.ledger, "create", sent)
    system.effects.on("before books find_many", AWAY, nth=2)  # the search after the refusal
    system.effects.on("before books find_many", arrive, times=1000)
    system.export(NORTHGATE)
    system.run(NORTHGATE)
    system.clock.advance(timedelta(seconds=60))
    system.service.state.put_expenses(NORTHGATE, [ITEM])
    again = system.export(NORTHGATE, [entry_id(ITEM)])

    system.run(NORTHGATE)

    assert [each.reference for each in books.live()] == [reference(ITEM)]
    assert system.statuses(again) == {"successful": 1}


def test_given_a_refused_request_when_a_search_finds_nothing_then_the_next_export_does_not_wait(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [ITEM])
    system.effects.on("before books record", Rejected("The account is blocked."))
    first = system.export(NORTHGATE)
    system.run(NORTHGATE)
    assert system.failures(first)[entry_id(ITEM)][1] == "The account is blocked."
    system.service.state.put_expenses(NORTHGATE, [ITEM])
    again = system.export(NORTHGATE, [entry_id(ITEM)])

    system.run(NORTHGATE)

    assert [each.reference for each in books.live()] == [reference(ITEM)]
    assert (system.statuses(again), system.pauses) == ({"successful": 1}, [])
