"""The accounting system that a company's settings name. A function imports only the connector that it uses."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from pleo_export.accounting.port import AccountingSystem
from pleo_export.errors import InvalidSettings
from pleo_export.function_time import TimeLeft, unlimited
from pleo_export.settings import TrytonSettings

# The settings' `name` -> the module whose `connect` makes the connector.
CONNECTORS = {"tryton": "pleo_export.accounting.tryton.connector"}
# The same name -> the token endpoint, for those whose `connect` takes an OAuth grant. Its tokens are kept fresh
# outside of the connector (docs/connector.md).
TOKEN_URLS: dict[str, str] = {}


def connect(settings: TrytonSettings, secret: Mapping[str, str], time_left: TimeLeft = unlimited) -> AccountingSystem:
    """`secret` is the `accounting_system` part of the connection's secret; what it holds is the connector's affair.
    `time_left` until whoever calls the connector is ended: it begins no call that may take longer.

    Raises AuthenticationFailed for a secret that is not complete. Opens no connection.
    """
    system: AccountingSystem = import_module(CONNECTORS[settings.name]).connect(settings, secret, time_left)
    return system


def token_url(name: str) -> str:
    """Raises InvalidSettings for an accounting system whose tokens nobody can refresh."""
    if name not in TOKEN_URLS:
        raise InvalidSettings(f"accounting_system: {name} takes no OAuth tokens; give its key or login instead")
    return TOKEN_URLS[name]
