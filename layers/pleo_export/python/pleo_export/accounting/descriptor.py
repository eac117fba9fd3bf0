"""What a connector registers: one descriptor, from which all the rest of the product follows.

The settings of a company (`pleo_export.settings`), the questions of `pleo-export connect`, the endpoint that refreshes
its OAuth tokens, and the table in docs/connector.md are read from it. See docs/connector.md for how to add one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from pleo_export.bookkeeping.settings import SettingsModel
from pleo_export.function_time import TimeLeft, unlimited

if TYPE_CHECKING:
    from pleo_export.accounting.port import AccountingSetup, AccountingSystem

Secret = Mapping[str, str]


class AccountingSettings(SettingsModel):
    """The base of each connector's settings. `name` is the descriptor's, as a Literal; no secret is in here."""

    name: str


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One entry of a connection's accounting secret. `label` asks a person for it; where it is not `required`, only the
    environment variable ACCOUNTING_<NAME> gives it."""

    name: str
    label: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Connector:
    """`name` stands in the settings, `title` is for people. `module` has `connect` and `set_up`; it is imported when a
    company first uses it, so that a function pays for the connector that it needs. `token_url`: where OAuth grants
    are refreshed; None where the secret holds a key or a login."""

    name: str
    title: str
    settings: type[AccountingSettings]
    credentials: tuple[CredentialField, ...]
    module: str
    token_url: str | None = None

    def connect(
        self, settings: AccountingSettings, secret: Secret, time_left: TimeLeft = unlimited
    ) -> AccountingSystem:
        """Return the accounting system, without opening a connection. It begins no call that may take longer than
        `time_left`. Raises AuthenticationFailed for a secret that lacks a field."""
        system: AccountingSystem = import_module(self.module).connect(settings, secret, time_left)
        return system

    def set_up(self, settings: AccountingSettings, secret: Secret) -> AccountingSetup:
        """Return what a person chooses from who connects a company. Raises as `connect` does."""
        setup: AccountingSetup = import_module(self.module).set_up(settings, secret)
        return setup
