"""Unpack a webhook as API Gateway hands it over (payload format 2.0), and refuse what is too large or malformed.

Every event becomes a request or a refusal, never an error of ours. Nothing here depends on which companies are
connected, so that no status code tells a stranger.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pleo_export.errors import PleoExportError
from pleo_export.observability import logger
from pleo_export.services.api_request import ApiRequest

UNAUTHORIZED = 401
TOO_LARGE = 413
HEADERS_TOO_LARGE = 431

# Pleo's event of a job has 400 bytes. API Gateway lets 10 MB pass, and 10 KB of headers before it adds its own.
MAX_BODY_BYTES = 256 * 1024
MAX_HEADERS = 100
MAX_HEADER_CHARACTERS = 16 * 1024
_ID = re.compile(r"[0-9a-fA-F-]{36}")


class RequestRefused(PleoExportError):
    """A request to be answered with `status`, and nothing else. `reason` is a constant sentence, safe to log."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


@dataclass(frozen=True, repr=False)
class WebhookRequest:
    """A request of the right size. `company_id` is the one in the subscription's address; `body` holds the raw bytes
    that Pleo signed."""

    company_id: str
    headers: Mapping[str, str]
    body: bytes


def read_request(event: ApiRequest) -> WebhookRequest:
    """Return the request. Raises RequestRefused, and logs it."""
    try:
        return WebhookRequest(_company_id(event.get("pathParameters")), _headers(event.get("headers")), _body(event))
    except RequestRefused as refused:
        logger.warning("webhook refused", extra={"reason": refused.reason})
        raise


def _company_id(path: Any) -> str:
    company_id = path.get("companyId") if isinstance(path, Mapping) else None
    if not isinstance(company_id, str) or not _ID.fullmatch(company_id):
        raise RequestRefused(UNAUTHORIZED, "an address that Pleo was never given")
    return company_id.lower()


def _headers(given: Any) -> dict[str, str]:
    """Return the headers whose values are text. Repeated ones arrive as one, joined by commas."""
    found = given.items() if isinstance(given, Mapping) else ()
    headers = {name: value for name, value in found if isinstance(name, str) and isinstance(value, str)}
    if len(headers) > MAX_HEADERS or sum(map(len, (*headers, *headers.values()))) > MAX_HEADER_CHARACTERS:
        raise RequestRefused(HEADERS_TOO_LARGE, "headers too large")
    return headers


def _body(event: ApiRequest) -> bytes:
    """Return the raw bytes, which the signature covers. API Gateway hands binary ones over in base64."""
    text: object = event.get("body") or ""
    if not isinstance(text, str):
        raise RequestRefused(UNAUTHORIZED, "malformed body")
    try:
        body = b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except ValueError:  # not base64, or half of a surrogate pair
        raise RequestRefused(UNAUTHORIZED, "malformed body") from None
    if len(body) > MAX_BODY_BYTES:
        raise RequestRefused(TOO_LARGE, "body too large")
    return body
