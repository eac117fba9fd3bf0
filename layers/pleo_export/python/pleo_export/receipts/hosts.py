"""The hosts that files may be fetched from. A link in a payload must not make us call our own network or any server."""

from __future__ import annotations

import re
from dataclasses import dataclass

from urllib3.exceptions import LocationValueError
from urllib3.util import parse_url

from pleo_export.errors import Misconfigured

_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_LOOPBACK = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}")


class ForeignHost(Exception):
    """The address is not on the list. The message is at most the host."""

    def __init__(self, host: str = "") -> None:
        super().__init__(host if _DOMAIN.fullmatch(host) else "an address without a domain")


class PrivateAddress(ForeignHost):
    """A name on the list leads into a private network."""

    def __init__(self) -> None:
        Exception.__init__(self, "a private address")


@dataclass(frozen=True, slots=True)
class ReceiptHosts:
    """The allowed hosts: `domains` and all below them, over https; `loopback` origins, for a Pleo on the same
    machine."""

    domains: frozenset[str]
    loopback: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, setting: str) -> ReceiptHosts:
        """Parse RECEIPT_HOSTS: domains and `http://127.0.0.1:PORT`, separated by commas. Raises Misconfigured.

        Open question 28: Pleo does not say which hosts serve its files.
        """
        entries = {entry.strip().lower().rstrip("/") for entry in setting.split(",")} - {""}
        loopback = frozenset(entry for entry in entries if _LOOPBACK.fullmatch(entry))
        domains = frozenset(entry for entry in entries - loopback if _DOMAIN.fullmatch(entry))
        wrong = sorted(entries - loopback - domains)
        if wrong or not entries:
            raise Misconfigured(
                f"RECEIPT_HOSTS: {', '.join(wrong) or 'empty'} (for example 'files.example.com, "
                "http://127.0.0.1:8080'; only domains, and only this form of http)"
            )
        return cls(domains, loopback)

    def admit(self, url: str) -> str:
        """Return the address as it will be called. Raises ForeignHost."""
        try:
            parsed = parse_url(url)  # the parser of the HTTP library, so that both see the same host
        except LocationValueError:
            raise ForeignHost() from None
        host = (parsed.host or "").lower().rstrip(".")
        if parsed.auth is not None or "\\" in url:
            raise ForeignHost(host)
        if f"{parsed.scheme}://{parsed.netloc}" in self.loopback:
            return parsed.url
        if parsed.scheme == "https" and parsed.port in (None, 443) and self._below(host):
            return parsed.url
        raise ForeignHost(host)

    def _below(self, host: str) -> bool:
        labels = host.split(".")
        return any(".".join(labels[start:]) in self.domains for start in range(len(labels)))
