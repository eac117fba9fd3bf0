"""`pleo-export entry`: what our records, Pleo and the accounting system hold of one expense."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from boto3.dynamodb.conditions import Key
from typer.testing import CliRunner

from cli.commands.entry import Agreement, EntryOutput, EntryStatus, RevisionDocuments, describe, examine
from cli.errors import UsageError
from cli.main import app
from pleo_export.accounting.errors import PossibleDuplicate, Unavailable
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.errors import NotOurs
from pleo_export.failures.entry import WhoCanFix
from pleo_export.pleo.models import JobItem
from pleo_export.store.postings import Posting
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import DeployedSystem
from tests.system.expenses import entry_id, purchase, reference
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem

EXPENSE = purchase(note="lunch with Grace Hopper")
ENTRY = entry_id(EXPENSE)
REFERENCE = reference(EXPENSE)


def examined(system: InProcessSystem) -> EntryStatus:
    return examine(NORTHGATE, ENTRY, system.services)


@pytest.fixture
def books(system: InProcessSystem) -> FakeAccountingSystem:
    """Of a company whose one expense has been exported."""
    books = system.connect(NORTHGATE, [EXPENSE])
    system.export(NORTHGATE)
    system.run(NORTHGATE)
    return books


def exported_again(system: InProcessSystem) -> str:
    job = system.export(NORTHGATE, [ENTRY])
    system.run(NORTHGATE)
    return str(system.job(job)["status"])


@pytest.mark.usefixtures("books")
def test_given_an_exported_expense_then_all_three_agree_and_nothing_of_it_is_shown(
    system: InProcessSystem,
) -> None:
    lines = list(describe(examined(system)))

    job = system.service.state.all_jobs()[0]["id"]
    assert lines == [
        "our records",
        f"  revision 1: meant to book at 2026-11-20 12:00 UTC by job {job}; booked as J1 (posted), finished",
        "Pleo's final result",
        f"  successful in job {job}, as document 1",
        "accounting system",
        "  revision 1: document 1, J1, posted, https://books.example/1",
        "agree. There is nothing to do.",
    ]


def test_given_an_expense_that_was_never_exported_then_it_is_not_booked(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, [EXPENSE])

    status = examined(system)

    assert status.verdict is Agreement.NOT_BOOKED
    assert list(describe(status))[:-1] == [
        *("our records", "  none"),
        *("Pleo's final result", "  never exported"),
        *("accounting system", "  nothing"),
    ]


def test_given_a_refused_expense_then_the_reason_that_pleo_shows_is_shown(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, [purchase(account="9999")])
    job = system.export(NORTHGATE)
    system.run(NORTHGATE)

    status = examined(system)

    assert status.verdict is Agreement.NOT_BOOKED
    reason = "account 9999 is not in the chart of accounts"
    assert f"  failed in job {job}: account_unknown: {reason}" in describe(status)


def test_given_a_refused_expense_then_what_to_do_is_said_with_who_can(system: InProcessSystem) -> None:
    bad = purchase(account=None)
    system.connect(NORTHGATE, [bad], support_contact="Finance Systems")
    system.export(NORTHGATE)
    system.run(NORTHGATE)

    status = examine(NORTHGATE, entry_id(bad), system.services)

    assert status.remedy
    assert status.remedy.who is WhoCanFix.IN_PLEO
    assert f"  to do (bookkeeper, in Pleo): {status.remedy.fix}" in list(describe(status))


def test_given_a_run_that_broke_off_after_booking_when_exported_again_they_agree(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, [EXPENSE])
    system.export(NORTHGATE)
    system.effects.on("before dynamodb TransactWriteItems", ValueError(), nth=2)  # after its intent
    system.run(NORTHGATE)

    status = examined(system)

    assert status.verdict is Agreement.PLEO_DOES_NOT_KNOW
    assert "Export it again" in status.what_to_do
    system.clock.advance(system.services.in_doubt_time)
    exported_again(system)
    assert examined(system).verdict is Agreement.AGREE


def test_given_a_running_job_then_it_is_waited_for(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, [EXPENSE])
    job = system.export(NORTHGATE)

    status = examined(system)

    assert (status.verdict, status.what_to_do) == (
        Agreement.NOT_BOOKED,
        f"Wait until job {job} is over, then look again.",
    )


def test_given_a_run_that_ended_before_booking_then_its_request_is_waited_for(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, [EXPENSE])
    system.export(NORTHGATE)
    system.effects.on("after dynamodb TransactWriteItems", ValueError())  # of its intent
    system.run(NORTHGATE)

    status = examined(system)

    assert (status.verdict, status.final_result and status.final_result.status) == (Agreement.NOT_BOOKED, "failed")
    assert "InDoubtSeconds" in status.what_to_do


def test_given_a_voided_document_when_exported_again_then_the_next_revision_agrees(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    books.void(REFERENCE)
    assert examined(system).verdict is Agreement.VOID

    assert exported_again(system) == "completed"

    status = examined(system)
    assert status.verdict is Agreement.AGREE
    assert [each.revision for each in status.postings] == [each.revision for each in status.held] == [1, 2]


def test_given_a_deleted_document_then_it_is_gone(system: InProcessSystem, books: FakeAccountingSystem) -> None:
    books.delete(REFERENCE)

    assert examined(system).verdict is Agreement.GONE


def test_given_another_document_in_its_place_when_exported_again_then_pleo_links_to_that_one(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    books.documents[0].id = "99"
    assert examined(system).verdict is Agreement.OTHER_DOCUMENT

    exported_again(system)

    assert examined(system).verdict is Agreement.AGREE


def test_given_a_copy_of_the_document_then_there_are_two(system: InProcessSystem, books: FakeAccountingSystem) -> None:
    books.documents.append(replace(deepcopy(books.documents[0]), id="2"))

    status = examined(system)

    assert status.verdict is Agreement.TWO
    assert f"  revision 1: 2 entries carry {REFERENCE}: J1 and J2." in describe(status)


def test_given_a_voided_document_that_comes_back_after_its_next_revision_then_there_are_two(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    books.void(REFERENCE)
    exported_again(system)
    books.documents[0].state = DocumentState.POSTED

    assert examined(system).verdict is Agreement.TWO


def test_given_our_records_are_lost_then_the_ledger_and_pleo_are_enough(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    books.void(REFERENCE)
    exported_again(system)
    _lose_postings(system)

    status = examined(system)

    assert (status.postings, status.verdict) == ([], Agreement.AGREE)
    books.void(f"{REFERENCE}:r2")
    assert examined(system).verdict is Agreement.VOID


def test_the_command_prints_what_is_seen_and_exits_with_1_unless_all_agree(
    system: InProcessSystem, books: FakeAccountingSystem, stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeployedSystem, "services", system.services)

    said = CliRunner().invoke(app, ["entry", NORTHGATE.upper(), ENTRY.upper()])

    lines = list(describe(examined(system)))
    assert said.output.splitlines()[: len(lines)] == lines
    assert "pleo-export job " in said.output
    assert said.exit_code == 0

    books.void(REFERENCE)
    wrong = CliRunner().invoke(app, ["entry", NORTHGATE, ENTRY, "--json"])
    assert wrong.exit_code == 1
    told = EntryOutput.model_validate_json(wrong.output)
    assert (told.verdict, told.stack) == (Agreement.VOID, stack.name)
    assert [each.state for each in told.accounting_system] == ["void"]


DOCUMENT = DocumentRef("ref", DocumentKind.BILL, "1", "B1", DocumentState.POSTED, date(2026, 3, 2), None)
VOID = replace(DOCUMENT, state=DocumentState.VOID)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAID = Posting(NORTHGATE, ENTRY, 1, "ref", "f", "job", NOON, "1", payment_ids=("2",), complete=True)
SUCCESSFUL = JobItem(accounting_entry_id=ENTRY, export_job_id="job", status="successful", external_id="1")


@pytest.mark.parametrize(
    ("document", "payment", "verdict"),
    [
        (DOCUMENT, DOCUMENT, Agreement.AGREE),
        (DOCUMENT, None, Agreement.HALF),
        (DOCUMENT, VOID, Agreement.HALF),
        (None, DOCUMENT, Agreement.HALF),
        (VOID, DOCUMENT, Agreement.HALF),
        (VOID, VOID, Agreement.VOID),
        (DOCUMENT, PossibleDuplicate("two"), Agreement.TWO),
    ],
)
def test_a_bill_and_its_payment_belong_together(
    document: DocumentOutcome | None, payment: DocumentOutcome | None, verdict: Agreement
) -> None:
    assert EntryStatus([PAID], SUCCESSFUL, [RevisionDocuments(1, document, payment)]).verdict is verdict


@pytest.mark.parametrize(("ids", "named"), [(("northgate", ENTRY), "COMPANY_ID"), ((NORTHGATE, "lunch"), "ENTRY_ID")])
def test_given_something_that_is_not_an_id_then_it_is_refused_by_its_name(
    system: InProcessSystem, ids: tuple[str, str], named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        examine(*ids, system.services)


def test_given_a_company_that_is_not_connected_then_the_command_says_so(system: InProcessSystem) -> None:
    with pytest.raises(NotOurs, match="is not connected"):
        examined(system)


def test_given_a_ledger_that_does_not_answer_then_no_verdict_is_given(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    system.effects.on("before books find_many", Unavailable("The books do not answer."))
    with system.effects.of_function():
        status = examined(system)

    assert status.verdict is Agreement.UNKNOWN
    lines = list(describe(status))
    assert "  revision 1: meant to book at 2026-11-20 12:00 UTC by job" in "".join(lines)
    assert "successful in job" in lines[3]
    assert lines[4:6] == ["accounting system", "  The books do not answer."]


@pytest.mark.usefixtures("books")
def test_given_a_pleo_that_does_not_answer_then_the_rest_is_shown_without_a_verdict(system: InProcessSystem) -> None:
    system.service.faults.order(Fault(effect="status", status=403, path="/v3/export-job-items", count=9))

    status = examined(system)

    assert status.verdict is Agreement.UNKNOWN
    assert "Pleo refuses this to the credential" in status.silent["Pleo"]
    assert [each.revision for each in status.held] == [1]


def _lose_postings(system: InProcessSystem) -> None:
    table = system.services.table
    for record in table.query(KeyConditionExpression=Key("pk").eq(f"ENTRY#{NORTHGATE}#{ENTRY}"))["Items"]:
        table.delete_item(Key={"pk": record["pk"], "sk": record["sk"]})
