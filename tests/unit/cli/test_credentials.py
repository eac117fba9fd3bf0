"""Where a company's credentials come from, and what is said where there are none."""

from __future__ import annotations

import io
import sys

import pytest

from cli.credentials import Secret, accounting_credential, pleo_credential
from cli.errors import NoTerminal
from cli.prompts import PlainLines
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.store.secrets import ConnectionSecrets
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import TOKEN, DeployedSystem
from tests.unit.cli.customers import connected

KEY = f"plp_{NORTHGATE}"


def credentials(stored: ConnectionSecrets | None) -> tuple[Secret, Secret]:
    """Those of Pleo and of the accounting system, in the order in which `connect` finds them."""
    person = PlainLines()
    return pleo_credential(stored, person), accounting_credential(CONNECTORS["tryton"], stored, person)


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PLEO_API_KEY", "PLEO_ACCESS_TOKEN", "ACCOUNTING_TOKEN", "ACCOUNTING_USER", "ACCOUNTING_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


def test_stored_credentials_are_kept(stack: DeployedSystem) -> None:
    connected(stack)

    found = credentials(stack.secrets(NORTHGATE))

    assert found == ({"api_key": KEY}, {"token": TOKEN})


def test_the_environment_comes_before_the_store(stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    connected(stack)
    monkeypatch.setenv("PLEO_API_KEY", "plp_new")
    monkeypatch.setenv("ACCOUNTING_PASSWORD", "secret")

    found = credentials(stack.secrets(NORTHGATE))

    assert found == ({"api_key": "plp_new"}, {"token": TOKEN, "password": "secret"})


def test_given_neither_then_both_are_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("plp_typed\ntyped-token\n"))

    assert credentials(None) == ({"api_key": "plp_typed"}, {"token": "typed-token"})


@pytest.mark.parametrize(("typed", "named"), [("", "PLEO_API_KEY"), ("plp_typed\n", "ACCOUNTING_TOKEN")])
def test_given_no_terminal_and_no_answer_then_the_variable_to_set_is_named(
    monkeypatch: pytest.MonkeyPatch, typed: str, named: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))

    with pytest.raises(NoTerminal, match=f"set {named}"):
        credentials(None)
