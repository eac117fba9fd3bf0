"""What the first sync of a company would do, worked out before anything of the connection is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cli.checks import explained
from cli.errors import CheckFailed
from cli.sync_requests import sync_request
from pleo_export.store.connections import Connection
from pleo_export.sync.plan import NOT_IN_STEP, SyncPlan
from pleo_export.sync.runner import sync_company

if TYPE_CHECKING:
    from cli.connection_steps import NewConnection
    from pleo_export.accounting.lists import LedgerLists
    from pleo_export.accounting.port import AccountingSetup
    from pleo_export.pleo.lists_client import PleoLists


def proposed_plans(connecting: NewConnection) -> Sequence[SyncPlan]:
    """Return the plans. Raises CheckFailed where a list cannot be read on one of the sides."""
    request = sync_request(connecting.company_id, connecting.synced, "connect")
    result = sync_company(request, _BeforeConnecting(connecting), dry_run=True)
    unreadable = [explained(CheckFailed(each.told)) for each in result.findings if each.kind in NOT_IN_STEP]
    if unreadable:
        raise CheckFailed("\n".join([*unreadable, "Nothing was stored."]))
    return result.plans


@dataclass(frozen=True)
class _BeforeConnecting:
    """The services that a dry run asks for, with the credentials and settings that are about to be stored."""

    connecting: NewConnection

    def connection(self, company_id: str) -> Connection:
        """Return the connection as it will be."""
        return Connection(company_id, self.connecting.settings.model_dump(mode="json"), "")

    def pleo_lists(self, _connection: Connection) -> PleoLists:
        """Return the lists at Pleo."""
        return self.connecting.pleo_lists

    def ledger_lists(self, _connection: Connection) -> LedgerLists:
        """Return the lists of the ledger."""
        return self.connecting.lists

    def ledger_setup(self, _connection: Connection) -> AccountingSetup:
        """Return what names dimensions and the currency."""
        return self.connecting.setup

    def clock(self) -> datetime:
        """Return the present time."""
        return self.connecting.stack.now()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.connecting.stack.sleep(seconds)

    def time_left(self) -> timedelta:
        """Return no limit: a person waits."""
        return timedelta.max
