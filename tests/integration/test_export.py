"""The whole system as deployed: from a signed webhook to booked entries. Asserts on what Pleo and Tryton hold."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from cli.errors import CheckFailed
from local.ledgers.books import ACCOUNTS
from local.stack import LocalStack
from local.tryton.ledger import Ledger
from pleo_export.errors import InvalidSettings
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import HAVN, LUMBRE, NORTHGATE
from tests.integration.bookkeeper import executions, export, finished, job, queued, some_expenses, successful, wait_for

pytestmark = pytest.mark.enable_socket


def test_given_a_click_on_export_then_every_expense_is_booked_or_explained(stack: LocalStack, books: Ledger) -> None:
    stack.connect(NORTHGATE, books)

    done = finished(stack, export(stack, NORTHGATE))

    assert done["status"] == "completed_with_errors"
    assert {item["status"] for item in done["items"]} == {"successful", "failed"}
    reasons = {item["failureReasonType"] for item in done["items"] if item["status"] == "failed"}
    assert {"missing_configuration", "account_unknown", "validation_failure"} <= reasons
    moves = books.moves()
    assert {str(move.id) for move in moves} == {item["externalId"] for item in successful(done)}
    assert len(moves) == len(successful(done)) > 30
    assert {move.state for move in moves} == {"posted"}
    assert sum(each.debit - each.credit for each in books.trial_balance()) == Decimal(0)


def test_given_five_webhooks_racing_a_poll_then_one_execution_books_each_expense_once(
    stack: LocalStack, books: Ledger
) -> None:
    stack.connect(HAVN, books)
    job_id = export(stack, HAVN, some_expenses(stack, HAVN, 5))
    [delivery] = [each for each in stack.pleo.service.deliveries.all() if job_id in each["body"]]
    polls: list[dict[str, Any]] = []

    def poll() -> None:
        function = stack.outputs["PollFunctionName"]
        polls.append(stack.aws.client("lambda").invoke(FunctionName=function))

    racing = [threading.Thread(target=stack.pleo.service.deliveries.resend, args=(delivery["id"],)) for _ in range(5)]
    racing.append(threading.Thread(target=poll))
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join()
    done = finished(stack, job_id)
    wait_for("the queue is empty", lambda: True if queued(stack) == 0 else None)

    assert [answer.get("FunctionError") for answer in polls] == [None]
    assert done["status"] == "completed"
    assert len(executions(stack, job_id)) == 1
    assert len(books.moves()) == len(successful(done)) == 5


def test_given_pleo_asks_for_a_minute_in_every_phase_then_one_execution_books_everything(
    stack: LocalStack, books: Ledger
) -> None:
    """The local AWS's interpreter reads the seconds from the error as AWS's does; here a minute takes no time."""
    stack.connect(HAVN, books)
    faults = stack.pleo.service.faults
    for method, path in (("GET", "/v3/export-items"), ("PUT", "/v3/export-jobs"), ("POST", "/v3/export-job-events")):
        faults.order(Fault(effect="rate_limit", retry_after=60, method=method, path=path))

    job_id = export(stack, HAVN, some_expenses(stack, HAVN, 5))
    done = finished(stack, job_id)

    assert (done["status"], faults.waiting()) == ("completed", [])
    assert [run["status"] for run in executions(stack, job_id)] == ["SUCCEEDED"]
    assert len(books.moves()) == len(successful(done)) == 5


def test_two_jobs_of_a_company_run_in_order_beside_another_company_s(
    stack: LocalStack,
) -> None:
    with stack.books.fresh() as one, stack.books.fresh() as other:
        stack.connect(HAVN, one)
        stack.connect(LUMBRE, other)

        first = export(stack, HAVN, some_expenses(stack, HAVN, 8))
        stack.pleo.service.clock.advance(timedelta(seconds=1))  # or both were created in the same millisecond
        elsewhere = export(stack, LUMBRE, some_expenses(stack, LUMBRE, 8))
        second = export(stack, HAVN, some_expenses(stack, HAVN, 8))
        for job_id in (first, elsewhere, second):
            assert finished(stack, job_id)["status"] == "completed"

        [run_1], [run_2], [run_x] = (executions(stack, job_id) for job_id in (first, second, elsewhere))
        assert run_1["stopDate"] <= run_2["startDate"], "one job at a time, oldest first"
        assert run_x["startDate"] < run_2["stopDate"], "companies never wait for each other"
        assert job(stack, first)["completedAt"] <= job(stack, second)["startedAt"]
        assert len(one.moves()) == 16
        assert len(other.moves()) == 8


@pytest.mark.parametrize(
    "headers", [{}, {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,x"}]
)
def test_given_a_webhook_without_a_valid_signature_then_it_is_refused_and_nothing_is_queued(
    stack: LocalStack, books: Ledger, headers: dict[str, str]
) -> None:
    stack.connect(LUMBRE, books)
    wait_for("what other tests have queued is gone", lambda: True if queued(stack) == 0 else None)

    answer = requests.post(stack.webhook_url + LUMBRE, data=b"{}", headers=headers, timeout=10)

    assert answer.status_code == 401
    assert queued(stack) == 0


@pytest.mark.parametrize("proof", ["basic", "header"])
def test_given_a_webhook_token_when_export_is_clicked_then_pleo_s_webhook_starts_it(
    stack: LocalStack, books: Ledger, proof: str
) -> None:
    for _ in range(2):  # again, which replaces the token
        stack.connect(HAVN, books, webhook_authentication=proof)
    stored = stack.aws.client("secretsmanager").get_secret_value(SecretId=stack.deployed.secret_name(HAVN))

    done = finished(stack, export(stack, HAVN, some_expenses(stack, HAVN, 2)))

    assert done["status"] == "completed"
    assert len(set(json.loads(stored["SecretString"])["webhook_tokens"])) == 2
    signed_only = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
    assert requests.post(stack.webhook_url + HAVN, data=b"{}", headers=signed_only, timeout=10).status_code == 401


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"accounts": {**ACCOUNTS, "wallets": {"GBP": "1999"}}}, "accounts.wallets.GBP: 1999 is not an account"),
        ({"accounts": {**ACCOUNTS, "clearing": "nowhere"}}, "accounts.clearing: nowhere is not an account"),
        ({"dimensions": {"cost_centre": "region"}}, "dimensions.cost_centre: region is not a dimension"),
        ({"closed_period": "adjustment"}, "adjustment_date"),
    ],
)
def test_given_a_wrong_setting_when_connecting_then_its_field_is_named_and_nothing_is_stored(
    stack: LocalStack, books: Ledger, wrong: dict[str, Any], field: str
) -> None:
    stack.connect(LUMBRE, books)
    before = stack.deployed.connections.get(LUMBRE)

    with pytest.raises((CheckFailed, InvalidSettings), match=field):
        stack.connect(LUMBRE, books, **wrong)

    assert stack.deployed.connections.get(LUMBRE) == before


def test_given_books_that_are_not_there_when_a_company_is_connected_then_the_setting_is_named(
    stack: LocalStack, books: Ledger
) -> None:
    with pytest.raises(CheckFailed, match="check url and database"):
        stack.connect(LUMBRE, books, accounting_system={"name": "tryton", "url": books.url, "database": "no_such"})
