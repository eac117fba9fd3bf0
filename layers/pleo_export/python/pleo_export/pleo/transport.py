"""One HTTP call to Pleo: time limits, attempts, and the error that each answer means.

What may be repeated: a GET or a PUT whenever Pleo did not answer, answered 5xx or limits the rate (both have the same
effect once or twice), and a POST whose request says so: a search, an archiving. Any other POST and a DELETE only if no
connection was made. 403, 404 and the other 4xx are answers and never repeated. Neither is 401, unless the credential
can renew itself: then with any method, since Pleo has done nothing. Waits above LONGEST_WAIT are left to the state
machine, where they cost nothing. No attempt is begun that the function's time limit might cut off: the state machine
would see a function that timed out, not that Pleo is unavailable. Each attempt is taken from the call budget first; a
429 is told to it, for the others' sake.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
from pydantic import BaseModel, ValidationError
from requests.exceptions import ChunkedEncodingError, ContentDecodingError

from pleo_export import __version__
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.call_counter import CALLS
from pleo_export.function_time import TimeLeft, enough_time, unlimited
from pleo_export.http.backoff import pause_after
from pleo_export.http.delivery import not_sent
from pleo_export.http.retry_after import seconds_to_wait
from pleo_export.pleo.credentials import Credential
from pleo_export.pleo.errors import (
    PleoError,
    PleoOutcomeUnknown,
    PleoProtocolError,
    PleoRateLimited,
    PleoUnauthorized,
    PleoUnavailable,
    error_class,
)
from pleo_export.pleo.strict_json import parse

CONNECT_SECONDS, READ_SECONDS = 3, 20
TRIES = 4
LONGEST_WAIT = 10  # seconds that we wait here when Pleo asks for it
RATE_LIMIT_WAIT = 60  # seconds, for a 429 that names no time; open question 16: the limit is per minute
RENEWALS = 2  # the token that another worker has got meanwhile, and if that is refused too, a new one
REPEATABLE = frozenset({"GET", "PUT"})
# Errors that keep no text of the answer: it is not Pleo's, or may repeat the credential that it refuses.
WITHOUT_WORDS = frozenset({PleoProtocolError, PleoUnauthorized})
CODE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
REQUEST_ID_HEADERS = ("x-request-id", "x-correlation-id", "cf-ray")  # open question 16: none is documented
NO_PROPER_ANSWER = (requests.ConnectionError, requests.Timeout, ChunkedEncodingError, ContentDecodingError)

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `body` is what will be JSON; `path` starts with / and has no query. A POST that is `safe` only reads;
    one that is `idempotent` has the same effect once or twice."""

    method: str
    path: str
    query: Sequence[tuple[str, str | int]] = ()
    body: Any = None
    safe: bool = False
    idempotent: bool = False

    @property
    def is_write(self) -> bool:
        """Whether the call may change something at Pleo."""
        return self.method != "GET" and not self.safe

    @property
    def repeatable(self) -> bool:
        """Whether the call may be sent once more although it may have been carried out."""
        return self.method in REPEATABLE or self.safe or self.idempotent


@dataclass(frozen=True, slots=True)
class PleoResponse:
    """A 2xx answer, not yet read."""

    request: Request
    http: requests.Response

    def read(self, model: type[Model]) -> Model:
        """Return the content as `model`. Raises PleoProtocolError, which names the wrong fields and shows no value."""
        try:
            return model.model_validate(parse(self.http.content))
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        except ValueError:
            problems = "not JSON"
        raise self.protocol_error(problems)

    def protocol_error(self, problem: str) -> PleoProtocolError:
        """Return the error for an answer that is not what Pleo's specification says."""
        return PleoProtocolError(problem, **_evidence(self.request, self.http))


@dataclass(frozen=True, slots=True)
class _FailedRequest:
    """A failed attempt: the error it means, whether another may follow, the seconds Pleo asked for."""

    error: PleoError
    may_follow: bool
    wait: int | None = None


class PleoTransport:
    """Sends calls with one credential. `sleep` takes seconds; `jitter` returns a number from 0 to 1."""

    def __init__(
        self,
        base_url: str,
        credential: Credential,
        session: requests.Session,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        time_left: TimeLeft = unlimited,
        budget: CallBudget = UNLIMITED,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._credential = credential
        self._session = session
        self._sleep = sleep
        self._jitter = jitter
        self._time_left = time_left
        self._budget = budget

    def send(self, request: Request) -> PleoResponse:
        """Return a 2xx answer. Raises PleoError for everything else, and whatever renewing the credential raises."""
        unknown: PleoOutcomeUnknown | None = None
        attempt = 1
        renewals = RENEWALS
        while True:
            outcome = self._try(request) if self._has_time() else _no_time(request)
            if isinstance(outcome, PleoResponse):
                return outcome
            if isinstance(outcome.error, PleoUnauthorized) and renewals and self._credential.renew():
                renewals -= 1
                continue
            error, wait = outcome.error, outcome.wait or 0
            unknown = error if isinstance(error, PleoOutcomeUnknown) else unknown
            pause = max(pause_after(attempt, self._jitter), wait)
            if attempt == TRIES or not outcome.may_follow or wait > LONGEST_WAIT or not self._has_time(pause):
                # A last attempt that was never sent says nothing about an earlier one that was.
                raise unknown if unknown and isinstance(error, PleoUnavailable) else error
            self._sleep(pause)
            attempt += 1

    def _try(self, request: Request) -> PleoResponse | _FailedRequest:
        try:
            self._budget.take()
        except PleoRateLimited as refused:
            return _FailedRequest(refused, may_follow=False)
        try:
            with CALLS.request("pleo") as call:
                response = self._session.request(
                    request.method,
                    self.base_url + request.path,
                    params=list(request.query),
                    data=None if request.body is None else json.dumps(request.body).encode(),
                    headers=_headers(request),
                    auth=self._credential,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                )
                call.status = response.status_code
        except NO_PROPER_ANSWER as failure:
            return _no_answer(request, failure)
        if 200 <= response.status_code < 300:
            return PleoResponse(request, response)
        refusal = _refusal(request, response)
        if isinstance(refusal.error, PleoRateLimited):
            # Not for longer: whether the limit is the client's or this company's, the next answer tells whoever calls.
            self._budget.observe(None, min(refusal.error.retry_after, LONGEST_WAIT))
        return refusal

    def _has_time(self, pause: float = 0) -> bool:
        """Whether one more attempt after a pause (seconds) ends in time."""
        return enough_time(self._time_left, pause + CONNECT_SECONDS + READ_SECONDS)


def _headers(request: Request) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": f"pleo-export/{__version__}"}
    if request.body is not None:
        headers["Content-Type"] = "application/json;charset=UTF-8"  # as the specification writes it
    return headers


def _no_time(request: Request) -> _FailedRequest:
    error = PleoUnavailable("not sent: too little time left", method=request.method, path=request.path)
    return _FailedRequest(error, may_follow=False)


def _no_answer(request: Request, failure: requests.RequestException) -> _FailedRequest:
    nothing_sent = not_sent(failure)
    error = PleoOutcomeUnknown if request.is_write and not nothing_sent else PleoUnavailable
    return _FailedRequest(
        error(f"no answer ({type(failure).__name__})", method=request.method, path=request.path),
        may_follow=nothing_sent or request.repeatable,
    )


def _refusal(request: Request, response: requests.Response) -> _FailedRequest:
    kind = error_class(response.status_code, write=request.is_write)
    code, message = ("", "") if kind in WITHOUT_WORDS else _type_and_message(response.content)
    evidence = _evidence(request, response)
    wait = seconds_to_wait(response.headers)
    passing = issubclass(kind, (PleoUnavailable, PleoOutcomeUnknown, PleoRateLimited))
    error = (
        PleoRateLimited(message, retry_after=RATE_LIMIT_WAIT if wait is None else wait, type=code, **evidence)
        if issubclass(kind, PleoRateLimited)
        else kind(message, type=code, **evidence)
    )
    return _FailedRequest(error, may_follow=passing and request.repeatable, wait=wait)


def _type_and_message(content: bytes) -> tuple[str, str]:
    """Return type and message of Pleo's `ExceptionInfo`; empty for a body that is something else, and for a type that
    is not a code."""
    try:
        info = parse(content)
    except ValueError:
        return "", ""
    if not isinstance(info, dict):
        return "", ""
    code, message = info.get("type"), info.get("message")
    coded = code if isinstance(code, str) and CODE.fullmatch(code) else ""
    return coded, message if isinstance(message, str) else ""


def _evidence(request: Request, response: requests.Response) -> dict[str, Any]:
    ids = (response.headers.get(name) for name in REQUEST_ID_HEADERS)
    return {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "request_id": next((each[:100] for each in ids if each), None),
    }
