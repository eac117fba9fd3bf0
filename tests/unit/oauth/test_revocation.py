"""A grant is ended at its provider (RFC 7009)."""

from __future__ import annotations

from base64 import b64decode
from urllib.parse import parse_qs

import pytest
import requests
import responses

from pleo_export.oauth.revocation import RevocationEndpoint
from pleo_export.oauth.token_endpoint import ClientRefused, NoAnswer, OAuthClient, OAuthError

URL = "https://identity.test/connect/revocation"


def endpoint() -> RevocationEndpoint:
    return RevocationEndpoint(URL, OAuthClient("our client", "s:cret"), requests.Session())


@responses.activate
def test_the_refresh_token_is_sent_with_our_client_in_the_header() -> None:
    responses.post(URL)

    endpoint().revoke("the-refresh-token")

    request = responses.calls[0].request
    assert parse_qs(str(request.body)) == {"token": ["the-refresh-token"], "token_type_hint": ["refresh_token"]}
    assert b64decode(request.headers["Authorization"].removeprefix("Basic ")) == b"our+client:s%3Acret"


@responses.activate
@pytest.mark.parametrize(
    ("status", "error"),
    [(302, NoAnswer), (400, ClientRefused), (401, ClientRefused), (408, NoAnswer), (429, NoAnswer), (503, NoAnswer)],
)
def test_given_another_answer_then_the_grant_may_still_be_good(status: int, error: type[OAuthError]) -> None:
    responses.post(URL, status=status, headers={"Location": "https://elsewhere.test"})

    with pytest.raises(error) as raised:
        endpoint().revoke("the-refresh-token")

    assert "refresh-token" not in f"{raised.value} {raised.value!r} {raised.value.__cause__} {endpoint()!r}"
    assert "s:cret" not in repr(endpoint())
    assert len(responses.calls) == 1


@responses.activate
def test_given_no_answer_then_it_may_be_tried_again() -> None:
    responses.post(URL, body=requests.ReadTimeout())

    with pytest.raises(NoAnswer):
        endpoint().revoke("the-refresh-token")
