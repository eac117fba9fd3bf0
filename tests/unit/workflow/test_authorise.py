"""A person connects a company by OAuth: what they see, what is stored, and what nobody can make of it (R-10.2)."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from botocore.exceptions import ClientError

from pleo_export.authorisation.pages import page
from pleo_export.authorisation.refresh_tokens import TRIES
from pleo_export.oauth.grant import grant_in
from pleo_export.store.token_refreshes import RefreshState
from pleo_simulator.fault_queue import Fault
from pleo_simulator.oauth import s256
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.browser import CONNECT, Browser
from tests.system.effects import Killed
from tests.system.expenses import purchases
from tests.system.in_process_system import CALLBACK, InProcessSystem, oauth_client_id

COOKIE = "__Host-pleo-export"


@pytest.fixture
def browser(system: InProcessSystem) -> Browser:
    """Of a person whose company is known to us, and has no grant yet."""
    system.connect(NORTHGATE, purchases(1))
    return Browser(system)


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def granted(system: InProcessSystem) -> bool:
    """Whether the company's secret holds a grant that works at Pleo."""
    grant = grant_in(system.services.secrets.get(system.services.secret_name(NORTHGATE), 0).pleo)
    return grant is not None and system.service.oauth.access_token(grant.access_token) is not None


def exchanges(system: InProcessSystem) -> int:
    return sum(each["path"] == "/oauth/token" for each in system.service.requests)


def test_given_a_followed_invitation_then_the_company_exports_with_its_grant(
    browser: Browser,
) -> None:
    system = browser.system

    page = browser.follow(browser.invited(NORTHGATE))

    assert "<h1>Connected</h1>" in page
    assert "You can close this window" in page
    assert granted(system)
    job = system.export(NORTHGATE)
    system.run(NORTHGATE)
    assert system.job(job)["status"] == "completed"


def test_the_link_leads_to_pleo_with_all_that_oauth_asks_for(browser: Browser) -> None:
    address = browser.open(browser.invited(NORTHGATE))

    assert browser.last["statusCode"] == 302
    assert address.startswith("https://pleo.test/oauth/authorize?")
    asked = query(address)
    assert asked | {"state": "", "code_challenge": ""} == {
        "response_type": "code",
        "client_id": oauth_client_id(),
        "redirect_uri": CALLBACK,
        "scope": "export-jobs:read export-jobs:write export-items:read",
        "state": "",
        "code_challenge_method": "S256",
        "code_challenge": "",
    }
    assert len(asked["state"]) >= 43
    (authorisation,) = records(browser.system, "AUTHORISATION#")
    assert asked["code_challenge"] == s256(authorisation["verifier"])


def test_the_cookie_stays_with_this_host_over_https_out_of_reach_of_scripts(browser: Browser) -> None:
    browser.open(browser.invited(NORTHGATE))

    (cookie,) = browser.last["cookies"]
    assert cookie.startswith(f"{COOKIE}=")
    assert set(cookie.split("; ")[1:]) == {"Path=/", "Max-Age=600", "Secure", "HttpOnly", "SameSite=Lax"}


def test_what_is_stored_meanwhile_lets_nobody_follow_the_link_or_finish(browser: Browser) -> None:
    link = browser.invited(NORTHGATE)
    state = query(browser.open(link))["state"]

    written = json.dumps(records(browser.system, "INVITATION#") + records(browser.system, "AUTHORISATION#"))

    assert link.removeprefix(CONNECT) not in written
    assert state not in written
    assert browser.cookies[COOKIE] not in written


@pytest.mark.parametrize("wrong", ["", "unknown", "../../x", "<script>"])
def test_given_a_link_that_nobody_was_sent_then_a_page_says_so_and_nothing_is_stored(
    browser: Browser, wrong: str
) -> None:
    page = browser.open(CONNECT + wrong)

    assert (browser.last["statusCode"], "no longer good" in page) == (404, True)
    assert records(browser.system, "AUTHORISATION#") == []


def test_given_a_link_that_is_a_day_old_then_it_is_over(browser: Browser) -> None:
    link = browser.invited(NORTHGATE)
    browser.system.clock.advance(timedelta(hours=24))

    assert "no longer good" in browser.open(link)


def test_given_a_link_that_a_scanner_opens_first_when_the_person_follows_it_then_it_works_once(
    browser: Browser,
) -> None:
    link = browser.invited(NORTHGATE)
    Browser(browser.system).open(link)

    assert "<h1>Connected</h1>" in browser.follow(link)
    assert "no longer good" in browser.open(link)


def test_given_a_second_authorisation_of_one_link_when_the_first_is_done_then_it_is_over(browser: Browser) -> None:
    link = browser.invited(NORTHGATE)
    other = Browser(browser.system)
    back = other.consent(other.open(link))
    browser.follow(link)
    asked = exchanges(browser.system)

    assert "no longer good" in other.open(back)
    assert exchanges(browser.system) == asked


def test_given_a_redirect_that_was_used_when_it_is_played_again_then_it_is_refused(browser: Browser) -> None:
    back = browser.consent(browser.open(browser.invited(NORTHGATE)))
    kept = dict(browser.cookies)
    browser.open(back)
    browser.cookies = kept

    assert "finished before" in browser.open(back)
    assert exchanges(browser.system) == 1


def test_given_a_redirect_opened_in_another_browser_then_it_is_refused_and_stays_valid(
    browser: Browser,
) -> None:
    back = browser.consent(browser.open(browser.invited(NORTHGATE)))
    victim, own = Browser(browser.system), Browser(browser.system)
    own.open(own.invited(NORTHGATE))

    assert "another browser" in victim.open(back)
    assert "another browser" in own.open(back)
    assert not granted(browser.system)
    assert "<h1>Connected</h1>" in browser.open(back)


def test_given_a_person_who_takes_longer_than_ten_minutes_then_they_open_the_link_again(browser: Browser) -> None:
    link = browser.invited(NORTHGATE)
    address = browser.open(link)
    browser.system.clock.advance(timedelta(minutes=10))

    assert "more than ten minutes" in browser.open(browser.consent(address))
    assert "<h1>Connected</h1>" in browser.follow(link)


def test_given_a_code_from_elsewhere_when_it_is_slipped_in_then_pleo_refuses_it_by_pkce(browser: Browser) -> None:
    address = browser.open(browser.invited(NORTHGATE))
    stolen = browser.system.service.oauth.authorise(oauth_client_id(), CALLBACK, "", "code", "S256", s256("x" * 43))

    page = browser.open(f"{CALLBACK}?{urlencode({'code': stolen, 'state': query(address)['state']})}")

    assert "did not confirm" in page
    assert not granted(browser.system)


def test_given_a_person_of_another_company_when_they_consent_then_nothing_is_stored(browser: Browser) -> None:
    link = browser.invited(NORTHGATE, consenting_company=HAVN)

    page = browser.follow(link)

    assert (browser.last["statusCode"], "another Pleo company" in page) == (403, True)
    assert not granted(browser.system)
    browser.invited(NORTHGATE)
    assert "<h1>Connected</h1>" in browser.follow(link)


def test_given_a_person_of_another_company_then_the_page_says_how_to_withdraw_the_access(
    browser: Browser,
) -> None:
    """Pleo documents no way to revoke one token; all tokens of the client are not ours to end for one mistake."""
    page = browser.follow(browser.invited(NORTHGATE, consenting_company=HAVN))

    assert "remove the integration there, in its Pleo settings, to withdraw the access" in page
    assert not any(each["method"] == "DELETE" for each in browser.system.service.requests)


@pytest.mark.parametrize(("seconds", "warned"), [(600, True), (893, True), (894, False), (900, False)])
def test_given_tokens_that_live_too_short_for_their_store_when_connected_then_the_log_warns(
    browser: Browser, caplog: pytest.LogCaptureFixture, seconds: int, warned: bool
) -> None:
    browser.system.service.oauth.access_token_life = timedelta(seconds=seconds)

    assert "<h1>Connected</h1>" in browser.follow(browser.invited(NORTHGATE))

    said = [vars(each) for each in caplog.records if each.getMessage() == "tokens live too short"]
    assert [each["seconds"] for each in said] == ([seconds] if warned else [])
    assert browser.system.services.refresh_states.get(NORTHGATE, "pleo").life == seconds


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"error": "access_denied"}, "access was not granted"),
        ({"error": "invalid_scope"}, "Pleo refuses the request"),
        ({"error": "<script>alert(1)</script>", "error_description": "<script>"}, "Pleo refuses the request"),
        ({}, "Not connected"),
        ({"code": "x"}, "Not connected"),
        ({"state": "x"}, "Not connected"),
        ({"code": "x", "state": "<script>"}, "Not connected"),
    ],
)
def test_given_a_callback_without_a_code_then_the_page_says_what_to_do_and_repeats_nothing(
    browser: Browser, answer: dict[str, str], said: str
) -> None:
    browser.open(browser.invited(NORTHGATE))

    page = browser.open(f"{CALLBACK}?{urlencode(answer)}")

    assert said in page
    assert "script" not in page
    assert browser.last["statusCode"] >= 400
    assert exchanges(browser.system) == 0


def test_no_page_runs_loads_keeps_or_leaks_anything(browser: Browser) -> None:
    link = browser.invited(NORTHGATE)
    address = browser.open(link)
    redirect = browser.last
    browser.open(browser.consent(address))
    connected = browser.last
    browser.open(link)

    for headers in (each["headers"] for each in (redirect, connected, browser.last)):
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none';")
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/oauth/token", "/v1/introspect"])
def test_given_pleo_is_away_when_the_code_comes_then_the_link_works_again_later(browser: Browser, path: str) -> None:
    link = browser.invited(NORTHGATE)
    browser.system.service.faults.order(Fault(effect="status", status=503, path=path, count=4))

    assert "did not confirm" in browser.follow(link)
    assert not granted(browser.system)
    browser.system.service.faults.clear()
    assert "<h1>Connected</h1>" in browser.follow(link)


def test_given_the_secret_is_being_changed_when_the_code_comes_then_it_is_not_spent(browser: Browser) -> None:
    link = browser.invited(NORTHGATE)
    back = browser.consent(browser.open(link))
    browser.system.services.secret_locks.take(NORTHGATE, "another", browser.system.clock.now())

    assert "in use at this moment" in browser.open(back)
    assert exchanges(browser.system) == 0


@pytest.mark.parametrize("function", ["oauth_connect", "oauth_callback"])
def test_given_a_fault_of_ours_then_a_page_says_so_too(browser: Browser, function: str) -> None:
    link = browser.invited(NORTHGATE)
    back = browser.consent(browser.open(link))
    effect = "PutItem" if function == "oauth_connect" else "DeleteItem"
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, effect)
    browser.system.effects.on(f"before dynamodb {effect}", denied)

    page = browser.open(link if function == "oauth_connect" else back)

    assert (browser.last["statusCode"], "The fault is on our side" in page) == (500, True)


def effects_of_a_callback() -> list[str]:
    from tests.system.in_process_system import in_process_system  # noqa: PLC0415 - not the test's own system

    with in_process_system() as system:
        system.connect(NORTHGATE)
        browser = Browser(system)
        back = browser.consent(browser.open(browser.invited(NORTHGATE)))
        system.effects.log.clear()
        browser.open(back)
        return system.effects.log


@pytest.mark.parametrize("position", range(len(effects_of_a_callback())))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_given_a_callback_that_dies_at_any_moment_when_the_link_is_opened_again_then_all_is_well(
    browser: Browser, moment: str, position: int
) -> None:
    link = browser.invited(NORTHGATE)
    back = browser.consent(browser.open(link))
    browser.system.effects.on(f"{moment} ", Killed(), nth=position + 1)
    with pytest.raises(Exception, match="Task timed out"):
        browser.open(back)
    browser.system.sleep(90)  # its lock ends

    answer = browser.open(link)
    if browser.last["statusCode"] == 302:  # else it died after all was done
        assert "<h1>Connected</h1>" in browser.open(browser.consent(answer))

    assert granted(browser.system)
    assert browser.system.wake(NORTHGATE) == "no_job"


def test_given_a_company_that_had_to_reconnect_when_a_person_authorises_then_it_is_polled_again(
    browser: Browser,
) -> None:
    system = browser.system
    system.authorise(NORTHGATE)
    job = system.export(NORTHGATE)
    system.service.oauth.revoke(oauth_client_id())
    system.sleep(1200)
    assert system.wake(NORTHGATE) == "reconnect"

    browser.follow(browser.invited(NORTHGATE))
    system.heal()

    assert system.job(job)["status"] == "completed"


def test_given_an_abandoned_authorisation_then_the_next_one_starts_again(
    browser: Browser,
) -> None:
    system = browser.system
    system.authorise(NORTHGATE)
    system.services.refresh_states.put(NORTHGATE, "pleo", RefreshState(tries=TRIES), system.clock.now())

    browser.follow(browser.invited(NORTHGATE))
    system.sleep(900)

    assert system.wake(NORTHGATE) == "no_job"


def test_whatever_a_page_says_is_text() -> None:
    hostile = "<b onclick=alert(1)>'\"&</title></style>"

    body = page(200, hostile, hostile, [hostile, hostile], [(hostile, hostile)]).body

    assert "<b " not in body
    assert body.count("</style>") == 1
    assert body.count("&lt;b onclick=alert(1)&gt;&#x27;&quot;&amp;") == 7


def test_given_a_company_name_that_is_markup_when_connected_then_the_page_shows_it_as_text(browser: Browser) -> None:
    link = browser.invited(NORTHGATE, names=("<img src=x onerror=alert(1)>", "Ledger & <i>Sons</i>"))

    shown = browser.follow(link)

    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "Ledger &amp; &lt;i&gt;Sons" in shown
    assert "<img" not in shown
    assert "<i>" not in shown


def test_given_an_invitation_that_names_both_sides_when_connected_then_the_page_names_them_and_what_follows(
    browser: Browser,
) -> None:
    shown = browser.follow(browser.invited(NORTHGATE, names=("Northgate Studio Ltd", "Tryton")))

    assert "Pleo lets us export the expenses of Northgate Studio Ltd to Tryton." in shown
    assert "<dt>Accounting system</dt><dd>Tryton</dd>" in shown
    assert f"<dd>{NORTHGATE}</dd>" in shown
    assert "What happens next" in shown


def test_given_an_invitation_without_names_when_connected_then_the_page_does_without_them(browser: Browser) -> None:
    shown = browser.follow(browser.invited(NORTHGATE))

    assert "export the expenses of your company to the accounting system" in shown
    assert "<dd></dd>" not in shown


def test_the_policy_allows_the_style_of_each_page_by_its_hash_and_nothing_else(browser: Browser) -> None:
    link = browser.invited(NORTHGATE)
    answers = [browser.last for each in (browser.follow(link), browser.open(link))]
    browser.follow(browser.invited(NORTHGATE))
    answers.append(browser.last)

    for answer in answers:
        styles = re.findall("<style>(.*?)</style>", answer["body"], re.DOTALL)
        hashes = [f"'sha256-{b64encode(sha256(each.encode()).digest()).decode()}'" for each in styles]
        policy = dict(each.strip().split(" ", 1) for each in answer["headers"]["Content-Security-Policy"].split(";"))
        assert policy.pop("style-src") == " ".join(hashes)
        assert set(policy.values()) == {"'none'"}
        assert not re.search(r"<script|<link|\bsrc=|\bhref=|\bstyle=|url\(", answer["body"])


def test_no_token_code_or_secret_is_logged(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    link = browser.invited(NORTHGATE)
    address = browser.open(link)
    back = browser.consent(address)
    browser.system.service.faults.order(Fault(effect="status", status=500, path="/oauth/token"))
    browser.open(back)
    browser.follow(link)

    grant = grant_in(browser.system.services.secrets.get(browser.system.services.secret_name(NORTHGATE), 0).pleo)
    assert grant
    hidden = [
        link.removeprefix(CONNECT),
        query(address)["state"],
        query(back)["code"],
        grant.access_token,
        grant.refresh_token,
        "never-to-be-seen",
    ]
    ours = [str(vars(each)) for each in caplog.records if each.name == "pleo-export"]
    assert len(ours) >= 3
    assert not any(each in line for each in hidden for line in ours)


def records(system: InProcessSystem, prefix: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = system.services.table.scan()["Items"]
    return [{name: str(value) for name, value in each.items()} for each in found if each["pk"].startswith(prefix)]
