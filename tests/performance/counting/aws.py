"""A local AWS account that counts: requests at its door, invocations at the runtime client, states where they run."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import requests

from local.aws import ROOT, LocalAws
from tests.performance.counting.emulator import PATH, STATES

RUNTIME = Path(__file__).with_name("noting_runtime.py")
LOG_OVERHEAD = 26  # bytes that CloudWatch Logs adds to each event when it bills


@dataclass(frozen=True)
class Invocation:
    """One call of a function, as its runtime client saw it. `init_seconds` is 0 but for the first of a process."""

    function: str
    memory_mb: int
    seconds: float
    processor_seconds: float
    peak_kb: int
    init_seconds: float

    @property
    def gb_seconds(self) -> float:
        """What AWS bills of it, the start of the function included."""
        return self.memory_mb / 1024 * (self.seconds + self.init_seconds)


@dataclass(frozen=True)
class AwsCounts:
    """What an account has counted so far, or between two moments: `since`. `took` are the emulator's own seconds for
    the requests that came through the door."""

    requests: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    dynamodb: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    took: Counter[str] = field(default_factory=Counter)
    log_bytes: int = 0
    invocations: tuple[Invocation, ...] = ()

    @property
    def transitions(self) -> int:
        """The state transitions that AWS bills: each state that is entered, and each retry."""
        entered = sum(self.states[kind] for kind in STATES)
        return entered + self.states["attempts"] - self.states["Task"]

    @property
    def events(self) -> int:
        """The events of AWS's history of one execution that succeeds. (The emulator's leaves out those of a Map's
        iterations.) A state is entered and exited; a task's attempt is scheduled, started and ended; a Map and each of
        its iterations is started and ended; so is the execution."""
        if not self.states:
            return 0
        entered = sum(self.states[kind] for kind in STATES)
        started = self.states["Map"] + self.states["Parallel"] + self.states["iterations"] + 1
        return 2 * entered + 3 * self.states["attempts"] + 2 * started

    def since(self, earlier: AwsCounts) -> AwsCounts:
        """Return what was counted after an earlier moment."""
        return AwsCounts(
            self.requests - earlier.requests,
            self.received - earlier.received,
            self.sent - earlier.sent,
            self.dynamodb - earlier.dynamodb,
            self.states - earlier.states,
            self.took - earlier.took,
            self.log_bytes - earlier.log_bytes,
            self.invocations[len(earlier.invocations) :],
        )


class CountedAws(LocalAws):
    """The emulator with a counter at its door, and functions that note each invocation."""

    boot = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import socketserver
socketserver.StreamRequestHandler.disable_nagle_algorithm = True
from ministack import app
from ministack.services import dynamodb, stepfunctions
from tests.performance.counting.emulator import CountingDoor, count_dynamodb, count_states
count_dynamodb(dynamodb)
count_states(stepfunctions)
app.app = CountingDoor(app.app)
app.main()
"""

    def counts(self) -> AwsCounts:
        """Return what has been counted since the account was opened."""
        told = requests.get(self.url + PATH, timeout=30).json()
        requests_, received, sent, dynamodb, states, took = (
            Counter(told[name]) for name in ("requests", "received", "sent", "dynamodb", "states", "took")
        )
        return AwsCounts(requests_, received, sent, dynamodb, states, took, self._log_bytes(), self.invocations())

    def invocations(self) -> tuple[Invocation, ...]:
        """Return all calls of functions so far, in the order in which they ended."""
        return tuple(Invocation(**json.loads(line)) for line in self._invocations.read_text().splitlines())

    def _log_bytes(self) -> int:
        logs = self.client("logs")
        found = 0
        for group in logs.describe_log_groups()["logGroups"]:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
            found += sum(len(event["message"].encode()) + LOG_OVERHEAD for page in pages for event in page["events"])
        return found

    @property
    def _invocations(self) -> Path:
        path = self._scratch / "invocations.jsonl"
        path.touch()
        return path

    def _runtime_client(self) -> str:
        return f'"{sys.executable}" -S "{RUNTIME}" "{self._invocations}"'
