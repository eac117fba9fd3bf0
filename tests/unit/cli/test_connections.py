"""`pleo-export connections`: the connected companies."""

from __future__ import annotations

from boto3.dynamodb.conditions import Attr
from typer.testing import CliRunner

from cli.main import app
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.deployed_system import DeployedSystem
from tests.unit.cli.customers import connected


def listed(company_id: str) -> str:
    """Return the row of the company."""
    done = CliRunner().invoke(app, ["connections"])
    assert done.exception is None, done.output
    (row,) = [line for line in done.output.splitlines() if company_id in line]
    return row


def test_each_company_is_listed_with_what_decides_its_bookings(stack: DeployedSystem) -> None:
    connected(stack, NORTHGATE, posting="draft", time_zone="Europe/London")
    connected(stack, HAVN, "other_books", posting="posted")

    assert listed(NORTHGATE).replace("│", " ").split() == [NORTHGATE, "tryton", "draft", "Europe/London"]
    assert listed(HAVN).replace("│", " ").split() == [HAVN, "tryton", "posted", "UTC"]


def test_given_settings_that_no_longer_fit_then_the_doctor_is_named(stack: DeployedSystem) -> None:
    connected(stack)
    stack.table.update_item(
        Key={"pk": f"COMPANY#{NORTHGATE}", "sk": "CONNECTION"},
        UpdateExpression="SET settings.posting = :old",
        ConditionExpression=Attr("pk").exists(),
        ExpressionAttributeValues={":old": "someday"},
    )

    assert "its settings no longer fit; `pleo-export doctor` says why" in listed(NORTHGATE)
