"""Connecting a ledger whose tokens the customer's own client gets: id and secret are tried before they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import yaml
from typer.testing import CliRunner, Result

from cli.errors import CheckFailed, NotNow
from cli.main import app
from cli.stack import Stack
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import HOOKS, DeployedSystem
from tests.system.in_process_system import settings
from tests.system.oauth_ledger import BY_ITS_OWN_CLIENT, LOGIN, OWN_CLIENT, OwnClients, ledger_with
from tests.unit.cli.customers import examined, problems


@pytest.fixture
def service(stack: DeployedSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnClients]:
    """The sign-in service of a ledger that takes its tokens only, and a settings file in this folder."""
    made = OwnClients(stack.system.clock, theirs="never-to-be-seen")
    takes_tokens = replace(stack, accepts=lambda secret: made.good(secret.get("access_token", "")))
    monkeypatch.setattr(Stack, "named", lambda _name: takes_tokens)
    stack.system.services.http.mount(LOGIN, made)
    monkeypatch.chdir(tmp_path)
    Path("settings.yaml").write_text(yaml.safe_dump(settings(NORTHGATE)))
    monkeypatch.setenv("PLEO_API_KEY", stack.customer(NORTHGATE))
    monkeypatch.setenv("PLEO_EXPORT_WEBHOOK_URL", HOOKS)
    monkeypatch.setenv("ACCOUNTING_CLIENT_ID", "theirs")
    monkeypatch.setenv("ACCOUNTING_CLIENT_SECRET", "never-to-be-seen")
    with ledger_with(BY_ITS_OWN_CLIENT, credentials=OWN_CLIENT):
        yield made


def connect() -> Result:
    return CliRunner().invoke(app, ["connect", "settings.yaml"])


def stored(stack: DeployedSystem) -> dict[str, str]:
    secrets = stack.secrets(NORTHGATE)
    assert secrets
    return dict(secrets.accounting_system)


def test_given_a_client_that_works_when_connected_then_it_is_stored_with_its_token(
    stack: DeployedSystem, service: OwnClients
) -> None:
    output = connect().output

    assert "is connected" in output
    assert stored(stack)["client_secret"] == "never-to-be-seen"
    assert service.good(stored(stack)["access_token"])
    assert "never-to-be-seen" not in output
    assert len(service.asked) == 1


def test_given_a_token_that_is_good_for_a_while_when_connected_again_then_no_other_is_got(
    stack: DeployedSystem, service: OwnClients
) -> None:
    connect()
    stack.system.sleep(1_200)
    assert "is connected" in connect().output
    assert len(service.asked) == 1

    stack.system.sleep(2_100)
    assert "is connected" in connect().output
    assert len(service.asked) == 2


def test_given_a_client_that_is_refused_then_nothing_is_stored(
    stack: DeployedSystem, service: OwnClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCOUNTING_CLIENT_SECRET", "wrong")

    refused = connect().exception

    assert isinstance(refused, CheckFailed)
    assert str(refused).startswith("Tryton refuses the client id or its secret (invalid_client (401))")
    assert not stack.has_secret(NORTHGATE)


def test_given_a_service_that_does_not_answer_then_it_is_to_be_tried_again(service: OwnClients) -> None:
    service.faults.append(requests.ReadTimeout())

    assert isinstance(connect().exception, NotNow)


def test_given_a_secret_that_expired_when_a_new_one_is_connected_then_exports_go_on(
    stack: DeployedSystem, service: OwnClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect()
    service.clients["theirs"] = "new"
    stack.system.sleep(3_600)
    stack.system.services.connections.grant_ended(NORTHGATE, "accounting_system", "expired", stack.now())
    monkeypatch.setenv("ACCOUNTING_CLIENT_SECRET", "new")

    connect()

    connection = stack.connections.get(NORTHGATE)
    assert connection
    assert connection.ended == {}
    assert service.good(stack.system.services.accounting_secret(connection)["access_token"])


def test_given_a_token_that_has_ended_when_the_doctor_comes_then_it_is_replaced_first(
    stack: DeployedSystem, service: OwnClients
) -> None:
    connect()
    stack.system.sleep(7_200)

    assert problems(examined(Stack.named(""))) == {}  # type: ignore[arg-type]
    assert len(service.asked) == 2
