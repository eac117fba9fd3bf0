"""Kill the process of RecordItems at one of its effects: a real SIGKILL, without any help of the product.

Or answer in place of the books as a gateway does, or as books that refuse.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

import psutil  # type: ignore[import-untyped]

from local.stack import LocalStack
from tests.system.fake_network import Answer, Lost, Request, network

READS = ("search_read", "get_access", "common.db.login", "GetItem", "Query")
LAST_SEARCH = "account.invoice/search_read"  # of the two by which the connector looks for documents
PATIENCE_SECONDS = 60
GATEWAY = Answer(503, [("Content-Type", "text/html")], b"<html><body><h1>503 Service Unavailable</h1></body></html>")
REFUSAL = Answer(
    400,
    [("Content-Type", "application/json")],
    b'{"status": 400, "message": "The fiscal year has no sequence.", "description": ""}',
)


def refused_posts(request: Request) -> Answer | None:
    """Books that take every draft and post none."""
    return REFUSAL if request.path.partition("?")[0].endswith("/post") else None


def nothing_else(request: Request) -> Answer | None:
    """Let the books answer."""


class When(StrEnum):
    """AFTER: the effect has happened, its answer is lost. LATE: it happens when a successor has looked for it. GATEWAY:
    so too, but nobody is killed: a gateway has answered 503 before it sent the request on."""

    BEFORE = "before"
    AFTER = "after"
    LATE = "while it sent"
    GATEWAY = "not, but answered 503"


@dataclass
class ProcessKiller:
    """Watch what RecordItems does to Tryton and DynamoDB, and kill its process at one of these effects, if told to.

    `last_act` comes before the kill. `effects` are all since `wait_for`. `instead` may answer in place of the books.
    `killed` is set as well when a gateway has answered.
    """

    last_act: Callable[[], None]
    moment: tuple[When, int] | None = None
    effects: list[str] = field(default_factory=list)
    killed: threading.Event = field(default_factory=threading.Event)
    looked_for: threading.Event = field(default_factory=threading.Event)
    instead: Callable[[Request], Answer | None] = nothing_else
    held_back: Callable[[], Answer] | None = None

    def wait_for(self, moment: tuple[When, int] | None) -> None:
        """The number of the effect counts from 1, from now on."""
        self.moment, self.effects = moment, []
        self.killed.clear()
        self.looked_for.clear()
        self.held_back = None

    def cross(self, request: Request, onwards: Callable[[], Answer]) -> Answer:
        def forward() -> Answer:
            return self.instead(request) or onwards()

        effect = _effect(request)
        if effect is None:
            answer = forward()
            if self.killed.is_set() and request.path.endswith(LAST_SEARCH):
                self.looked_for.set()
                held_back, self.held_back = self.held_back, None
                if held_back is not None:
                    held_back()
            return answer
        self.effects.append(effect)
        when, number = self.moment or (None, 0)
        if len(self.effects) != number:
            return forward()
        if when is When.GATEWAY:
            self.held_back = forward
            self.killed.set()
            return GATEWAY
        if when is When.AFTER:
            forward()
        self.last_act()
        _process_at(request.sender).kill()
        self.killed.set()
        if when is When.LATE:
            self.looked_for.wait(PATIENCE_SECONDS)
            forward()
        raise Lost


@contextmanager
def in_the_way(process_killer: ProcessKiller, stack: LocalStack, tryton: str, **variables: str) -> Iterator[str]:
    """Yield the address of Tryton behind the ProcessKiller. Meanwhile RecordItems reaches DynamoDB through it as well,
    and has these environment variables."""
    functions, name = stack.aws.client("lambda"), stack.aws.physical_id("RecordItemsFunction")
    usual = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    with network(tryton, process_killer.cross) as books, network(stack.aws.url, process_killer.cross) as dynamodb:
        changed = {**usual, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb, **variables}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
        try:
            yield books
        finally:
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": usual})


def _effect(request: Request) -> str | None:
    """A name for what the request changes; None if it only reads."""
    operation = request.headers.get("X-Amz-Target")  # DynamoDB's
    name = operation.replace("_20120810.", " ") if operation else request.path.partition("?")[0]
    asked = f"{name} {request.body.decode()}" if name.endswith("/rpc/") else name
    return None if any(read in asked for read in READS) else name.rpartition("/model/")[2]


def _process_at(port: int) -> psutil.Process:
    """Find the child process whose end of a TCP connection has that port."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if any(end.laddr.port == port for end in process.net_connections("tcp4")):
                return process
    raise AssertionError(f"no process of ours is at port {port}")
