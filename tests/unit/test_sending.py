"""The HTTP sessions of all clients: one warm function calls for many companies, and must not mix them up."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
import requests
import responses

from pleo_export.accounting import http as accounting
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import ApiKey
from pleo_export.pleo.transport import PleoTransport
from pleo_export.receipts.fetch import Fetcher
from pleo_export.receipts.hosts import ReceiptHosts
from pleo_export.services.services import Services

URL = "https://outside.test/x"
SESSIONS: dict[str, Callable[[], requests.Session]] = {
    "Pleo's and the token endpoint's": lambda: Services({}).http,
    "the command line's": lambda: cast(PleoTransport, PleoClient(URL, ApiKey("key"))._transport)._session,
    "the accounting system's": lambda: accounting.AccountingTransport("Tryton", URL, {})._session,
    "the receipts'": lambda: Fetcher(ReceiptHosts.parse("outside.test"))._session,
}


@responses.activate
@pytest.mark.parametrize("session", SESSIONS.values(), ids=SESSIONS)
def test_given_a_cookie_from_one_company_s_answer_then_it_is_not_sent_for_another(
    session: Callable[[], requests.Session],
) -> None:
    responses.get(URL, headers={"Set-Cookie": "session=of-company-a; Path=/"})
    opened = session()

    for _ in range(2):
        opened.get(URL)

    assert [call.request.headers.get("Cookie") for call in responses.calls] == [None, None]


@responses.activate
@pytest.mark.parametrize("session", SESSIONS.values(), ids=SESSIONS)
def test_given_a_proxy_and_a_netrc_in_the_environment_when_a_call_is_made_then_neither_is_used(
    session: Callable[[], requests.Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    responses.get(URL)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    monkeypatch.setattr("requests.sessions.get_netrc_auth", lambda _: ("somebody", "else"))

    session().get(URL)

    (call,) = responses.calls
    assert call.request.headers.get("Authorization") is None
    assert not call.request.req_kwargs["proxies"]  # type: ignore[attr-defined]
