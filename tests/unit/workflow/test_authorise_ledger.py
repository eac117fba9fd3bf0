"""A person lets us write into their company's ledger: with the same safeguards as at Pleo, and for the right one of the
companies that they may have there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pleo_export.accounting.errors import Unavailable
from pleo_export.accounting.ledger_oauth import Tenant
from pleo_export.authorisation.refresh_tokens import ENDED_LINE
from pleo_export.oauth.grant import Grant, grant_in
from pleo_export.settings import parse_settings
from pleo_export.store.secrets import GrantOwner
from pleo_simulator.oauth import Client
from pleo_simulator.sample import NORTHGATE
from tests.system.browser import ORIGIN, Browser
from tests.system.expenses import purchases
from tests.system.in_process_system import CALLBACK, InProcessSystem, oauth_client_id, settings
from tests.system.log import logged
from tests.system.oauth_ledger import Granted, ledger_of_several_companies, ledger_with
from tests.system.pleo import URL

BACK = f"{ORIGIN}/oauth/tryton/callback"
OURS, OTHERS = Tenant("books", "Northgate Studio Ltd"), Tenant("other", "Somebody Else Ltd")


@pytest.fixture
def granted(system: InProcessSystem) -> Iterator[Granted]:
    """A company whose ledger is called Orchard; a person may consent for two companies there."""
    made = Granted()
    made.tenants_now = (OTHERS, OURS)
    with ledger_of_several_companies(made):
        system.connect(NORTHGATE, purchases(1))
        yield made


@pytest.fixture
def browser(system: InProcessSystem, granted: Granted) -> Browser:
    return Browser(system)


def invited(system: InProcessSystem, **changes: Any) -> str:
    """The link to authorise us at the ledger, which knows our client."""
    ours = Client(oauth_client_id("tryton"), "never-to-be-seen", (BACK,), NORTHGATE)
    system.service.oauth.register(ours)
    system.store_oauth_client(ours, "tryton")
    wanted = parse_settings(settings(NORTHGATE)).accounting_system.model_dump(mode="json") | changes
    token = system.services.authorisations.invite(
        NORTHGATE, ours.id, BACK, system.clock.now(), "Northgate Studio Ltd", "Orchard", settings=wanted
    )
    return f"{ORIGIN}/oauth/tryton/connect/{token}"


def grant(system: InProcessSystem, owner: GrantOwner = "accounting_system") -> Grant | None:
    return grant_in(system.services.secrets.get(system.services.secret_name(NORTHGATE), 0).of(owner))


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_given_a_followed_link_then_the_ledger_is_authorised_and_pleos_credential_stays(
    browser: Browser, granted: Granted
) -> None:
    system = browser.system

    page = browser.follow(invited(system))

    assert "<h1>Connected</h1>" in page
    assert "Orchard lets us record the expenses of Northgate Studio Ltd." in page
    stored = grant(system)
    assert stored
    assert system.service.oauth.access_token(stored.access_token)
    assert granted.asked_with == [stored.access_token]
    assert system.services.secrets.get(system.services.secret_name(NORTHGATE), 0).pleo == {
        "api_key": f"plp_{NORTHGATE}"
    }
    assert system.services.refresh_states.get(NORTHGATE, "accounting_system").life == 900
    job = system.export(NORTHGATE)
    system.sleep(1200)  # its first token has ended
    system.run(NORTHGATE)
    assert system.statuses(job) == {"successful": 1}


def test_the_link_leads_to_the_ledger_with_all_that_oauth_asks_for(browser: Browser) -> None:
    address = browser.open(invited(browser.system))

    assert address.startswith(f"{URL}/oauth/authorize?")
    asked = query(address)
    assert {name: asked[name] for name in ("response_type", "client_id", "redirect_uri", "scope")} == {
        "response_type": "code",
        "client_id": oauth_client_id("tryton"),
        "redirect_uri": BACK,
        "scope": "offline_access accounting",
    }
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert len(asked["state"]) >= 43


def test_given_a_grant_for_another_company_then_nothing_is_stored_and_the_page_says_what_to_choose(
    browser: Browser, granted: Granted
) -> None:
    granted.tenants_now = (OTHERS,)
    link = invited(browser.system)

    page = browser.follow(link)

    assert browser.last["statusCode"] == 403
    assert "The link is for another company in Orchard" in page
    assert "Somebody Else" not in page
    assert grant(browser.system) is None
    granted.tenants_now = (OTHERS, OURS)
    assert "<h1>Connected</h1>" in browser.follow(link)


def test_given_a_grant_for_no_company_then_nothing_is_stored(browser: Browser, granted: Granted) -> None:
    granted.tenants_now = ()

    page = browser.follow(invited(browser.system))

    assert (browser.last["statusCode"], "Orchard gives access to no company" in page) == (403, True)
    assert grant(browser.system) is None


def test_given_a_ledger_that_does_not_say_what_was_granted_then_the_link_works_again_later(
    browser: Browser, granted: Granted, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = invited(browser.system)

    def away(*_: object) -> list[Tenant]:
        raise Unavailable("Orchard does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(granted, "tenants", away)
        assert "Orchard did not confirm" in browser.follow(link)
    assert grant(browser.system) is None
    assert "<h1>Connected</h1>" in browser.follow(link)


def test_given_a_person_who_declines_then_the_page_names_the_ledger(browser: Browser) -> None:
    browser.open(invited(browser.system))

    page = browser.open(f"{BACK}?error=access_denied")

    assert "Orchard says that access was not granted" in page
    assert "an administrator of the company has to open the link" in page


@pytest.mark.parametrize("path", ["pleo", "xero", "unknown", "<script>"])
def test_given_a_link_or_a_redirect_under_another_provider_s_address_then_it_leads_nowhere(
    browser: Browser, path: str
) -> None:
    """A code that one provider gave is never sent to another (mix-up)."""
    system = browser.system
    link = invited(system)
    assert "no longer good" in browser.open(link.replace("/tryton/", f"/{path}/"))

    back = browser.consent(browser.open(link))
    page = browser.open(back.replace("/tryton/", f"/{path}/"))

    assert "no longer good" in page
    assert "script" not in page
    assert not any(each["path"] == "/oauth/token" for each in system.service.requests)


def test_given_the_link_of_pleo_under_the_ledger_s_address_then_it_leads_nowhere(browser: Browser) -> None:
    link = browser.invited(NORTHGATE)

    assert "no longer good" in browser.open(link.replace("/pleo/", "/tryton/"))


def test_given_a_redirect_opened_in_another_browser_then_it_is_refused(browser: Browser) -> None:
    back = browser.consent(browser.open(invited(browser.system)))

    assert "another browser" in Browser(browser.system).open(back)
    assert grant(browser.system) is None
    assert "<h1>Connected</h1>" in browser.open(back)


def test_given_an_invitation_whose_settings_send_secrets_elsewhere_then_a_page_says_that_the_fault_is_ours(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = invited(browser.system)
    wanted = type(parse_settings(settings(NORTHGATE)).accounting_system)
    monkeypatch.setattr(wanted, "login_url", "https://evil.test", raising=False)

    page = browser.open(link)

    assert (browser.last["statusCode"], "The fault is on our side" in page) == (500, True)


def test_given_a_ledger_that_nobody_can_authorise_any_more_then_a_page_says_so(browser: Browser) -> None:
    link = invited(browser.system)
    with ledger_with(None):
        browser.open(link)

    assert browser.last["statusCode"] == 500


def test_given_a_grant_that_ended_when_a_person_authorises_again_then_exports_go_on(browser: Browser) -> None:
    system = browser.system
    browser.follow(invited(system))
    system.service.oauth.revoke(oauth_client_id("tryton"))
    system.sleep(1200)
    failed = system.export(NORTHGATE)
    with logged() as log:
        system.run(NORTHGATE)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (alarm,) = [line for line in lines if line["message"] == ENDED_LINE]
    assert (alarm["which"], alarm["company_id"]) == ("accounting_system", NORTHGATE)
    assert system.job(failed)["failureReason"].startswith("The authorisation to use Orchard has ended.")

    browser.follow(invited(system))
    job = system.export(NORTHGATE)
    system.run(NORTHGATE)

    assert system.statuses(job) == {"successful": 1}
    assert system.services.connection(NORTHGATE).ended == {}


def test_a_link_for_the_ledger_is_good_once_and_for_a_day(browser: Browser) -> None:
    link, late = invited(browser.system), invited(browser.system)
    assert "<h1>Connected</h1>" in browser.follow(link)

    assert "no longer good" in browser.open(link)
    browser.system.clock.advance(timedelta(days=1))
    assert "no longer good" in browser.open(late)
    assert CALLBACK != BACK
