from __future__ import annotations

import base64

import pytest
import requests

from pleo_export.errors import InvalidSettings
from pleo_export.pleo.credentials import ApiKey, BearerToken, credential_from_secret

SECRET = "plp_never-to-be-seen"


def authorization(credential: ApiKey | BearerToken) -> str:
    request = requests.Request("GET", "https://external.pleo.io/v1/introspect", auth=credential).prepare()
    return request.headers["Authorization"]


def test_given_an_api_key_when_sent_then_it_is_the_user_name_with_an_empty_password() -> None:
    scheme, _, value = authorization(ApiKey(SECRET)).partition(" ")

    assert (scheme, base64.b64decode(value).decode()) == ("Basic", f"{SECRET}:")


def test_given_an_access_token_when_sent_then_it_is_a_bearer_token() -> None:
    assert authorization(BearerToken(SECRET)) == f"Bearer {SECRET}"


@pytest.mark.parametrize("credential", [ApiKey(SECRET), BearerToken(SECRET)])
def test_no_text_of_a_credential_shows_its_secret(credential: ApiKey | BearerToken) -> None:
    assert SECRET not in f"{credential!r} {credential} {[credential]}"


def test_given_a_connections_secret_when_read_then_the_kind_follows_from_the_field() -> None:
    assert credential_from_secret({"api_key": SECRET}) == ApiKey(SECRET)
    assert credential_from_secret({"access_token": SECRET, "refresh_token": "r"}) == BearerToken(SECRET)


@pytest.mark.parametrize(
    ("secret", "named"),
    [
        ({}, "api_key is missing"),
        ({"api_key": ""}, "api_key is missing"),
        ({"refresh_token": SECRET}, "api_key is missing"),
        ({"api_key": SECRET, "access_token": SECRET}, "both api_key and access_token"),
        ({"api_key": f"{SECRET}\n"}, "pleo.api_key"),
        ({"access_token": f"{SECRET} {SECRET}"}, "pleo.access_token"),
        ({"access_token": 5}, "pleo.access_token"),
    ],
)
def test_given_a_secret_that_cannot_work_when_read_then_the_field_is_named_and_no_value(
    secret: dict[str, str], named: str
) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        credential_from_secret(secret)

    assert named in str(refusal.value)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    ("secret", "renewed"),
    [
        ({"api_key": SECRET}, False),
        ({"access_token": SECRET}, False),
        ({"access_token": SECRET, "refresh_token": "r"}, True),
    ],
)
def test_given_a_connections_secret_then_only_a_token_that_can_be_refreshed_renews_itself(
    secret: dict[str, str], renewed: bool
) -> None:
    credential = credential_from_secret(secret, lambda _refused: "new")

    assert credential.renew() is renewed
    assert (authorization(credential) == "Bearer new") is renewed


def test_given_no_other_token_when_renewed_then_the_old_one_stays() -> None:
    credential = BearerToken(SECRET, lambda _refused: None)

    assert credential.renew() is False
    assert authorization(credential) == f"Bearer {SECRET}"
