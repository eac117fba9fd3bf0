"""What the answers of a token endpoint mean (RFC 6749, API-1), each row of the tables."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
import responses

from pleo_export.errors import InvalidSettings
from pleo_export.oauth.grant import NOT_YET, Grant, fingerprint, grant_in
from pleo_export.oauth.token_endpoint import (
    ClientRefused,
    GrantEnded,
    NoAnswer,
    NotNow,
    OAuthClient,
    OAuthError,
    TokenEndpoint,
)
from tests.unit.pleo.pleo_answers import dropped_connection, refused_connection

URL = "https://auth.pleo.test/oauth/token"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOKENS = {"access_token": "new-access", "refresh_token": "new-refresh", "expires_in": 900, "token_type": "Bearer"}
GRANT = Grant("new-access", "new-refresh", datetime(2026, 11, 20, 12, 15, tzinfo=UTC))
SECRETS = ("the-client-secret", "the-refresh-token", "new-access", "new-refresh")


@pytest.fixture
def provider(socket_disabled: None) -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as answers:
        yield answers


def endpoint() -> TokenEndpoint:
    return TokenEndpoint(URL, OAuthClient("our-client", "the-client-secret"), requests.Session(), lambda: NOON)


def test_a_refresh_sends_the_form_that_pleo_describes(provider: responses.RequestsMock) -> None:
    provider.add("POST", URL, json=TOKENS)

    assert endpoint().refresh("the-refresh-token") == GRANT

    request = provider.calls[0].request
    assert parse_qs(str(request.body)) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["the-refresh-token"],
        "client_id": ["our-client"],
        "client_secret": ["the-client-secret"],
    }
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in request.headers


def test_an_exchange_proves_who_began(provider: responses.RequestsMock) -> None:
    provider.add("POST", URL, json=TOKENS)

    assert endpoint().exchange("code", "https://us.test/callback", "verifier") == GRANT

    sent = parse_qs(str(provider.calls[0].request.body))
    assert {name: sent[name] for name in ("grant_type", "code", "redirect_uri", "code_verifier")} == {
        "grant_type": ["authorization_code"],
        "code": ["code"],
        "redirect_uri": ["https://us.test/callback"],
        "code_verifier": ["verifier"],
    }


ABSENT = object()


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (ABSENT, 900),
        (None, 900),
        (0, 900),
        (-5, 900),
        ("soon", 900),
        (True, 900),
        ([3600], 900),
        (float("nan"), 900),
        (float("inf"), 900),
        ("", 900),
        (3600, 3600),
        ("3600", 3600),
        (" 3599 ", 3599),
        (3599.9, 3599),
        (10**30, 365 * 86_400),
    ],
)
def test_a_life_is_read_as_number_or_text_and_if_absent_is_that_of_pleos_tokens(
    provider: responses.RequestsMock, expires_in: object, seconds: int
) -> None:
    content = {name: value for name, value in TOKENS.items() if name != "expires_in"}
    provider.add("POST", URL, json=content | ({} if expires_in is ABSENT else {"expires_in": expires_in}))

    assert endpoint().refresh("r").expires_at == NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize("returned", [ABSENT, None, "", "the-refresh-token"])
def test_given_no_or_the_same_refresh_token_then_the_one_that_was_sent_stays_good(
    provider: responses.RequestsMock, returned: object
) -> None:
    content = {name: value for name, value in TOKENS.items() if name != "refresh_token"}
    provider.add("POST", URL, json=content | ({} if returned is ABSENT else {"refresh_token": returned}))

    assert endpoint().refresh("the-refresh-token") == Grant("new-access", "the-refresh-token", GRANT.expires_at)


def test_given_no_refresh_token_for_a_code_then_there_is_no_grant_that_lasts(provider: responses.RequestsMock) -> None:
    provider.add("POST", URL, json={name: value for name, value in TOKENS.items() if name != "refresh_token"})

    with pytest.raises(NoAnswer):
        endpoint().exchange("code", "https://us.test/callback", "verifier")


@pytest.mark.parametrize("kind", ["bearer", "Bearer", "BEARER", None, ABSENT])
@pytest.mark.parametrize("scope", [ABSENT, "", "export-items:read"])
def test_the_case_of_the_type_and_an_absent_scope_change_nothing(
    provider: responses.RequestsMock, kind: object, scope: object
) -> None:
    content: dict[str, Any] = {**TOKENS, "token_type": kind, "scope": scope}
    provider.add("POST", URL, json={name: value for name, value in content.items() if value is not ABSENT})

    assert endpoint().refresh("r") == GRANT


# How the client proves itself

REFUSED_CLIENT: list[dict[str, Any]] = [
    {"status": 401, "json": {"error": "invalid_client"}},
    {"status": 400, "json": {"error": "invalid_client"}},
    {"status": 401, "body": "<html>", "headers": {"WWW-Authenticate": "Basic"}},
    {"status": 401, "body": b"\xff\xfe"},
]


@pytest.mark.parametrize("refused", REFUSED_CLIENT)
def test_given_the_client_is_refused_in_the_form_then_it_is_tried_once_with_basic(
    provider: responses.RequestsMock, refused: dict[str, Any]
) -> None:
    provider.add("POST", URL, **refused)
    provider.add("POST", URL, json=TOKENS)

    client = OAuthClient("our:client", "s/ecret +é")
    assert TokenEndpoint(URL, client, requests.Session(), lambda: NOON).refresh("the-refresh-token") == GRANT

    second = provider.calls[1].request
    assert parse_qs(str(second.body)) == {"grant_type": ["refresh_token"], "refresh_token": ["the-refresh-token"]}
    scheme, _, value = second.headers["Authorization"].partition(" ")
    assert (scheme, b64decode(value)) == ("Basic", b"our%3Aclient:s%2Fecret+%2B%C3%A9")
    assert "Authorization" not in provider.calls[0].request.headers


@pytest.mark.parametrize("refused", REFUSED_CLIENT)
def test_given_the_client_is_refused_both_ways_then_nothing_else_is_tried(
    provider: responses.RequestsMock, refused: dict[str, Any]
) -> None:
    provider.add("POST", URL, **refused)

    with pytest.raises(ClientRefused):
        endpoint().refresh("r")

    assert len(provider.calls) == 2


@pytest.mark.parametrize(
    ("second", "meaning"),
    [
        ({"status": 400, "json": {"error": "invalid_grant"}}, GrantEnded),
        ({"status": 500}, NoAnswer),
        ({"status": 429}, NotNow),
        ({"body": requests.ReadTimeout()}, NoAnswer),
    ],
)
def test_given_the_second_way_is_answered_otherwise_then_that_counts(
    provider: responses.RequestsMock, second: dict[str, Any], meaning: type[OAuthError]
) -> None:
    provider.add("POST", URL, **REFUSED_CLIENT[0])
    provider.add("POST", URL, **second)

    with pytest.raises(meaning):
        endpoint().refresh("r")

    assert len(provider.calls) == 2


ANSWERS: list[tuple[dict[str, Any], type[OAuthError]]] = [
    ({"status": 400, "json": {"error": "invalid_grant"}}, GrantEnded),
    ({"status": 401, "json": {"error": "invalid_grant"}}, GrantEnded),
    ({"status": 400, "json": {"error": "invalid_request", "error_description": "invalid_refresh_token"}}, GrantEnded),
    ({"status": 400, "json": {"message": "invalid_refresh_token"}}, GrantEnded),
    ({"status": 401, "json": {"error": "unauthorized_client"}}, ClientRefused),
    ({"status": 400, "json": {"error": "invalid_scope"}}, ClientRefused),
    ({"status": 400, "json": {"error": "invalid_request"}}, ClientRefused),
    ({"status": 400, "body": "<html>"}, ClientRefused),
    ({"status": 400, "json": {"error": "temporarily_unavailable"}}, NotNow),
    ({"status": 400, "json": {"error": "slow_down"}}, NotNow),
    ({"status": 400, "json": {"error": "server_error"}}, NoAnswer),
    ({"status": 200, "json": {"error": "invalid_grant"}}, GrantEnded),
    ({"status": 200, "json": {"error": "unauthorized_client"}}, ClientRefused),
    ({"status": 200, "json": {"error": {"code": "invalid_grant"}}}, GrantEnded),
    ({"status": 401, "json": {"error": "INVALID_GRANT"}}, GrantEnded),
    ({"status": 400, "json": {"error": "unauthorized_client"}}, ClientRefused),
    ({"status": 400, "json": {"error": "unsupported_grant_type"}}, ClientRefused),
    ({"status": 403, "body": "<html>"}, ClientRefused),
    ({"status": 404}, ClientRefused),
    ({"status": 302, "headers": {"Location": "https://elsewhere.test"}}, ClientRefused),
    ({"status": 429}, NotNow),
    ({"body": refused_connection()}, NotNow),
    ({"body": requests.ConnectTimeout()}, NotNow),
    ({"body": requests.ReadTimeout()}, NoAnswer),
    ({"body": dropped_connection()}, NoAnswer),
    ({"status": 408}, NoAnswer),
    ({"status": 500, "json": {"error": "invalid_grant"}}, NoAnswer),
    ({"status": 503}, NoAnswer),
    ({"status": 200, "body": "<html>"}, NoAnswer),
    ({"status": 200, "body": "[]"}, NoAnswer),
    ({"status": 200, "body": b"\xff\xfe\xfd"}, NoAnswer),
    ({"status": 200, "json": {**TOKENS, "refresh_token": 7}}, NoAnswer),
    ({"status": 200, "json": {**TOKENS, "token_type": "DPoP"}}, ClientRefused),
    ({"status": 200, "json": {**TOKENS, "access_token": None}}, NoAnswer),
]


@pytest.mark.parametrize(("answer", "meaning"), ANSWERS)
def test_what_an_answer_means_and_that_nothing_is_asked_twice(
    provider: responses.RequestsMock, answer: dict[str, Any], meaning: type[OAuthError]
) -> None:
    provider.add("POST", URL, **answer)

    with pytest.raises(OAuthError) as refusal:
        endpoint().refresh("the-refresh-token")

    assert type(refusal.value) is meaning
    assert len(provider.calls) == 1
    assert refusal.value.__context__ is None
    assert not any(secret in f"{refusal.value!r}" for secret in SECRETS)


def test_no_text_of_a_grant_or_a_client_shows_its_secrets() -> None:
    assert not any(secret in f"{GRANT!r} {GRANT} {endpoint()!r}" for secret in SECRETS)


def test_a_grant_is_kept_as_a_section_of_a_secret_and_found_there() -> None:
    assert grant_in({**GRANT.as_secret(), "tenant": "t"}) == GRANT
    assert grant_in({"api_key": "k"}) is None
    assert grant_in({"access_token": "a"}) is None


@pytest.mark.parametrize(
    "wrong",
    [{"expires_at": "soon"}, {"expires_at": "2026-11-20T12:15:00"}, {"access_token": None}, {"expires_at": None}],
)
def test_a_grant_that_is_not_complete_is_refused_without_showing_it(wrong: dict[str, Any]) -> None:
    section = {name: value for name, value in {**GRANT.as_secret(), **wrong}.items() if value is not None}

    with pytest.raises(InvalidSettings, match="refresh_token: needs") as refused:
        grant_in(section)

    assert "new-" not in str(refused.value)


def test_a_fingerprint_tells_tokens_apart_and_gives_none_away() -> None:
    assert fingerprint("a") != fingerprint("b")
    assert len(fingerprint("a")) == 64


def test_given_a_grant_without_a_refresh_token_when_renewed_then_our_client_asks_for_itself(
    provider: responses.RequestsMock,
) -> None:
    provider.add("POST", URL, json={"access_token": "new-access", "token_type": "Bearer", "expires_in": 3599})
    own = replace(endpoint(), scope="https://api.test/.default")

    renewed = own.renew(Grant("", "", NOT_YET))

    assert renewed == Grant("new-access", "", NOON + timedelta(seconds=3599))
    assert parse_qs(str(provider.calls[0].request.body)) == {
        "grant_type": ["client_credentials"],
        "scope": ["https://api.test/.default"],
        "client_id": ["our-client"],
        "client_secret": ["the-client-secret"],
    }


def test_given_a_refresh_token_that_was_not_asked_for_then_it_is_left_alone(provider: responses.RequestsMock) -> None:
    provider.add("POST", URL, json=TOKENS)

    assert endpoint().renew(Grant("a", "", NOT_YET)).refresh_token == ""


def test_given_a_grant_with_a_refresh_token_when_renewed_then_that_is_sent(provider: responses.RequestsMock) -> None:
    provider.add("POST", URL, json=TOKENS)

    assert endpoint().renew(Grant("a", "the-refresh-token", NOON)) == GRANT
    assert "refresh_token=the-refresh-token" in str(provider.calls[0].request.body)


def test_a_section_with_a_client_of_its_own_needs_tokens_from_the_first_moment() -> None:
    client = {"client_id": "theirs", "client_secret": "s"}

    assert grant_in(client) == Grant("", "", NOT_YET)
    assert grant_in({**client, **Grant("a", "", NOON).as_secret()}) == Grant("a", "", NOON)
    assert grant_in({"app_secret_token": "s", "agreement_grant_token": "g"}) is None
