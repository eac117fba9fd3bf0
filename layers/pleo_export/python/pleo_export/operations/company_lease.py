"""Holding a company's lease for a command that no export may run beside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from pleo_export.errors import PleoExportError
from pleo_export.services.executions import Executions
from pleo_export.services.wake_up import WakeUp
from pleo_export.services.wake_ups import WakeUps
from pleo_export.store.leases import Leases
from pleo_export.workflow.dispatch import alive


class CompanyBusy(PleoExportError):
    """An export of the company, or another command, is running. Nothing was done; the same command works later."""


class LeaseHolder(Protocol):
    """What holding a lease takes of an holder."""

    @property
    def leases(self) -> Leases:
        """The companies' leases."""

    @property
    def executions(self) -> Executions:
        """The executions of the state machine."""

    @property
    def wake_ups(self) -> WakeUps:
        """The queue of wake-ups."""


@contextmanager
def company_lease(holder: LeaseHolder, company_id: str, act: str, now: datetime, hold: timedelta) -> Iterator[str]:
    """Hold the lease for the block, `hold` at most, and yield its owner, which begins with the act. Afterwards the
    company is woken: an export that was clicked meanwhile starts. Raises CompanyBusy."""
    leases, owner = holder.leases, f"{act}-{uuid4()}"
    lease = leases.get(company_id)
    busy = lease is not None and alive(lease, holder.executions, now)
    if busy or not leases.take(company_id, owner, now, replacing=lease, until=now + hold):
        raise CompanyBusy(
            f"an export of company {company_id}, or another command, is running: {act} when that is over "
            f"(after a command that was killed, within {hold // timedelta(minutes=1)} minutes)"
        )
    try:
        yield owner
    finally:
        leases.release(company_id, owner)
        holder.wake_ups.send(WakeUp(company_id=company_id, reason=act), once_per=owner)
