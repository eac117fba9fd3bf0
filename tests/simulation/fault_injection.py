"""What goes wrong, and when: drawn from the seed, around every effect of a function on Pleo, AWS or the books.

A fault is injected before or after one effect. It may kill the function there, stop its execution while the function
runs on, lose the reply, refuse the call, or let others work in the meantime (`meanwhile`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import requests
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from pleo_export.accounting.errors import (
    AuthenticationFailed,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_simulator.clock import Clock
from tests.system.effects import Effects, Killed
from tests.system.fake_accounting import NoProof

Injection = Callable[["FaultInjector", "FunctionCall"], None]


class Answered(Exception):
    """Raised for a service that answers this instead of working."""

    def __init__(self, status: int, retry_after: int | None = None) -> None:
        super().__init__(str(status))
        self.status = status
        self.retry_after = retry_after


@dataclass
class FunctionCall:
    """A function at work. `ends` is when Lambda kills it. `retried` is the call that Step Functions made in its place,
    whose answer counts."""

    function: str
    company_id: str | None
    job_id: str | None
    execution: str | None
    ends: datetime
    event: Mapping[str, object] | None = None  # of a state
    killed: bool = False
    retried: FunctionCall | None = None
    answer: Callable[[], object] | None = None


@dataclass
class InjectedFault:
    """A fault that was injected, how long it held, and how long the ledger asked to wait: what the checker may excuse
    with it."""

    kind: str
    where: str
    company_id: str | None
    since: datetime
    until: datetime
    asks: timedelta = timedelta()


@dataclass
class FaultInjector(Effects):
    """`rate`: faults per effect. `left`: how many more. `quiet`: a company that nothing happens to."""

    random: Random
    clock: Clock
    rate: float = 0.0
    left: int = 0
    quiet: str | None = None
    focus: str = ""  # a pattern of "<function>: <moment>", where most of the faults are injected
    favourite: str = ""  # the kinds that are injected most often
    pace: float = 0.3  # seconds that an effect takes at most
    trace: Callable[[str], None] | None = None
    injected: list[InjectedFault] = field(default_factory=list)
    calls: list[FunctionCall] = field(default_factory=list)
    away: dict[str, datetime] = field(default_factory=dict)  # until when the ledger answers nothing to a job
    standstills: list[tuple[datetime, datetime]] = field(default_factory=list)  # of the simulation: nobody works
    # When each function worked, and for which company. All work is done one after the other here.
    worked: list[tuple[str | None, datetime, datetime]] = field(default_factory=list)
    suspended: int = 0  # functions during which others are at work
    meanwhile: Callable[[float], None] = lambda seconds: None
    stop_execution: Callable[[str], None] = lambda name: None
    give_up: Callable[[FunctionCall], None] = lambda call: None
    later: Callable[[float, str, Callable[[], object]], None] = lambda seconds, what, do: None
    arrive: Callable[[], None] = lambda: None  # carries out what was under way until now

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def call(self) -> FunctionCall | None:
        return self.calls[-1] if self.calls else None

    @contextmanager
    def of_call(self, call: FunctionCall) -> Iterator[FunctionCall]:
        begun = self.clock.now()
        self.calls.append(call)
        try:
            yield call
        finally:
            self.calls.pop()
            if not self.calls:
                self.worked.append((call.company_id, begun, self.clock.now()))

    def say(self, text: str) -> None:
        if self.trace:
            self.trace(text)

    def pause(self, seconds: float) -> None:
        """Let a function wait, on everybody's clock."""
        self.clock.advance(timedelta(seconds=seconds))
        self.arrive()
        self._check_time()

    def before(self, effect: str) -> None:
        call = self.call
        if call is None:
            return
        if call.killed:
            raise Killed
        self.pause(self.random.random() * self.pace)
        self.say(f"{call.function}: {effect}")
        self._maybe(f"before {effect}", call)

    def after(self, effect: str) -> None:
        call = self.call
        if call is not None and not call.killed:
            self._maybe(f"after {effect}", call)

    def between(self, effect: str) -> None:
        """In the middle of a batch the only fault is the end of the function."""
        call = self.call
        if call is not None and not call.killed and self.draws(call.company_id, 0.3):
            self.note("killed", f"within {effect}", call.company_id)
            self.kill(call)

    def draws(self, company_id: str | None, share: float = 1.0) -> bool:
        """Whether a fault is due here; counted when it is."""
        if self.left <= 0 or (self.quiet is not None and company_id in (None, self.quiet)):
            return False
        if self.random.random() >= self.rate * share:
            return False
        self.left -= 1
        return True

    def note(self, kind: str, where: str, company_id: str | None, lasts: float = 0) -> InjectedFault:
        now = self.clock.now()
        self.say(f"  *** {kind}: {where}")
        fault = InjectedFault(kind, where, company_id, now, now + timedelta(seconds=lasts))
        self.injected.append(fault)
        return fault

    def repeats(self, effect: str) -> bool:
        """Whether botocore sends a request again because the first reply was lost."""
        call = self.call
        if call is None or call.killed or not self.draws(call.company_id, 0.3):
            return False
        self.note("sent twice", effect, call.company_id)
        return True

    def arrives_late(self, effect: str, do: Callable[[], object], *, by: float) -> bool:
        """Whether a request stays under way, to be carried out long after its function has ended: `by` so many seconds
        after the function's end at the latest."""
        call = self.call
        share = 8.0 if self.focus and re.search(self.focus, f"before {effect}") else 2.0
        if call is None or call.killed or not self.draws(call.company_id, share):
            return False
        latest = (call.ends - self.clock.now()).total_seconds() + by
        seconds = self.random.random() * latest
        self.note("under way", f"{effect} for {seconds:.0f} s", call.company_id, seconds)
        self.later(seconds, f"late: {effect}", do)
        if self.random.random() < 0.5:
            self.kill(call)
        return True

    def on_its_way(self, effect: str, do: Callable[[], object]) -> None:
        """A write to Pleo may arrive when its sender is gone: its execution stopped, its function killed, or the wait
        for an answer over. Raises ReadTimeout, or Killed."""
        call = self.call
        if call is None or call.killed or self.left <= 0:
            return
        if not self.draws(call.company_id, 12.0 if self._in_focus(f"on its way {effect}", call) else 2.0):
            return
        seconds = 20 + 40 * self.random.random()
        self.note("under way", f"{effect} for {seconds:.0f} s", call.company_id, seconds)
        self.later(seconds, f"late: {effect}", do)
        what = self.random.random()
        if what < 0.8 and call.execution is not None:
            self.stop_execution(call.execution)
        if what < 0.9:
            self.kill(call)
        raise requests.ReadTimeout

    def kill(self, call: FunctionCall) -> None:
        call.killed = True
        if self.random.random() < 0.2:  # it hangs until Lambda's limit
            self.meanwhile((call.ends - self.clock.now()).total_seconds())
        raise Killed

    def _share(self, moment: str, call: FunctionCall) -> float:
        """More faults where more is at stake: at what is written, and while a job is under way."""
        if self._in_focus(moment, call):
            return 12.0
        if call.job_id is None and call.function != "refresh_tokens":
            return 0.3 if call.function == "dispatch" else 0.1
        return 4.0 if any(write in moment for write in AT_STAKE) else 1.0

    def _in_focus(self, moment: str, call: FunctionCall) -> bool:
        return bool(self.focus and re.search(self.focus, f"{call.function}: {moment}"))

    def _check_time(self) -> None:
        call = self.call
        if call is not None and not call.killed and self.clock.now() >= call.ends:
            self.say(f"  {call.function} is out of time")
            call.killed = True
            raise Killed

    def _maybe(self, moment: str, call: FunctionCall) -> None:
        if self.left <= 0 or not self.draws(call.company_id, self._share(moment, call)):
            return
        faults = faults_at(moment)
        liked = [each for each in self.favourite.split(", ") if each in faults]
        kind = self.random.choice(liked if liked and self.random.random() < 0.5 else list(faults))
        fault = self.note(kind, moment, call.company_id)
        try:
            faults[kind](self, call)
        except RateLimited as error:
            fault.asks = timedelta(seconds=error.retry_after)
            raise
        finally:
            fault.until = self.clock.now()
        self._check_time()  # others may have taken long meanwhile


# The faults


def _raising(make: Callable[[FaultInjector], Exception]) -> Injection:
    def inject(injector: FaultInjector, call: FunctionCall) -> None:
        raise make(injector)

    return inject


def _kill(injector: FaultInjector, call: FunctionCall) -> None:
    injector.kill(call)


def _linger(injector: FaultInjector, call: FunctionCall) -> None:
    """Let others go on while this function waits; now and then for longer than its time limit."""
    left = (call.ends - injector.clock.now()).total_seconds()
    injector.meanwhile(injector.random.random() * 1.1 * left)


def _stop(injector: FaultInjector, call: FunctionCall) -> None:
    """Abort the execution; its function runs on, or not."""
    if call.execution is not None:
        injector.stop_execution(call.execution)
    if injector.random.random() < 0.6:
        _linger(injector, call)
    else:
        injector.kill(call)


def _given_up(injector: FaultInjector, call: FunctionCall) -> None:
    """Let Step Functions take the function for lost and call it again, while it runs on."""
    if call.event is not None and call.retried is None:
        injector.give_up(call)


def _throttled(injector: FaultInjector) -> Exception:
    code = injector.random.choice(["ThrottlingException", "InternalServerError", "SlowDown"])
    return ClientError({"Error": {"Code": code, "Message": "not now"}}, "Call")


def _retry_after(injector: FaultInjector) -> int:
    return injector.random.choice([0, 5, 30, 90, 400, 1500, 3300, 4000])


def _refuse(injector: FaultInjector, call: FunctionCall) -> None:
    """Let the ledger refuse, in words of its own; now and then it is away right after that."""
    if injector.random.random() < 0.3:
        injector.away[call.job_id or ""] = injector.clock.now() + timedelta(
            seconds=injector.random.choice([5, 60, 600])
        )
    raise Rejected("The fiscal year has no sequence.")


def _no_proof(injector: FaultInjector) -> Exception:
    return NoProof(
        injector.random.choice(["429 of a gateway", "502", "503", "504", "an empty answer", "a cut-off answer"])
    )


ALWAYS: Mapping[str, Injection] = {"killed": _kill, "stopped": _stop, "slow": _linger, "given up": _given_up}
REFUSED_BY_AWS: Mapping[str, Injection] = {
    "throttled": _raising(_throttled),
    "unconnected": _raising(lambda _: ConnectTimeoutError(endpoint_url="aws")),
}
UNANSWERED_BY_AWS: Mapping[str, Injection] = {"reply lost": _raising(lambda _: ReadTimeoutError(endpoint_url="aws"))}
REFUSED_BY_PLEO: Mapping[str, Injection] = {
    "429": _raising(lambda injector: Answered(429, _retry_after(injector))),
    "5xx": _raising(lambda injector: Answered(injector.random.choice([500, 502, 503, 504]))),
    "unsent": _raising(lambda _: requests.ConnectTimeout()),
    "request lost": _raising(lambda _: requests.ReadTimeout()),
}
UNANSWERED_BY_PLEO: Mapping[str, Injection] = {
    "reply lost": _raising(lambda _: requests.ReadTimeout()),
    "hung up": _raising(lambda _: requests.ConnectionError()),
    "502 after": _raising(lambda _: Answered(502)),
}
REFUSED_BY_BOOKS: Mapping[str, Injection] = {
    "429": _raising(lambda injector: RateLimited("too many requests", retry_after=_retry_after(injector))),
    "away": _raising(lambda _: Unavailable("The accounting system is away.")),
    "401": _raising(lambda _: AuthenticationFailed("The key is not accepted.")),
    "403": _raising(lambda _: PermissionDenied("The key may not record entries.")),
}
UNANSWERED_BY_BOOKS: Mapping[str, Injection] = {
    "reply lost": _raising(lambda _: OutcomeUnknown("No answer in time.")),
    "gateway": _raising(_no_proof),
}
REFUSING_BOOKS: Mapping[str, Injection] = {"refused": _refuse}
FOREIGN: Mapping[str, Injection] = {"foreign": _raising(lambda _: ValueError("what nobody foresaw"))}
POSTS = ("books post", "books finalise")
CREATES = ("books record", "books difference")
WRITES = (*POSTS, *CREATES, "books discard", "books attach", "books reconcile", "books open again")
AT_STAKE = (
    *POSTS,
    *CREATES,
    "books reconcile",
    "pleo P",
    "secretsmanager Put",
    "dynamodb PutItem",
    "dynamodb BatchWriteItem",
    "TransactWrite",
)


FOCUSES = (
    *("", "", "books", "books record", "books post", "books (difference|reconcile)", "books attach"),
    *("TransactWriteItems", "BatchWriteItem", "StartExecution", "pleo P"),
)
KINDS = (
    *("", "killed", "stopped", "slow", "given up", "reply lost", "429", "throttled"),
    *("refused", "gateway", "foreign"),
)


def faults_at(moment: str) -> Mapping[str, Injection]:
    """By kind, what can go wrong at a moment such as "after books record pleo:…"."""
    when, effect = moment.split(" ", 1)
    service = effect.split(" ", 1)[0]
    before = when == "before"
    if service == "pleo":
        return {**ALWAYS, **(REFUSED_BY_PLEO if before else UNANSWERED_BY_PLEO)}
    if service == "receipts":
        return {**ALWAYS, **FOREIGN}
    if service != "books":
        return {**ALWAYS, **(REFUSED_BY_AWS if before else UNANSWERED_BY_AWS)}
    if effect.startswith(WRITES):
        asked = {**ALWAYS, **UNANSWERED_BY_BOOKS}
        if before:
            asked |= {**REFUSED_BY_BOOKS, **REFUSING_BOOKS}
        elif effect.startswith("books record"):
            asked |= REFUSING_BOOKS  # after it was recorded: some hook of the ledger's failed
        if effect.startswith((*POSTS, *CREATES)):
            asked |= FOREIGN
        return asked
    return {**ALWAYS, "gateway": UNANSWERED_BY_BOOKS["gateway"], **(REFUSED_BY_BOOKS if before else {})}
