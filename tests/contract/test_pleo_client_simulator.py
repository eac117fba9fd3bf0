"""The client against the Pleo simulator, over HTTP on the loopback interface: pages, transitions, faults, webhooks.

What only real connections show is here too: which errors the HTTP library raises when nobody listens, when the other
side hangs up, and when it says nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from pleo_export.errors import ItemFailure, JobFailure
from pleo_export.pleo import transport
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import ApiKey, BearerToken
from pleo_export.pleo.errors import (
    PleoError,
    PleoForbidden,
    PleoNotFound,
    PleoOutcomeUnknown,
    PleoProtocolError,
    PleoRateLimited,
    PleoRefused,
    PleoUnauthorized,
    PleoUnavailable,
)
from pleo_export.pleo.models import ItemUpdate, JobEvent
from pleo_export.pleo.webhook_authentication import (
    NotFromPleo,
    WebhookAuthentication,
    authenticate,
    subscription_credentials,
    verify,
)
from pleo_export.pleo.webhook_event import SUBSCRIBED_EVENT, JobCreated, parse_event
from pleo_simulator.fault_queue import Effect, Fault
from pleo_simulator.oauth import Client, s256
from pleo_simulator.pleo_state import Company
from pleo_simulator.sample import sample_items
from pleo_simulator.server import Simulator
from tests.contract.webhook_receiver import receiver

COMPANY = "44444444-4444-4444-8444-444444444444"
KEY = "plp_contract"
ENTRIES = 230
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def pleo(simulator: Simulator) -> PleoClient:
    """A client of a company with 230 expenses in the export queue and no job."""
    simulator.service.faults.clear()
    company = Company(COMPANY, "Contract Ltd")
    for job in simulator.state.all_jobs():
        if job["status"] in ("pending", "in_progress"):
            simulator.state.cancel(job["id"])
    simulator.state.put_company(company)
    simulator.state.put_expenses(COMPANY, list(sample_items(COMPANY, ENTRIES, seed=1)))
    simulator.service.credentials.add_key(KEY, COMPANY)
    return client_of(simulator.url)


def client_of(url: str, key: str = KEY) -> PleoClient:
    return PleoClient(url, ApiKey(key), sleep=lambda _: None)


def click_export(simulator: Simulator, count: int = ENTRIES) -> str:
    entries = list(simulator.state.company(COMPANY).expenses)[:count]
    return str(simulator.state.click_export(COMPANY, entries)["id"])


def started(simulator: Simulator, pleo: PleoClient, count: int) -> tuple[str, list[str]]:
    """A started job, and its entries."""
    job_id = click_export(simulator, count)
    pleo.send_event(job_id, JobEvent.STARTED)
    return job_id, [item.accounting_entry_id for item in pleo.job_items(job_id)]


def order(simulator: Simulator, effect: Effect, method: str, path: str, **more: int | str) -> None:
    simulator.service.faults.order(Fault.model_validate({"effect": effect, "method": method, "path": path, **more}))


def test_a_job_goes_from_pending_to_completed_and_nothing_is_lost_between_pages(
    simulator: Simulator, pleo: PleoClient
) -> None:
    job_id = click_export(simulator)
    assert [(job.id, job.status, job.number_of_items) for job in pleo.unfinished_jobs(COMPANY)] == [
        (job_id, "pending", ENTRIES)
    ]

    pleo.send_event(job_id, JobEvent.STARTED)
    assert pleo.job(job_id).status == "in_progress"

    pages = list(pleo.export_item_pages(job_id))
    entries = [item["accountingEntryId"] for page in pages for item in page]
    assert len(pages) > 1
    assert sorted(entries) == sorted(item.accounting_entry_id for item in pleo.job_items(job_id, "pending"))
    assert len(set(entries)) == ENTRIES

    updates = [
        ItemUpdate(entry, "successful", f"JE-{n}", f"https://books.example.com/{n}", NOW)
        for n, entry in enumerate(entries[1:])
    ]
    updates.append(ItemUpdate(entries[0], "failed", failure=ItemFailure.VENDOR_UNKNOWN, reason="Vendor 7 is blocked."))
    answers = [pleo.update_items(job_id, updates[start : start + 100]) for start in range(0, ENTRIES, 100)]
    assert [len(answer.updated) for answer in answers] == [100, 100, 30]
    assert [answer.errors for answer in answers] == [(), (), ()]
    assert not pleo.has_items(job_id, "pending")
    assert [(item.failure_reason_type, item.failure_reason) for item in pleo.job_items(job_id, "failed")] == [
        ("vendor_unknown", "Vendor 7 is blocked.")
    ]

    pleo.send_event(job_id, JobEvent.COMPLETED_WITH_ERRORS)
    assert pleo.job(job_id).finished
    assert pleo.unfinished_jobs(COMPANY) == []
    told = pleo.last_results(COMPANY, entries[1])
    assert told is not None
    assert (told.export_job_id, told.external_id, told.exported_at) == (job_id, "JE-0", NOW)


def test_given_several_jobs_when_listed_then_the_oldest_comes_first(simulator: Simulator, pleo: PleoClient) -> None:
    entries = list(simulator.state.company(COMPANY).expenses)
    job_ids = []
    for entry in entries[:3]:
        job_ids.append(str(simulator.state.click_export(COMPANY, [entry])["id"]))
        simulator.service.clock.advance(timedelta(seconds=1))

    assert [job.id for job in pleo.unfinished_jobs(COMPANY)] == job_ids


def test_given_a_job_that_cannot_run_when_failed_then_pleo_keeps_type_and_reason(
    simulator: Simulator, pleo: PleoClient
) -> None:
    job_id, _ = started(simulator, pleo, 1)

    pleo.send_event(job_id, JobEvent.FAILED, JobFailure.MISSING_CONFIGURATION, "No journal is chosen.")

    job = pleo.job(job_id)
    assert (job.status, job.failure_reason_type, job.failure_reason) == (
        "failed",
        "missing_configuration",
        "No journal is chosen.",
    )


def test_given_a_finished_job_when_touched_then_each_refusal_has_its_code(
    simulator: Simulator, pleo: PleoClient
) -> None:
    job_id, entries = started(simulator, pleo, 1)
    pleo.update_items(job_id, [ItemUpdate(entries[0], "successful", "JE-1")])
    pleo.send_event(job_id, JobEvent.COMPLETED)

    with pytest.raises(PleoRefused) as event:
        pleo.send_event(job_id, JobEvent.COMPLETED)
    with pytest.raises(PleoRefused) as update:
        pleo.update_items(job_id, [ItemUpdate(entries[0], "successful", "JE-1")])
    with pytest.raises(PleoRefused) as items:
        list(pleo.export_item_pages(job_id))

    assert [(each.value.status, each.value.type) for each in (event, update, items)] == [
        (422, "INVALID_EXPORT_JOB_STATUS_CHANGE"),
        (422, "EXPORT_JOB_STATUS_UNPROCESSABLE"),
        (422, "EXPORT_JOB_STATUS_UNPROCESSABLE"),
    ]


def test_given_an_entry_of_no_job_when_updated_then_the_200_names_it(simulator: Simulator, pleo: PleoClient) -> None:
    job_id, entries = started(simulator, pleo, 1)

    answer = pleo.update_items(job_id, [ItemUpdate(COMPANY, "successful"), ItemUpdate(entries[0], "successful")])

    assert [item.accounting_entry_id for item in answer.updated] == entries
    assert [error.accounting_entry_id for error in answer.errors] == [COMPANY]


def test_given_a_wallet_without_contra_account_when_items_are_read_then_the_currency_is_named(
    simulator: Simulator, pleo: PleoClient
) -> None:
    job_id = click_export(simulator, 20)
    simulator.state.company(COMPANY).contra_accounts = frozenset()

    with pytest.raises(PleoRefused, match="EUR") as error:
        list(pleo.export_item_pages(job_id))

    assert (error.value.status, error.value.type) == (400, "MISSING_CONTRA_ACCOUNTS")


def test_given_a_wrong_key_or_scope_or_job_when_called_then_each_is_told_apart(
    simulator: Simulator, pleo: PleoClient
) -> None:
    simulator.service.credentials.add_key("plp_reader", COMPANY, frozenset({"export-jobs:read"}))

    with pytest.raises(PleoUnauthorized):
        client_of(simulator.url, key="plp_unknown").unfinished_jobs(COMPANY)
    with pytest.raises(PleoForbidden, match="export-items:read"):
        list(client_of(simulator.url, key="plp_reader").export_item_pages(COMPANY))
    with pytest.raises(PleoNotFound):
        pleo.job(COMPANY)
    assert pleo.last_results(COMPANY, COMPANY) is None


@pytest.mark.parametrize(
    ("effect", "more"), [("drop_before", {}), ("drop_after", {}), ("status", {"status": 502}), ("rate_limit", {})]
)
def test_given_a_fault_that_passes_when_read_or_reported_then_nothing_of_it_is_seen(
    simulator: Simulator, pleo: PleoClient, effect: Effect, more: dict[str, int]
) -> None:
    job_id, entries = started(simulator, pleo, 1)
    order(simulator, effect, "GET", "/v3/export-jobs/", **more)
    order(simulator, effect, "PUT", "/v3/export-jobs/", **more)

    assert pleo.job(job_id).id == job_id
    pleo.update_items(job_id, [ItemUpdate(entries[0], "successful", "JE-1")])

    assert [item.external_id for item in pleo.job_items(job_id)] == ["JE-1"]
    assert simulator.service.faults.waiting() == []


@pytest.mark.parametrize(("effect", "status"), [("drop_after", "completed"), ("drop_before", "in_progress")])
def test_given_an_event_without_an_answer_when_sent_then_its_outcome_is_unknown_until_read_back(
    simulator: Simulator, pleo: PleoClient, effect: Effect, status: str
) -> None:
    job_id, entries = started(simulator, pleo, 1)
    pleo.update_items(job_id, [ItemUpdate(entries[0], "successful", "JE-1")])
    order(simulator, effect, "POST", "/v3/export-job-events")

    with pytest.raises(PleoOutcomeUnknown):
        pleo.send_event(job_id, JobEvent.COMPLETED)

    assert pleo.job(job_id).status == status


def test_given_a_limit_that_lasts_when_called_then_the_wait_is_handed_over(
    simulator: Simulator, pleo: PleoClient
) -> None:
    order(simulator, "rate_limit", "GET", "/v3/export-jobs", retryAfter=37)

    with pytest.raises(PleoRateLimited) as error:
        pleo.unfinished_jobs(COMPANY)

    assert error.value.retry_after == 37


@pytest.mark.parametrize(
    ("effect", "field"), [("bad_json", ""), ("missing_field", "pagination.hasNextPage"), ("missing_field", "data")]
)
def test_given_an_answer_against_the_specification_when_read_then_it_is_a_protocol_error(
    simulator: Simulator, pleo: PleoClient, effect: Effect, field: str
) -> None:
    click_export(simulator, 1)
    order(simulator, effect, "GET", "/v3/export-jobs", **({"field": field} if field else {}))

    with pytest.raises(PleoProtocolError):
        pleo.unfinished_jobs(COMPANY)


def test_given_a_subscription_when_somebody_clicks_export_then_a_signed_event_names_the_job(
    simulator: Simulator, pleo: PleoClient
) -> None:
    with receiver() as (url, received):
        subscription = pleo.create_subscription(url, [SUBSCRIBED_EVENT])
        secret = pleo.subscription_secret(subscription.id)
        assert [each.id for each in pleo.subscriptions()] == [subscription.id]

        job_id = click_export(simulator, 1)
        headers, body = received.get(timeout=10)

        verify([secret], headers, body, datetime.now(UTC))
        with pytest.raises(NotFromPleo, match="mismatch"):
            verify([secret], headers, body + b" ", datetime.now(UTC))
        event = parse_event(body)
        assert isinstance(event, JobCreated)
        assert (event.company_id, event.job_id) == (COMPANY, job_id)

        assert not pleo.update_subscription(subscription.id, url, [SUBSCRIBED_EVENT], active=False).active
        pleo.delete_subscription(subscription.id)
        with pytest.raises(PleoNotFound):
            pleo.subscription(subscription.id)


@pytest.mark.parametrize("proof", [WebhookAuthentication.BASIC, WebhookAuthentication.HEADER])
def test_given_a_subscription_with_our_token_then_pleo_sends_the_latest_with_each_event(
    simulator: Simulator, pleo: PleoClient, proof: WebhookAuthentication
) -> None:
    with receiver() as (url, received):
        subscription = pleo.create_subscription(
            url, [SUBSCRIBED_EVENT], subscription_credentials(proof, "the one before")
        )
        pleo.update_subscription(subscription.id, url, [SUBSCRIBED_EVENT], subscription_credentials(proof, "ours"))

        click_export(simulator, 1)
        headers, body = received.get(timeout=10)

        assert authenticate(proof, ["ours"], headers, body, datetime.now(UTC)) == headers["webhook-id"]
        with pytest.raises(NotFromPleo, match="mismatch"):
            authenticate(proof, ["the one before"], headers, body, datetime.now(UTC))
        pleo.delete_subscription(subscription.id)


def test_given_a_key_when_it_installs_then_the_installation_is_active_until_it_is_deleted(
    simulator: Simulator, pleo: PleoClient
) -> None:
    with pytest.raises(PleoNotFound):
        pleo.installation()

    made = pleo.create_installation()
    assert (made.activated, made.company_id) == (True, COMPANY)
    assert pleo.installation() == pleo.update_installation() == made
    with pytest.raises(PleoRefused):
        pleo.activate_installation()

    pleo.delete_installation()
    with pytest.raises(PleoNotFound):
        pleo.delete_installation()


def test_an_activated_installation_works_and_its_end_revokes_the_tokens(
    simulator: Simulator,
) -> None:
    pleo = PleoClient(simulator.url, BearerToken(access_token(simulator)), sleep=lambda _: None)

    assert pleo.installation().status == "AUTHORIZED"
    assert pleo.activate_installation().activated

    pleo.delete_installation()
    with pytest.raises(PleoUnauthorized):
        pleo.introspect()


def access_token(simulator: Simulator) -> str:
    """By consent for COMPANY."""
    client = Client("contract", "secret", ("http://127.0.0.1/callback",), COMPANY)
    oauth, verifier = simulator.service.oauth, "v" * 43
    oauth.register(client)
    code = oauth.authorise(client.id, client.redirect_uris[0], "", "code", "S256", s256(verifier))
    return str(oauth.exchange(client, code, client.redirect_uris[0], verifier)["access_token"])


@contextmanager
def listening_port() -> Iterator[tuple[str, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", listener


def test_given_nobody_listening_when_called_then_reads_and_writes_know_that_nothing_was_sent() -> None:
    with listening_port() as (url, _):
        pass  # closed again: the port refuses connections
    pauses: list[float] = []
    client = PleoClient(url, ApiKey(KEY), sleep=pauses.append)

    for call in (lambda: client.job("1"), lambda: client.send_event("1", JobEvent.STARTED)):
        with pytest.raises(PleoUnavailable):
            call()

    assert len(pauses) == 6


def test_given_an_unknown_host_when_called_then_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(PleoUnavailable):
        client_of("http://pleo.invalid").send_event("1", JobEvent.STARTED)


@pytest.mark.parametrize(("write", "error"), [(False, PleoUnavailable), (True, PleoOutcomeUnknown)])
def test_given_a_server_that_says_nothing_when_called_then_time_is_limited(
    monkeypatch: pytest.MonkeyPatch, write: bool, error: type[PleoError]
) -> None:
    monkeypatch.setattr(transport, "READ_SECONDS", 0.02)
    with listening_port() as (url, _):
        client = client_of(url)

        with pytest.raises(error, match="ReadTimeout"):
            if write:
                client.send_event("1", JobEvent.STARTED)
            else:
                client.job("1")
