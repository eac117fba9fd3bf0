"""The registered connectors: each package beside this module that has a CONNECTOR.

To add one, nothing is edited here. Only descriptors are imported; a connector's settings and its code are imported when
a company first uses them.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from pleo_export import accounting
from pleo_export.accounting.descriptor import Connector, Secret
from pleo_export.accounting.ledger_oauth import LedgerOAuth
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.errors import InvalidSettings
from pleo_export.function_time import TimeLeft, unlimited

if TYPE_CHECKING:
    from pleo_export.accounting.lists import LedgerLists
    from pleo_export.accounting.port import AccountingSetup, AccountingSystem, LedgerReader
    from pleo_export.accounting.settings import AccountingSettings
    from pleo_export.number_sequence import NumberSequence


def _registered() -> Iterator[Connector]:
    for module in iter_modules(accounting.__path__):
        if module.ispkg:
            yield import_module(f"{accounting.__name__}.{module.name}").CONNECTOR


CONNECTORS: dict[str, Connector] = {each.name: each for each in _registered()}


def connect(
    settings: AccountingSettings,
    secret: Secret,
    time_left: TimeLeft = unlimited,
    budget: CallBudget = UNLIMITED,
    numbers: NumberSequence | None = None,
) -> AccountingSystem:
    """Return the accounting system that the settings name; see `Connector.connect`. `secret` is the
    `accounting_system` part of the connection's secret. Raises AuthenticationFailed for one that lacks a field."""
    return CONNECTORS[settings.name].connect(settings, secret, time_left, budget, numbers)


def set_up(settings: AccountingSettings, secret: Secret, budget: CallBudget = UNLIMITED) -> AccountingSetup:
    """Return what to choose from in the accounting system that the settings name; see `Connector.set_up`. Raises
    AuthenticationFailed for a secret that lacks a field."""
    return CONNECTORS[settings.name].set_up(settings, secret, budget)


def open_reader(settings: AccountingSettings, secret: Secret, budget: CallBudget = UNLIMITED) -> LedgerReader:
    """Return what reads the ledger that the settings name; see `Connector.open_reader`. Raises AuthenticationFailed for
    a secret that lacks a field."""
    return CONNECTORS[settings.name].open_reader(settings, secret, budget)


def open_lists(
    settings: AccountingSettings, secret: Secret, time_left: TimeLeft = unlimited, budget: CallBudget = UNLIMITED
) -> LedgerLists:
    """Return what lists the ledger that the settings name; see `Connector.open_lists`. Raises AuthenticationFailed for
    a secret that lacks a field."""
    return CONNECTORS[settings.name].open_lists(settings, secret, time_left, budget)


def oauth_of(name: str) -> LedgerOAuth:
    """Return how the accounting system takes OAuth. Raises InvalidSettings for one whose secret holds no grant."""
    connector = CONNECTORS.get(name)
    if connector is None or connector.oauth is None:
        raise InvalidSettings(f"accounting_system: {name} takes no OAuth tokens; give its key or login instead")
    return connector.oauth
