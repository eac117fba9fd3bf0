"""A way to the books on which requests and answers meet the troubles of a plan."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.connector_fixture import Act, Pages, Plan, Trouble
from tests.system.fake_network import Answer, Lost, Request

_HTML = [("Content-Type", "text/html")]
GATEWAY = Answer(503, _HTML, b"<html><head><title>503 Service Temporarily Unavailable</title></head></html>")


def with_body(answer: Answer, body: Any) -> Answer:
    """Return an answer with another JSON in it."""
    headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
    return Answer(answer.status, headers, json.dumps(body).encode())


@dataclass
class MisledPages:
    """Answers later pages of lists in another way. `is_later` tells whether a request asks for one, and `emptied` takes
    all rows out of a page, and what leads on from it."""

    pages: Pages
    is_later: Callable[[Request], bool]
    emptied: Callable[[Any], object]
    first: Answer | None = None

    def cross(self, request: Request, forward: Callable[[], Answer]) -> Answer:
        answer = forward()
        if not self.is_later(request):
            self.first = answer
            return answer
        if self.pages is Pages.REPEATED:
            assert self.first is not None
            return self.first
        body = json.loads(answer.body)
        return with_body(answer, self.emptied(body))


@dataclass
class TroubledNetwork:
    """`act` tells what a request asks; `saying` how the books would say that they did not do it."""

    plan: Plan
    act: Callable[[Request], Act]
    saying: Callable[[Trouble, Request], Answer]
    seen: Counter[Act] = field(default_factory=Counter)
    late: list[Callable[[], Answer]] = field(default_factory=list)

    def cross(self, request: Request, forward: Callable[[], Answer]) -> Answer:
        act = self.act(request)
        self.seen[act] += 1
        match self.plan(act, self.seen[act]):
            case None:
                return forward()
            case Trouble.AWAY:
                raise Lost
            case Trouble.LOST:
                forward()
                raise Lost
            case Trouble.CUT_OFF:
                answer = forward()
                return Answer(200, answer.headers, answer.body[: len(answer.body) // 2])
            case Trouble.EMPTY:
                forward()
                return Answer(200, _HTML, b"")
            case Trouble.GATEWAY:
                return GATEWAY
            case Trouble.LATE:
                self.late.append(forward)
                return GATEWAY
            case trouble:
                return self.saying(trouble, request)

    def deliver(self) -> None:
        for forward in self.late:
            forward()
        self.late.clear()
