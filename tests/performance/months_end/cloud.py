"""AWS as far as the day needs it: a table with its indexes, FIFO queues, Lambda's environments and quota."""

from __future__ import annotations

import json
from bisect import bisect_right, insort
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, TypeVar

from pleo_export.errors import PleoExportError
from pleo_export.store.connected_companies import INDEX as CONNECTED
from pleo_export.store.connected_companies import TIME
from pleo_export.store.pleo_call_budget import PLEO
from pleo_export.store.table import budget_key
from tests.performance.months_end.work import COLD_SECONDS, KEPT_SECONDS
from tests.simulation import fake_aws
from tests.simulation.fault_injection import FaultInjector

T = TypeVar("T")
Waits = Generator[float, None, T]  # yields the seconds to wait; what a function or an execution does in time
DEDUPLICATION = 300  # seconds
PLEO_BUDGET = budget_key(PLEO)["pk"]


class Timeline:
    """What happens, in the order of time. `now` is in seconds from the day's begin."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._number = count()

    def at(self, seconds: float, do: Callable[[], object]) -> None:
        """Do something later, so many seconds from now."""
        heappush(self._due, (self.now + seconds, next(self._number), do))

    def go(self, work: Waits[Any]) -> None:
        """Begin work that waits now and then."""
        try:
            self.at(next(work), lambda: self.go(work))
        except StopIteration:
            return

    def run(self, until: float) -> None:
        """Let everything happen that is due by then."""
        while self._due and self._due[0][0] <= until:
            self.now, _, do = heappop(self._due)
            do()
        self.now = until


class Table(fake_aws.Table):
    """The simulation's table, without faults, with its indexes sorted as DynamoDB keeps them. Counts what happens to
    the item of Pleo's call budget, by second."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__(FaultInjector(Random(0), None))  # type: ignore[arg-type]
        self._timeline = timeline
        self.budget_writes: Counter[int] = Counter()
        self.budget_reads: Counter[int] = Counter()
        self.writes = 0
        self._indexes: dict[str, list[tuple[str, str]]] = {"looks": [], CONNECTED: []}

    def _call(self, operation: str, work: Callable[[], T]) -> T:
        return work()

    def _write(self, operation: str, work: Callable[[], T]) -> T:
        self.writes += 1
        return work()

    def add(self, connections: Iterable[dict[str, Any]]) -> None:
        """Put the connections that there were before the day."""
        for record in connections:
            self.records[record["pk"], record["sk"]] = record
            self._indexes[CONNECTED].append((record["pk"], record["pk"]))
            self._indexes["looks"].append((record[TIME], record["pk"]))
        for index in self._indexes.values():
            index.sort()

    def get_item(self, **given: Any) -> dict[str, Any]:
        if given["Key"]["pk"] == PLEO_BUDGET:
            self.budget_reads[int(self._timeline.now)] += 1
        return super().get_item(**given)

    def put_item(self, **given: Any) -> dict[str, Any]:
        if given["Item"]["pk"] == PLEO_BUDGET:
            self.budget_writes[int(self._timeline.now)] += 1
        return super().put_item(**given)

    def update_item(self, **given: Any) -> dict[str, Any]:
        key = given["Key"]["pk"], given["Key"]["sk"]
        before = self.records.get(key, {}).get(TIME)
        answer = super().update_item(**given)
        after = self.records[key].get(TIME)
        if before != after:
            looks = self._indexes["looks"]
            if before is not None:
                looks.pop(bisect_right(looks, (before, key[0])) - 1)
            insort(looks, (str(after), key[0]))
        return answer

    def _found(self, key: Mapping[str, Any]) -> dict[str, Any]:
        record = self.records.get((key["pk"], key["sk"]))
        return {} if record is None else {"Item": dict(record)}  # whoever reads it changes no part of it

    def query(self, **given: Any) -> dict[str, Any]:
        """Of the two indexes of connections only."""
        places = self._indexes[given["IndexName"]]
        start, end = self._range(given["KeyConditionExpression"], places)
        if "ExclusiveStartKey" in given:
            key = given["ExclusiveStartKey"]
            start = bisect_right(places, (key["order"], key["pk"]))
        if given.get("Select") == "COUNT":
            return {"Count": end - start}
        stop = min(end, start + given.get("Limit", end))
        found = [self.records[pk, "CONNECTION"] for _, pk in places[start:stop]]
        more = {"LastEvaluatedKey": {"order": places[stop - 1][0], "pk": places[stop - 1][1]}} if stop < end else {}
        return {"Items": found, "Count": len(found), **more}

    def _range(self, condition: Any, places: list[tuple[str, str]]) -> tuple[int, int]:
        parts = condition.get_expression()
        if parts["operator"] != "AND":
            return 0, len(places)
        of_range = parts["values"][1].get_expression()
        value = of_range["values"][1]
        if of_range["operator"] == "<=":
            return 0, bisect_right(places, (value, "\U0010ffff"))
        if of_range["operator"] == ">":
            return bisect_right(places, (value, "\U0010ffff")), len(places)
        raise NotImplementedError(of_range["operator"])


@dataclass(slots=True)
class Environment:
    """One environment of a function, with what it keeps between two calls."""

    kept: dict[Any, Any] = field(default_factory=dict)
    used_at: float = 0.0


class Throttled(Exception):
    """The account's quota of concurrent executions is used up."""


class Lambda:
    """The account's functions: at most `quota` calls at a time."""

    def __init__(self, timeline: Timeline, quota: int) -> None:
        self._timeline = timeline
        self._quota = quota
        self._idle: dict[str, list[Environment]] = {}
        self.running = 0
        self.most: Counter[int] = Counter()  # at the same time, by minute
        self.calls: Counter[str] = Counter()
        self.throttles = 0
        self.seconds = 0.0

    def invoke(self, function: str, body: Callable[[Environment], Waits[T]]) -> Waits[T]:
        """Let a function work. Raises Throttled, and what it raises."""
        if self.running >= self._quota:
            self.throttles += 1
            raise Throttled
        self.running += 1
        minute, begun = int(self._timeline.now // 60), self._timeline.now
        self.most[minute] = max(self.most[minute], self.running)
        self.calls[function] += 1
        environment = self._environment(function)
        try:
            if not environment.used_at:
                yield COLD_SECONDS
            return (yield from body(environment))
        finally:
            self.running -= 1
            self.seconds += self._timeline.now - begun
            environment.used_at = self._timeline.now
            self._idle[function].append(environment)

    def _environment(self, function: str) -> Environment:
        idle = self._idle.setdefault(function, [])
        while idle:
            last = idle.pop()
            if self._timeline.now - last.used_at < KEPT_SECONDS:
                return last
        return Environment()


@dataclass(slots=True)
class Message:
    """A message of a queue."""

    body: dict[str, Any]
    group: str
    sent_at: float
    receives: int = 0


@dataclass
class FifoQueue:
    """A FIFO queue and its event source mapping: of each group the oldest message, `concurrency` groups at a time.
    `handle` does the work of one message."""

    timeline: Timeline
    handle: Callable[[Message], Waits[None]]
    concurrency: int
    visibility: float
    most_receives: int
    retention: float
    dead_letters: int = 0
    outdated: int = 0
    longest: int = 0
    _groups: dict[str, deque[Message]] = field(default_factory=dict)
    _ready: deque[str] = field(default_factory=deque)
    _causes: dict[str, float] = field(default_factory=dict)
    _waiting: int = 0
    _running: int = 0

    def send(self, body: Mapping[str, Any], group: str, cause: str) -> None:
        """Take a message, unless its cause is known."""
        now = self.timeline.now
        if now - self._causes.get(cause, -DEDUPLICATION) < DEDUPLICATION:
            return
        if len(self._causes) > 50_000:  # what is older does not count
            self._causes = {each: at for each, at in self._causes.items() if now - at < DEDUPLICATION}
        self._causes[cause] = now
        self._waiting += 1
        self.longest = max(self.longest, self._waiting)
        if group in self._groups:
            self._groups[group].append(Message(dict(body), group, now))
            return
        self._groups[group] = deque([Message(dict(body), group, now)])
        self._ready.append(group)
        self.timeline.at(0, self._begin)

    def send_message(self, **given: Any) -> None:
        """As SQS's client does."""
        self.send(json.loads(given["MessageBody"]), given["MessageGroupId"], given["MessageDeduplicationId"])

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 - AWS's names
        """As SQS's client does."""
        for each in Entries:
            self.send_message(**each)
        return {}

    def _begin(self) -> None:
        while self._ready and self._running < self.concurrency:
            group = self._ready.popleft()
            message = self._groups[group][0]
            if self.timeline.now - message.sent_at > self.retention:
                self.outdated += 1
                self._done(group)
                continue
            self._running += 1
            self.timeline.go(self._receive(message))

    def _receive(self, message: Message) -> Waits[None]:
        while True:
            try:
                yield from self.handle(message)
            except Throttled:  # the mapping tries again, and the message has not been received
                yield 1.0
                continue
            except PleoExportError:
                message.receives += 1
                if message.receives >= self.most_receives:
                    self.dead_letters += 1
                    break
                self._running -= 1
                self.timeline.at(self.visibility, lambda: self._again(message.group))
                self._begin()
                return
            break
        self._running -= 1
        self._done(message.group)
        self._begin()

    def _again(self, group: str) -> None:
        self._ready.append(group)
        self._begin()

    def _done(self, group: str) -> None:
        messages = self._groups[group]
        messages.popleft()
        self._waiting -= 1
        if messages:
            self._ready.append(group)
        else:
            del self._groups[group]
