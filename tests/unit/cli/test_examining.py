"""`pleo-export entry`: what the three sides say of one expense, and whether they agree."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from boto3.dynamodb.conditions import Key
from typer.testing import CliRunner

from cli.commands.entry import Held, Sides, Verdict, describe, examine
from cli.main import app
from cli.stack import Stack
from pleo_export.accounting.errors import PossibleDuplicate, Unavailable
from pleo_export.accounting.port import DocumentRef, Outcome, State
from pleo_export.bookkeeping.documents import Kind
from pleo_export.errors import InvalidSettings, NotOurs
from pleo_export.pleo.models import JobItem
from pleo_export.store.postings import Posting
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase, reference
from tests.system.fake_accounting import Books
from tests.system.in_process_system import Town

EXPENSE = purchase(note="lunch with Grace Hopper")
ENTRY = entry_id(EXPENSE)
REFERENCE = reference(EXPENSE)


def seen(world: Town) -> Sides:
    return examine(NORTHGATE, ENTRY, world.runtime)


@pytest.fixture
def books(world: Town) -> Books:
    """Of a company whose one expense has been exported."""
    books = world.connect(NORTHGATE, [EXPENSE])
    world.export(NORTHGATE)
    world.run(NORTHGATE)
    return books


def exported_again(world: Town) -> str:
    job = world.export(NORTHGATE, [ENTRY])
    world.run(NORTHGATE)
    return str(world.job(job)["status"])


@pytest.mark.usefixtures("books")
def test_given_an_exported_expense_when_it_is_looked_at_then_all_three_agree_and_nothing_of_it_is_shown(
    world: Town,
) -> None:
    lines = list(describe(seen(world)))

    job = world.service.world.all_jobs()[0]["id"]
    assert lines == [
        "our records",
        f"  revision 1: meant to book at 2026-11-20 12:00 UTC by job {job}; booked as J1 (posted), finished",
        "Pleo's last word",
        f"  successful in job {job}, as document 1",
        "accounting system",
        "  revision 1: document 1, J1, posted, https://books.example/1",
        "agree. Nothing.",
    ]


def test_given_an_expense_that_was_never_exported_then_it_is_not_booked(world: Town) -> None:
    world.connect(NORTHGATE, [EXPENSE])

    sides = seen(world)

    assert sides.verdict is Verdict.NOT_BOOKED
    assert list(describe(sides))[:-1] == [
        *("our records", "  none"),
        *("Pleo's last word", "  never exported"),
        *("accounting system", "  nothing"),
    ]


def test_given_a_refused_expense_then_it_is_not_booked_for_the_type_of_failure_that_pleo_knows(world: Town) -> None:
    world.connect(NORTHGATE, [purchase(account="9999")])
    job = world.export(NORTHGATE)
    world.run(NORTHGATE)

    sides = seen(world)

    assert sides.verdict is Verdict.NOT_BOOKED
    assert f"  failed in job {job}: account_unknown" in describe(sides)


def test_given_a_run_that_broke_off_after_booking_when_exported_as_told_then_they_agree(world: Town) -> None:
    world.connect(NORTHGATE, [EXPENSE])
    world.export(NORTHGATE)
    world.effects.on("before dynamodb TransactWriteItems", ValueError(), nth=2)  # after its intent
    world.run(NORTHGATE)

    sides = seen(world)

    assert sides.verdict is Verdict.PLEO_DOES_NOT_KNOW
    assert "Export it again" in sides.what_to_do
    world.clock.advance(world.runtime.in_doubt_time)
    exported_again(world)
    assert seen(world).verdict is Verdict.AGREE


def test_given_a_job_under_way_then_one_waits_for_it(world: Town) -> None:
    world.connect(NORTHGATE, [EXPENSE])
    job = world.export(NORTHGATE)

    sides = seen(world)

    assert (sides.verdict, sides.what_to_do) == (
        Verdict.NOT_BOOKED,
        f"Wait until job {job} is over, then look again.",
    )


def test_given_a_run_that_died_before_booking_then_one_waits_for_its_request(world: Town) -> None:
    world.connect(NORTHGATE, [EXPENSE])
    world.export(NORTHGATE)
    world.effects.on("after dynamodb TransactWriteItems", ValueError())  # of its intent
    world.run(NORTHGATE)

    sides = seen(world)

    assert (sides.verdict, sides.last_word and sides.last_word.status) == (Verdict.NOT_BOOKED, "failed")
    assert "SettleSeconds" in sides.what_to_do


def test_given_a_voided_document_when_exported_again_then_the_next_revision_agrees(world: Town, books: Books) -> None:
    books.void(REFERENCE)
    assert seen(world).verdict is Verdict.VOID

    assert exported_again(world) == "completed"

    sides = seen(world)
    assert sides.verdict is Verdict.AGREE
    assert [each.revision for each in sides.postings] == [each.revision for each in sides.held] == [1, 2]


def test_given_a_deleted_document_then_it_is_gone(world: Town, books: Books) -> None:
    books.delete(REFERENCE)

    assert seen(world).verdict is Verdict.GONE


def test_given_another_document_in_its_place_when_exported_again_then_pleo_links_to_that_one(
    world: Town, books: Books
) -> None:
    books.documents[0].id = "99"
    assert seen(world).verdict is Verdict.OTHER_DOCUMENT

    exported_again(world)

    assert seen(world).verdict is Verdict.AGREE


def test_given_a_copy_of_the_document_then_there_are_two(world: Town, books: Books) -> None:
    books.documents.append(replace(deepcopy(books.documents[0]), id="2"))

    sides = seen(world)

    assert sides.verdict is Verdict.TWO
    assert f"  revision 1: 2 entries carry {REFERENCE}: J1 and J2." in describe(sides)


def test_given_a_voided_document_that_comes_back_after_its_next_revision_then_there_are_two(
    world: Town, books: Books
) -> None:
    books.void(REFERENCE)
    exported_again(world)
    books.documents[0].state = State.POSTED

    assert seen(world).verdict is Verdict.TWO


def test_given_our_records_are_lost_then_the_books_and_pleo_still_tell(world: Town, books: Books) -> None:
    books.void(REFERENCE)
    exported_again(world)
    _lose_postings(world)

    sides = seen(world)

    assert (sides.postings, sides.verdict) == ([], Verdict.AGREE)
    books.void(f"{REFERENCE}:r2")
    assert seen(world).verdict is Verdict.VOID


@pytest.mark.usefixtures("books")
def test_the_command_prints_what_is_seen(world: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stack, "runtime", world.runtime)

    said = CliRunner().invoke(app, ["entry", NORTHGATE.upper(), ENTRY.upper()])

    assert said.output.splitlines() == list(describe(seen(world)))


DOCUMENT = DocumentRef("ref", Kind.BILL, "1", "B1", State.POSTED, date(2026, 3, 2), None)
VOID = replace(DOCUMENT, state=State.VOID)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAID = Posting(NORTHGATE, ENTRY, 1, "ref", "f", "job", NOON, "1", payment_ids=("2",), complete=True)
SUCCESSFUL = JobItem(accounting_entry_id=ENTRY, export_job_id="job", status="successful", external_id="1")


@pytest.mark.parametrize(
    ("document", "payment", "verdict"),
    [
        (DOCUMENT, DOCUMENT, Verdict.AGREE),
        (DOCUMENT, None, Verdict.HALF),
        (DOCUMENT, VOID, Verdict.HALF),
        (None, DOCUMENT, Verdict.HALF),
        (VOID, DOCUMENT, Verdict.HALF),
        (VOID, VOID, Verdict.VOID),
        (DOCUMENT, PossibleDuplicate("two"), Verdict.TWO),
    ],
)
def test_a_bill_and_its_payment_belong_together(
    document: Outcome | None, payment: Outcome | None, verdict: Verdict
) -> None:
    assert Sides([PAID], SUCCESSFUL, [Held(1, document, payment)]).verdict is verdict


@pytest.mark.parametrize(("ids", "named"), [(("northgate", ENTRY), "COMPANY_ID"), ((NORTHGATE, "lunch"), "ENTRY_ID")])
def test_given_what_is_no_id_then_it_is_refused_by_its_name(world: Town, ids: tuple[str, str], named: str) -> None:
    with pytest.raises(InvalidSettings, match=named):
        examine(*ids, world.runtime)


def test_given_a_company_that_is_not_connected_then_it_is_said(world: Town) -> None:
    with pytest.raises(NotOurs, match="is not connected"):
        seen(world)


def test_given_books_that_do_not_answer_then_no_verdict_is_given(world: Town, books: Books) -> None:
    world.effects.on("before books find_many", Unavailable("The books do not answer."))
    with world.effects.of_function(), pytest.raises(Unavailable):
        seen(world)


def _lose_postings(world: Town) -> None:
    table = world.runtime._table
    for record in table.query(KeyConditionExpression=Key("pk").eq(f"ENTRY#{NORTHGATE}#{ENTRY}"))["Items"]:
        table.delete_item(Key={"pk": record["pk"], "sk": record["sk"]})
