"""The accounting system that a company's settings name. A function imports only the connector that it uses."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from pleo_export.accounting.port import AccountingSystem
from pleo_export.settings import TrytonSettings

# The settings' `name` -> the module whose `connect` makes the connector.
CONNECTORS = {"tryton": "pleo_export.accounting.tryton"}


def connect(settings: TrytonSettings, secret: Mapping[str, str]) -> AccountingSystem:
    """`secret` is the `accounting_system` part of the connection's secret; what it holds is the connector's affair.

    Raises AuthenticationFailed for a secret that is not complete. Opens no connection.
    """
    system: AccountingSystem = import_module(CONNECTORS[settings.name]).connect(settings, secret)
    return system
