"""A ledger whose tokens the customer's own client gets, without a person and without a refresh token: each lasts an
hour, and the one function that refreshes gets the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from pleo_export.errors import Disconnected, TryAgain
from pleo_export.services.tokens import MARGIN
from pleo_simulator.sample import NORTHGATE
from tests.system.effects import Killed
from tests.system.expenses import purchases
from tests.system.in_process_system import InProcessSystem
from tests.system.log import logged
from tests.system.oauth_ledger import BY_ITS_OWN_CLIENT, LOGIN, OWN_CLIENT, OwnClients, ledger_with

SECRET = {"client_id": "theirs", "client_secret": "never-to-be-seen"}


@pytest.fixture
def service(system: InProcessSystem) -> Iterator[OwnClients]:
    """The sign-in service of a connected company's ledger; no token was got yet."""
    made = OwnClients(system.clock, theirs="never-to-be-seen")
    with ledger_with(BY_ITS_OWN_CLIENT, credentials=OWN_CLIENT):
        system.connect(NORTHGATE, purchases(2))
        system.services.http.mount(LOGIN, made)
        name = system.services.secret_name(NORTHGATE)
        secrets = system.services.secrets.get(name, 0)
        system.services.secrets.put(name, secrets.with_secret_of("accounting_system", SECRET))
        yield made


def section(system: InProcessSystem) -> dict[str, str]:
    """What a function gets that opens the ledger."""
    return dict(system.services.accounting_secret(system.services.connection(NORTHGATE)))


def stored(system: InProcessSystem) -> dict[str, str]:
    return dict(system.services.secrets.get(system.services.secret_name(NORTHGATE), 0).accounting_system)


def test_given_no_token_yet_when_exported_then_one_is_got_with_the_company_s_own_client(
    system: InProcessSystem, service: OwnClients
) -> None:
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert system.statuses(job) == {"successful": 2}
    assert service.asked == [
        {"grant_type": "client_credentials", "scope": "https://api.test/.default", **SECRET},
    ]
    assert stored(system) == {
        **SECRET,
        "access_token": "token-1",
        "refresh_token": "",
        "expires_at": "2026-11-20T12:59:59+00:00",
    }


def test_a_token_is_used_for_its_hour_and_replaced_before_its_end(system: InProcessSystem, service: OwnClients) -> None:
    for _ in range(24 * 6):
        token = section(system)["access_token"]
        assert service.good(token)
        assert service.given[token] - system.clock.now() >= MARGIN["accounting_system"]
        system.sleep(600)

    assert len(service.asked) <= 28  # not more versions of the secret in a day than Secrets Manager keeps


def test_given_a_secret_that_has_expired_when_exported_then_a_person_is_told_to_connect_again(
    system: InProcessSystem, service: OwnClients
) -> None:
    service.clients.clear()
    jobs = []
    with logged() as log:
        for _ in range(2):
            jobs.append(system.export(NORTHGATE))
            system.run(NORTHGATE)

    for job in jobs:
        assert system.job(job)["failureReasonType"] == "accounting_system_authentication_failure"
        assert system.job(job)["failureReason"].startswith("The authorisation to use Tryton has ended.")
    ended = system.services.connection(NORTHGATE).ended["accounting_system"]
    assert ended.reason == "The client id or its secret is refused: invalid_client (401)."
    assert log.getvalue().count('"message":"reconnect needed"') == 1  # the alarm's line
    assert len(service.asked) == 2  # once in the form, once in the header; not again for the second job
    assert "never-to-be-seen" not in log.getvalue()


def test_given_a_new_secret_when_the_company_is_connected_again_then_it_exports(
    system: InProcessSystem, service: OwnClients
) -> None:
    service.clients["theirs"] = "new"
    with pytest.raises(Disconnected):
        system.services.tokens.secret_of(system.services.connection(NORTHGATE), "accounting_system")

    name = system.services.secret_name(NORTHGATE)
    secrets = system.services.secrets.get(name, 0)
    new = {**SECRET, "client_secret": "new"}
    system.services.secrets.put(name, secrets.with_secret_of("accounting_system", new))
    system.services.connections.grant_given(NORTHGATE, "accounting_system")

    assert service.good(section(system)["access_token"])


@pytest.mark.parametrize("fault", [500, 503, requests.ReadTimeout(), requests.ConnectTimeout()])
def test_given_a_service_that_is_away_then_it_is_tried_again_and_nothing_ends(
    system: InProcessSystem, service: OwnClients, fault: Any
) -> None:
    service.faults.append(fault)
    with pytest.raises(TryAgain):
        section(system)

    system.sleep(60)

    assert service.good(section(system)["access_token"])
    assert system.services.connection(NORTHGATE).ended == {}


@pytest.mark.parametrize(
    "moment",
    [
        *("before dynamodb PutItem", "after dynamodb PutItem", "before secretsmanager PutSecretValue"),
        *("after secretsmanager PutSecretValue", "before dynamodb DeleteItem"),
    ],
)
def test_given_a_refresh_that_is_killed_at_any_moment_then_the_next_gets_a_token(
    system: InProcessSystem, service: OwnClients, moment: str
) -> None:
    system.effects.on(moment, Killed())
    with pytest.raises(TryAgain):
        section(system)

    system.sleep(90)  # its lock ends

    assert service.good(section(system)["access_token"])
    assert system.services.connection(NORTHGATE).ended == {}


def test_given_a_ledger_that_nobody_uses_then_its_secret_is_tried_once_a_week(
    system: InProcessSystem, service: OwnClients
) -> None:
    """So that a secret that has expired is found before the month's export."""
    section(system)
    for _ in range(28):
        system.sleep(timedelta(days=1).total_seconds())
        assert system.wake(NORTHGATE) == "no_job"

    assert len(service.asked) == 1 + 4
