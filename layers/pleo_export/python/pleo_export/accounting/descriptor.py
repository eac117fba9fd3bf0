"""What a connector registers: one descriptor, which the rest of the product reads.

The settings of a company (`pleo_export.settings`), the questions of `pleo-export connect`, how a person authorises us
there and how its tokens are refreshed, and the table in docs/connector.md are read from it, which says how to add one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple

from pleo_export.accounting.ledger_oauth import LedgerOAuth, Tenant
from pleo_export.call_budget import UNLIMITED, CallBudget, CallRate
from pleo_export.function_time import TimeLeft, unlimited

if TYPE_CHECKING:
    from pleo_export.accounting.lists import LedgerLists
    from pleo_export.accounting.port import AccountingSetup, AccountingSystem, LedgerReader
    from pleo_export.accounting.settings import AccountingSettings
    from pleo_export.number_sequence import NumberSequence

Secret = Mapping[str, str]


class CredentialField(NamedTuple):
    """One field of a connection's accounting secret. Prompts show its `label`; a field that is not `required` comes
    from the environment variable ACCOUNTING_<NAME> only."""

    name: str
    label: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Connector:
    """Describes a connector. `name` stands in the settings, `title` is for people. `settings_name` is the model of its
    settings, as `package.module:Class`. `module` has `connect`, `set_up`,
    `open_reader` and `open_lists`; it is imported when a company first uses it, so that a function loads only the
    connector that it needs. `oauth` is how it signs in; None where the secret holds a key or a login.
    `rate` is what a ledger company takes; None where the system has no limit of its own. `numbers_documents`: it gives
    its documents their numbers; its `connect` takes the sequence that they come from."""

    name: str
    title: str
    settings_name: str
    credentials: tuple[CredentialField, ...]
    module: str
    oauth: LedgerOAuth | None = None
    rate: CallRate | None = None
    numbers_documents: bool = False

    @property
    def settings(self) -> type[AccountingSettings]:
        """The model of its settings: imported here, so that a function loads only that of the connector in use."""
        model: type[AccountingSettings] = resolve_name(self.settings_name)
        return model

    def connect(
        self,
        settings: AccountingSettings,
        secret: Secret,
        time_left: TimeLeft = unlimited,
        budget: CallBudget = UNLIMITED,
        numbers: NumberSequence | None = None,
    ) -> AccountingSystem:
        """Return the accounting system, without opening a connection. It begins only calls that end within `time_left`,
        takes each from the `budget`, and numbers its documents by `numbers`, if it does so (None: nobody else writes).
        Raises AuthenticationFailed for a secret that lacks a field."""
        more = {"numbers": numbers} if self.numbers_documents else {}
        opened = import_module(self.module).connect(settings, secret, time_left=time_left, budget=budget, **more)
        system: AccountingSystem = opened
        return system

    def set_up(self, settings: AccountingSettings, secret: Secret, budget: CallBudget = UNLIMITED) -> AccountingSetup:
        """Return what a person chooses from to connect a company. Raises as `connect` does."""
        setup: AccountingSetup = import_module(self.module).set_up(settings, secret, budget=budget)
        return setup

    def open_reader(self, settings: AccountingSettings, secret: Secret, budget: CallBudget = UNLIMITED) -> LedgerReader:
        """Return what reads the ledger to compare it. Raises as `connect` does."""
        reader: LedgerReader = import_module(self.module).open_reader(settings, secret, budget=budget)
        return reader

    def open_lists(
        self,
        settings: AccountingSettings,
        secret: Secret,
        time_left: TimeLeft = unlimited,
        budget: CallBudget = UNLIMITED,
    ) -> LedgerLists:
        """Return what lists the ledger's accounts, tax codes, dimension values and suppliers. Raises as `connect`
        does."""
        opened = import_module(self.module).open_lists(settings, secret, time_left=time_left, budget=budget)
        lists: LedgerLists = opened
        return lists

    def tenants(self, access_token: str, settings: AccountingSettings) -> Sequence[Tenant]:
        """List the companies that the grant of the token covers. Raises AccountingError."""
        found: Sequence[Tenant] = import_module(self.module).tenants(access_token, settings)
        return found

    def release(self, access_token: str, settings: AccountingSettings) -> None:
        """Take the company of the settings out of the grant of the token; harmless where it is out. Raises
        AccountingError."""
        import_module(self.module).release(access_token, settings)
