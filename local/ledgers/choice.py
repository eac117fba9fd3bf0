"""Which ledger the local stack runs with. To add one: its simulator, and a module beside this one with a `PROFILE`."""

from __future__ import annotations

from importlib import import_module

from ledger_simulators.base.known import LEDGERS
from local.aws import STATE
from local.ledgers.books import BooksServer
from local.ledgers.simulated import SimulatedBooks
from local.processes import LOOPBACK
from local.tryton.server import TrytonServer

TRYTON = "tryton"
CHOICES = (TRYTON, *LEDGERS)


def books(name: str, host: str = LOOPBACK) -> BooksServer:
    """Return the books of that name, to be entered. Raises KeyError for an unknown one."""
    if name == TRYTON:
        return TrytonServer(STATE / "tryton", host=host)
    return SimulatedBooks(name, import_module(f"local.ledgers.{LEDGERS[name]}").PROFILE, host)
