"""An account is closed in Tryton: the night tells of it before any export fails, and so does the export that comes all
the same, by category, name and place."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from local.stack import LocalStack
from local.tryton.ledger import Ledger
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.sample import LUMBRE
from tests.integration.bookkeeper import export, finished

pytestmark = pytest.mark.enable_socket
LEDGERS_OWN = "07142369"  # Brightwater's number, which is not Lumbre's: the operator confirms that both belong together
# Each test has expenses of its own: one that was booked elsewhere before is booked under a further reference.
BOOKED, STATIONERY, TRAVEL = (
    export_item(LUMBRE, Expense(key, "card_purchase", (Line(6_366, account, "GB20"),), supplier="Ryman"), day)
    for key, account, day in (
        ("healthy paper", "6100", date(2026, 3, 2)),
        ("closed paper", "6100", date(2026, 3, 2)),
        ("closed train", "6200", date(2026, 3, 3)),
    )
)


def night(stack: LocalStack) -> dict[str, Any]:
    """The company's turn, whatever the hour."""
    answer = stack.aws.client("lambda").invoke(
        FunctionName=stack.outputs["CheckMappingFunctionName"], Payload=json.dumps({"companyId": LUMBRE})
    )
    content: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, content
    return content


def told(stack: LocalStack) -> list[str]:
    return [each.told for each in stack.deployed.mapping_health.get(LUMBRE).findings]


def test_given_an_account_closed_in_tryton_then_the_night_finds_it_before_an_export_fails(
    stack: LocalStack, books: Ledger
) -> None:
    stack.connect(LUMBRE, books, registration_number=LEDGERS_OWN)
    stack.pleo.state.put_expenses(LUMBRE, [BOOKED])
    assert night(stack)["healthy"] == 1, told(stack)

    books.master_data.close_account("2250")
    job_id = export(stack, LUMBRE, [str(BOOKED["accountingEntryId"])])
    assert night(stack)["findings"] == 1
    assert told(stack) == [
        "Account 2250 is closed in Tryton. It is used by: the setting accounts.out_of_pocket. Open it again there, or "
        "choose another one where it is used."
    ]
    assert {item["status"] for item in finished(stack, job_id)["items"]} == {"successful"}

    books.master_data.open_account("2250")
    assert night(stack)["healthy"] == 1


def test_given_an_expense_on_an_account_closed_in_tryton_then_night_and_export_tell_of_it_until_it_is_open(
    stack: LocalStack, books: Ledger
) -> None:
    stack.connect(LUMBRE, books, registration_number=LEDGERS_OWN)
    stack.pleo.state.put_expenses(LUMBRE, [STATIONERY, TRAVEL])
    paper, train = (str(each["accountingEntryId"]) for each in (STATIONERY, TRAVEL))
    account = {"externalId": "6100", "name": "Stationery", "code": "6100", "taxCodeExternalId": None, "archived": False}
    stack.pleo.service.accounts.create(LUMBRE, account)
    books.master_data.close_account("6100")

    assert night(stack)["findings"] == 1
    (found,) = told(stack)
    job = finished(stack, export(stack, LUMBRE, [paper, train]))

    failed, booked = sorted(job["items"], key=lambda item: str(item["status"]))
    assert (failed["status"], booked["status"]) == ("failed", "successful")
    category = STATIONERY["accountingEntryLines"][0]["account"]["name"]
    assert failed["failureReasonType"] == "account_unknown"
    assert failed["failureReason"].startswith(f'Category "{category}" uses account 6100 (')
    for each in (found, failed["failureReason"]):
        assert "6100" in each
        assert "closed in Tryton" in each
        assert "Open it again there" in each
    assert "category" in found
    assert [move.reference for move in books.moves()] == [f"pleo:{train}"]

    books.master_data.open_account("6100")
    assert night(stack)["healthy"] == 1
    again = finished(stack, export(stack, LUMBRE, [paper]))
    assert {item["status"] for item in again["items"]} == {"successful"}
    assert sorted(move.reference for move in books.moves()) == sorted([f"pleo:{train}", f"pleo:{paper}"])
