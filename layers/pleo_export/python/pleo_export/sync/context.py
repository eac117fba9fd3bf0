"""What the modules of all lists work with, for one company and one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from pleo_export.accounting.lists import LedgerList, LedgerLists
from pleo_export.settings import SyncSettings
from pleo_export.sync.confirmation import Confirmation
from pleo_export.sync.plan import SyncPlan
from pleo_export.sync.progress import ListProgress

if TYPE_CHECKING:
    from pleo_export.accounting.port import AccountingSetup
    from pleo_export.pleo.lists_client import PleoLists
    from pleo_export.store.connections import Connection


class SyncServices(Protocol):
    """What a run needs of the services. The ways in raise as those of `services.Services` do."""

    def connection(self, company_id: str, /) -> Connection:
        """Return the company's connection."""

    def pleo_lists(self, connection: Connection, /) -> PleoLists:
        """Return what reads and changes the lists at Pleo."""

    def ledger_lists(self, connection: Connection, /) -> LedgerLists:
        """Return what lists the ledger."""

    def ledger_setup(self, connection: Connection, /) -> AccountingSetup:
        """Return what names dimensions and the ledger's currency."""

    def clock(self) -> datetime:
        """Return the present time, UTC."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""

    def time_left(self) -> timedelta:
        """Return the time until the run has to end."""


def selected_lists(settings: SyncSettings) -> frozenset[LedgerList]:
    """Return the lists that the settings let be synced. Tags always: a dimension may just have been deselected."""
    return frozenset({LedgerList.TAGS, *settings.lists})


@dataclass
class SyncContext:
    """Both sides of a company's lists, and what people decided: the settings, and the archives that are confirmed.
    `open_setup` opens what names dimensions and the company's currency, where that is needed."""

    company_id: str
    settings: SyncSettings
    ledger: LedgerLists
    pleo: PleoLists
    open_setup: Callable[[], AccountingSetup]
    confirmation: Confirmation = field(default_factory=Confirmation)

    def selects(self, list_: LedgerList) -> bool:
        """Whether the settings let a list be synced."""
        return list_ in selected_lists(self.settings)

    @cached_property
    def _setup(self) -> AccountingSetup:
        return self.open_setup()

    @cached_property
    def dimension_names(self) -> Mapping[str, str]:
        """The names of the ledger's dimensions. Raises AccountingError."""
        return {each.code: each.name for each in self._setup.dimensions()}

    @cached_property
    def currency(self) -> str:
        """The ledger's own currency. Raises AccountingError."""
        return self._setup.currency()


class SyncPart(Protocol):
    """A list, or a part of it, that is read, compared and changed for itself: of tags, those of one dimension."""

    @property
    def list(self) -> LedgerList:
        """The list that it is a part of."""

    @property
    def group(self) -> str | None:
        """Of tags, the code of the dimension or tag group."""

    def plan(self) -> SyncPlan:
        """Read both sides and return what is to be done. Raises AccountingError, PleoError."""

    def apply(self, plan: SyncPlan, progress: ListProgress) -> None:
        """Carry out the steps of the plan that was made last. Raises OutOfTime; AccountingError, PleoError where the
        rest of this part cannot be done."""
