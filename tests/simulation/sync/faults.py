"""What goes wrong around each request of a sync, drawn from a seed: the function is killed, an answer is lost, Pleo or
the ledger refuses, asks to wait, or answers half of a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from random import Random

import requests

from pleo_export.accounting.errors import RateLimited, Unavailable
from pleo_export.failures.entry import FailureText
from pleo_simulator.fault_queue import Fault, FaultQueue
from tests.system.effects import Effects, Killed

SLOWEST_CALL = 2.0  # seconds
OFTEN = 0.4  # faults per moment
UNANSWERED = {"unsent": requests.ConnectTimeout, "request lost": requests.ReadTimeout}
AWAY = FailureText("away", "The ledger is away.")


class SyncFaults(Effects):
    """`rate`: faults per moment; `left`: how many more. `advance` lets time pass."""

    def __init__(self, seed: int, advance: Callable[[float], None], rate: float, left: int) -> None:
        super().__init__()
        self.random = Random(seed)
        self.advance = advance
        self.rate = rate
        self.left = left
        self.focus = ""  # a pattern of effects, where most of the faults are injected
        self.queue: FaultQueue | None = None  # the Pleo simulator's own
        self.meanwhile: Callable[[], None] = lambda: None  # what people do between two requests
        self.injected: Counter[str] = Counter()

    def before(self, effect: str) -> None:
        super().before(effect)
        if not self._inside:
            return
        self.advance(self.random.random() * SLOWEST_CALL)
        self.meanwhile()
        if self._due(effect):
            self._inject_before(effect)

    def after(self, effect: str) -> None:
        super().after(effect)
        if self._inside and not self._ended and self._due(effect):
            kind = self.random.choice(["killed", "reply lost"])
            self.injected[f"{kind} {'pleo' if effect.startswith('pleo') else 'books'}"] += 1
            if kind == "killed":
                self._end()
            if effect.startswith("pleo"):
                raise requests.ReadTimeout
            raise Unavailable(AWAY)

    def _due(self, effect: str) -> bool:
        """More where more is at stake: at what is written."""
        reads = "GET" in effect or "search" in effect or "list" in effect
        rate = self.rate * (1 if reads else 12 if "create supplier" in effect else 4)
        if self.focus and re.search(self.focus, effect):
            rate = OFTEN
        if self.left <= 0 or self.random.random() >= rate:
            return False
        self.left -= 1
        return True

    def _inject_before(self, effect: str) -> None:
        if effect.startswith("pleo"):
            self._pleo(effect)
        else:
            self._books()

    def _pleo(self, effect: str) -> None:
        kinds = ["killed", "unsent", "request lost", "503", "429", "429 storm", "bad JSON"]
        if re.search("GET .*/tags|:search", effect):
            kinds += ["cut", "cut", "first page again"]
        kind = self.random.choice(kinds)
        self.injected[f"{kind} pleo"] += 1
        if kind == "killed":
            self._end()
        if kind in UNANSWERED:
            raise UNANSWERED[kind]()
        assert self.queue is not None
        self.queue.order(self._fault(kind))

    def _fault(self, kind: str) -> Fault:
        match kind:
            case "503":
                return Fault(effect="status", status=503, count=self.random.randint(1, 6))
            case "429":
                return Fault(effect="rate_limit", retry_after=self.random.choice([0, 5, 30]))
            case "429 storm":
                return Fault(effect="rate_limit", retry_after=self.random.choice([5, 60, 500]), count=9)
            case "bad JSON":
                return Fault(effect="bad_json")
            case "cut":
                return Fault(effect="list_cut")
        return Fault(effect="page_again")

    def _books(self) -> None:
        kind = self.random.choice(["killed", "away", "429"])
        self.injected[f"{kind} books"] += 1
        match kind:
            case "killed":
                self._end()
            case "away":
                raise Unavailable(AWAY)
            case "429":
                raise RateLimited(AWAY, retry_after=30)

    def _end(self) -> None:
        self._ended = Killed
        raise Killed
