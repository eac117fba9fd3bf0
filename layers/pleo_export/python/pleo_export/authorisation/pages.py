"""Pages for a person's browser: they take nothing from the request, and run, load and leak nothing.

The one style sheet is part of the page; the policy allows it by its hash, and nothing else.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import Any

from pleo_export.errors import PleoExportError
from pleo_export.observability import logger
from pleo_export.services.api_request import ApiRequest
from pleo_export.services.handler import error_boundary

# Contrasts are at least 4.5 to 1 in both schemes; sizes follow the reader's own.
STYLE = """
:root{color-scheme:light dark;--paper:#fff;--desk:#f3f1ed;--ink:#1d1b18;--soft:#57534b;--rule:#ddd8cf;--mark:#9a3412}
.done{--mark:#166534}
@media(prefers-color-scheme:dark){
:root{--paper:#211f1c;--desk:#161513;--ink:#f4f1ea;--soft:#bdb6a9;--rule:#3d3a34;--mark:#fdba74}
.done{--mark:#86efac}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.25rem;background:var(--desk);
color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:34rem;background:var(--paper);border:1px solid var(--rule);border-radius:.75rem;
padding:clamp(1.25rem,5vw,2.5rem);overflow-wrap:anywhere}
.product{display:flex;align-items:center;gap:.6rem;margin:0 0 1.75rem;color:var(--soft);font-size:.95rem}
.product svg{width:1.6rem;height:1.6rem;flex:none}
h1{margin:0 0 .75rem;font-size:1.6rem;line-height:1.25;color:var(--mark)}
h2{margin:1.75rem 0 .5rem;font-size:1.05rem}
p{margin:0}
ul{margin:0;padding-left:1.3rem}
li+li{margin-top:.4rem}
dl{margin:1.5rem 0 0;border-top:1px solid var(--rule)}
dl div{display:grid;grid-template-columns:9.5rem 1fr;gap:.25rem 1rem;padding:.6rem 0;
border-bottom:1px solid var(--rule)}
dt{color:var(--soft)}
dd{margin:0}
@media(max-width:26rem){dl div{grid-template-columns:1fr}}
@media print{body{display:block;background:none}main{border:0}}
"""
LOGO = (
    '<svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" '
    'stroke-linejoin="round" aria-hidden="true"><path d="M5 4h11l5 5v5M5 4v24h16v-3"/>'
    '<path d="M10 19.5h17m-5-5 5 5-5 5"/></svg>'
)
PRODUCT = "Pleo export"


def _source(text: str) -> str:
    """Return the text as a source of a content security policy: its hash."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_source(STYLE)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
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


def page(status: int, title: str, text: str, steps: Sequence[str] = (), facts: Sequence[tuple[str, str]] = ()) -> Reply:
    """Make a page, and clear our cookie. `steps` are what happens next or, after an error, what to do; `facts` are
    names and values; those without a value are left out."""
    done = status < 400
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} - {PRODUCT}</title><style>{STYLE}</style></head>"
        f'<body class="{"done" if done else "problem"}"><main><p class="product">{LOGO}<span>{PRODUCT}</span></p>'
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{_facts(facts)}"
        f"{_steps('What happens next' if done else 'What to do', steps)}</main></body></html>"
    )
    return Reply(status, body, {"Content-Type": "text/html; charset=utf-8"}, _cookie("", 0))


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    rows = [f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts if value]
    return f"<dl>{''.join(rows)}</dl>" if rows else ""


def _steps(heading: str, steps: Sequence[str]) -> str:
    rows = "".join(f"<li>{escape(each)}</li>" for each in steps)
    return f"<h2>{heading}</h2><ul>{rows}</ul>" if steps else ""


SORRY = page(
    500,
    "Something went wrong",
    "The fault is on our side, and nothing is lost.",
    ("Open the link once more to try again.", "If that does not help, tell the person who sent you the link."),
)


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
