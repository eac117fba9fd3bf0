"""The simulator of a ledger as books on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any, Self

from ledger_simulators.base.known import LedgerSimulator
from local.ledgers.books import Balance, Deviations, Entry, sums
from local.processes import LOOPBACK
from pleo_simulator.clock import Clock


@dataclass(frozen=True)
class Profile:
    """A ledger that has a simulator. `connection` makes the settings for its address, `secret` what a connector needs
    to get in, `entries` reads what it holds. `another` makes a sample ledger, of another company for each number."""

    title: str
    connection: Callable[[Any, str], Mapping[str, Any]]
    secret: Callable[[Any], Mapping[str, str]]
    entries: Callable[[Any], Sequence[Entry]]
    another: Callable[[Clock, int], Any]
    deviations: Deviations = field(default_factory=Deviations)


class SimulatedBooks:
    """A simulator that serves a sample ledger until the `with` block ends."""

    def __init__(self, name: str, profile: Profile, host: str = LOOPBACK, number: int = 0) -> None:
        self._name = name
        self._profile = profile
        self._host = host
        self._numbers = count(number + 1)
        clock = Clock()
        self.simulator = LedgerSimulator(name, host=host, clock=clock, ledger=profile.another(clock, number))
        self.title = profile.title
        self.page = f"{self.simulator.url}/"
        self.deviations = profile.deviations

    @property
    def secret(self) -> Mapping[str, str]:
        """What a connector needs: new at each look, where it ends with time."""
        return self._profile.secret(self.simulator.ledger)

    def connection(self) -> Mapping[str, Any]:
        """Return the settings of a company that is connected to it."""
        return self._profile.connection(self.simulator.ledger, self.simulator.url)

    def entries(self) -> Sequence[Entry]:
        """Return every entry, oldest first."""
        return self._profile.entries(self.simulator.ledger)

    def trial_balance(self) -> Sequence[Balance]:
        """Return the sums of the accounts."""
        return sums(self.entries())

    @contextmanager
    def fresh(self) -> Iterator[SimulatedBooks]:
        """Serve another company's sample ledger, on a port of its own."""
        with SimulatedBooks(self._name, self._profile, self._host, next(self._numbers)) as other:
            yield other

    def __enter__(self) -> Self:
        self.simulator.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.simulator.__exit__(kind, error, trace)
