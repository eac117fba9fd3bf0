"""`connect --oauth`: the operator sends a link, a person follows it, and connecting goes on."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import yaml
from typer.testing import CliRunner

from cli.commands.oauth_client import authorise, store_client
from cli.errors import NoTerminal, NotNow, UsageError
from cli.invitations import callback_url
from cli.main import app
from pleo_export.errors import Misconfigured
from pleo_export.pleo.errors import PleoUnavailable
from pleo_simulator.oauth import ACCESS_TOKEN_LIFE, Client
from pleo_simulator.pleo_state import Company
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import client
from tests.system.browser import CONNECT, Browser
from tests.system.deployed_system import HOOKS, TOKEN, DeployedSystem
from tests.system.expenses import purchases
from tests.system.in_process_system import CALLBACK, oauth_client_id, settings
from tests.unit.cli.customers import examined, problems


class Person:
    """Follows the last link that was printed, as soon as the operator waits."""

    def __init__(self, stack: DeployedSystem) -> None:
        self.browser = Browser(stack.system)
        self.links: list[str] = []

    def reads(self, text: str) -> None:
        self.links += [word for word in text.split() if word.startswith(CONNECT)]

    def follows(self, _seconds: float) -> None:
        assert "<h1>Connected</h1>" in self.browser.follow(self.links[-1])


@pytest.fixture
def registered(stack: DeployedSystem) -> DeployedSystem:
    """Our client is known to Pleo, which lets people of the company consent."""
    stack.system.service.state.put_company(Company(NORTHGATE, "Company"))
    ours = Client(oauth_client_id(), "never-to-be-seen", (CALLBACK,), NORTHGATE)
    stack.system.service.oauth.register(ours)
    store_client(stack, "pleo", ours.id, ours.secret)
    return stack


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ACCOUNTING_TOKEN", TOKEN)
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(settings(NORTHGATE)))
    return str(path)


def run(*command: str) -> str:
    done = CliRunner().invoke(app, list(command), catch_exceptions=False)
    return done.output


def authorised(stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that the operator sees."""
    person, lines = Person(stack), []
    monkeypatch.setattr(DeployedSystem, "sleep", lambda _, seconds: person.follows(seconds))
    for line in authorise(stack, NORTHGATE, HOOKS):
        person.reads(line)
        lines.append(line)
    return lines


def test_given_a_person_who_follows_the_link_then_the_company_exports_by_oauth(
    registered: DeployedSystem, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorised(registered, monkeypatch)
    output = run("connect", file, "--oauth")

    assert "Pleo: authorised before" in output
    assert "✓ installation: activated" in output
    assert "is connected" in output
    system = registered.system
    system.books[NORTHGATE] = registered.ledgers["books"]
    system.service.state.put_expenses(NORTHGATE, purchases(1))
    job = system.export(NORTHGATE)
    system.sleep(ACCESS_TOKEN_LIFE.total_seconds())
    system.run(NORTHGATE)
    assert system.job(job)["status"] == "completed"


def test_given_nobody_who_follows_the_link_then_after_a_day_the_operator_is_told(registered: DeployedSystem) -> None:
    lines = authorise(registered, NORTHGATE, HOOKS)
    assert CONNECT in next(lines)
    registered.system.clock.advance(timedelta(hours=24))

    with pytest.raises(NotNow, match="nobody has followed the link in time"):
        next(lines)


def test_given_an_operator_who_stops_waiting_when_the_person_follows_then_the_next_run_goes_on(
    registered: DeployedSystem,
) -> None:
    person = Person(registered)
    person.reads(next(authorise(registered, NORTHGATE, HOOKS)))
    person.follows(0)
    registered.system.sleep(3600)  # its first tokens have ended meanwhile

    assert list(authorise(registered, NORTHGATE, HOOKS)) == ["authorised before"]


def test_given_a_grant_that_was_revoked_then_a_new_link_is_made(
    registered: DeployedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorised(registered, monkeypatch)
    registered.system.service.oauth.revoke(oauth_client_id())

    assert len(authorised(registered, monkeypatch)) == 2
    assert list(authorise(registered, NORTHGATE, HOOKS)) == ["authorised before"]


def test_given_lists_that_are_chosen_later_then_a_new_link_asks_for_their_scopes(
    registered: DeployedSystem, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorised(registered, monkeypatch)
    scopes = ("vendors:read", "vendors:write")

    link = next(authorise(registered, NORTHGATE, HOOKS, scopes=scopes)).split()[-1]

    asked = parse_qs(urlsplit(Browser(registered.system).open(link)).query)["scope"]
    assert asked == ["export-jobs:read export-jobs:write export-items:read vendors:read vendors:write"]
    person = Person(registered)
    person.reads(link)
    person.follows(0)
    assert list(authorise(registered, NORTHGATE, HOOKS, scopes=scopes)) == ["authorised before"]


def test_given_an_ended_grant_then_connections_and_doctor_say_who_has_to_reconnect(
    registered: DeployedSystem, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorised(registered, monkeypatch)
    run("connect", file, "--oauth")
    registered.system.service.oauth.revoke(oauth_client_id())
    registered.system.sleep(ACCESS_TOKEN_LIFE.total_seconds())
    assert registered.system.wake(NORTHGATE) == "reconnect"

    listed = run("connections")

    assert NORTHGATE in listed
    assert "reconnect pleo (2026-11-20" in listed
    assert "--oauth" in examined(registered)["Pleo credential"].text
    authorised(registered, monkeypatch)
    assert "reconnect" not in run("connections")
    assert problems(examined(registered)) == {}


def test_given_an_ended_grant_when_the_company_is_disconnected_then_everything_of_ours_goes(
    registered: DeployedSystem, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorised(registered, monkeypatch)
    run("connect", file, "--oauth")
    registered.system.service.oauth.revoke(oauth_client_id())

    output = run("disconnect", NORTHGATE, "--yes")

    assert "does not accept the stored credential" in output
    assert not registered.has_secret(NORTHGATE)
    assert not registered.connections.exists(NORTHGATE)


def test_given_no_oauth_client_then_the_operator_is_told_how_to_store_one(stack: DeployedSystem) -> None:
    with pytest.raises(Misconfigured, match="run `pleo-export oauth-client`"):
        next(authorise(stack, NORTHGATE, HOOKS))


def test_given_an_oauth_client_then_it_is_stored_and_the_redirect_url_is_said(
    stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTH_CLIENT_ID", "our-client")
    monkeypatch.setenv("OAUTH_CLIENT_SECRET", "first")
    assert CALLBACK in run("oauth-client")
    monkeypatch.setenv("OAUTH_CLIENT_SECRET", "second")
    with pytest.raises(NoTerminal, match="will be replaced"):
        run("oauth-client")
    assert CALLBACK in run("oauth-client", "--yes")

    value = client("secretsmanager").get_secret_value(SecretId="test-stack/oauth/pleo")["SecretString"]
    assert json.loads(value) == {"client_id": "our-client", "client_secret": "second"}
    assert CALLBACK not in run("oauth-client", "xero")


def test_given_no_settings_file_then_oauth_cannot_know_the_company(stack: DeployedSystem) -> None:
    done = CliRunner().invoke(app, ["connect", "--oauth"])
    assert isinstance(done.exception, UsageError)


@pytest.mark.parametrize("wrong", ["https://hooks.test/", "https://hooks.test/webhooks/pleo"])
def test_given_an_address_that_is_not_the_webhooks_then_it_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="must end in /webhooks/pleo/"):
        callback_url(wrong)


def test_given_pleo_is_away_when_the_grant_is_tried_then_nobody_has_to_authorise_again(
    registered: DeployedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorised(registered, monkeypatch)
    registered.system.effects.on("before pleo GET /v1/introspect", requests.ReadTimeout(), times=4)
    monkeypatch.setattr(DeployedSystem, "sleep", lambda *_: None)
    with registered.system.effects.of_function(), pytest.raises(PleoUnavailable):
        next(authorise(registered, NORTHGATE, HOOKS))
