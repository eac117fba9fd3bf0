"""Record every effect of our functions on AWS, Pleo and the books, in order, and inject faults around each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

from tests.system.aws import client, resource


class Killed(BaseException):
    """The function's process has ended. No `except Exception` of ours catches it."""


class Stopped(Killed):
    """The whole execution has ended with it: nothing of it is retried or caught."""


OF_BUDGET = " of a call budget"  # who reads at Pleo takes from it, also where nothing else is written

Event = BaseException | Callable[[], object]


@dataclass
class _Order:
    moment: str
    event: Event
    nth: int
    times: int
    seen: int = 0

    def due(self, moment: str) -> bool:
        if not moment.startswith(self.moment):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


class Effects:
    """`log` names each effect as it begins: "dynamodb PutItem", "pleo PUT /v3/...", "books record pleo:..."."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.aws: list[tuple[str, dict[str, Any]]] = []
        self._orders: list[_Order] = []
        self._inside = False
        self._ended: type[Killed] | None = None

    def on(self, moment: str, event: Event, *, nth: int = 1, times: int = 1) -> None:
        """Let `event` happen at the `nth` moment that begins with `moment`, and at the next ones, `times` in all.

        A moment is "before " or "after " and the effect: "after books record". An exception is raised there, anything
        else is called. After `Killed()` or `Stopped()` nothing that the process still tries (in a `finally`) has an
        effect.
        """
        self._orders.append(_Order(moment, event, nth, times))

    @contextmanager
    def of_function(self) -> Iterator[None]:
        """Record the effects of one invocation, and nothing that the test itself does outside of it."""
        outer = self._inside, self._ended
        self._inside, self._ended = True, None
        try:
            yield
        finally:
            self._inside, self._ended = outer

    def before(self, effect: str) -> None:
        if not self._inside:
            return
        if self._ended:
            raise self._ended
        self.log.append(effect)
        self._pass(f"before {effect}")

    def after(self, effect: str) -> None:
        if self._inside and not self._ended:
            self._pass(f"after {effect}")

    def dynamodb_writes(self) -> int:
        """Count the items written or deleted, as DynamoDB bills them."""
        single = sum(name in ("PutItem", "UpdateItem", "DeleteItem") for name, _ in self.aws)
        batches = [params["RequestItems"] for name, params in self.aws if name == "BatchWriteItem"]
        puts = sum(
            "Put" in each
            for name, params in self.aws
            if name == "TransactWriteItems"
            for each in params["TransactItems"]
        )
        return single + puts + sum(len(requests) for batch in batches for requests in batch.values())

    @contextmanager
    def of_aws(self) -> Iterator[None]:
        """Watch the AWS clients of the functions."""
        watched = (("before-parameter-build", self._before_aws), ("after-call", self._after_aws))
        emitters = [client(name).meta.events for name in ("s3", "secretsmanager", "sns", "sqs")]
        emitters.append(resource("dynamodb").meta.client.meta.events)
        for emitter, (event, handler) in product(emitters, watched):
            emitter.register(event, handler, unique_id=f"effects {event}")
        try:
            yield
        finally:
            for emitter, (event, _) in product(emitters, watched):
                emitter.unregister(event, unique_id=f"effects {event}")

    def _pass(self, moment: str) -> None:
        try:
            for event in [order.event for order in self._orders if order.due(moment)]:
                if isinstance(event, BaseException):
                    event.__context__ = None  # of an earlier time, which would keep a whole system in memory
                    raise event.with_traceback(None)
                event()
        except Killed as end:
            self._ended = type(end)
            raise

    def _before_aws(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        of_budget = "BUDGET#" in str(params.get("Item", {}).get("pk"))
        self.before(f"{model.service_model.service_name} {model.name}{OF_BUDGET if of_budget else ''}")
        if self._inside:
            self.aws.append((model.name, params))

    def _after_aws(self, model: Any, **_: Any) -> None:
        self.after(f"{model.service_model.service_name} {model.name}")
