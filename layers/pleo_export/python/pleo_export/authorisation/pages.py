"""Pages for a person's browser: plain text that takes nothing from the request, and runs, loads and leaks nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from pleo_export.errors import PleoExportError
from pleo_export.observability import logger
from pleo_export.services.events import ApiRequest
from pleo_export.services.handler import error_boundary

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
COOKIE = "__Host-pleo-export"  # with this prefix browsers take it over HTTPS only, and from no other host


@dataclass(frozen=True)
class Reply:
    """An answer of the HTTP API (payload format 2.0)."""

    status: int
    body: str = ""
    headers: Mapping[str, str] | None = None
    cookie: str = ""

    def as_answer(self) -> dict[str, Any]:
        """Return the answer as API Gateway takes it (payload format 2.0)."""
        return {
            "statusCode": self.status,
            "headers": {**HEADERS, **(self.headers or {})},
            "cookies": [self.cookie] if self.cookie else [],
            "body": self.body,
        }


def _cookie(value: str, seconds: int) -> str:
    return f"{COOKIE}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"


def page(status: int, title: str, text: str) -> Reply:
    """Make a page of a heading and a paragraph, and clear our cookie."""
    title, text = escape(title), escape(text)
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"
    )
    return Reply(status, body, {"Content-Type": "text/html; charset=utf-8"}, _cookie("", 0))


SORRY = page(500, "Something went wrong", "The fault is on our side. Open the link once more to try again.")


def redirect(address: str, browser: str, seconds: int) -> Reply:
    """Send the browser to `address`. It keeps `browser` for `seconds`, and sends it with the provider's redirect."""
    return Reply(302, headers={"Location": address}, cookie=_cookie(browser, seconds))


def browser_secret_from(event: ApiRequest) -> str:
    """Return what `redirect` has stored in the browser, or "". The local AWS leaves cookies in their header."""
    cookies = event.get("cookies") or event.get("headers", {}).get("cookie", "").split(";")
    pairs = (each.strip().partition("=") for each in cookies)
    return next((value for name, _, value in pairs if name == COOKIE), "")


def as_page(use_case: Callable[[], Reply]) -> dict[str, Any]:
    """Return the answer to a person's browser: the use case's page, or one that says that something went wrong."""
    try:
        with error_boundary():
            return use_case().as_answer()
    except PleoExportError as error:
        logger.error("a page could not be shown", extra={"error": type(error).__name__})
        return SORRY.as_answer()
