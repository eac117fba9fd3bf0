"""OAuth of the simulated Pleo: codes, rotation, and what a dead token does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pleo_simulator.clock import Clock
from pleo_simulator.oauth import ACCESS_TOKEN_LIFE, CODE_LIFE, REFRESH_TOKEN_LIFE, Client, OAuth, OAuthRefused, s256
from pleo_simulator.seeded_ids import SeededIds

CALLBACK = "https://integration.example.com/callback"
CLIENT = Client("client", "secret", (CALLBACK,), "11111111-1111-4111-8111-111111111111")
OTHER_CLIENT = Client("other", "secret", (CALLBACK,), "22222222-2222-4222-8222-222222222222")
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


class OAuthServer:
    """An OAuth server with a clock to move."""

    def __init__(self) -> None:
        self.clock = Clock(datetime(2026, 3, 2, 9, tzinfo=UTC))
        self.oauth = OAuth(self.clock, SeededIds())
        self.oauth.register(CLIENT)
        self.oauth.register(OTHER_CLIENT)

    def code(self, method: str = "S256", scope: str = "") -> str:
        return self.oauth.authorise("client", CALLBACK, scope, "code", method, s256(VERIFIER))

    def tokens(self) -> dict[str, Any]:
        return self.oauth.exchange(CLIENT, self.code(), CALLBACK, VERIFIER)


def test_the_challenge_is_that_of_rfc_7636() -> None:
    assert s256(VERIFIER) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_given_a_code_and_its_verifier_then_the_token_is_the_clients_companys() -> None:
    server = OAuthServer()

    tokens = server.tokens()

    credential = server.oauth.access_token(tokens["access_token"])
    assert credential is not None
    assert credential.company_id == CLIENT.company_id
    assert tokens["expires_in"] == 900


@pytest.mark.parametrize(
    ("client", "redirect_uri", "verifier"),
    [(OTHER_CLIENT, CALLBACK, VERIFIER), (CLIENT, CALLBACK + "/", VERIFIER), (CLIENT, CALLBACK, "x" * 43)],
)
def test_given_a_code_when_client_redirect_or_verifier_differ_then_invalid_grant(
    client: Client, redirect_uri: str, verifier: str
) -> None:
    server = OAuthServer()

    with pytest.raises(OAuthRefused, match="invalid_grant"):
        server.oauth.exchange(client, server.code(), redirect_uri, verifier)


def test_given_a_code_when_used_twice_or_late_then_invalid_grant() -> None:
    server = OAuthServer()
    used, late = server.code(), server.code()
    server.oauth.exchange(CLIENT, used, CALLBACK, VERIFIER)

    with pytest.raises(OAuthRefused, match="invalid_grant"):
        server.oauth.exchange(CLIENT, used, CALLBACK, VERIFIER)
    server.clock.advance(CODE_LIFE)
    with pytest.raises(OAuthRefused, match="invalid_grant"):
        server.oauth.exchange(CLIENT, late, CALLBACK, VERIFIER)


def test_given_the_plain_method_when_authorising_then_it_is_refused() -> None:
    with pytest.raises(OAuthRefused, match="S256"):
        OAuthServer().code(method="plain")


def test_given_a_short_verifier_even_if_it_fits_then_invalid_grant() -> None:
    server = OAuthServer()
    code = server.oauth.authorise("client", CALLBACK, "", "code", "S256", s256("short"))

    with pytest.raises(OAuthRefused, match="code_verifier"):
        server.oauth.exchange(CLIENT, code, CALLBACK, "short")


def test_given_a_refresh_then_all_earlier_tokens_are_dead_and_the_new_ones_live() -> None:
    server = OAuthServer()
    old = server.tokens()

    new = server.oauth.refresh(CLIENT, old["refresh_token"])

    assert server.oauth.access_token(old["access_token"]) is None
    assert server.oauth.access_token(new["access_token"]) is not None
    assert server.oauth.refresh(CLIENT, new["refresh_token"])["refresh_token"] != new["refresh_token"]


@pytest.mark.parametrize("ended_by", ["rotation", "age"])
def test_given_a_refresh_token_that_has_ended_when_used_then_the_whole_authorisation_dies(ended_by: str) -> None:
    server = OAuthServer()
    old = server.tokens()
    if ended_by == "age":
        server.clock.advance(REFRESH_TOKEN_LIFE)
        live = None
    else:
        live = server.oauth.refresh(CLIENT, old["refresh_token"])

    with pytest.raises(OAuthRefused, match="invalid_refresh_token"):
        server.oauth.refresh(CLIENT, old["refresh_token"])

    if live is not None:
        assert server.oauth.access_token(live["access_token"]) is None
        with pytest.raises(OAuthRefused, match="invalid_refresh_token"):
            server.oauth.refresh(CLIENT, live["refresh_token"])


def test_given_two_authorisations_when_one_dies_then_the_other_lives() -> None:
    server = OAuthServer()
    one, other = server.tokens(), server.tokens()
    server.oauth.refresh(CLIENT, one["refresh_token"])
    with pytest.raises(OAuthRefused):
        server.oauth.refresh(CLIENT, one["refresh_token"])

    assert server.oauth.access_token(other["access_token"]) is not None


def test_given_an_access_token_when_its_life_is_over_then_it_is_nobody() -> None:
    server = OAuthServer()
    tokens = server.tokens()

    server.clock.advance(ACCESS_TOKEN_LIFE - timedelta(seconds=1))
    assert server.oauth.access_token(tokens["access_token"]) is not None
    server.clock.advance(timedelta(seconds=1))
    assert server.oauth.access_token(tokens["access_token"]) is None


def test_given_a_token_when_introspected_then_only_its_own_client_sees_it() -> None:
    server = OAuthServer()
    token = server.tokens()["access_token"]

    assert server.oauth.introspect(OTHER_CLIENT, token) == {"active": False}
    mine = server.oauth.introspect(CLIENT, token)
    assert mine["active"] is True
    assert mine["urn:pleo:params:oauth:subject_urn"] == f"urn:pleo:company:{CLIENT.company_id}"
    assert mine["exp"] - mine["iat"] == 900


def test_given_a_wrong_client_secret_then_401() -> None:
    with pytest.raises(OAuthRefused) as error:
        OAuthServer().oauth.authenticate("client", "wrong")

    assert (error.value.error, error.value.status) == ("invalid_client", 401)
