"""Everything that our functions do to the outer worlds, in order; and what can go wrong around each of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.harness.aws import client, resource


class Killed(BaseException):
    """The function's process is gone. No `except Exception` of ours sees it."""


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
        self._dead = False

    def on(self, moment: str, event: Event, *, nth: int = 1, times: int = 1) -> None:
        """Let `event` happen at the `nth` moment that begins with `moment`, and at the next ones, `times` in all.

        A moment is "before " or "after " and the effect: "after books record". An exception is raised there, anything
        else is called. After `Killed()` nothing that the process still tries (in a `finally`) reaches a world.
        """
        self._orders.append(_Order(moment, event, nth, times))

    @contextmanager
    def of_function(self) -> Iterator[None]:
        """The effects of one invocation; what the test itself does outside of it is not ours."""
        outer = self._inside, self._dead
        self._inside, self._dead = True, False
        try:
            yield
        finally:
            self._inside, self._dead = outer

    def before(self, effect: str) -> None:
        if not self._inside:
            return
        if self._dead:
            raise Killed
        self.log.append(effect)
        self._pass(f"before {effect}")

    def after(self, effect: str) -> None:
        if self._inside and not self._dead:
            self._pass(f"after {effect}")

    def dynamodb_writes(self) -> int:
        """Items written or deleted, as DynamoDB bills them."""
        single = sum(name in ("PutItem", "UpdateItem", "DeleteItem") for name, _ in self.aws)
        batches = [params["RequestItems"] for name, params in self.aws if name == "BatchWriteItem"]
        return single + sum(len(requests) for batch in batches for requests in batch.values())

    @contextmanager
    def of_aws(self) -> Iterator[None]:
        """Watch the AWS clients of the functions."""
        clients = [*map(client, ("s3", "secretsmanager", "sqs")), resource("dynamodb").meta.client]
        for each in clients:
            each.meta.events.register("before-parameter-build", self._before_aws, unique_id="town")
            each.meta.events.register("after-call", self._after_aws, unique_id="town")
        try:
            yield
        finally:
            for each in clients:
                each.meta.events.unregister("before-parameter-build", unique_id="town")
                each.meta.events.unregister("after-call", unique_id="town")

    def _pass(self, moment: str) -> None:
        for event in [order.event for order in self._orders if order.due(moment)]:
            if isinstance(event, BaseException):
                self._dead = isinstance(event, Killed)
                raise event
            event()

    def _before_aws(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.before(f"{model.service_model.service_name} {model.name}")
        if self._inside:
            self.aws.append((model.name, params))

    def _after_aws(self, model: Any, **_: Any) -> None:
        self.after(f"{model.service_model.service_name} {model.name}")
