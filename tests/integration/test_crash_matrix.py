"""RecordItems is killed after each of its effects, in the deployed stack with real books (promises 1 and 2).

An effect is a request that changes something in Tryton or in DynamoDB. They are counted in a run in which nobody is
killed, so that one which the product learns is in the matrix at once. Killed before an effect is killed after the one
before it: nothing that lasts lies between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import boto3
import pytest

from local.stack import LocalStack, settings_of
from local.tryton.ledger import Ledger
from pleo_export.services.wake_up import WakeUp
from pleo_export.services.wake_ups import WakeUps
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.sample import HAVN
from tests.integration.bookkeeper import executions, export, finished, wait_for
from tests.integration.process_killer import (
    PATIENCE_SECONDS,
    ProcessKiller,
    When,
    in_the_way,
    nothing_else,
    refused_posts,
)

pytestmark = pytest.mark.enable_socket

BILL = Expense("bill", "card_invoice", (Line(48_000, "6400", "GB20"),), supplier="WeWork", receipts=("rent.pdf",))
ABROAD = Expense("abroad", "card_invoice", (Line(24_200, "6400", "ES21"),), currency="EUR", supplier="WeWork")
ENTRY = Expense("entry", "card_purchase", (Line(6_366, "6100", "GB20", ("LON",)),), receipts=("paper.png",))


@dataclass
class DocumentInTryton:
    """What Tryton holds of one item. `links` are those of its documents that Pleo may link to (R-6.9)."""

    documents: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


BILL_HELD = ["bill paid", "receipt-1.pdf", "payment posted, reconciled"]
ENTRY_HELD = ["entry posted", "receipt-1.png"]
ABROAD_HELD = ["bill paid", "payment posted, reconciled", "difference posted, reconciled"]
DRAFTS_HELD = ["bill draft", "receipt-1.pdf", "payment draft"], ["entry draft", "receipt-1.png"]
INVOICED, PAID = date(2026, 6, 20), date(2026, 7, 5)  # in between the rate of euros changes, from 1.15 to 1.18
DIFFERENCE = Decimal("5.35")  # 242.00 EUR were 210.43 GBP and are 205.08


class ByRetry:
    """A killed function is resumed by the state machine, which calls it again."""

    def at_the_kill(self, stack: LocalStack) -> None:
        """Act while the function waits for its end."""

    def afterwards(self, stack: LocalStack, job_id: str) -> None:
        """Act when its process has ended."""


class ByPoll(ByRetry):
    """The execution ends as well, and the schedule wakes the company."""

    def at_the_kill(self, stack: LocalStack) -> None:
        machine = stack.aws.client("stepfunctions")
        running = machine.list_executions(stateMachineArn=stack.outputs["StateMachineArn"], statusFilter="RUNNING")
        for run in running["executions"]:
            machine.stop_execution(executionArn=run["executionArn"])
        # The local AWS carries on with the Map of an aborted execution: let it find the function closed.
        function = stack.aws.physical_id("RecordItemsFunction")
        stack.aws.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)

    def afterwards(self, stack: LocalStack, job_id: str) -> None:
        wait_for(f"the Map of {job_id} gave up", lambda: True if _gave_up(stack, job_id) else None)
        function = stack.aws.physical_id("RecordItemsFunction")
        stack.aws.client("lambda").delete_function_concurrency(FunctionName=function)
        # What a poll sends; not by the poll itself, for SQS takes only one of them a minute.
        wake_ups = WakeUps(boto3.client("sqs"), stack.outputs["QueueUrl"])
        wake_ups.send(WakeUp(company_id=HAVN, reason="poll"), once_per=f"poll-{job_id}")


def _gave_up(stack: LocalStack, job_id: str) -> bool:
    (run,) = executions(stack, job_id)
    history = stack.aws.client("stepfunctions").get_execution_history(executionArn=run["executionArn"])
    return any(event["type"] == "MapStateExited" for event in history["events"])


@dataclass(frozen=True)
class KilledBookkeeping:
    """The exports of a bookkeeper of HAVN, with a ProcessKiller between RecordItems and the books."""

    stack: LocalStack
    books: Ledger
    resumption: ByRetry
    process_killer: ProcessKiller

    def record(self, expenses: Sequence[Expense], moment: tuple[When, int] | None = None) -> list[dict[str, Any]]:
        """Export new expenses of that kind. Returns their items as Pleo holds them in the end."""
        items = [self._item(each, moment) for each in expenses]
        self.stack.pleo.state.put_expenses(HAVN, items)
        self.process_killer.wait_for(moment)
        job_id = self.click([item["accountingEntryId"] for item in items])
        if moment:
            assert self.process_killer.killed.wait(PATIENCE_SECONDS), moment
            self.resumption.afterwards(self.stack, job_id)
        return self.told(job_id)

    def _item(self, expense: Expense, moment: tuple[When, int] | None) -> dict[str, Any]:
        named = replace(expense, key=f"{expense.key} {self.books.database} {moment}")
        if expense is not ABROAD:
            return export_item(HAVN, named, date(2026, 5, 4))
        item = export_item(HAVN, named, PAID)
        item["additionalInformation"]["invoiceInformation"]["invoiceDate"] = f"{INVOICED}T00:00:00Z"
        return item

    def click(self, ids: list[str]) -> str:
        return export(self.stack, HAVN, ids, vendor_based_bookkeeping=True)

    def told(self, job_id: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = finished(self.stack, job_id)["items"]
        return items


@contextmanager
def bookkeeping_under(
    stack: LocalStack, books: Ledger, resumption: ByRetry, *, posting: str = "posted", **variables: str
) -> Iterator[KilledBookkeeping]:
    process_killer = ProcessKiller(lambda: resumption.at_the_kill(stack))
    books.secret = {"token": books.token}  # no login, for which Tryton takes its time
    with in_the_way(process_killer, stack, books.url, **variables) as url:
        usual = settings_of(HAVN, books)["accounting_system"]
        stack.connect(HAVN, books, posting=posting, accounting_system={**usual, "url": url, "web_url": books.url})
        yield KilledBookkeeping(stack, books, resumption, process_killer)


def every(effects: Sequence[str]) -> list[int]:
    """The numbers of all effects."""
    return list(range(1, len(effects) + 1))


def turning_points(effects: Sequence[str]) -> list[int]:
    """The numbers of those after which a successor reads something else: intents, a draft, a posted bill, results."""
    kinds = ("DynamoDB TransactWriteItems", "account.invoice/create", "/post")
    firsts = [next(n for n, effect in enumerate(effects, start=1) if effect.endswith(kind)) for kind in kinds]
    return [*firsts, len(effects)]


# What a killed function leaves behind does not depend on who resumes it: each effect is in the matrix of the retry.
@pytest.mark.parametrize(
    ("resumption", "chosen"),
    [
        pytest.param(ByRetry(), every, id="by the retry"),
        pytest.param(ByPoll(), turning_points, id="by the next poll"),
        pytest.param(ByPoll(), every, id="by the next poll after every effect", marks=pytest.mark.exhaustive),
    ],
)
def test_given_a_kill_after_any_effect_when_resumed_then_each_document_is_there_once(
    stack: LocalStack,
    books: Ledger,
    resumption: ByRetry,
    chosen: Callable[[Sequence[str]], list[int]],
    subtests: pytest.Subtests,
) -> None:
    # As short as possible: nothing that a killed process sent arrives after it ended.
    with bookkeeping_under(stack, books, resumption, IN_DOUBT_SECONDS="1") as bookkeeping:
        told = {"nobody is killed": bookkeeping.record([BILL, ENTRY])}
        effects = bookkeeping.process_killer.effects
        for when, number in [(When.BEFORE, 1), *((When.AFTER, number) for number in chosen(effects))]:
            killed = f"killed {when} effect {number}, {effects[number - 1]}"
            told[killed] = bookkeeping.record([BILL, ENTRY], (when, number))

        held = holdings(books)
        assert held.keys() == {each["accountingEntryId"] for items in told.values() for each in items}
        for killed, (bill, entry) in told.items():
            with subtests.test(killed):
                assert_whole(bill, held, BILL_HELD)
                assert_whole(entry, held, ENTRY_HELD)
        assert sum(each.debit - each.credit for each in books.trial_balance()) == Decimal(0)

        again = bookkeeping.told(bookkeeping.click(list(held)))
        assert {item["accountingEntryId"]: [item["externalUrl"]] for item in again} == {
            entry_id: each.links for entry_id, each in held.items()
        }
        assert holdings(books) == held


def test_given_a_kill_around_an_exchange_difference_when_resumed_then_it_is_there_once(
    stack: LocalStack, books: Ledger, subtests: pytest.Subtests
) -> None:
    with bookkeeping_under(stack, books, ByRetry(), IN_DOUBT_SECONDS="1") as bookkeeping:
        told = {"nobody is killed": bookkeeping.record([ABROAD])}
        for number in _after_the_payment(bookkeeping.process_killer.effects):
            told[f"killed after effect {number}"] = bookkeeping.record([ABROAD], (When.AFTER, number))

        held = holdings(books)
        for killed, (bill,) in told.items():
            with subtests.test(killed):
                assert_whole(bill, held, ABROAD_HELD)
        (differences,) = [each for each in books.trial_balance() if each.account == "6950"]
        assert (differences.debit or differences.credit) == len(told) * DIFFERENCE
        again = bookkeeping.told(bookkeeping.click(list(held)))
        assert {item["status"] for item in again} == {"successful"}
        assert holdings(books) == held


def test_given_refused_posts_and_a_kill_when_exported_again_then_each_document_is_there_once(
    stack: LocalStack, books: Ledger, subtests: pytest.Subtests
) -> None:
    with bookkeeping_under(stack, books, ByRetry(), IN_DOUBT_SECONDS="1") as bookkeeping:
        bookkeeping.process_killer.instead = refused_posts
        told = {"nobody is killed": bookkeeping.record([BILL, ENTRY])}
        for number in _with_the_books(bookkeeping.process_killer.effects):
            told[f"killed after effect {number}"] = bookkeeping.record([BILL, ENTRY], (When.AFTER, number))
        for killed, items in told.items():
            with subtests.test(f"{killed}, refused"):
                assert [item["status"] for item in items] == ["failed", "failed"]
                assert all("draft" in item["failureReason"].lower() for item in items), items

        bookkeeping.process_killer.instead = nothing_else
        bookkeeping.process_killer.wait_for(None)
        ids = [item["accountingEntryId"] for items in told.values() for item in items]
        again = {item["accountingEntryId"]: item for item in bookkeeping.told(bookkeeping.click(ids))}
        held = holdings(books)
        for killed, (bill, entry) in told.items():
            with subtests.test(f"{killed}, exported again"):
                assert_whole(again[bill["accountingEntryId"]], held, BILL_HELD)
                assert_whole(again[entry["accountingEntryId"]], held, ENTRY_HELD)


def test_given_drafts_when_killed_recording_is_resumed_then_each_draft_is_there_once(
    stack: LocalStack, books: Ledger, subtests: pytest.Subtests
) -> None:
    with bookkeeping_under(stack, books, ByRetry(), posting="draft", IN_DOUBT_SECONDS="1") as bookkeeping:
        told = {"nobody is killed": bookkeeping.record([BILL, ENTRY])}
        for number in _with_the_books(bookkeeping.process_killer.effects):
            told[f"killed after effect {number}"] = bookkeeping.record([BILL, ENTRY], (When.AFTER, number))

        held = holdings(books)
        for killed, items in told.items():
            with subtests.test(killed):
                for item, documents in zip(items, DRAFTS_HELD, strict=True):
                    assert_whole(item, held, documents)


@pytest.mark.parametrize(("expense", "whole"), [(BILL, BILL_HELD), (ENTRY, ENTRY_HELD)], ids=["bill", "entry"])
def test_given_a_gateway_that_answers_503_and_delivers_later_then_the_document_is_there_once(
    stack: LocalStack, books: Ledger, expense: Expense, whole: list[str]
) -> None:
    with bookkeeping_under(stack, books, ByRetry(), IN_DOUBT_SECONDS="60") as bookkeeping:
        bookkeeping.record([expense])
        number = 1 + next(
            n for n, effect in enumerate(bookkeeping.process_killer.effects) if effect.endswith("/create")
        )

        (item,) = bookkeeping.record([expense], (When.GATEWAY, number))

        assert_whole(item, holdings(books), whole)


def _with_the_books(effects: Sequence[str]) -> list[int]:
    """The numbers of the effects on the books; those on our own records are in the matrix of all."""
    return [number for number, effect in enumerate(effects, start=1) if "DynamoDB" not in effect]


def _after_the_payment(effects: Sequence[str]) -> list[int]:
    """The numbers of those on the books from the second creation of moves on: what the connector makes by itself."""
    payment, difference = (n for n, effect in enumerate(effects, start=1) if effect == "account.move/create")
    return [number for number in _with_the_books(effects) if number >= difference > payment]


@pytest.mark.parametrize(("expense", "whole"), [(BILL, BILL_HELD), (ENTRY, ENTRY_HELD)], ids=["payment", "entry"])
def test_given_a_document_that_arrives_after_its_sender_was_killed_then_it_is_there_once(
    stack: LocalStack, books: Ledger, expense: Expense, whole: list[str]
) -> None:
    # Long enough for every machine; nobody waits for it to pass, for the document is found.
    with bookkeeping_under(stack, books, ByRetry(), IN_DOUBT_SECONDS="60") as bookkeeping:
        bookkeeping.record([expense])
        number = bookkeeping.process_killer.effects.index("account.move/create") + 1

        (item,) = bookkeeping.record([expense], (When.LATE, number))

        assert_whole(item, holdings(books), whole)


def assert_whole(item: Mapping[str, Any], held: Mapping[str, DocumentInTryton], documents: list[str]) -> None:
    """Pleo links to the one document, and all that belongs to it is there once."""
    mine = held[item["accountingEntryId"]]
    assert mine.documents == documents
    assert (item["status"], [item["externalUrl"]]) == ("successful", mine.links)


def holdings(books: Ledger) -> dict[str, DocumentInTryton]:
    """All documents and files in the books, by accounting entry."""
    files: dict[str, list[str]] = defaultdict(list)
    for row in books.rpc.search_read("ir.attachment", [], ["resource", "name"]):
        files[row["resource"]].append(row["name"])
    held: dict[str, DocumentInTryton] = defaultdict(DocumentInTryton)
    for bill in books.bills():
        each = held[bill.reference.removeprefix("pleo:")]
        each.documents += [f"bill {bill.state}", *files[f"account.invoice,{bill.id}"]]
        each.links.append(f"{books.url}/#{books.database}/model/account.invoice/{bill.id}")
    for move in books.moves():
        if not move.reference:  # a bill's own
            continue
        entry_id, _, role = move.reference.removeprefix("pleo:").partition(":")
        name = {"": "entry", "pay": "payment"}.get(role, "difference")
        settled = ", reconciled" if any(line.reconciled for line in move.lines) else ""
        each = held[entry_id]
        each.documents += [f"{name} {move.state}{settled}"]
        each.documents += files[f"account.move,{move.id}"]
        if name == "entry":
            each.links.append(f"{books.url}/#{books.database}/model/account.move/{move.id}")
    return held
