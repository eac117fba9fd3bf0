"""The organisations that a grant covers: the one to connect is chosen from them, and released in the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pleo_export.accounting.http import AccountingTransport
from pleo_export.accounting.ledger_oauth import Tenant
from pleo_export.accounting.xero.rest import content_of
from pleo_export.accounting.xero.settings import XeroSettings
from pleo_export.accounting.xero.title import TITLE

_PATH = "/connections"


def tenants(access_token: str, settings: XeroSettings) -> Sequence[Tenant]:
    """List the organisations that the token covers. Raises AccountingError."""
    return [Tenant(str(each["tenantId"]), str(each.get("tenantName") or "")) for each in _held(access_token, settings)]


def release(access_token: str, settings: XeroSettings) -> None:
    """Take the organisation of the settings out of the grant; harmless where it is out. Raises AccountingError."""
    for each in _held(access_token, settings):
        if str(each["tenantId"]) == str(settings.tenant):
            answer = _transport(access_token, settings).write("DELETE", f"{_PATH}/{each['id']}")
            if answer.status != 404:
                content_of(answer, write=True, empty=True)


def _held(access_token: str, settings: XeroSettings) -> list[dict[str, Any]]:
    rows = content_of(_transport(access_token, settings).read("GET", _PATH), write=False)
    return [each for each in rows if each.get("tenantType") == "ORGANISATION"]


def _transport(access_token: str, settings: XeroSettings) -> AccountingTransport:
    sent = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
    return AccountingTransport(TITLE, str(settings.api_url), sent)
