"""What a test reads of a ledger, whichever it is: each document with its reference, its state and what it comes to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from pleo_export.accounting.port import DocumentState


class Role(StrEnum):
    """What a document is to an expense: its entry or bill, a payment that comes with it, or an exchange difference."""

    DOCUMENT = "document"
    PAYMENT = "payment"
    DIFFERENCE = "difference"


class HeldDocument(Protocol):
    """A document as a ledger holds it."""

    @property
    def id(self) -> str:
        """What the connector calls it, and Pleo is told."""

    @property
    def reference(self) -> str:
        """What ties it to the expense."""

    @property
    def role(self) -> Role:
        """What it is to the expense."""

    @property
    def state(self) -> DocumentState:
        """How final it is."""

    @property
    def on(self) -> date:
        """The day that it is booked on."""

    @property
    def accounts(self) -> Collection[str]:
        """The codes of the accounts of its lines."""

    @property
    def sums(self) -> Collection[int]:
        """What it comes to, and each of its lines, without signs, in minor units of its currency."""

    @property
    def balances(self) -> bool:
        """Whether its lines come to nothing, in its own currency and in the ledger's."""

    @property
    def files(self) -> Sequence[str]:
        """A name of each file on it, the same for the same content."""

    @property
    def contents(self) -> Sequence[tuple[str, bytes]]:
        """Name and content of each file on it."""


@dataclass(frozen=True)
class Held:
    """A document that was read from a simulator."""

    id: str
    reference: str
    role: Role
    state: DocumentState
    on: date
    accounts: tuple[str, ...]
    sums: frozenset[int]
    balances: bool
    contents: tuple[tuple[str, bytes], ...] = ()

    @property
    def files(self) -> Sequence[str]:
        """The contents' own hashes."""
        return [str(hash(content)) for _, content in self.contents]
