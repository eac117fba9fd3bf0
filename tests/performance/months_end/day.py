"""One stack on the last day of the month: the real triggers, limits and state machine on the model's functions."""

from __future__ import annotations

import logging
import math
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from random import Random
from types import SimpleNamespace
from typing import Any, cast

from pleo_export.accounting.errors import RateLimited
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.errors import NotOurs, PleoExportError
from pleo_export.observability import logger
from pleo_export.pleo.call_priority import CallPriority
from pleo_export.pleo.errors import PleoRateLimited
from pleo_export.services.company_share import CompanyShare
from pleo_export.services.error_mapping import translate
from pleo_export.services.events import JobInput
from pleo_export.services.executions import Executions
from pleo_export.services.services import Services
from pleo_export.services.wake_up import WakeUp
from pleo_export.services.wake_ups import WakeUps
from pleo_export.store.call_budgets import LedgerCallBudget, StoredCallBudget
from pleo_export.store.connected_companies import INTERVAL, TIME
from pleo_export.store.connections import Connection, connection_record
from pleo_export.store.pleo_call_budget import PLEO, PleoCallBudget
from pleo_export.store.table import iso
from pleo_export.workflow.dispatch import dispatch
from pleo_export.workflow.look_times import next_look
from pleo_export.workflow.poll import poll
from pleo_export.workflow.start_job import LIFETIME, USABLE_SHARE
from tests.performance.months_end import work
from tests.performance.months_end.cloud import (
    Environment,
    FifoQueue,
    Lambda,
    Message,
    Table,
    Throttled,
    Timeline,
    Waits,
)
from tests.performance.months_end.demand import BEGIN, Click, company
from tests.system.asl import Machine, StateFailed, Steps
from tests.system.aws import default_of, template
from tests.system.in_process_system import STATES

HEALTHY = timedelta(minutes=40)
POLL_SECONDS = 60
ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:export-job"


@dataclass(slots=True)
class Job:
    """An export at Pleo, and what became of it. Times are in seconds from the day's begin."""

    click: Click
    status: str = "pending"
    started: float | None = None
    first_entry: float | None = None
    ended: float | None = None
    booked: int = 0
    reported: int = 0

    @property
    def expires(self) -> float:
        """When Pleo lets it expire."""
        return (self.click.at if self.started is None else self.started) + work.JOB_LIFETIME

    def seen(self, now: float) -> str:
        """Return its status as Pleo tells it."""
        if self.status in ("pending", "in_progress") and now >= self.expires:
            self.status, self.ended = "expired", self.expires
        return self.status


class _Sleeping(BaseException):
    """A call waits for its budget: it is made again when the seconds have passed."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


def _sleep(seconds: float) -> None:
    raise _Sleeping(seconds)


class _Resumed(StoredCallBudget):
    """A budget whose `take` is made again after it has slept: the block that it wants is that of its first time."""

    _wanted: int | None = None

    def _block(self) -> int:
        if self._wanted is None:
            self._wanted = super()._block()
        return self._wanted

    def _leased(self, calls: int, seconds: float) -> int:
        taken = super()._leased(calls, seconds)
        self._wanted = None
        return taken


class _PleoBudget(_Resumed, PleoCallBudget):
    pass


class _LedgerBudget(_Resumed, LedgerCallBudget):
    pass


class _Services(Services):
    """What the real use cases work with: the day's clock, table, queue and Pleo."""

    def __init__(self, day: Day) -> None:
        environment = {
            "QUEUE_URL": "wake-ups",
            "STATE_MACHINE_ARN": ARN,
            "HISTORY_DAYS": default_of("HistoryDays"),
            "LONGEST_LOOK_MINUTES": default_of("LongestLookMinutes"),
            "LOOKS_PER_MINUTE": default_of("LooksPerMinute"),
        }
        super().__init__(environment, day.clock)
        self._day = day

    @property
    def table(self) -> Any:
        return self._day.table

    @cached_property
    def wake_ups(self) -> WakeUps:
        return WakeUps(cast(Any, self._day.queue), "wake-ups")

    @cached_property
    def executions(self) -> Executions:
        return Executions(cast(Any, _StepFunctions(self._day)), ARN)

    def sleep(self, seconds: float) -> None:
        raise _Sleeping(seconds)

    def time_left(self) -> timedelta:
        return self._day.time_left

    def pleo(self, connection: Connection, priority: CallPriority = CallPriority.EXPORT) -> Any:
        return _Pleo(self._day, self.company_budget(connection.company_id, priority))

    @property
    def _looks_of_companies(self) -> dict[str, CompanyShare]:
        return self._day.kept_looks()

    def pleo_budget(self, priority: CallPriority) -> PleoCallBudget:
        return self._day.pleo_budget(priority)

    def keep_grant_alive(self, connection: Connection) -> None:
        """Do nothing: grants are left out."""


@dataclass
class _Pleo:
    """What a function is given to call Pleo."""

    day: Day
    budget: CallBudget

    def unfinished_jobs(self, company_id: str) -> list[Any]:
        """As Pleo's client answers dispatch."""
        self.send()
        return self.day.unfinished(company_id)

    def send(self) -> None:
        """Send one request."""
        self.budget.take()
        self.day.sent_to_pleo()


class _StepFunctions:
    """The client of Step Functions, as far as dispatch uses it."""

    exceptions = SimpleNamespace(ExecutionAlreadyExists=KeyError, ExecutionDoesNotExist=LookupError)

    def __init__(self, day: Day) -> None:
        self._day = day

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: N803 - AWS's names
        self._day.begin(name, JobInput.model_validate_json(input))

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803
        if executionArn.rsplit(":", 1)[1] in self._day.executions:
            return {"status": "RUNNING"}
        return {"status": "SUCCEEDED"}


@dataclass(slots=True)
class _Counted:
    """In place of the lists that the interpreter keeps for tests: their length."""

    number: int = 0

    def append(self, _: object) -> None:
        self.number += 1

    def __len__(self) -> int:
        return self.number


class _TimedMachine(Machine):
    """The interpreter of the state machine, with the time that its functions take. `invoke` lets one work; what it
    returns or raises is what the state's task answers."""

    def __init__(self, invoke: Callable[[str, Any], Waits[Any]], effects: Mapping[str, Any], random: Random) -> None:
        tasks = {**dict.fromkeys(STATES, self._answer), **effects}
        super().__init__(tasks, wait=_sleep, substitutions={"Partition": "aws"}, random=random.random)
        self.entered, self.payloads = cast(Any, (_Counted(), _Counted()))
        self._invoked = invoke
        self._outcome: Callable[[], Any] = dict

    def _retrying(self, state: dict[str, Any], payload: Any) -> Steps:
        name = state["Resource"].strip("${}")
        steps = super()._retrying(state, payload)
        try:
            while True:
                if name in STATES:
                    yield from self._work(name, payload)
                yield next(steps)
        except StopIteration as end:
            return end.value

    def _work(self, name: str, payload: Any) -> Steps:
        try:
            answer = yield from self._invoked(STATES[name], payload)
        except Throttled:
            self._outcome = partial(_raise, StateFailed("Lambda.TooManyRequestsException", "Rate Exceeded."))
        except PleoExportError as error:
            self._outcome = partial(_raise, error)
        else:
            self._outcome = lambda: answer

    def _answer(self, _: Any) -> Any:
        return self._outcome()


def _raise(error: Exception) -> None:
    raise error


@dataclass
class Day:
    """One stack with so many companies, and the exports of a day. `quota`: Lambda's concurrent executions.

    `seconds_to_pleo` may tell how long a request to Pleo takes."""

    companies: int
    clicks: Sequence[Click]
    quota: int = 1_000
    seed: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)
    executions: set[str] = field(default_factory=set)
    time_left: timedelta = timedelta.max
    transitions: int = 0
    refusals: int = 0
    late_webhooks: int = 0
    most_executions: int = 0
    pleo_calls: Counter[int] = field(default_factory=Counter)  # by second
    ledger_calls: Counter[int] = field(default_factory=Counter)  # by minute
    outcomes: Counter[str] = field(default_factory=Counter)  # of dispatch
    ended: Counter[str] = field(default_factory=Counter)  # executions, by how
    polls: list[tuple[int, int]] = field(default_factory=list)  # woken, left

    def __post_init__(self) -> None:
        logger.setLevel(logging.CRITICAL)
        self.random = Random(self.seed)
        self.timeline = Timeline()
        self.table = Table(self.timeline)
        self.functions = Lambda(self.timeline, self.quota)
        self.queue = _queue(self.timeline, self._dispatch)
        self.services = _Services(self)
        self._open: dict[str, deque[Job]] = {}
        self._environment = Environment()
        self.table.add(_connection(company(number)) for number in range(self.companies))
        for click in self.clicks:
            self.timeline.at(click.at, partial(self._click, click))
        for second in range(0, 24 * 3600, POLL_SECONDS):
            self.timeline.at(second, lambda: self.timeline.go(self._poll()))

    def clock(self) -> datetime:
        """Return the time of the day."""
        return BEGIN + timedelta(seconds=self.timeline.now)

    def run(self) -> Day:
        """Let the day pass, until every job is over."""
        last = self.clicks[-1].at if self.clicks else 0.0
        while self.timeline.now < last or any(self._still_open()):
            self.timeline.run(self.timeline.now + 600)
        return self

    def _still_open(self) -> Any:
        now = self.timeline.now
        return (job.seen(now) in ("pending", "in_progress") for job in self.jobs.values())

    # Pleo

    def _click(self, click: Click) -> None:
        job = self.jobs[click.job_id] = Job(click)
        self._open.setdefault(click.company_id, deque()).append(job)
        if click.announced:
            self.timeline.at(work.WEBHOOK_SECONDS, lambda: self.announce(click.company_id, click.job_id))

    def announce(self, company_id: str, message: str) -> None:
        """Let Pleo deliver a webhook, and deliver it again if it is refused."""
        self.timeline.go(self._deliver(company_id, message))

    def _deliver(self, company_id: str, message: str) -> Waits[None]:
        for pause in (*work.REDELIVERIES, None):
            try:
                yield from self.functions.invoke("webhook", partial(self._webhook, company_id, message))
            except Throttled:
                self.late_webhooks += 1
                if pause is not None:
                    yield pause
            else:
                return

    def _webhook(self, company_id: str, message: str, _: Environment) -> Waits[None]:
        yield work.AWS_SECONDS
        self.services.wake_ups.send(WakeUp(company_id, "webhook"), once_per=message)

    def unfinished(self, company_id: str) -> list[Any]:
        """Return the company's jobs that are pending or in progress, oldest first, as Pleo's client does."""
        now = self.timeline.now
        jobs = self._open.get(company_id, deque())
        while jobs and jobs[0].seen(now) not in ("pending", "in_progress"):
            jobs.popleft()
        return [
            SimpleNamespace(
                id=job.click.job_id,
                company_id=company_id,
                status=job.status,
                created_at=BEGIN + timedelta(seconds=job.click.at),
                expires_in=round(job.expires - now),
            )
            for job in jobs
            if job.seen(now) in ("pending", "in_progress")
        ]

    def sent_to_pleo(self) -> None:
        """Count a request."""
        self.pleo_calls[int(self.timeline.now)] += 1

    def pleo_budget(self, priority: CallPriority) -> PleoCallBudget:
        """Return the budget that the environment at work holds."""
        kept = self._environment.kept
        if priority not in kept:
            left = self.services._time_for(priority)
            kept[priority] = _PleoBudget(
                self.services.call_budgets, PLEO, "Pleo", priority.rate, self.clock, _sleep, left, self.random.random
            )
        return cast(PleoCallBudget, kept[priority])

    def kept_looks(self) -> dict[str, CompanyShare]:
        """Return what the environment at work has counted of the companies' looks."""
        return cast("dict[str, CompanyShare]", self._environment.kept.setdefault("looks", {}))

    def _left(self) -> timedelta:
        return self.time_left

    # Functions

    def _retried(self, call: Callable[[], Any], environment: Environment, end: float) -> Waits[Any]:
        """Make a call of real code; where it sleeps, wait and make it again."""
        while True:
            self._environment, self.time_left = environment, timedelta(seconds=end - self.timeline.now)
            try:
                return call()
            except _Sleeping as pause:
                yield pause.seconds

    def _to_pleo(self, job: Job, calls: int, environment: Environment, end: float) -> Waits[None]:
        self._environment = environment
        pleo = self.services.pleo(cast(Any, job.click))
        for _ in range(calls):
            try:
                yield from self._retried(pleo.send, environment, end)
            except PleoRateLimited as error:
                self.refusals += 1
                raise translate(error) from None
            yield work.PLEO_SECONDS

    def _poll(self) -> Waits[None]:
        while True:
            try:
                yield from self.functions.invoke("poll", self._polling)
            except Throttled:
                yield 1.0  # the schedule tries again
            else:
                return

    def _polling(self, environment: Environment) -> Waits[None]:
        polled = yield from self._retried(
            lambda: poll(self.services, due_only=True), environment, self.timeline.now + _time_limit("poll")
        )
        self.polls.append(polled)
        yield work.AWS_SECONDS + 0.01 * polled.woken

    def _dispatch(self, message: Message) -> Waits[None]:
        yield from self.functions.invoke("dispatch", partial(self._dispatching, message))

    def _dispatching(self, message: Message, environment: Environment) -> Waits[None]:
        wake_up = WakeUp(message.body["companyId"], message.body["reason"])
        end = self.timeline.now + _time_limit("dispatch")
        yield work.AWS_SECONDS
        try:
            outcome = yield from self._retried(lambda: dispatch(wake_up, self.services), environment, end)
        except PleoRateLimited as error:
            self.refusals += 1
            self.outcomes["refused"] += 1
            raise translate(error) from None
        self.outcomes[outcome] += 1
        yield work.PLEO_SECONDS

    # Executions

    def begin(self, name: str, run: JobInput) -> None:
        """Begin an execution of the state machine."""
        if name in self.executions:
            return
        self.executions.add(name)
        self.most_executions = max(self.most_executions, len(self.executions))
        self.timeline.go(self._execution(run))

    def _execution(self, run: JobInput) -> Waits[None]:
        effects = {
            "arn:aws:states:::dynamodb:deleteItem": partial(self._release, run),
            "arn:aws:states:::sqs:sendMessage": self._wake,
        }
        machine = _TimedMachine(partial(self._state, run), effects, self.random)
        yield work.PLEO_SECONDS  # dispatch has to end first
        steps = machine.steps(run.model_dump(by_alias=True))
        try:
            while True:
                yield (next(steps) or work.TRANSITION_SECONDS)
        except StopIteration:
            self.ended["SUCCEEDED"] += 1
        except StateFailed as error:
            self.ended[error.name] += 1
        self.transitions += len(machine.entered)
        self.executions.discard(run.execution)

    def _release(self, run: JobInput, _: Any) -> dict[str, Any]:
        self.services.leases.release(run.company_id, run.execution)
        return {}

    def _wake(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.queue.send(parameters["MessageBody"], parameters["MessageGroupId"], parameters["MessageDeduplicationId"])
        return {}

    def _state(self, run: JobInput, function: str, event: Mapping[str, Any]) -> Waits[Any]:
        body = getattr(self, f"_{function}")
        return self.functions.invoke(function, partial(body, self.jobs[run.job_id], run, event, _time_limit(function)))

    def _start_job(
        self, job: Job, run: JobInput, event: Mapping[str, Any], limit: float, environment: Environment
    ) -> Waits[dict[str, Any]]:
        end = self.timeline.now + limit
        yield work.AWS_SECONDS
        if not self.services.leases.confirm(run.company_id, run.execution):
            raise NotOurs(run.execution)
        yield from self._to_pleo(job, work.START_CALLS, environment, end)
        self._alive(job)
        self.services.jobs.claim(job.click.job_id, run.execution)
        job.status, job.started = "in_progress", self.timeline.now if job.started is None else job.started
        deadline = BEGIN + timedelta(seconds=job.started) + LIFETIME * USABLE_SHARE
        return {"numberOfItems": job.click.items, "vendorBasedBookkeeping": False, "deadline": deadline.isoformat()}

    def _alive(self, job: Job) -> None:
        if job.seen(self.timeline.now) not in ("pending", "in_progress"):
            raise NotOurs(f"job {job.click.job_id} is {job.status}")

    def _validate_job(
        self, job: Job, run: JobInput, event: Mapping[str, Any], limit: float, environment: Environment
    ) -> Waits[None]:
        yield work.AWS_SECONDS
        yield from self._to_ledger(job, work.LEDGERS[job.click.ledger].check, environment, self.timeline.now + limit)

    def _fetch_items(
        self, job: Job, run: JobInput, event: Mapping[str, Any], limit: float, environment: Environment
    ) -> Waits[dict[str, Any]]:
        end = self.timeline.now + limit
        yield work.AWS_SECONDS
        yield from self._to_pleo(job, work.pages(job.click.items), environment, end)
        number = work.chunks(job.click.items)
        yield work.AWS_SECONDS * number
        return {"chunks": list(range(number)), "count": job.click.items}

    def _record_items(
        self, job: Job, run: JobInput, event: Mapping[str, Any], limit: float, environment: Environment
    ) -> Waits[dict[str, Any]]:
        end = self.timeline.now + limit
        yield work.AWS_SECONDS
        if self.clock() >= datetime.fromisoformat(event["deadline"]):
            return {"waitSeconds": 0}  # nothing new is booked
        ledger = work.LEDGERS[job.click.ledger]
        try:
            yield from self._to_ledger(job, ledger.of_chunk(event["chunk"]), environment, end)
        except RateLimited as error:
            return {"waitSeconds": math.ceil(error.retry_after)}
        items = min(work.CHUNK, job.click.items - event["chunk"] * work.CHUNK)
        yield work.ITEM_SECONDS * items
        job.booked += items
        if job.first_entry is None:
            job.first_entry = self.timeline.now
        return {"waitSeconds": 0}

    def _to_ledger(self, job: Job, calls: int, environment: Environment, end: float) -> Waits[None]:
        budget = self._ledger_budget(job, environment)
        for _ in range(calls):
            yield from self._retried(budget.take, environment, end)
            self.ledger_calls[int(self.timeline.now // 60)] += 1
            yield work.LEDGERS[job.click.ledger].seconds

    def _ledger_budget(self, job: Job, environment: Environment) -> CallBudget:
        rate, company_id = work.rate(job.click.ledger), job.click.company_id
        if rate is None:
            return UNLIMITED
        kept = environment.kept.get("ledger")
        if kept is None or kept[0] != company_id:
            made = _LedgerBudget(
                self.services.call_budgets,
                company_id,
                "ledger",
                rate,
                self.clock,
                _sleep,
                self._left,
                self.random.random,
            )
            kept = environment.kept["ledger"] = company_id, made
        return cast(CallBudget, kept[1])

    def _update_items(
        self, job: Job, run: JobInput, event: Mapping[str, Any], limit: float, environment: Environment
    ) -> Waits[None]:
        end = self.timeline.now + limit
        yield work.AWS_SECONDS
        yield from self._to_pleo(job, work.UPDATE_CALLS, environment, end)
        self._alive(job)
        job.reported += min(work.CHUNK, job.click.items - event["chunk"] * work.CHUNK)

    def _complete_job(
        self, job: Job, run: JobInput, event: Mapping[str, Any], limit: float, environment: Environment
    ) -> Waits[str]:
        return (yield from self._end(job, "completed", limit, environment))

    def _fail_job(
        self, job: Job, run: JobInput, event: Mapping[str, Any], limit: float, environment: Environment
    ) -> Waits[str]:
        return (yield from self._end(job, "failed", limit, environment))

    def _end(self, job: Job, status: str, limit: float, environment: Environment) -> Waits[str]:
        """Tell Pleo that the job is over."""
        end = self.timeline.now + limit
        yield work.AWS_SECONDS
        yield from self._to_pleo(job, work.COMPLETE_CALLS, environment, end)
        self._alive(job)
        job.status, job.ended = status, self.timeline.now
        return job.status


def _connection(company_id: str) -> dict[str, Any]:
    """Return the record of a company whose webhooks have arrived for long."""
    record = connection_record(Connection(company_id, {}, "arn"), f"ledger of {company_id}")
    return record | {TIME: iso(next_look(company_id, HEALTHY, BEGIN)), INTERVAL: round(HEALTHY.total_seconds() / 60)}


def _queue(timeline: Timeline, handle: Callable[[Message], Waits[None]]) -> FifoQueue:
    resources = template()["Resources"]
    properties = resources["WakeUps"]["Properties"]
    source = resources["DispatchFunction"]["Properties"]["Events"]["WakeUp"]["Properties"]
    return FifoQueue(
        timeline,
        handle,
        concurrency=source["ScalingConfig"]["MaximumConcurrency"],
        visibility=properties["VisibilityTimeout"],
        most_receives=properties["RedrivePolicy"]["maxReceiveCount"],
        retention=properties["MessageRetentionPeriod"],
    )


def _time_limit(function: str) -> float:
    """Return the seconds that the template gives a function."""
    if function not in _LIMITS:
        resource = "".join(part.title() for part in function.split("_")) + "Function"
        given = template()["Resources"][resource]["Properties"]
        _LIMITS[function] = given.get("Timeout", template()["Globals"]["Function"]["Timeout"])
    return float(_LIMITS[function])


_LIMITS: dict[str, float] = {}
