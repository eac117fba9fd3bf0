from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.exceptions import ChunkedEncodingError

import pleo_export
from pleo_export.http.retry_after import seconds_to_wait
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import BearerToken
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
from pleo_export.pleo.transport import CONNECT_SECONDS, READ_SECONDS
from tests.unit.pleo.pleo_answers import API_KEY, JOB, PLEO, Pleo, dropped_connection, job_json, refused_connection

JOB_PATH = f"/v3/export-jobs/{JOB}"
Call = Callable[[PleoClient], None]


def read_job(client: PleoClient) -> None:
    client.job(JOB)


def update_items(client: PleoClient) -> None:
    client.update_items(JOB, [ItemUpdate("1", "successful")])


def send_event(client: PleoClient) -> None:
    client.send_event(JOB, JobEvent.COMPLETED)


def delete_subscription(client: PleoClient) -> None:
    client.delete_subscription("1")


CALLS: dict[Call, tuple[str, str]] = {
    read_job: ("GET", JOB_PATH),
    update_items: ("PUT", f"{JOB_PATH}/items"),
    send_event: ("POST", "/v3/export-job-events"),
    delete_subscription: ("DELETE", "/v1/subscriptions/1"),
}
WORKS: dict[str, Any] = {"json": {"data": job_json()}}

# call, what Pleo does, the error, how often Pleo is asked
RETRY_TABLE: list[tuple[Call, dict[str, Any], type[PleoError], int]] = [
    (read_job, {"status": 500}, PleoUnavailable, 4),
    (read_job, {"status": 408}, PleoUnavailable, 4),
    (read_job, {"status": 429}, PleoRateLimited, 4),
    (read_job, {"body": refused_connection()}, PleoUnavailable, 4),
    (read_job, {"body": requests.ConnectTimeout()}, PleoUnavailable, 4),
    (read_job, {"body": requests.ReadTimeout()}, PleoUnavailable, 4),
    (read_job, {"body": dropped_connection()}, PleoUnavailable, 4),
    (read_job, {"body": ChunkedEncodingError("half an answer")}, PleoUnavailable, 4),
    (read_job, {"status": 401}, PleoUnauthorized, 1),
    (read_job, {"status": 403}, PleoForbidden, 1),
    (read_job, {"status": 404}, PleoNotFound, 1),
    (read_job, {"status": 400}, PleoRefused, 1),
    (read_job, {"status": 302, "headers": {"Location": "https://example.com"}}, PleoProtocolError, 1),
    (update_items, {"status": 503}, PleoOutcomeUnknown, 4),
    (update_items, {"status": 429}, PleoRateLimited, 4),
    (update_items, {"body": refused_connection()}, PleoUnavailable, 4),
    (update_items, {"body": requests.ReadTimeout()}, PleoOutcomeUnknown, 4),
    (update_items, {"body": dropped_connection()}, PleoOutcomeUnknown, 4),
    (update_items, {"status": 401}, PleoUnauthorized, 1),
    (update_items, {"status": 413}, PleoRefused, 1),
    (update_items, {"status": 422}, PleoRefused, 1),
    (send_event, {"status": 500}, PleoOutcomeUnknown, 1),
    (send_event, {"status": 429}, PleoRateLimited, 1),
    (send_event, {"body": refused_connection()}, PleoUnavailable, 4),
    (send_event, {"body": requests.ConnectTimeout()}, PleoUnavailable, 4),
    (send_event, {"body": requests.ReadTimeout()}, PleoOutcomeUnknown, 1),
    (send_event, {"body": dropped_connection()}, PleoOutcomeUnknown, 1),
    (send_event, {"status": 422}, PleoRefused, 1),
    (delete_subscription, {"status": 500}, PleoOutcomeUnknown, 1),
    (delete_subscription, {"body": refused_connection()}, PleoUnavailable, 4),
    (delete_subscription, {"status": 404}, PleoNotFound, 1),
]


@pytest.mark.parametrize(("call", "answer", "error", "tries"), RETRY_TABLE)
def test_given_a_fault_that_stays_when_called_then_this_error_comes_after_these_tries(
    pleo: Pleo, call: Call, answer: dict[str, Any], error: type[PleoError], tries: int
) -> None:
    method, path = CALLS[call]
    pleo.will(method, path, **answer)

    with pytest.raises(error) as raised:
        call(pleo.client)

    assert type(raised.value) is error
    assert (raised.value.method, raised.value.path, raised.value.status) == (method, path, answer.get("status"))
    assert len(pleo.asked()) == tries
    assert len(pleo.slept) == tries - 1


def test_given_a_fault_that_passes_when_read_then_the_caller_sees_nothing_of_it(pleo: Pleo) -> None:
    pleo.will("GET", JOB_PATH, status=502)
    pleo.will("GET", JOB_PATH, body=dropped_connection())
    pleo.will("GET", JOB_PATH, status=429)
    pleo.will("GET", JOB_PATH, **WORKS)

    assert pleo.client.job(JOB).id == JOB


def test_pauses_grow_and_are_cut_by_chance_to_no_less_than_half(pleo: Pleo) -> None:
    pleo.will("GET", JOB_PATH, status=500)
    shortest: list[float] = []

    for client in (pleo.client, PleoClient(PLEO, BearerToken("t"), sleep=shortest.append, jitter=lambda: 0.0)):
        with pytest.raises(PleoUnavailable):
            client.job(JOB)

    assert pleo.slept == [0.5, 1.0, 2.0]
    assert shortest == [0.25, 0.5, 1.0]


def test_given_a_write_without_an_answer_when_retries_find_no_server_then_its_outcome_stays_unknown(
    pleo: Pleo,
) -> None:
    pleo.will("PUT", f"{JOB_PATH}/items", body=requests.ReadTimeout())
    pleo.will("PUT", f"{JOB_PATH}/items", body=refused_connection())

    with pytest.raises(PleoOutcomeUnknown):
        update_items(pleo.client)


def test_given_a_write_that_may_have_been_done_when_pleo_answers_afterwards_then_that_answer_counts(
    pleo: Pleo,
) -> None:
    pleo.will("PUT", f"{JOB_PATH}/items", body=requests.ReadTimeout())
    pleo.will("PUT", f"{JOB_PATH}/items", json={"type": "EXPORT_JOB_STATUS_UNPROCESSABLE"}, status=422)

    with pytest.raises(PleoRefused):
        update_items(pleo.client)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7"},
        {"Retry-After": "Sun, 01 Mar 2026 09:00:07 GMT", "Date": "Sun, 01 Mar 2026 09:00:00 GMT"},
    ],
)
def test_given_a_short_wait_when_asked_for_then_it_is_taken_here(
    pleo: Pleo, status: int, headers: dict[str, str]
) -> None:
    pleo.will("GET", JOB_PATH, status=status, headers=headers)
    pleo.will("GET", JOB_PATH, **WORKS)

    assert pleo.client.job(JOB).id == JOB
    assert pleo.slept == [7]


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "11"},
        {"Retry-After": "Sun, 01 Mar 2026 09:00:11 GMT", "Date": "Sun, 01 Mar 2026 09:00:00 GMT"},
    ],
)
def test_given_a_long_wait_when_asked_for_then_it_is_left_to_the_state_machine(
    pleo: Pleo, headers: dict[str, str]
) -> None:
    pleo.will("GET", JOB_PATH, status=429, headers=headers)

    with pytest.raises(PleoRateLimited) as error:
        pleo.client.job(JOB)

    assert error.value.retry_after == 11
    assert (len(pleo.asked()), pleo.slept) == (1, [])


def test_given_no_word_of_a_wait_when_the_limit_stays_reached_then_a_minute_is_assumed(pleo: Pleo) -> None:
    pleo.will("GET", JOB_PATH, status=429)

    with pytest.raises(PleoRateLimited) as error:
        pleo.client.job(JOB)

    assert error.value.retry_after == 60


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": " 30 "}, 30),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "9" * 5000}, None),
        ({"Retry-After": "Sun, 01 Mar 2026 09:00:07 GMT"}, None),
        ({"Retry-After": "Sun, 01 Mar 2026 09:00:07 GMT", "Date": "yesterday"}, None),
        ({"Retry-After": "Sun, 01 Mar 2026 08:00:00 GMT", "Date": "Sun, 01 Mar 2026 09:00:00 GMT"}, 0),
        ({"Retry-After": "Sun, 01 Mar 2026 09:00:07 -0000", "Date": "Sun, 01 Mar 2026 09:00:00 GMT"}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(headers: dict[str, str], seconds: int | None) -> None:
    assert seconds_to_wait(headers) == seconds


def test_given_a_refusal_when_raised_then_it_keeps_pleos_words_and_the_request_id(pleo: Pleo) -> None:
    pleo.will(
        "POST",
        "/v3/export-job-events",
        status=422,
        json={"type": "INVALID_EXPORT_JOB_STATUS_CHANGE", "message": "Export Job status change failed"},
        headers={"X-Request-Id": "req-1"},
    )

    with pytest.raises(PleoRefused) as error:
        send_event(pleo.client)

    assert error.value.type == "INVALID_EXPORT_JOB_STATUS_CHANGE"
    assert error.value.message == "Export Job status change failed"
    assert error.value.request_id == "req-1"


@pytest.mark.parametrize(
    "body",
    [b"<html>Jane Doe's dinner</html>", b'["Jane"]', b'{"type": {"Jane": 1}, "message": ["Jane"], "note": "Jane"}'],
)
def test_given_a_body_that_is_not_pleos_error_when_raised_then_nothing_of_it_is_kept(pleo: Pleo, body: bytes) -> None:
    pleo.will("GET", JOB_PATH, status=400, body=body)

    with pytest.raises(PleoRefused) as error:
        pleo.client.job(JOB)

    assert (error.value.type, error.value.message) == ("", "")
    assert "Jane" not in f"{error.value} {error.value!r}"


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 401, "json": {"type": API_KEY, "message": f"{API_KEY} is not a key"}},
        {"status": 500},
        {"body": refused_connection()},
        {"body": dropped_connection()},
    ],
)
def test_no_error_shows_the_credential_or_the_query_or_leads_to_one_that_does(
    pleo: Pleo, answer: dict[str, Any]
) -> None:
    pleo.will("GET", "/v3/export-job-items", **answer)

    with pytest.raises(PleoError) as error:
        pleo.client.last_results("company-x", "entry-y")

    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    shown = f"{error.value} {error.value!r} {vars(error.value)} {pleo.client!r}"
    assert [secret for secret in (API_KEY, "cGxwXw", "company-x", "entry-y") if secret in shown] == []


def test_every_request_names_us_and_limits_its_time(pleo: Pleo) -> None:
    pleo.will("GET", JOB_PATH, **WORKS)

    pleo.client.job(JOB)

    request = pleo.asked()[0]
    assert request.headers["User-Agent"] == f"pleo-export/{pleo_export.__version__}"
    assert request.req_kwargs["timeout"] == (3, 20)  # type: ignore[attr-defined] # added by `responses`
    assert "Content-Type" not in request.headers


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())

    assert project["project"]["version"] == pleo_export.__version__


@pytest.mark.parametrize("call", CALLS)
def test_given_a_401_when_the_credential_renews_itself_then_any_request_is_repeated_twice(
    pleo: Pleo, call: Call
) -> None:
    method, path = CALLS[call]
    pleo.will(method, path, status=401)
    new = iter(["second", "third", "fourth"])
    client = PleoClient(PLEO, BearerToken("first", lambda _refused: next(new)), sleep=pleo.slept.append)

    with pytest.raises(PleoUnauthorized):
        call(client)

    assert [each.headers["Authorization"] for each in pleo.asked()] == ["Bearer first", "Bearer second", "Bearer third"]
    assert pleo.slept == []


def test_given_a_401_when_there_is_another_token_then_it_is_used_from_then_on(pleo: Pleo) -> None:
    pleo.will("GET", JOB_PATH, status=401)
    pleo.will("GET", JOB_PATH, **WORKS)
    refused: list[str] = []

    def successor(token: str) -> str:
        refused.append(token)
        return "new"

    client = PleoClient(PLEO, BearerToken("old", successor))
    client.job(JOB)
    client.job(JOB)

    assert refused == ["old"]
    assert [each.headers["Authorization"] for each in pleo.asked()] == ["Bearer old", "Bearer new", "Bearer new"]


# The function's time


@pytest.mark.parametrize(
    ("call", "seconds", "error", "tries"),
    [
        (read_job, 20, PleoUnavailable, 0),
        (read_job, 30, PleoUnavailable, 1),
        (read_job, 60, PleoUnavailable, 2),
        (read_job, 300, PleoUnavailable, 4),
        (update_items, 20, PleoUnavailable, 0),
        (update_items, 60, PleoOutcomeUnknown, 2),
        (update_items, 120, PleoOutcomeUnknown, 4),
        (send_event, 20, PleoUnavailable, 0),
        (send_event, 30, PleoOutcomeUnknown, 1),
    ],
)
def test_given_pleo_accepts_and_never_answers_then_the_error_comes_before_the_function_ends(
    call: Call, seconds: float, error: type[PleoError], tries: int
) -> None:
    spent: list[float] = []

    class Silent(requests.Session):
        def request(self, *_: Any, **__: Any) -> requests.Response:
            spent.append(CONNECT_SECONDS + READ_SECONDS)
            raise requests.ReadTimeout

    client = PleoClient(
        PLEO,
        BearerToken("token"),
        session=Silent(),
        sleep=spent.append,
        jitter=lambda: 1.0,
        time_left=lambda: timedelta(seconds=seconds - sum(spent)),
    )

    with pytest.raises(PleoError) as raised:
        call(client)
    assert type(raised.value) is error
    assert spent.count(CONNECT_SECONDS + READ_SECONDS) == tries
    assert sum(spent) < seconds
