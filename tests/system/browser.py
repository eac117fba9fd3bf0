"""A person's browser, as far as authorising needs one: it follows links, keeps cookies, and shows pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pleo_simulator.oauth import Client
from tests.system.in_process_system import CALLBACK, InProcessSystem, oauth_client_id

ORIGIN = CALLBACK.removesuffix("/oauth/pleo/callback")
CONNECT = f"{ORIGIN}/oauth/pleo/connect/"


@dataclass
class Browser:
    """`last` is the answer of the page that was opened last."""

    system: InProcessSystem
    cookies: dict[str, str] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)

    def invited(self, company_id: str, consenting_company: str | None = None, names: tuple[str, str] = ("", "")) -> str:
        """Return the link that a person is sent; Pleo lets them consent for that company, or for another one.
        `names` are those of the company and of its accounting system."""
        client = Client(oauth_client_id(), "never-to-be-seen", (CALLBACK,), consenting_company or company_id)
        if self.system.service.oauth._clients.get(client.id) != client:
            self.system.service.oauth.register(client)
        self.system.store_oauth_client(client)
        return CONNECT + self.system.services.authorisations.invite(
            company_id, client.id, CALLBACK, self.system.clock.now(), *names
        )

    def open(self, link: str) -> str:
        """Open our own page, and return where it sends the browser to, or else the text that it shows."""
        parts = urlsplit(link)
        event: dict[str, Any] = {"cookies": [f"{name}={value}" for name, value in self.cookies.items()]}
        _, _, provider, page, *rest = parts.path.split("/", 4)
        event["pathParameters"] = {"provider": provider, **({"invitation": rest[0]} if page == "connect" else {})}
        name = {"connect": "oauth_connect", "callback": "oauth_callback"}[page]
        if parts.query:
            event["queryStringParameters"] = dict(parse_qsl(parts.query))
        self.last = self.system.handlers[name](event, None)
        for each in self.last["cookies"]:
            for cookie in SimpleCookie(each).values():
                self.cookies[cookie.key] = cookie.value
        return str(self.last["headers"].get("Location") or self.last["body"])

    def consent(self, address: str) -> str:
        """Consent at the provider, and return where that sends the browser back to."""
        return self.system.services.http.get(address, allow_redirects=False).headers["Location"]

    def follow(self, link: str) -> str:
        """Follow the link all the way, and return the text of the last page."""
        return self.open(self.consent(self.open(link)))
