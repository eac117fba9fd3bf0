"""`connect --oauth` at a ledger: the operator sends a link, a person consents at the simulator of Xero, and the company
exports into the organisation that was chosen; then all of it is undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from cli.commands.oauth_client import store_client
from cli.errors import NoTerminal, NotNow, UsageError
from cli.main import app
from ledger_simulators.xero.app import create_app
from ledger_simulators.xero.ledger import XeroLedger
from ledger_simulators.xero.sample import TENANT, sample_ledger
from pleo_export.errors import Misconfigured
from pleo_export.http.session import IsolatedSession
from pleo_export.oauth.grant import grant_in
from pleo_export.services.services import Services
from pleo_simulator.sample import NORTHGATE
from tests.system.browser import ORIGIN, Browser
from tests.system.deployed_system import HOOKS, DeployedSystem
from tests.system.expenses import purchases
from tests.system.in_process_system import ACCOUNTS, InProcessServices, settings
from tests.system.wsgi_adapter import WsgiAdapter, session_through
from tests.unit.cli.customers import examined, problems

HERE = "http://127.0.0.1:8082"  # nothing listens there: requests go straight into the simulator
LINK = f"{ORIGIN}/oauth/xero/connect/"
OTHER = {"id": "5a1f0000-0000-4000-8000-000000000001", "tenantId": "0b7e0000-0000-4000-8000-000000000002"}


@dataclass
class Customer:
    """A company at Pleo with an API key, an organisation in Xero, and a person who follows links."""

    stack: DeployedSystem
    xero: XeroLedger
    file: Path

    def settings(self, **where: Any) -> None:
        ledger = {"name": "xero", "api_url": HERE, "login_url": HERE, **where}
        wanted = settings(NORTHGATE, accounting_system=ledger, accounts=ACCOUNTS, dimensions={})
        self.file.write_text(yaml.safe_dump(wanted))

    def connect(self, *options: str, answers: str = "") -> Result:
        return CliRunner().invoke(app, ["connect", str(self.file), *options], input=answers)

    def stored(self) -> dict[str, str]:
        found = self.stack.usable_secrets(NORTHGATE)
        return dict(found.accounting_system) if found else {}

    def follows_links(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As soon as the operator waits."""
        browser = Browser(self.stack.system)
        made: list[str] = []
        invite = type(self.stack.authorisations).invite

        def noted(*given: Any, **more: Any) -> str:
            token = invite(*given, **more)
            made.append(LINK + token)
            return token

        monkeypatch.setattr(type(self.stack.authorisations), "invite", noted)
        monkeypatch.setattr(DeployedSystem, "sleep", lambda *_: _connected(browser.follow(made.pop())))

    def has_a_second_organisation(self) -> None:
        """One that the person has connected to our app before."""
        self.xero.identity.connect()
        other = {"tenantType": "ORGANISATION", "tenantName": "Other Ltd", **OTHER}
        self.xero.identity.connections.append({**self.xero.identity.connections[0], **other})


def _connected(page: str) -> None:
    assert "<h1>Connected</h1>" in page, page


@pytest.fixture
def customer(stack: DeployedSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Customer]:
    clock = stack.system.clock
    xero = sample_ledger(clock)
    adapter = WsgiAdapter(create_app(xero, clock))
    stack.system.services.http.mount(HERE, adapter)
    monkeypatch.setattr(
        "pleo_export.accounting.http.IsolatedSession", lambda: session_through(adapter, IsolatedSession())
    )
    # The real connector, in commands and in functions.
    for name in ("accounting_system", "ledger_lists", "ledger_setup"):
        monkeypatch.setattr(InProcessServices, name, getattr(Services, name))
    for name in ("accounting_system", "accounting_setup", "ledger_lists"):
        monkeypatch.delattr(DeployedSystem, name)
    monkeypatch.setenv("PLEO_API_KEY", stack.customer(NORTHGATE))
    monkeypatch.setenv("PLEO_EXPORT_WEBHOOK_URL", HOOKS)
    store_client(stack, "xero", xero.identity.client_id, xero.identity.client_secret)
    made = Customer(stack, xero, tmp_path / "settings.yaml")
    made.settings()
    made.follows_links(monkeypatch)
    yield made


def test_given_a_person_who_consents_when_connected_then_expenses_arrive_in_the_organisation(
    customer: Customer,
) -> None:
    output = customer.connect("--oauth").output

    assert "send it to somebody who may administer Xero of the company" in output
    assert "Xero: authorised" in output
    assert "Xero: the company is Brightwater Trading Ltd." in output
    assert f"tenant: {TENANT}" in output
    assert "is connected" in output
    system = customer.stack.system
    connection = customer.stack.connections.get(NORTHGATE)
    assert connection
    assert connection.raw_settings["accounting_system"]["tenant"] == TENANT
    assert connection.ledger_id.startswith("xero#")
    system.service.state.put_expenses(NORTHGATE, purchases(2))
    system.sleep(timedelta(hours=2).total_seconds())  # the first tokens have ended
    job = system.export(NORTHGATE)
    system.run(NORTHGATE)
    assert system.statuses(job) == {"successful": 2}, system.failures(job)
    assert len(list(customer.xero.books.all_documents())) == 2
    # Commands and functions have taken their calls from one budget.
    budgets = [each for each in system.services.table.scan()["Items"] if each["pk"].startswith("BUDGET#")]
    assert {each["pk"] for each in budgets} == {"BUDGET#pleo", f"BUDGET#{connection.ledger_id}"}
    assert problems(examined(customer.stack)) == {}


def test_given_a_connected_company_when_connected_again_without_the_tenant_in_the_file_then_it_is_the_one_before(
    customer: Customer,
) -> None:
    customer.connect("--oauth")
    before = customer.stored()
    customer.has_a_second_organisation()

    output = customer.connect().output

    assert "Xero: authorised before" in output
    assert f"tenant: {TENANT}" in output
    assert customer.stored() == before


def test_given_no_grant_and_no_leave_to_invite_then_the_operator_is_told_the_option(customer: Customer) -> None:
    refused = customer.connect()

    assert isinstance(refused.exception, UsageError)
    assert "run it again with --oauth" in str(refused.exception)


def test_given_several_organisations_when_connected_then_the_operator_chooses(customer: Customer) -> None:
    customer.has_a_second_organisation()

    output = customer.connect("--oauth", answers=f"nonsense\n{TENANT}\n").output

    assert f"Brightwater Trading Ltd ({TENANT}), Other Ltd ({OTHER['tenantId']})" in output
    assert "nonsense: choose one of them by its id" in output
    assert "is connected" in output


def test_given_several_organisations_and_nobody_to_ask_then_the_file_has_to_name_one(customer: Customer) -> None:
    customer.has_a_second_organisation()
    assert isinstance(customer.connect("--oauth").exception, NoTerminal)

    customer.settings(tenant=TENANT)

    output = customer.connect().output  # the grant is there already
    assert "Xero: authorised before" in output
    assert "is connected" in output


def test_given_a_file_that_names_another_organisation_then_a_person_has_to_authorise_that(customer: Customer) -> None:
    customer.connect("--oauth")
    customer.settings(tenant=OTHER["tenantId"])

    assert isinstance(customer.connect().exception, UsageError)


def test_given_a_revoked_grant_when_connected_again_then_a_new_link_is_made_and_exports_go_on(
    customer: Customer,
) -> None:
    customer.connect("--oauth")
    customer.xero.identity.revoke(customer.stored()["refresh_token"])
    system = customer.stack.system
    system.sleep(3600)
    job = system.export(NORTHGATE)
    system.run(NORTHGATE)
    assert system.job(job)["failureReason"].startswith("The authorisation to use Xero has ended.")
    assert "accounting_system" in problems(examined(customer.stack))["authorisation"]

    output = customer.connect("--oauth").output

    assert "open this link" in output
    assert customer.stack.connections.get(NORTHGATE).ended == {}  # type: ignore[union-attr]
    assert problems(examined(customer.stack)) == {}


def test_given_a_grant_from_a_run_that_broke_off_when_its_token_has_ended_then_a_new_link_is_made(
    customer: Customer,
) -> None:
    customer.has_a_second_organisation()
    customer.connect("--oauth")  # authorised, and then nobody chose
    customer.stack.system.sleep(3600)

    assert "open this link" in customer.connect("--oauth", answers=f"{TENANT}\n").output


def test_given_a_company_that_is_disconnected_then_the_grant_is_ended_at_xero(customer: Customer) -> None:
    customer.connect("--oauth")
    customer.stack.system.sleep(3600)  # its token has ended, and is refreshed once more

    output = CliRunner().invoke(app, ["disconnect", NORTHGATE, "--yes"]).output

    assert "authorisation at the accounting system: ended" in output
    assert customer.xero.identity.connections == []
    assert customer.xero.identity._refresh == {}
    assert not customer.stack.has_secret(NORTHGATE)


def test_given_a_person_with_another_organisation_when_one_is_disconnected_then_the_other_stays(
    customer: Customer,
) -> None:
    """Revoking ends all that the person has allowed our app."""
    customer.has_a_second_organisation()
    customer.settings(tenant=TENANT)
    customer.connect("--oauth")

    output = CliRunner().invoke(app, ["disconnect", NORTHGATE, "--yes"]).output

    assert "the company is taken out of it; it still covers 1 other" in output
    assert [each["tenantId"] for each in customer.xero.identity.connections] == [OTHER["tenantId"]]


def test_given_a_grant_that_was_revoked_when_disconnected_then_the_rest_goes_and_what_is_left_is_told(
    customer: Customer,
) -> None:
    customer.connect("--oauth")
    customer.xero.identity.revoke(customer.stored()["refresh_token"])
    customer.stack.system.sleep(3600)

    output = CliRunner().invoke(app, ["disconnect", NORTHGATE, "--yes"]).output

    assert "disconnect the app there, in the settings of Xero" in output
    assert not customer.stack.has_secret(NORTHGATE)
    assert not customer.stack.connections.exists(NORTHGATE)


def test_given_no_oauth_client_of_ours_then_the_operator_is_told_how_to_store_one(customer: Customer) -> None:
    customer.stack.client("secretsmanager").delete_secret(
        SecretId=customer.stack.oauth_client_name("xero"), ForceDeleteWithoutRecovery=True
    )

    refused = customer.connect("--oauth")

    assert isinstance(refused.exception, Misconfigured)
    assert "run `pleo-export oauth-client`" in str(refused.exception)


def test_given_nobody_who_follows_the_link_then_after_a_day_the_operator_is_told(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = customer.stack.system
    monkeypatch.setattr(DeployedSystem, "sleep", lambda *_: system.clock.advance(timedelta(hours=1)))

    assert isinstance(customer.connect("--oauth").exception, NotNow)


def test_the_redirect_url_of_xero_is_another_than_pleos(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTH_CLIENT_ID", "x")
    monkeypatch.setenv("OAUTH_CLIENT_SECRET", "y")

    output = CliRunner().invoke(app, ["oauth-client", "xero", "--yes"]).output

    assert f"at Xero the client needs this redirect URL: {ORIGIN}/oauth/xero/callback" in output


def test_no_token_or_secret_is_shown(customer: Customer) -> None:
    output = customer.connect("--oauth").output
    output += CliRunner().invoke(app, ["doctor", NORTHGATE]).output
    grant = grant_in(customer.stored())
    assert grant

    output += CliRunner().invoke(app, ["disconnect", NORTHGATE, "--yes"]).output

    for hidden in (grant.access_token, grant.refresh_token, customer.xero.identity.client_secret):
        assert hidden not in output
