"""What the first sync of a company would do, before anything of the connection is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.connection_steps import NewConnection
    from pleo_export.sync.plan import SyncPlan


def proposed_plans(connecting: NewConnection) -> Sequence[SyncPlan]:
    """x"""
    return ()
