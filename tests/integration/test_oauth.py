"""A company that connects by OAuth, in the deployed stack: from the link to the alarm that it has to reconnect."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.stack import LocalStack
from local.tryton.ledger import Ledger
from pleo_export.oauth.grant import fingerprint, grant_in
from pleo_simulator.oauth import ACCESS_TOKEN_LIFE
from pleo_simulator.sample import LUMBRE
from tests.integration.bookkeeper import export, finished, some_expenses, successful, wait_for

pytestmark = pytest.mark.enable_socket
WORKERS = 8  # as many functions as the machine can start at once


def access_token(stack: LocalStack) -> str:
    secrets = stack.deployed.secrets(LUMBRE)
    grant = grant_in(secrets.pleo) if secrets else None
    assert grant
    return grant.access_token


def refreshes(stack: LocalStack) -> int:
    return sum(each["path"] == "/oauth/token" for each in stack.pleo.service.requests)


def test_given_oauth_when_a_token_ends_then_it_is_refreshed_until_the_grant_is_revoked(
    stack: LocalStack, books: Ledger
) -> None:
    stack.connect_by_oauth(LUMBRE, books)
    first = finished(stack, export(stack, LUMBRE, some_expenses(stack, LUMBRE, 2)))
    assert len(successful(first)) == 2
    stack.pleo.service.requests.clear()

    # The token ends: the next job finds out by itself.
    stack.pleo.service.clock.advance(ACCESS_TOKEN_LIFE)
    second = finished(stack, export(stack, LUMBRE, some_expenses(stack, LUMBRE, 2)))
    assert len(successful(second)) == 2
    assert len(books.moves()) == 4
    assert refreshes(stack) == 1

    # It is about to end, and many find it so at once.
    ending = access_token(stack)
    wanted = {"companyId": LUMBRE, "which": "pleo", "seen": fingerprint(ending)}

    def refresh(_: int) -> Any:
        answer = stack.aws.client("lambda").invoke(
            FunctionName=stack.outputs["RefreshTokensFunctionName"], Payload=json.dumps(wanted)
        )
        return json.loads(answer["Payload"].read())

    with ThreadPoolExecutor(WORKERS) as pool:
        answers = list(pool.map(refresh, range(WORKERS)))
    assert answers == [{"outcome": "fresh"}] * WORKERS
    assert refreshes(stack) == 2
    assert access_token(stack) != ending

    # Somebody removes us at Pleo.
    stack.pleo.service.oauth.revoke(f"{stack.name}-client")
    job = export(stack, LUMBRE, some_expenses(stack, LUMBRE, 1))
    connections = stack.deployed.connections

    def marked() -> bool | None:
        connection = connections.get(LUMBRE)
        return True if connection and "pleo" in connection.ended else None

    wait_for("the connection is marked", marked)
    assert LUMBRE not in list(connections.company_ids())

    def told() -> bool | None:
        """A function's lines can be read once its invocation has ended, which is after it has marked the connection."""
        lines = stack.aws.lambda_logs("RefreshTokensFunction")
        return True if any('"reconnect needed"' in line for line in lines) else None

    wait_for("the alarm's line is in the log", told)
    assert stack.pleo.state.get_job(LUMBRE, job)["status"] == "pending"

    # A person authorises again.
    stack.connect_by_oauth(LUMBRE, books)
    stack.aws.client("lambda").invoke(FunctionName=stack.outputs["PollFunctionName"])
    assert len(successful(finished(stack, job))) == 1
