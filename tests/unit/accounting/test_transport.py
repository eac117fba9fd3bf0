"""What a connection fault means for a read and for a write, and that nothing secret leaves the transport."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
import responses
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError

from pleo_export.accounting.economic.rest import EconomicTransport
from pleo_export.accounting.errors import AccountingError, OutcomeUnknown, RateLimited, Unavailable
from pleo_export.accounting.http import (
    CONNECT_SECONDS,
    READ_SECONDS,
    TRIES,
    AccountingResponse,
    AccountingTransport,
)
from pleo_export.accounting.xero.rest import XeroTransport
from pleo_export.http.backoff import FIRST_PAUSE
from pleo_export.http.session import IsolatedSession

URL = "http://books.example.com"
NEVER_CONNECTED = requests.ConnectionError(
    MaxRetryError(
        HTTPConnectionPool("books"),
        "/",
        NewConnectionError(HTTPConnectionPool("books"), "refused"),  # type: ignore[arg-type]
    )
)
DROPPED = requests.ConnectionError("Connection aborted.")


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def transport(pauses: list[float]) -> AccountingTransport:
    headers = {"Authorization": "Bearer top-secret"}
    return AccountingTransport("Tryton", URL, headers, sleep=pauses.append, jitter=lambda: 1.0)


@responses.activate
def test_given_a_read_that_fails_once_when_read_then_it_is_tried_again(
    transport: AccountingTransport, pauses: list[float]
) -> None:
    responses.post(f"{URL}/x", body=DROPPED)
    responses.post(f"{URL}/x", status=503)
    responses.post(f"{URL}/x", json=1)

    assert transport.read("POST", "/x").content == b"1"
    assert pauses == [FIRST_PAUSE, 2 * FIRST_PAUSE]


@responses.activate
def test_given_a_read_that_never_succeeds_when_read_then_it_is_unavailable(transport: AccountingTransport) -> None:
    answers = responses.post(f"{URL}/x", body=requests.ReadTimeout())

    with pytest.raises(Unavailable):
        transport.read("POST", "/x")
    assert answers.call_count == TRIES


@responses.activate
@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_given_an_answer_that_will_not_change_when_read_then_it_is_asked_for_once(
    transport: AccountingTransport, status: int
) -> None:
    answers = responses.post(f"{URL}/x", status=status)

    assert transport.read("POST", "/x").status == status
    assert answers.call_count == 1


@responses.activate
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (NEVER_CONNECTED, Unavailable),
        (requests.ConnectTimeout(), Unavailable),
        (requests.ReadTimeout(), OutcomeUnknown),
        (DROPPED, OutcomeUnknown),
        (requests.exceptions.ChunkedEncodingError(), OutcomeUnknown),
    ],
)
def test_given_a_fault_of_the_connection_when_written_then_it_is_known_what_is_known(
    transport: AccountingTransport, fault: Exception, error: type[AccountingError]
) -> None:
    answers = responses.post(f"{URL}/x", body=fault)

    with pytest.raises(error):
        transport.write("POST", "/x", b"{}")
    assert answers.call_count == 1


@responses.activate
@pytest.mark.parametrize("status", [307, 500, 503])
def test_given_an_answer_when_written_then_it_is_sent_once_and_not_followed(
    transport: AccountingTransport, status: int
) -> None:
    answers = responses.post(f"{URL}/x", status=status, headers={"Location": "/y"})

    assert transport.write("POST", "/x", b"{}").status == status
    assert answers.call_count == 1


@responses.activate
def test_given_a_fault_when_it_is_shown_then_it_holds_no_credential_and_no_body(transport: AccountingTransport) -> None:
    responses.post(f"{URL}/x", body=requests.ConnectionError("Bearer top-secret, Paper for Ann"))

    with pytest.raises(OutcomeUnknown) as caught:
        transport.write("POST", "/x", b"Paper for Ann")

    shown = f"{caught.value} {caught.value!r} {vars(caught.value)} {caught.value.__cause__} {transport!r}"
    assert "secret" not in shown
    assert "Ann" not in shown


@responses.activate
def test_given_any_call_when_sent_then_it_carries_the_credential(transport: AccountingTransport) -> None:
    responses.post(f"{URL}/x", match=[responses.matchers.header_matcher({"Authorization": "Bearer top-secret"})])

    assert isinstance(transport.write("POST", "/x"), AccountingResponse)


ONE_CALL = CONNECT_SECONDS + READ_SECONDS


class Silent(IsolatedSession):
    """A system that accepts each call and never answers."""

    def __init__(self, spent: list[float]) -> None:
        super().__init__()
        self._spent = spent

    def request(self, *_: Any, **__: Any) -> requests.Response:
        self._spent.append(ONE_CALL)
        raise requests.ReadTimeout


def in_a_function_of(seconds: float, spent: list[float]) -> AccountingTransport:
    """`spent` are the seconds of its calls and pauses."""
    left = lambda: timedelta(seconds=seconds - sum(spent))  # noqa: E731
    transport = AccountingTransport("Tryton", URL, {}, sleep=spent.append, jitter=lambda: 1.0, time_left=left)
    transport._session = Silent(spent)
    return transport


@pytest.mark.parametrize(("seconds", "calls"), [(20, 0), (60, 1), (90, 2), (240, 3)])
def test_given_a_system_that_never_answers_then_it_is_unavailable_before_the_function_ends(
    seconds: float, calls: int
) -> None:
    spent: list[float] = []

    with pytest.raises(Unavailable):
        in_a_function_of(seconds, spent).read("GET", "/x")
    assert spent.count(ONE_CALL) == calls
    assert sum(spent) < seconds


class UsedUp:
    """A budget of so many calls."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def take(self, calls: int = 1) -> None:
        if self.left < calls:
            raise RateLimited("No call is left.", retry_after=7)
        self.left -= calls

    def observe(self, remaining: int | None, resets_in: int | None = None) -> None:
        raise NotImplementedError


@responses.activate
@pytest.mark.parametrize("method", ["read", "write"])
def test_given_a_budget_that_is_used_up_when_called_then_nothing_is_sent(method: str) -> None:
    answers = responses.post(f"{URL}/x", status=503)
    transport = AccountingTransport("Tryton", URL, {}, sleep=lambda _: None, budget=UsedUp(1))

    with pytest.raises(RateLimited) as refused:
        for _ in range(2):
            getattr(transport, method)("POST", "/x")

    assert refused.value.retry_after == 7
    assert answers.call_count == 1


class Told(UsedUp):
    """A budget that remembers what it is told."""

    def __init__(self) -> None:
        super().__init__(calls=10)
        self.seen: list[tuple[int | None, int | None]] = []

    def observe(self, remaining: int | None, resets_in: int | None = None) -> None:
        self.seen.append((remaining, resets_in))


@responses.activate
@pytest.mark.parametrize(
    ("kind", "status", "headers", "seen"),
    [
        (AccountingTransport, 429, {"Retry-After": "7"}, [(None, 7)]),
        (AccountingTransport, 429, {}, [(None, 60)]),
        (AccountingTransport, 200, {"X-MinLimit-Remaining": "41"}, []),
        (XeroTransport, 200, {"X-MinLimit-Remaining": "41"}, [(41, 60)]),
        (XeroTransport, 429, {"X-MinLimit-Remaining": "41", "Retry-After": "7"}, [(None, 7)]),
        (EconomicTransport, 200, {"X-RateLimiting": "app: 9990/10000"}, [(10, 60)]),
    ],
)
def test_given_what_an_answer_says_of_calls_then_the_budget_is_told(
    kind: type[AccountingTransport], status: int, headers: dict[str, str], seen: list[tuple[int | None, int]]
) -> None:
    responses.get(f"{URL}/x", status=status, headers=headers)
    budget = Told()

    kind("Ledger", URL, {}, budget=budget).read("GET", "/x")

    assert budget.seen == seen


def test_given_no_time_is_left_for_an_answer_when_written_then_nothing_is_sent() -> None:
    spent: list[float] = []

    with pytest.raises(Unavailable, match="Nothing was done"):
        in_a_function_of(ONE_CALL, spent).write("POST", "/x")
    assert spent == []
