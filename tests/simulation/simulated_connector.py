"""A real connector and its ledger's simulator as the simulation's functions meet them.

What goes wrong is drawn at each request and happens on the wire, so that the connector itself has to make of it what
the port promises. Nothing of the connector is replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pleo_export.accounting.errors import (
    AuthenticationFailed,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.port import AccountingSystem, Capabilities, DocumentState
from pleo_export.call_budget import CallBudget
from pleo_export.function_time import TimeLeft
from pleo_export.number_sequence import NumberSequence
from tests.simulation.fault_injection import FaultInjector
from tests.system.fake_accounting import NoProof
from tests.system.fake_network import Answer, Lost, Request
from tests.system.held_documents import Held
from tests.system.ledger_in_process import LedgerInProcess
from tests.system.wsgi_adapter import TimedOut, Unsent, cut_off

Json = dict[str, Any]
# What a write is to the port's caller: the words that the faults are drawn by.
WRITES = {
    "record_many": "record",
    "post_many": "finalise",
    "discard": "discard",
    "attach": "attach",
    "reverse": "reverse",
}


@dataclass
class ConnectedLedger:
    """One company's ledger. `recorded` is called with each new document and the job whose run made it, `attached` with
    each document that got a file. On the `poisonous` entries the connector fails as nobody foresaw."""

    ledger: LedgerInProcess
    injector: FaultInjector
    limits: Mapping[str, Any] = field(default_factory=dict)
    recorded: Callable[[Held, str], None] = lambda document, job: None
    attached: Callable[[Held, str], None] = lambda document, name: None
    jobs: dict[str, str] = field(default_factory=dict)
    poisonous: set[str] = field(default_factory=set)
    _method: list[str] = field(default_factory=list)  # of the port, which is being called
    _files: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ledger.crossing = self._cross
        self.ledger.sleep = self.injector.pause
        self.ledger.jitter = self.injector.random.random

    def system(self, time_left: TimeLeft, budget: CallBudget, numbers: NumberSequence | None) -> Any:
        """Return the connector of one call of a function."""
        return _Watched(self.ledger.connect(time_left, budget, numbers), self)

    # What the checker and the people look at

    @property
    def documents(self) -> Sequence[Held]:
        """All that it holds of ours."""
        return self.ledger.documents()

    def of_entry(self, entry_id: str) -> Sequence[Held]:
        """Return the documents of an entry."""
        return [each for each in self.documents if entry_id.lower() in each.reference]

    def takes(self, expense: Json) -> bool:
        """Return whether the ledger can hold the expense."""
        return self.ledger.face.takes(expense)

    def void(self, reference: str) -> None:
        """Let a person void the documents with the reference: not drafts, where that would delete them for good."""
        drafts_too = self.ledger.face.shows_deleted_drafts
        self._act(reference, self.ledger.face.void, drafts_too=drafts_too)

    def delete(self, reference: str) -> None:
        """Let a person delete the documents with the reference."""
        self._act(reference, self.ledger.face.delete)

    def _act(self, reference: str, act: Callable[[Any, str], None], *, drafts_too: bool = True) -> None:
        left_alone = {DocumentState.VOID} if drafts_too else {DocumentState.VOID, DocumentState.DRAFT}
        for each in [each for each in self.documents if each.reference == reference]:
            if each.state not in left_alone:
                act(self.ledger.ledger, each.id)

    # The way to it

    @contextmanager
    def during(self, method: str, reference: str = "") -> Iterator[None]:
        """Know which method of the port its requests belong to."""
        self._method.append(f"{method} {reference}".rstrip())
        try:
            yield
        finally:
            self._method.pop()

    def _cross(self, request: Request, forward: Callable[[], Answer]) -> Answer:
        effect = self._named(request)
        try:
            return self._answered(effect, request, forward)
        except NoProof as reason:
            return _of_a_gateway(str(reason))
        except RateLimited as limited:
            return Answer(429, [("Retry-After", str(limited.retry_after)), *_PAGE], b"<html>slow down</html>")
        except Unavailable:
            raise Unsent from None
        except AuthenticationFailed:
            return Answer(401, list(_PAGE), b"<html>who are you</html>")
        except PermissionDenied:
            return Answer(403, list(_PAGE), b"<html>not you</html>")
        except OutcomeUnknown:
            raise TimedOut from None
        except Rejected:
            return self.ledger.face.refused(request)

    def _answered(self, effect: str, request: Request, forward: Callable[[], Answer]) -> Answer:
        """Return the answer. Raises what a fault says that happens instead."""
        job = (self.injector.call.job_id if self.injector.call else None) or ""
        arrive = partial(self._arriving, request, forward, job)
        self.injector.before(effect)
        if self.injector.away.get(job, self.injector.clock.now()) > self.injector.clock.now():
            raise NoProof("502")
        if not self.ledger.reading:
            if any(each.lower().encode() in request.body.lower() for each in self.poisonous):
                raise ValueError("what nobody foresaw")
            # What the settle time allows for: RecordItems lives 240 seconds at most, and IN_DOUBT_SECONDS are 300.
            if self.injector.arrives_late(effect, partial(_whatever, arrive), by=30):
                raise NoProof("503")
        answer = arrive()
        try:
            self.injector.after(effect)
        except NoProof as reason:
            if "cut-off" in str(reason):
                return cut_off(answer)
            raise
        except Rejected:  # a ledger's API refuses nothing that it has done: the answer is lost
            raise TimedOut from None
        return answer

    def _arriving(self, request: Request, forward: Callable[[], Answer], job: str) -> Answer:
        """Let the ledger work, and look at what is new."""
        if self.ledger.reading:
            return forward()
        known = {each.id for each in self.documents}
        answer = forward()
        for document in self.documents:
            if document.id not in known:
                self.jobs[document.id] = job
                self.recorded(document, job)
            if len(document.contents) > self._files.get(document.id, 0):
                self._files[document.id] = len(document.contents)
                for _, content in document.contents:
                    self.attached(document, content.rpartition(b"\n")[2].decode())
        return answer

    def _named(self, request: Request) -> str:
        """Return the effect's name: `books record PUT /…`, or with another word than `record` for what only reads."""
        method, _, reference = (self._method[-1] if self._method else "read").partition(" ")
        target = f"{reference} {request.method} {request.path.partition('?')[0]}".strip()
        if self.ledger.reading:
            return f"books {'find_many' if method == 'find_many' else 'read'} {target}"
        return f"books {WRITES.get(method, method)} {target}"


class _Watched:
    """The connector, with each method of the port known to the ledger while it runs, and smaller batches."""

    def __init__(self, system: AccountingSystem, ledger: ConnectedLedger) -> None:
        self._system = system
        self._ledger = ledger

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._system.capabilities, **self._ledger.limits)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._system, name)

        def called(*given: Any) -> Any:
            reference = given[0].reference if name in ("attach", "discard", "reverse") else ""
            with self._ledger.during(name, reference):
                return method(*given)

        return called


_PAGE = (("Content-Type", "text/html"),)


def _of_a_gateway(reason: str) -> Answer:
    """Return what a gateway answers in the ledger's place, or hang up. Raises Lost."""
    status = reason.partition(" ")[0]
    if not status.isdecimal():
        raise Lost  # an empty answer, or the beginning of one
    return Answer(int(status), list(_PAGE), f"<html><head><title>{status}</title></head></html>".encode())


def _whatever(arrive: Callable[[], Answer]) -> None:
    """Let a late request arrive, whose answer is dropped."""
    with suppress(ConnectionError):
        arrive()
