"""The simulator of a ledger as books on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from ledger_simulators.base.known import LedgerSimulator
from local.ledgers.books import Balance, Entry, Refusals, sums
from local.processes import LOOPBACK


@dataclass(frozen=True)
class Profile:
    """A ledger that has a simulator. `connection` makes the settings for its address, `secret` what a
    connector needs to get in, `entries` reads what it holds."""

    title: str
    connection: Callable[[Any, str], Mapping[str, Any]]
    secret: Callable[[Any], Mapping[str, str]]
    entries: Callable[[Any], Sequence[Entry]]
    refusals: Refusals = field(default_factory=Refusals)


class SimulatedBooks:
    """A simulator that serves a sample ledger until the `with` block ends."""

    def __init__(self, name: str, profile: Profile, host: str = LOOPBACK) -> None:
        self._name = name
        self._profile = profile
        self._host = host
        self.simulator = LedgerSimulator(name, host=host)
        self.title = profile.title
        self.page = f"{self.simulator.url}/"
        self.refusals = profile.refusals

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
        """Serve another sample ledger, on a port of its own."""
        with SimulatedBooks(self._name, self._profile, self._host) as other:
            yield other

    def __enter__(self) -> Self:
        self.simulator.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.simulator.__exit__(kind, error, trace)
