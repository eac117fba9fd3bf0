"""The tokens of a grant: replaced by one at a time, stored before they are used, never in a loop (R-10.3 to R-10.8)."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
import requests
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError

from pleo_export.authorisation.refresh_tokens import TRIES, refresh_tokens
from pleo_export.errors import Disconnected, Misconfigured, PleoExportError, TryAgain
from pleo_export.oauth.grant import Grant, fingerprint, grant_in
from pleo_export.services.token_refresher import RefreshRequest
from pleo_export.services.tokens import MARGIN, Tokens
from pleo_export.store.connected_companies import RECONNECT
from pleo_export.store.connections import Connections
from pleo_simulator.fault_queue import Fault
from pleo_simulator.oauth import ACCESS_TOKEN_LIFE, Returned
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import client
from tests.system.effects import Killed
from tests.system.expenses import purchases, references
from tests.system.in_process_system import InProcessServices, InProcessSystem, in_process_system, oauth_client_id
from tests.system.oauth_ledger import BY_A_PERSON, ledger_with

WORKERS = 50
TOKEN_REQUEST = "pleo POST /oauth/token"
POLL = 300


def authorised(system: InProcessSystem, **options: Any) -> Grant:
    """A connected company with a grant whose access token has just ended."""
    system.connect(NORTHGATE, purchases(2))
    grant = system.authorise(NORTHGATE, **options)
    system.sleep(ACCESS_TOKEN_LIFE.total_seconds())
    system.service.requests.clear()
    return grant


def token(system: InProcessSystem) -> str:
    """What a function gets that wants to call Pleo."""
    return system.services.tokens.secret_of(system.services.connection(NORTHGATE), "pleo")["access_token"]


def stored(system: InProcessSystem) -> Grant:
    grant = grant_in(system.services.secrets.get(system.services.secret_name(NORTHGATE), 0).pleo)
    assert grant
    return grant


def grant_of(system: InProcessSystem, which: Any) -> Grant:
    grant = grant_in(system.services.secrets.get(system.services.secret_name(NORTHGATE), 0).of(which))
    assert grant
    return grant


def refreshes(system: InProcessSystem) -> int:
    """How often the token endpoint was asked, from the simulator's log."""
    return sum(each["path"] == "/oauth/token" for each in system.service.requests)


def works(system: InProcessSystem, access_token: str) -> bool:
    return system.service.oauth.access_token(access_token) is not None


def replace_elsewhere(system: InProcessSystem) -> None:
    """Another worker refreshes the tokens, though those that are stored would have been good for longer."""
    wanted = {"companyId": NORTHGATE, "which": "pleo", "seen": fingerprint(stored(system).access_token)}
    assert system.handlers["refresh_tokens"](wanted, None) == {"outcome": "fresh"}


def in_the_end(system: InProcessSystem) -> str:
    """What becomes of the company when it is asked for again at every poll of two hours."""
    for _ in range(24):
        system.sleep(POLL)
        try:
            assert works(system, token(system))
        except TryAgain:
            continue
        except Disconnected:
            return "reconnect"
        return "fresh"
    return "a loop"


@pytest.fixture
def oauth_books(system: InProcessSystem) -> Iterator[InProcessSystem]:
    """Books that take OAuth tokens; the simulator plays their sign-in service."""
    with ledger_with(BY_A_PERSON):
        system.connect(NORTHGATE, purchases(2))
        system.authorise(NORTHGATE, "accounting_system", "tryton")
        yield system


# One holder at a time


@contextmanager
def one_call_at_a_time() -> Iterator[None]:
    """moto checks a condition and writes in two steps; DynamoDB does both in one."""
    lock, call = threading.Lock(), BaseClient._make_api_call  # type: ignore[attr-defined]

    def locked(*arguments: Any) -> Any:
        with lock:
            return call(*arguments)

    with mock.patch.object(BaseClient, "_make_api_call", locked):
        yield


class Impatient(InProcessServices):
    """A function of its own: nothing is shared with the others but what they write."""

    def sleep(self, seconds: float) -> None:
        os.sched_yield()


class Invoked:
    """Lambda, with a cold start for each call."""

    def __init__(self, system: InProcessSystem) -> None:
        self._world = system

    def refresh(self, company_id: str, which: Any, seen: str, *, refused: bool = False) -> None:
        wanted = RefreshRequest(company_id=company_id, grant_owner=which, seen=fingerprint(seen), refused=refused)
        assert refresh_tokens(wanted, Impatient(self._world, self._world.environment)) == {"outcome": "fresh"}


def test_given_fifty_workers_with_an_ended_token_then_pleo_is_asked_once(
    system: InProcessSystem,
) -> None:
    authorised(system)
    all_at_once = threading.Barrier(WORKERS)

    def work(_: int) -> str:
        services = Impatient(system, system.environment)
        refresher: Any = Invoked(system)
        tokens = Tokens(services.secrets, refresher, system.clock.now)
        connection = services.connection(NORTHGATE)
        all_at_once.wait()
        return tokens.secret_of(connection, "pleo")["access_token"]

    with one_call_at_a_time(), ThreadPoolExecutor(WORKERS) as pool:
        got = list(pool.map(work, range(WORKERS)))

    assert refreshes(system) == 1
    assert set(got) == {stored(system).access_token}
    assert works(system, got[0])


def test_given_another_holder_when_it_is_done_in_time_then_its_tokens_are_used(system: InProcessSystem) -> None:
    authorised(system)
    others: list[str] = []
    system.effects.on("before dynamodb PutItem", lambda: others.append(token(system)))  # just ahead of our lock

    got = token(system)

    assert others == [got]
    assert refreshes(system) == 1


def test_given_another_holder_that_takes_long_then_it_is_tried_again_later_and_pleo_is_not_asked(
    system: InProcessSystem,
) -> None:
    authorised(system)
    system.services.secret_locks.take(NORTHGATE, "another", system.clock.now())

    with pytest.raises(TryAgain, match="sign-in service did not answer"):
        token(system)

    assert refreshes(system) == 0
    assert in_the_end(system) == "fresh"


def test_given_two_grants_refreshed_at_once_then_neither_write_is_lost(
    oauth_books: InProcessSystem,
) -> None:
    system = oauth_books
    system.authorise(NORTHGATE)
    system.sleep(3600)
    connection = system.services.connection(NORTHGATE)
    waited: list[PleoExportError] = []

    def meanwhile() -> None:
        try:
            system.services.tokens.secret_of(connection, "accounting_system")
        except TryAgain as error:
            waited.append(error)

    system.effects.on(f"after {TOKEN_REQUEST}", meanwhile)
    token(system)
    system.services.tokens.secret_of(connection, "accounting_system")

    secrets = system.services.secrets.get(connection.secret_arn, 0)
    assert len(waited) == 1
    assert works(system, secrets.pleo["access_token"])
    assert works(system, secrets.accounting_system["access_token"])
    assert secrets.accounting_system["token"] == "t"


def test_given_the_other_grant_refreshed_just_ahead_of_the_lock_then_its_new_tokens_stay(
    oauth_books: InProcessSystem,
) -> None:
    """Both are in one secret: what is read before the lock, and written back, takes the other's tokens away."""
    system = oauth_books
    system.authorise(NORTHGATE)
    system.sleep(3600)
    connection = system.services.connection(NORTHGATE)
    tokens = system.services.tokens
    system.effects.on("before dynamodb PutItem", lambda: tokens.secret_of(connection, "accounting_system"))

    token(system)

    secrets = system.services.secrets.get(connection.secret_arn, 0)
    assert works(system, secrets.pleo["access_token"])
    assert works(system, secrets.accounting_system["access_token"])


# Death at any moment


def effects_of_a_refresh() -> list[str]:
    with in_process_system() as system:
        authorised(system)
        system.effects.log.clear()
        token(system)
        return system.effects.log


EFFECTS = effects_of_a_refresh()
MOMENTS = [(moment, position) for position in range(len(EFFECTS)) for moment in ("before", "after")]
SENT, STORED = EFFECTS.index(TOKEN_REQUEST), EFFECTS.index("secretsmanager PutSecretValue")


@pytest.mark.parametrize(("moment", "position"), MOMENTS)
def test_given_a_lock_holder_that_ends_then_tokens_are_new_or_the_company_reconnects(
    system: InProcessSystem, moment: str, position: int
) -> None:
    authorised(system)
    system.effects.on(f"{moment} ", Killed(), nth=position + 1)

    with pytest.raises(TryAgain):
        token(system)

    lost = (SENT, 1) <= (position, moment == "after") < (STORED, 1)
    assert in_the_end(system) == ("reconnect" if lost else "fresh")
    asked = refreshes(system)
    assert asked <= 2
    system.run(NORTHGATE)
    assert refreshes(system) == asked


def test_given_holders_that_die_one_after_the_other_at_the_request_then_there_is_an_end_of_it(
    system: InProcessSystem,
) -> None:
    authorised(system)
    system.effects.on(f"before {TOKEN_REQUEST}", Killed(), times=1000)

    for _ in range(TRIES):
        with pytest.raises(TryAgain):
            token(system)
        system.sleep(POLL)

    assert in_the_end(system) == "reconnect"


def test_given_an_ended_grant_and_a_stale_record_then_pleo_is_not_asked(
    system: InProcessSystem,
) -> None:
    authorised(system)
    before = system.services.connection(NORTHGATE)
    system.services.connections.grant_ended(NORTHGATE, "pleo", "It was revoked.", system.clock.now())

    with pytest.raises(Disconnected, match="It was revoked"):
        system.services.tokens.secret_of(before, "pleo")

    assert refreshes(system) == 0


def test_given_a_caller_that_dies_while_tokens_are_refreshed_then_the_next_one_finds_them(
    system: InProcessSystem,
) -> None:
    authorised(system)
    system.export(NORTHGATE)
    system.effects.on("after lambda InvokeFunction", Killed())

    with pytest.raises(Exception, match="Task timed out"):
        system.wake(NORTHGATE)
    system.sleep(60)  # its cache is gone with it

    assert system.wake(NORTHGATE) == "started"
    assert refreshes(system) == 1


# Answers of the token endpoint


@pytest.mark.parametrize(
    ("moment", "event", "outcome", "asked"),
    [
        ("before", requests.ConnectTimeout(), "fresh", 2),
        ("before", requests.ReadTimeout(), "fresh", 2),
        ("before", requests.ConnectionError("reset"), "fresh", 2),
        ("after", requests.ReadTimeout(), "reconnect", 2),
        ("after", requests.exceptions.ChunkedEncodingError(), "reconnect", 2),
    ],
)
def test_given_no_answer_then_it_is_tried_again_later_and_once(
    system: InProcessSystem, moment: str, event: Exception, outcome: str, asked: int
) -> None:
    authorised(system)
    system.effects.log.clear()
    system.effects.on(f"{moment} {TOKEN_REQUEST}", event)

    with pytest.raises(TryAgain):
        token(system)

    assert in_the_end(system) == outcome
    assert system.effects.log.count(TOKEN_REQUEST) == asked


@pytest.mark.parametrize("fault", [Fault(effect="status", status=503), Fault(effect="rate_limit", retry_after=60)])
def test_given_pleo_is_not_up_to_it_then_the_next_try_waits_and_then_all_is_well(
    system: InProcessSystem, fault: Fault
) -> None:
    authorised(system)
    system.service.faults.order(fault.model_copy(update={"path": "/oauth/token", "count": 3}))

    for _ in range(5):
        with pytest.raises(TryAgain):
            token(system)

    assert refreshes(system) == 1
    assert in_the_end(system) == "fresh"


def test_given_a_provider_that_never_answers_then_it_is_asked_ever_less_and_then_not_at_all(
    system: InProcessSystem,
) -> None:
    authorised(system)
    system.effects.log.clear()
    system.effects.on(f"before {TOKEN_REQUEST}", requests.ReadTimeout(), times=1000)
    gaps: list[timedelta] = []
    since = system.clock.now()

    while len(gaps) < TRIES:
        before = system.effects.log.count(TOKEN_REQUEST)
        with pytest.raises((TryAgain, Disconnected)):
            token(system)
        if system.effects.log.count(TOKEN_REQUEST) > before:
            gaps.append(system.clock.now() - since)
            since = system.clock.now()
        system.sleep(150)
    assert in_the_end(system) == "reconnect"

    assert system.effects.log.count(TOKEN_REQUEST) == TRIES
    assert gaps[1:6] == [timedelta(minutes=minutes) for minutes in (2.5, 2.5, 2.5, 5, 10)]
    assert set(gaps[6:]) == {timedelta(minutes=15)}
    assert (
        system.services.connection(NORTHGATE).ended["pleo"].reason == "The sign-in service has not answered for hours."
    )


def test_given_a_provider_that_cannot_be_reached_for_a_day_the_grant_is_still_good(
    system: InProcessSystem,
) -> None:
    authorised(system)
    system.effects.on(f"before {TOKEN_REQUEST}", requests.ConnectTimeout(), times=48)

    for _ in range(48):
        with pytest.raises(TryAgain):
            token(system)
        system.sleep(1800)

    assert in_the_end(system) == "fresh"


def test_given_our_client_is_refused_then_the_operator_is_told_and_the_grant_counts_as_good(
    system: InProcessSystem,
) -> None:
    authorised(system)
    client("secretsmanager").put_secret_value(
        SecretId="test-stack/oauth/pleo", SecretString='{"client_id": "our-client-at-pleo", "client_secret": "wrong"}'
    )

    with pytest.raises(Misconfigured, match=r"OAuth client of this installation is refused: invalid_client \(401\)"):
        token(system)
    assert system.services.connection(NORTHGATE).ended == {}

    client("secretsmanager").delete_secret(SecretId="test-stack/oauth/pleo", ForceDeleteWithoutRecovery=True)
    system.sleep(POLL)
    with pytest.raises(Misconfigured, match="pleo-export oauth-client"):
        token(system)


@pytest.mark.parametrize("error", ["InternalServiceError", "ResourceNotFoundException"])
def test_given_new_tokens_that_cannot_be_stored_then_the_old_ones_are_never_sent_again(
    system: InProcessSystem, error: str
) -> None:
    authorised(system)
    system.effects.on(
        "before secretsmanager PutSecretValue", ClientError({"Error": {"Code": error, "Message": ""}}, "PutSecretValue")
    )

    with pytest.raises(TryAgain):
        token(system)

    assert in_the_end(system) == "reconnect"
    assert refreshes(system) == 1
    assert system.services.connection(NORTHGATE).ended["pleo"].reason == "The new tokens could not be stored."


def test_given_a_secret_that_still_reads_as_before_its_write_then_the_spent_token_is_not_sent(
    system: InProcessSystem,
) -> None:
    old = authorised(system)
    token(system)
    new, name = stored(system), system.services.secret_name(NORTHGATE)
    secrets = system.services.secrets.get(name, 0)
    system.services.secrets.put(
        name, secrets.with_secret_of("pleo", old.as_secret())
    )  # as a reader elsewhere may see it
    system.sleep(60)

    with pytest.raises(TryAgain):
        token(system)
    system.services.secrets.put(name, secrets)
    system.sleep(60)

    assert refreshes(system) == 1
    assert token(system) == new.access_token
    assert works(system, new.access_token)


# When tokens are refreshed


@pytest.mark.parametrize(("before_its_end", "asked"), [(timedelta(seconds=31), 0), (timedelta(seconds=30), 1)])
def test_given_a_token_when_its_end_is_half_a_minute_away_then_it_is_refreshed(
    system: InProcessSystem, before_its_end: timedelta, asked: int
) -> None:
    authorised(system)
    token(system)
    system.clock.advance(ACCESS_TOKEN_LIFE - before_its_end)

    assert works(system, token(system))
    assert refreshes(system) == 1 + asked


def test_given_a_token_replaced_by_another_call_then_a_refused_request_is_sent_with_the_new_one(
    system: InProcessSystem,
) -> None:
    authorised(system)
    system.export(NORTHGATE)
    token(system)  # and now it is known for a minute
    replace_elsewhere(system)
    system.effects.log.clear()

    assert system.wake(NORTHGATE) == "started"

    assert "lambda InvokeFunction" not in system.effects.log
    assert refreshes(system) == 2
    jobs = [each["status"] for each in system.service.requests if each["path"] == "/v3/export-jobs"]
    assert jobs == [401, 200]


def test_given_tokens_replaced_during_a_write_then_it_is_carried_out_once(
    system: InProcessSystem,
) -> None:
    authorised(system)
    job = system.export(NORTHGATE)
    for moment in ("before pleo POST /v3/export-job-events", f"before pleo PUT /v3/export-jobs/{job}/items"):
        system.effects.on(moment, partial(replace_elsewhere, system))

    system.run(NORTHGATE)

    assert system.job(job)["status"] == "completed"
    events = [each["status"] for each in system.service.requests if each["path"] == "/v3/export-job-events"]
    assert events == [401, 202, 202]  # started is refused and sent again, completed


def test_given_new_tokens_that_pleo_refuses_too_then_they_are_replaced_only_once(
    system: InProcessSystem,
) -> None:
    authorised(system)
    system.service.faults.order(Fault(effect="status", status=401, path="/v3/", count=1000))

    for _ in range(12):  # an hour, in which a token lives for a quarter
        with pytest.raises(PleoExportError):
            system.wake(NORTHGATE)
        system.sleep(POLL)

    assert refreshes(system) <= 2 * 5
    assert system.services.connection(NORTHGATE).ended == {}
    system.service.faults.clear()
    assert system.wake(NORTHGATE) == "no_job"


def test_given_seventy_days_without_an_export_then_the_grant_is_still_valid(
    system: InProcessSystem,
) -> None:
    authorised(system)
    for _ in range(70):  # the schedule's other polls would do no more
        system.sleep(24 * 3600)
        system.poll()
        assert system.deliver() == ["no_job"]

    job = system.export(NORTHGATE)
    system.run(NORTHGATE)

    assert system.job(job)["status"] == "completed"


@pytest.mark.parametrize("returned", [Returned.SAME, Returned.NONE])
@pytest.mark.parametrize("which", ["pleo", "accounting_system"])
def test_given_a_provider_that_keeps_its_refresh_token_then_its_grant_works_for_days(
    oauth_books: InProcessSystem, which: Any, returned: Returned
) -> None:
    system = oauth_books
    if which == "pleo":
        system.authorise(NORTHGATE)
    system.service.oauth.returned = returned
    kept = grant_of(system, which).refresh_token

    for _ in range(3 * 24):
        system.sleep(3600)
        section = system.services.tokens.secret_of(system.services.connection(NORTHGATE), which)
        assert works(system, section["access_token"])

    assert grant_of(system, which).refresh_token == kept
    assert system.services.connection(NORTHGATE).ended == {}


def test_given_a_refresh_token_that_changes_daily_then_the_new_one_is_used(
    oauth_books: InProcessSystem,
) -> None:
    system = oauth_books
    first = grant_of(system, "accounting_system").refresh_token
    for hour in range(50):
        system.service.oauth.returned = Returned.NEW if hour % 24 == 23 else Returned.SAME
        system.sleep(3600)
        section = system.services.tokens.secret_of(system.services.connection(NORTHGATE), "accounting_system")
        assert works(system, section["access_token"])

    assert grant_of(system, "accounting_system").refresh_token != first


@pytest.mark.parametrize("returned", [Returned.SAME, Returned.NONE])
def test_given_a_kept_refresh_token_and_new_tokens_that_cannot_be_stored_then_it_is_sent_again(
    system: InProcessSystem, returned: Returned
) -> None:
    authorised(system)
    system.service.oauth.returned = returned
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "PutSecretValue")
    system.effects.on("before secretsmanager PutSecretValue", denied, times=2)

    for _ in range(2):
        with pytest.raises(PleoExportError):
            token(system)
        system.sleep(POLL)

    assert in_the_end(system) == "fresh"


@pytest.mark.parametrize("returned", [Returned.SAME, Returned.NONE])
@pytest.mark.parametrize(("moment", "position"), MOMENTS)
def test_given_a_lasting_refresh_token_and_a_killed_lock_holder_then_nobody_has_to_reconnect(
    system: InProcessSystem, moment: str, position: int, returned: Returned
) -> None:
    authorised(system)
    system.service.oauth.returned = returned
    system.effects.on(f"{moment} ", Killed(), nth=position + 1)

    with pytest.raises(TryAgain):
        token(system)

    assert in_the_end(system) == "fresh"


def test_a_busy_day_makes_fewer_versions_of_a_secret_than_secrets_manager_keeps() -> None:
    assert timedelta(days=1) / (ACCESS_TOKEN_LIFE - MARGIN["pleo"]) < 100


def test_given_a_replaced_token_that_has_ended_too_then_it_is_replaced_again(
    system: InProcessSystem,
) -> None:
    authorised(system)
    for _ in range(3):
        refused = stored(system).access_token
        other = system.services.tokens.token_after_refusal(system.services.connection(NORTHGATE), "pleo", refused)
        assert other
        assert works(system, other)
        system.sleep(ACCESS_TOKEN_LIFE.total_seconds())


# A grant that has ended


def test_given_a_revoked_grant_then_one_log_line_raises_the_alarm_and_nothing_asks_again(
    system: InProcessSystem, caplog: pytest.LogCaptureFixture
) -> None:
    authorised(system)
    job = system.export(NORTHGATE)
    system.service.oauth.revoke(oauth_client_id())

    assert system.wake(NORTHGATE) == "reconnect"
    asked = refreshes(system)
    system.effects.log.clear()
    system.poll()
    assert system.deliver() == []
    assert system.wake(NORTHGATE) == "reconnect"

    assert (asked, refreshes(system)) == (1, 1)
    assert "lambda InvokeFunction" not in system.effects.log
    assert [each.levelname for each in caplog.records if each.message == "reconnect needed"] == ["ERROR"]
    assert list(system.services.connections.company_ids(RECONNECT)) == [NORTHGATE]
    ended = system.services.connection(NORTHGATE).ended["pleo"]
    assert ended.reason == "The grant was revoked or has expired: invalid_grant (400)."
    assert ended.at == system.clock.now()
    assert system.job(job)["status"] == "pending"
    assert system.executions.started == []


def test_given_a_mark_that_is_written_though_its_answer_is_lost_then_the_alarm_has_been_raised(
    system: InProcessSystem, caplog: pytest.LogCaptureFixture
) -> None:
    authorised(system)
    system.export(NORTHGATE)
    system.service.oauth.revoke(oauth_client_id())
    mark = Connections.grant_ended

    def marked_without_an_answer(*given: Any) -> None:
        mark(*given)
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    with mock.patch.object(Connections, "grant_ended", marked_without_an_answer), pytest.raises(TryAgain):
        system.wake(NORTHGATE)

    assert system.wake(NORTHGATE) == "reconnect"
    assert [each.levelname for each in caplog.records if each.message == "reconnect needed"] == ["ERROR"]


def test_given_a_grant_that_ends_during_a_run_then_reconnecting_books_everything_once(
    system: InProcessSystem,
) -> None:
    authorised(system)
    books = system.books[NORTHGATE]
    job = system.export(NORTHGATE)

    def revoked() -> None:
        system.service.oauth.revoke(oauth_client_id())

    system.effects.on(f"before pleo PUT /v3/export-jobs/{job}/items", revoked)
    system.run(NORTHGATE)

    assert set(system.executions.over.values()) == {"SUCCEEDED"}
    assert system.services.leases.get(NORTHGATE) is None
    assert system.job(job)["status"] == "in_progress"
    assert list(system.services.connections.company_ids()) == []

    system.authorise(NORTHGATE)
    system.services.connections.grant_given(NORTHGATE, "pleo")
    system.heal()

    assert system.job(job)["status"] == "completed"
    assert [each.reference for each in books.live()] == references(purchases(2))


def test_given_a_revoked_grant_and_an_older_token_in_the_cache_then_it_is_found_out_at_once(
    system: InProcessSystem,
) -> None:
    authorised(system)
    system.wake(NORTHGATE)  # the token is known for a minute now
    replace_elsewhere(system)
    system.service.oauth.revoke(oauth_client_id())

    assert system.wake(NORTHGATE) == "reconnect"


def test_given_a_mark_for_a_company_that_is_disconnected_meanwhile_then_no_record_comes_back(
    system: InProcessSystem,
) -> None:
    authorised(system)
    system.services.connections.delete(NORTHGATE)
    system.services.connections.grant_ended(NORTHGATE, "pleo", "revoked", system.clock.now())
    system.services.connections.grant_given(NORTHGATE, "accounting_system")

    assert system.services.connections.get(NORTHGATE) is None


# An accounting system's grant


def books_token(system: InProcessSystem) -> str:
    return system.services.secrets.get(system.services.secret_name(NORTHGATE), 0).accounting_system["access_token"]


def test_given_books_whose_token_is_about_to_end_when_a_job_runs_then_it_is_refreshed_first(
    oauth_books: InProcessSystem,
) -> None:
    system, old = oauth_books, books_token(oauth_books)
    system.sleep(ACCESS_TOKEN_LIFE.total_seconds() - 300)
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert system.job(job)["status"] == "completed"
    assert books_token(system) != old
    assert works(system, books_token(system))


def test_given_books_whose_grant_is_revoked_when_jobs_run_then_each_fails_with_the_exact_reason(
    oauth_books: InProcessSystem,
) -> None:
    system = oauth_books
    system.sleep(3600)
    system.service.oauth.revoke(oauth_client_id("tryton"))
    jobs = []
    for _ in range(2):
        jobs.append(system.export(NORTHGATE))
        system.run(NORTHGATE)

    for job in jobs:
        assert system.job(job)["status"] == "failed"
        assert system.job(job)["failureReasonType"] == "accounting_system_authentication_failure"
        assert system.job(job)["failureReason"].startswith("The authorisation to use Tryton has ended.")
    assert set(system.services.connection(NORTHGATE).ended) == {"accounting_system"}
    system.effects.log.clear()
    system.sleep(timedelta(days=8).total_seconds())
    assert system.wake(NORTHGATE) == "no_job"
    assert "lambda InvokeFunction" not in system.effects.log
    assert sum(each["path"] == "/oauth/token" for each in system.service.requests) == 2  # the code, one refresh


def test_given_books_whose_grant_ends_during_a_run_then_the_items_left_fail_with_the_exact_reason(
    oauth_books: InProcessSystem,
) -> None:
    system = oauth_books
    job = system.export(NORTHGATE)

    def ended() -> None:
        system.sleep(1200)
        system.service.oauth.revoke(oauth_client_id("tryton"))

    system.effects.on("after s3 PutObject", ended)
    system.run(NORTHGATE)

    assert {kind for kind, _ in system.failures(job).values()} == {"accounting_system_authentication_failure"}
    assert all("to connect Tryton again" in reason for _, reason in system.failures(job).values())


def test_given_books_that_nobody_uses_for_seventy_days_then_their_grant_is_refreshed_weekly(
    oauth_books: InProcessSystem,
) -> None:
    system = oauth_books
    for _ in range(70):
        system.sleep(24 * 3600)
        assert system.wake(NORTHGATE) == "no_job"

    asked = sum(each["path"] == "/oauth/token" for each in system.service.requests) - 1
    assert asked == 10
    assert set(system.services.connection(NORTHGATE).ended) == set()


def test_given_unavailable_books_and_nothing_to_export_then_nothing_fails(
    oauth_books: InProcessSystem,
) -> None:
    system = oauth_books
    system.sleep(timedelta(days=8).total_seconds())
    system.effects.on(f"before {TOKEN_REQUEST}", requests.ReadTimeout())

    assert system.wake(NORTHGATE) == "no_job"
