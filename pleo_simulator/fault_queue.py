"""Faults to inject: what goes wrong, on which requests, how often."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random
from threading import Lock
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Effect = Literal[
    "delay",
    "status",
    "drop_before",
    "drop_after",
    "rate_limit",
    "bad_json",
    "missing_field",
    "item_errors",
    "page_again",
    "list_cut",
]


class Fault(BaseModel):
    """Fires on requests of `method` (any, if absent) whose path begins with `path`, a regular expression (so a plain
    prefix will do, and `/v3/export-jobs$` is the list alone): from the `nth` such request on, `count` times, each
    time with `probability`, then it is used up.

    delay           answers `delay_ms` later; may be combined with any other effect
    status          answers `status` (and `retry_after`, if given) without doing anything
    drop_before     hangs up before the request has an effect
    drop_after      hangs up after the effect: the caller cannot know
    rate_limit      answers 429 with `retry_after` seconds
    bad_json        does the work, then answers with half of the JSON
    missing_field   does the work, then answers without `field` (dotted: `pagination.hasNextPage`, `data.0.status`)
    item_errors     PUT of items: refuses `entry_ids` (or the first `items` of the body) with `error_type`
    page_again      answers the first page of a list, whatever page was asked for
    list_cut        answers half of the page, and says that it is the last one
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    effect: Effect
    path: str = "/"
    method: str | None = None
    nth: int = Field(1, ge=1)
    count: int = Field(1, ge=1)
    probability: float = Field(1.0, ge=0, le=1)
    seed: int = 0
    delay_ms: int = Field(0, ge=0)
    status: int = Field(503, ge=400, le=599)
    retry_after: int | None = Field(None, ge=0)
    field: str = "data"
    entry_ids: list[str] = []
    items: int = 1
    error_type: str = "ACCOUNTING_ENTRY_UPDATE_FAILED"


@dataclass
class _QueuedFault:
    fault: Fault
    left: int
    random: Random
    seen: int = field(default=0)

    def fires(self, method: str, path: str) -> bool:
        if not re.match(self.fault.path, path) or self.fault.method not in (None, method):
            return False
        self.seen += 1
        if self.seen < self.fault.nth or self.random.random() >= self.fault.probability:
            return False
        self.left -= 1
        return True


class FaultQueue:
    """At most one fault fires per request: the one ordered first."""

    def __init__(self) -> None:
        self._queued: list[_QueuedFault] = []
        self._lock = Lock()

    def order(self, fault: Fault) -> None:
        with self._lock:
            self._queued.append(_QueuedFault(fault, fault.count, Random(fault.seed)))  # noqa: S311 - not a secret

    def clear(self) -> None:
        with self._lock:
            self._queued.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, counted as used."""
        with self._lock:
            fired = next((each for each in self._queued if each.fires(method, path)), None)
            self._queued = [each for each in self._queued if each.left > 0]
            return fired.fault if fired else None

    def waiting(self) -> list[Fault]:
        with self._lock:
            return [each.fault.model_copy(update={"count": each.left}) for each in self._queued]
