"""Where secrets of OAuth go: to the vendor's hosts, which no settings can change."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

import pytest
from pydantic import HttpUrl, ValidationError

from pleo_export.accounting.addresses import is_loopback
from pleo_export.accounting.ledger_oauth import LedgerGrant, LedgerOAuth
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.accounting.settings import AccountingSettings, LoginUrl
from pleo_export.errors import InvalidSettings

OAUTH = LedgerOAuth(
    token_url="https://login.vendor.test/{tenant}/oauth2/token",
    authorize_url="https://login.vendor.test/{tenant}/oauth2/authorize",
    tenant_field="organisation",
)


class VendorSettings(AccountingSettings):
    name: Literal["vendor"] = "vendor"
    tenant: str = "harbour.example"
    organisation: str | None = None
    login_url: LoginUrl | None = None


def test_a_setting_fills_in_a_part_of_the_path() -> None:
    addresses = OAUTH.addresses(VendorSettings())

    assert addresses.token == "https://login.vendor.test/harbour.example/oauth2/token"
    assert addresses.authorize == "https://login.vendor.test/harbour.example/oauth2/authorize"
    assert addresses.revoke == ""


@pytest.mark.parametrize(
    "tenant", ["evil.test/", "//evil.test", "@evil.test", "x?y=", "x#", "..", "{name}", "a b", "\\evil.test", "%2f"]
)
def test_no_tenant_leads_to_another_host(tenant: str) -> None:
    address = urlsplit(OAUTH.addresses(VendorSettings(tenant=tenant)).token)

    assert (address.scheme, address.netloc, address.query, address.fragment) == ("https", "login.vendor.test", "", "")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8031", "http://localhost:8031/", "https://[::1]:8031"])
def test_a_simulator_on_this_machine_takes_the_place_of_the_host(url: str) -> None:
    settings = VendorSettings.model_validate({"login_url": url})

    assert OAUTH.addresses(settings).token == f"{url.rstrip('/')}/harbour.example/oauth2/token"


@pytest.mark.parametrize(
    "url",
    [
        *("https://evil.test", "http://evil.test", "https://login.vendor.test"),
        *("http://127.0.0.1@evil.test", "http://evil.test#127.0.0.1", "http://127.0.0.1.evil.test"),
        *("http://localhost.evil.test", "https://evil.test/127.0.0.1", "http://user:pw@127.0.0.1"),
    ],
)
def test_no_setting_sends_a_secret_elsewhere(url: str) -> None:
    with pytest.raises(ValidationError, match="only for a simulator on this machine"):
        VendorSettings.model_validate({"login_url": url})
    unchecked = VendorSettings.model_construct(name="vendor", tenant="t", organisation=None, login_url=HttpUrl(url))
    with pytest.raises(InvalidSettings, match="only for a simulator on this machine"):
        OAUTH.addresses(unchecked)


@pytest.mark.parametrize(
    "url", ["http://login.vendor.test", "https://{tenant}.vendor.test", "login.vendor.test", "https:///x"]
)
def test_a_descriptor_names_https_and_a_host(url: str) -> None:
    with pytest.raises(ValueError, match="write https and the vendor's host"):
        LedgerOAuth(token_url=url, grant=LedgerGrant.CLIENT_CREDENTIALS)


def test_a_person_authorises_us_at_an_address_and_a_client_nowhere() -> None:
    with pytest.raises(ValueError, match="authorize_url"):
        LedgerOAuth(token_url="https://login.vendor.test/token")
    with pytest.raises(ValueError, match="authorize_url"):
        LedgerOAuth(
            token_url="https://login.vendor.test/token",
            authorize_url="https://login.vendor.test/authorize",
            grant=LedgerGrant.CLIENT_CREDENTIALS,
        )


def test_the_company_that_is_meant_stands_in_the_settings_or_is_not_chosen_yet() -> None:
    assert OAUTH.tenant(VendorSettings(organisation="7d3f")) == "7d3f"
    assert OAUTH.tenant(VendorSettings()) is None


def test_a_registered_connector_has_what_its_oauth_speaks_of() -> None:
    """A {setting} that no settings have would fail only when a person signs in."""
    for connector in CONNECTORS.values():
        if connector.oauth is None:
            continue
        fields = connector.settings.model_fields
        urls = (connector.oauth.token_url, connector.oauth.authorize_url, connector.oauth.revoke_url)
        named = {part.split("}")[0] for url in urls for part in url.split("{")[1:]}
        assert named <= fields.keys()
        if connector.oauth.tenant_field is not None:
            assert fields[connector.oauth.tenant_field].default is None
        secret = {each.name for each in connector.credentials}
        own_client = connector.oauth.grant is LedgerGrant.CLIENT_CREDENTIALS
        assert (secret >= {"client_id", "client_secret"}) == own_client


def test_loopback_is_this_machine() -> None:
    assert is_loopback("http://127.0.0.1:1")
    assert not is_loopback("http://127.0.0.2.test")
