"""Turn a seed into companies, people, clicks and faults, and run the real functions among them.

One thread, one clock. Everything that may happen next is a scheduled event; of those that are due one is drawn at
random. An execution has one scheduled event at a time: its next state. A fault may run others in the middle of a
function.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache, partial
from itertools import count
from pathlib import Path
from random import Random
from shutil import disk_usage
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest import mock

from pleo_export.accounting.port import DocumentState
from pleo_export.bookkeeping.documents import Party
from pleo_export.observability import logger
from pleo_export.pleo.call_priority import CallPriority
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import credential_from_secret
from pleo_export.pleo.models import ExportJob, JobItem, Page
from pleo_export.services.services import Services
from pleo_export.store.connections import Connection, connection_record
from pleo_export.store.secrets import GrantOwner
from pleo_simulator.assumptions import Assumptions
from pleo_simulator.clock import Clock
from pleo_simulator.deliveries import sign
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.pleo_state import Company, PleoState
from pleo_simulator.seeded_ids import SeededIds
from tests.simulation.checker import VISIBILITY, Checker, Clicked, InvariantViolated, entry_of, item_total
from tests.simulation.fake_aws import Bucket, Message, Queue, StepFunctions, Table
from tests.simulation.fake_endpoints import PleoSession, PleosFiles, SimulatedLedger
from tests.simulation.fake_oauth import LEDGER, LambdaClient, SignIn
from tests.simulation.fault_injection import FOCUSES, KINDS, FaultInjector, FunctionCall
from tests.simulation.simulated_connector import ConnectedLedger
from tests.system.asl import Machine, StateFailed, Steps
from tests.system.aws import default_of, poll_schedule, template
from tests.system.effects import Killed
from tests.system.expenses import FIRST_DAY
from tests.system.fake_accounting import CAPABILITIES
from tests.system.general_ledger import Document
from tests.system.held_documents import HeldDocument
from tests.system.in_process_system import FUNCTIONS, NOON, STATES, WEBHOOK_SECRET, load_handler, settings
from tests.system.lambda_context import InvocationContext
from tests.system.ledger_in_process import LedgerInProcess, face_of, ledgers_in_process
from tests.system.oauth_ledger import ledger_with

Json = dict[str, Any]
COMPANIES = tuple(f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}" for digit in "123")
IN_DOUBT_SECONDS = 300  # the template's
POLL_SECONDS = 60  # as the template's schedule
LOOK_SECONDS = 300  # in which the poll looks at each company where anything is open
MACHINE_SECONDS = 3900
BUSY_HOURS = 2  # people click and faults are injected in the first hours; then the system comes to rest
LONGEST_WAY_TO_QUIESCENCE = timedelta(hours=4)
SHARED_MEMORY = Path("/dev/shm")  # folders on disk would take a third of the time
MEMORY = str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() and disk_usage(SHARED_MEMORY).free > 2**30 else None


# Kept: pydantic would make them again for each seed, a fifth of a millisecond each time.
PAGES = (Page[ExportJob], Page[JobItem], Page[dict[str, Any]])


class OwnClock(Clock):
    """The clock without its lock: for one thread."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self._now = at

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by


@dataclass
class ScheduledEvent:
    """`arrival`: of a request that was under way. It happens when it is due, whoever is at work; others wait for their
    turn."""

    due: datetime
    what: str
    run: Callable[[], object]
    arrival: bool = False


@dataclass
class Execution:
    """`working`: past StartJob, and the lease not yet given back."""

    name: str
    company_id: str
    steps: Steps
    since: datetime
    status: str = "RUNNING"
    working: bool = False


class SimulatedServices(Services):
    """What the functions share, with Pleo, the books and AWS in memory instead of behind a network."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__(ENVIRONMENT | {"CHUNK_SIZE": str(simulation.chunk_size)}, simulation.clock.now)
        self._simulation = simulation

    def pleo(self, connection: Connection, priority: CallPriority = CallPriority.EXPORT) -> PleoClient:
        simulation = self._simulation
        company, injector = connection.company_id, simulation.injector
        accepts = partial(simulation.sign_in.accepts, company)
        checker = simulation.checker
        wire: Any = PleoSession(simulation.pleo, injector, company, checker.written, checker.looked, accepts)
        renewed = partial(self.tokens.token_after_refusal, connection, "pleo")
        credential = credential_from_secret(self.tokens.secret_of(connection, "pleo"), renewed)
        return PleoClient(
            "https://pleo.test", credential, session=wire, sleep=injector.pause, jitter=injector.random.random
        )

    @property
    def http(self) -> Any:
        return self._simulation.sign_in

    def sleep(self, seconds: float) -> None:
        self._simulation.injector.pause(seconds)

    def accounting_system(self, connection: Connection) -> Any:
        ledger = self._simulation.ledgers[connection.company_id]
        if connection.company_id in self._simulation.sign_in.ledgers_by_oauth:
            self.accounting_secret(connection)  # as for real: tokens that end soon are replaced first
        if isinstance(ledger, ConnectedLedger):
            return ledger.system(self.time_left, self.call_budget(connection), self.numbers(connection))
        return ledger

    @property
    def receipts(self) -> Any:
        return PleosFiles(self._simulation.injector)


ENVIRONMENT = {
    "TABLE_NAME": "table",
    "BUCKET_NAME": "payloads",
    "QUEUE_URL": "queue",
    "STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:export-job",
    "PLEO_API_URL": "https://pleo.test",
    "PLEO_AUTH_URL": "https://pleo.test",
    "STACK_NAME": "simulation",
    "REFRESH_TOKENS_FUNCTION": "refresh_tokens",
    "IN_DOUBT_SECONDS": str(IN_DOUBT_SECONDS),
    "HISTORY_DAYS": "400",
    "LONGEST_LOOK_MINUTES": default_of("LongestLookMinutes"),
    "LOOKS_PER_MINUTE": default_of("LooksPerMinute"),
    "GIT_COMMIT": "unknown",
}
LEDGER_BY_OAUTH = "ledger_oauth"  # of a target: every ledger takes OAuth tokens
WEBHOOKS_END = "webhooks_end"  # of a target: Pleo stops to deliver to each company within the hour
NO_ACTS = ("oauth", LEDGER_BY_OAUTH, WEBHOOKS_END)
FILES = ("receipt", "receipt", "receipt", "receipt", "receipt", "receipt", "breaks", "gone")


class _BorrowedServices:
    """Stands for a function's services: those of the call under way. Each call has its own, like a cold start."""

    in_use: ClassVar[list[SimulatedServices]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.in_use[-1], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.in_use[-1], name, value)


@cache
def handlers() -> dict[str, Any]:
    """Load the real handlers once, on borrowed services."""
    loaded = {name: load_handler(name) for name in FUNCTIONS}
    for handler in loaded.values():
        handler.services = _BorrowedServices()
    return loaded


@cache
def time_limit(function: str) -> timedelta:
    """From the template."""
    resource = "".join(part.title() for part in function.split("_")) + "Function"
    properties = template()["Resources"][resource]["Properties"]
    return timedelta(seconds=properties.get("Timeout", template()["Globals"]["Function"]["Timeout"]))


@dataclass
class Simulation:
    """`faults` False: people click, and nothing goes wrong. `target` is where most faults are injected, of which kinds
    (`focus` and `favourite` of FaultInjector), then what people do for certain, and nothing else; without it the seed
    decides that too. `ledger` names the ledger whose connector and simulator take the place of the books in memory."""

    seed: int
    faults: bool = True
    target: tuple[str, ...] | None = None
    trace: Callable[[str], None] | None = None
    ledger: str | None = None
    schedule: list[ScheduledEvent] = field(default_factory=list)
    executions: dict[str, Execution] = field(default_factory=dict)
    in_flight: set[str] = field(default_factory=set)
    ledgers: dict[str, Any] = field(default_factory=dict)
    edited: set[str] = field(default_factory=set)  # companies that changed expenses, deleted documents, lost postings
    webhooks_end: dict[str, datetime] = field(default_factory=dict)  # companies: when Pleo delivers no more to them
    request_ids: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.clock = OwnClock(NOON)
        self.injector = self._fault_injector()
        self.pleo = PleoState(self.clock, SeededIds(self.seed), self._assumptions())
        self.chunk_size = self.random.randint(1, 5)
        self.companies = COMPANIES[: self.random.choice([2, 2, 3])]
        posted = {company: self.random.random() < 0.6 for company in self.companies}
        self.checker = Checker(self.pleo, self.injector, self.ledgers, posted)
        self.table = Table(self.injector)
        self.sign_in = SignIn(self.injector, self.clock, self.seed)
        for company in [] if self.ledger else self.companies:
            self.sign_in.ledger_signs_in(company, certainly=LEDGER_BY_OAUTH in (self.target or ())[2:])
        self.queue = Queue(self.injector, self.clock, lambda group: self._expect(group, self.random.random()))
        step_functions = StepFunctions(self.injector, self._begin, self._status)
        clients = {
            "s3": Bucket(self.injector),
            "secretsmanager": self.sign_in,
            "lambda": LambdaClient(self.injector, self._refresh_tokens, self._grant_ended),
            "sqs": self.queue,
            "stepfunctions": step_functions,
        }
        self.cloud = SimpleNamespace(
            client=clients.__getitem__, resource=lambda _: SimpleNamespace(Table=lambda _: self.table)
        )

    def run(self) -> Simulation:
        """Run the whole simulation. Raises InvariantViolated."""
        with self._installed():
            for company in self.companies:
                self._set_up(company)
            self._poll()
            self._work_until(NOON + timedelta(hours=BUSY_HOURS))
            self.injector.left = 0
            self.injector.say("--- quiescence")
            self._run_to_quiescence()
            # The poll that finds what is left.
            self._until(self.clock.now() + timedelta(seconds=LOOK_SECONDS + POLL_SECONDS))
            self._run_to_quiescence()
            leases = sum(sk == "LEASE" for _, sk in self.table.records)
            self.checker.check_quiescence(leases, len(self.queue.messages), len(self.queue.dead_letters))
        return self

    def _work_until(self, moment: datetime) -> None:
        """Run until then, or until a whole poll, with its faults, has found that there is nothing left to do."""
        idle = False
        while self.clock.now() < moment:
            self._until(min(moment, self.clock.now() + timedelta(seconds=LOOK_SECONDS)))
            if idle and self._quiescent():
                return
            idle = self._quiescent()

    def _run_to_quiescence(self) -> None:
        while not self._quiescent():
            if self.clock.now() > NOON + timedelta(hours=BUSY_HOURS) + LONGEST_WAY_TO_QUIESCENCE:
                raise InvariantViolated("quiescent: the work does not end")
            self._run_next()

    def injected(self) -> Counter[str]:
        return Counter(each.kind for each in self.injector.injected)

    # Set-up

    def _fault_injector(self) -> FaultInjector:
        injector = FaultInjector(Random(self.random.random()), self.clock, trace=self._said if self.trace else None)
        if self.faults:
            injector.rate = self.random.choice([0.003, 0.01, 0.03, 0.06])
            injector.left = self.random.choice([2, 5, 12, 25])
            injector.quiet = COMPANIES[0] if self.random.random() < 0.25 else None
            injector.focus, injector.favourite = self.random.choice(FOCUSES), self.random.choice(KINDS)
            if self.target is not None:
                injector.focus, injector.favourite, *_ = self.target
            injector.pace = self.random.choice([0.2, 0.5, 2.0])
        injector.meanwhile, injector.stop_execution = self._meanwhile, self._abort
        injector.later, injector.arrive = partial(self._at, arrival=True), self._arrive
        injector.give_up = self._give_up
        return injector

    def _assumptions(self) -> Assumptions:
        """Pleo's open questions, answered at random."""
        strict = self.random.random() < 0.5
        return Assumptions(
            pending_job_may_fail=self.random.random() < 0.5,
            completion_needs_final_items=strict,
            final_item_may_be_repeated=self.random.random() < 0.5,
            updates_need_a_started_job=self.random.random() < 0.5,
        )

    def _set_up(self, company: str) -> None:
        self.pleo.put_company(Company(company, "Company"))
        ledger = self._open_ledger(company)
        ledger.recorded = partial(self.checker.recorded, company)
        ledger.attached = partial(self.checker.attached, company)
        self.ledgers[company] = ledger
        self.checker.receipts_required[company] = self.random.random() < 0.4
        draw = Random(f"{self.seed} {company} webhooks")
        certainly = WEBHOOKS_END in (self.target or ())[2:]
        ends = draw.random() * 3600 if draw.random() < 0.3 or certainly else 24 * 3600
        self.webhooks_end[company] = NOON + timedelta(seconds=ends)
        self.sign_in.connect(company, certainly="oauth" in (self.target or ())[2:])
        self._connect(company)
        keys = [f"expense-{number}" for number in range(self.random.randint(1, 8))]
        self.pleo.put_expenses(company, [self._expense(company, key) for key in keys])
        by_vendor = self.random.random() < 0.5
        for _ in range(self.random.randint(1, 4)):
            self._some_time(f"click {company[:4]}", partial(self._click, company, by_vendor))
        for act in self._acts():
            self._some_time(f"{act.__name__[1:]} {company[:4]}", partial(act, company, by_vendor))

    def _open_ledger(self, company: str) -> SimulatedLedger | ConnectedLedger:
        limits: Json = {"max_batch": self.random.randint(1, 5), "max_find": self.random.randint(2, 10)}
        attach_to_posted = self.random.random() < 0.7
        if self.ledger:
            host = f"ledger-{company[:8]}"
            return ConnectedLedger(LedgerInProcess(self.ledger, host, self.clock), self.injector, limits)
        capabilities = replace(CAPABILITIES, **limits, attach_to_posted=attach_to_posted)
        memory = SimulatedLedger(self.injector, capabilities=capabilities, injector=self.injector)
        memory.ledger.suppliers = {"V-1001": Party("V-1001", "Ryman")}
        return memory

    def _acts(self) -> list[Callable[[str, bool], None]]:
        """What people do at this company, besides exporting."""
        if self.target and self.target[2:]:
            return [getattr(self, f"_{name}") for name in self.target[2:] if name not in NO_ACTS]
        acts = [self._change, self._void, self._delete, self._decide_to_post, self._lose_the_postings]
        if self.faults and not self.ledger:
            acts += [self._post_by_hand, self._edit_drafts, self._end_a_tax]
        return [act for act in acts if self.random.random() < 0.4]

    def _some_time(self, what: str, run: Callable[[], object]) -> None:
        """People act in two crowds, so that jobs meet, and in between."""
        start = self.random.choice([0, 0, 2400, self.random.random() * 4000])
        self._at(start + self.random.random() * self.random.choice([20, 900]), what, run)

    def _expense(self, company: str, key: str, gross: int | None = None, category: str | None = None) -> Json:
        """An expense keeps its type, currency and files when it is changed."""
        gross = gross or self.random.randint(100, 99_999)
        draw = Random(f"{self.seed} {company} {key}")
        what = draw.random()
        kind, account, supplier, method = "card_purchase", "6300", "Pret A Manger", None
        if what < 0.35:
            kind, account, supplier = "card_invoice", "6100", "Ryman"
        elif what < 0.42:
            kind, account, supplier, method = "refund", "6100", "Ryman", "accounts_payable"
        elif what < 0.48:
            account = "7777"
        if account != "7777":
            account = category or account
        tax = draw.choice([None, "GB20"]) if kind == "card_invoice" else None
        currency = draw.choice(["GBP", "GBP", "EUR"])
        expense = Expense(key, kind, (Line(gross, account, tax),), supplier=supplier, method=method, currency=currency)
        item = export_item(company, expense, FIRST_DAY)
        if draw.random() < 0.5:  # the invoice is of another day than the payment, at another rate
            item["date"] = "2026-07-05T10:00:00Z"
        item["files"] = self._files(draw, item["accountingEntryId"]) if draw.random() < 0.25 else []
        if draw.random() < 0.04:
            self.ledgers[company].poisonous.add(item["accountingEntryId"])
        if draw.random() < 0.12:
            _spoil(item, draw)
        return item

    def _files(self, draw: Random, entry_id: str) -> list[Json]:
        most = face_of(self.ledger).most_files if self.ledger else 2
        names = [f"{draw.choice(FILES)}-{number}-{entry_id}.png" for number in range(draw.randint(1, 2))][:most]
        return [{"url": f"https://files.test/{name}", "type": "image/png", "size": 100} for name in names]

    # What people do

    def _free(self, company: str) -> list[str]:
        expenses = self.pleo.company(company).expenses
        return [each for each in expenses if self.pleo.expense_state(company, each) != "locked"]

    def _click(self, company: str, by_vendor: bool) -> None:
        free = self._free(company)
        chosen = self.random.sample(free, self.random.randint(0, len(free)))
        job_id = str(self.pleo.click_export(company, chosen, vendor_based_bookkeeping=by_vendor)["id"])
        self.injector.say(f"click: job {job_id} of {len(chosen)} items")
        expenses = {each: self.pleo.company(company).expenses[each] for each in chosen}
        self.checker.jobs[job_id] = Clicked(job_id, company, self.clock.now(), by_vendor, expenses)
        for _ in range(self.random.choice([0, 1, 1, 1, 2, 3])):  # lost, delivered, delivered again
            wait = self.random.choice([1, 2, 5, 400])
            self._at(self.random.random() * wait, "webhook", partial(self._webhook, company, job_id))

        for act in (self._cancel, self._start_elsewhere):
            if self.faults and company != self.injector.quiet and self.random.random() < 0.05:
                wait = self.random.choice([3, 30])
                self._at(self.random.random() * wait, act.__name__[1:], partial(act, company))

    def _connect(self, company: str) -> None:
        changes: Json = {
            "posting": "posted" if self.checker.posted[company] else "draft",
            "receipts": "required" if self.checker.receipts_required[company] else "best_effort",
        }
        if self.ledger:
            changes |= self.ledgers[company].ledger.connection
        connection = Connection(company, settings(company, **changes), f"arn:{company}")
        self.table.put_item(Item=connection_record(connection, company))

    def _change(self, company: str, by_vendor: bool) -> None:
        """An expense is corrected, and exported again."""
        if company in self.edited:
            return
        self.edited.add(company)
        for entry_id in [each for each in self._free(company) if self.random.random() < 0.7]:
            key = next(key for key in map("expense-{}".format, range(8)) if self._is(company, key, entry_id))
            gross = item_total(self.pleo.company(company).expenses[entry_id])
            changed = self.random.choice([(None, None), (gross, "6200"), (gross, "6200"), (None, "6200")])
            self.pleo.put_expenses(company, [self._expense(company, key, *changed)])
        self._again(company, by_vendor)

    def _is(self, company: str, key: str, entry_id: str) -> bool:
        return bool(self._expense(company, key)["accountingEntryId"] == entry_id)

    def _void(self, company: str, by_vendor: bool) -> None:
        for document in self._some_booked(company):
            self.ledgers[company].void(document.reference)
        self._again(company, by_vendor)

    def _delete(self, company: str, by_vendor: bool) -> None:
        if company in self.edited:
            return
        self.edited.add(company)
        for document in self._some_booked(company):
            self.ledgers[company].delete(document.reference)
        self._again(company, by_vendor)

    def _lose_the_postings(self, company: str, by_vendor: bool) -> None:
        """The table is restored without them. Only they know of changes and of deleted documents (not promised, see
        docs/reliability.md), so that it happens to companies without."""
        if self._busy(company) or company in self.edited:
            return
        self.edited.add(company)
        prefix = f"ENTRY#{company}"
        for key in [key for key in self.table.records if key[0].startswith(prefix)]:
            del self.table.records[key]
        self.injector.say("the postings are lost")
        self._again(company, by_vendor)

    def _decide_to_post(self, company: str, by_vendor: bool) -> None:
        """The company wants its documents posted from now on; what is a draft is posted when it is exported again."""
        if not self._busy(company):
            self.checker.posted[company] = True
            self._connect(company)
            self._again(company, by_vendor)

    def _post_by_hand(self, company: str, by_vendor: bool) -> None:
        """A person posts drafts, at whatever time; nothing is reconciled by that."""
        ledger = self.ledgers[company].ledger
        for document in [
            each for each in ledger.documents if each.state is DocumentState.DRAFT and self.random.random() < 0.5
        ]:
            self.injector.say(f"a person posts {document.id}")
            self.checker.posted_by_hand.add(document.id)
            ledger.post(document.id)
        self._again(company, by_vendor)

    def _edit_drafts(self, company: str, by_vendor: bool) -> None:
        """A person gives drafts another amount or date, at whatever time: they no longer hold what Pleo says."""
        ledger = self.ledgers[company].ledger
        for document in [
            each for each in ledger.documents if each.state is DocumentState.DRAFT and self.random.random() < 0.5
        ]:
            self.injector.say(f"a person changes {document.id}")
            self.checker.edited[company, entry_of(document)] = self.clock.now()
            if self.random.random() < 0.5:
                ledger.edit(document.entry.reference, 1)
            else:
                ledger.redate(document.entry.reference, date(2026, 1, 2))
                if self._being_posted(document.entry.reference):
                    self.checker.dated_by_hand.add(document.id)
        self._again(company, by_vendor)

    def _being_posted(self, reference: str) -> bool:
        """Whether what posts it is on its way, or at a step that takes long."""
        late = any(each.what == f"late: books post {reference}" for each in self.schedule)
        return late or any(each.where == f"before books post {reference}" for each in self.injector.injected)

    def _end_a_tax(self, company: str, by_vendor: bool) -> None:
        """From now on a bill with it comes to another total than was sent."""
        self.checker.tax_ended.add(company)
        self.ledgers[company].ledger.ended_taxes.add("GB20")
        self._again(company, by_vendor)

    def _again(self, company: str, by_vendor: bool) -> None:
        self._at(self.random.random() * 60, f"click {company[:4]}", partial(self._click, company, by_vendor))

    def _some_booked(self, company: str) -> list[HeldDocument]:
        """People leave alone what an export is working on."""
        if self._busy(company):
            return []
        entries = [each for each in self._free(company) if self.random.random() < 0.7]
        return [document for each in entries for document in self.ledgers[company].of_entry(each)]

    def _busy(self, company: str) -> bool:
        """A job is running, or a request or a function of an earlier one may run on (for five minutes at most)."""
        lately = self.clock.now() - timedelta(minutes=6)
        injected = (each for each in self.injector.injected if each.company_id == company)
        return bool(
            self._unfinished(company) or self.injector.suspended or any(each.until >= lately for each in injected)
        )

    def _cancel(self, company: str) -> None:
        for job_id in self._unfinished(company)[:1]:
            self.injector.note("cancelled", job_id, company)
            self.pleo.cancel(job_id)

    def _export_instead(self, company: str, by_vendor: bool) -> None:
        """Cancel the job of a run that was stopped while its function runs on, and export again. Only for a target."""
        stopped = any(each.company_id == company and each.status == "ABORTED" for each in self.executions.values())
        if stopped and self.injector.suspended:
            self._cancel(company)
            self._again(company, by_vendor)
        elif self.clock.now() < NOON + timedelta(hours=BUSY_HOURS):
            self._at(5, f"export instead {company[:4]}", partial(self._export_instead, company, by_vendor))

    def _start_elsewhere(self, company: str) -> None:
        jobs = [self.pleo.get_job(company, job_id) for job_id in self._unfinished(company)]
        if jobs and all(job["status"] == "pending" for job in jobs):
            job_id = jobs[0]["id"]
            self.injector.note("started elsewhere", job_id, company, 3600)
            self.checker.jobs[job_id].foreign = True
            self.pleo.post_event(company, job_id, "started")

    def _unfinished(self, company: str) -> list[str]:
        with self.pleo._turn():
            return [job.id for job in self.pleo._jobs_of(company) if job.unfinished]

    # What the cloud does

    def _webhook(self, company: str, job_id: str) -> None:
        if self.clock.now() >= self.webhooks_end[company]:
            self.injector.say("  lost: Pleo no longer delivers webhooks")
            return
        self.checker.announced(job_id)
        job = {"id": job_id, "companyId": company, "status": "pending", "numberOfItems": 1}
        content = {"eventType": "v1.export-job.created", "eventId": job_id, "data": job}
        body, at = json.dumps(content), int(self.clock.now().timestamp())
        message_id = f"msg_{job_id}"
        headers = {"webhook-id": message_id, "webhook-timestamp": str(at)}
        headers["webhook-signature"] = sign(WEBHOOK_SECRET, message_id, at, body.encode())
        event = {"headers": headers, "body": body, "pathParameters": {"companyId": company}}
        try:
            self._invoke("webhook", event, FunctionCall("webhook", company, None, None, self.clock.now()))
        except Exception as error:
            self.injector.say(f"  webhook: {type(error).__name__}")

    def _poll(self) -> None:
        self._at(POLL_SECONDS, "poll", self._poll)
        try:
            self._invoke(
                "poll", json.loads(poll_schedule()["Input"]), FunctionCall("poll", None, None, None, self.clock.now())
            )
        except Exception as error:
            self.injector.say(f"  poll: {type(error).__name__}")

    def _expect(self, group: str, seconds: float) -> None:
        if self.injector.draws(group, 0.5):
            late = self.random.random() * 600
            self.injector.note("late", f"message of {group[:4]}", group, late)
            seconds += late
        self._at(seconds, f"deliver {group[:4]}", partial(self._deliver, group))

    def _deliver(self, group: str) -> None:
        """Deliver the oldest wake-up of the group. One that fails comes back, until it is a dead letter."""
        message, now = self.queue.first(group), self.clock.now()
        if message is None:
            return
        if group in self.in_flight:
            if self.injector.draws(group, 20):
                self.injector.note("delivered twice", "at once", group)
                self._dispatch(message)
            self._at(1, f"deliver {group[:4]}", partial(self._deliver, group))
            return
        if message.visible_at and message.visible_at > now:
            self._at((message.visible_at - now).total_seconds(), f"deliver {group[:4]}", partial(self._deliver, group))
            return
        self._receive(message)

    def _receive(self, message: Message) -> None:
        message.receives += 1
        if message.receives > template()["Resources"]["WakeUps"]["Properties"]["RedrivePolicy"]["maxReceiveCount"]:
            self.queue.messages.remove(message)
            self.queue.dead_letters.append(message)
        else:
            self.in_flight.add(message.group)
            done = self._dispatch(message)
            self.in_flight.discard(message.group)
            if done and self.injector.draws(message.group, 0.5):
                self.injector.note("delivered twice", "its deletion was lost", message.group, VISIBILITY.seconds)
                done = False
            if done:
                self.queue.messages.remove(message)
            else:
                message.visible_at = self.clock.now() + VISIBILITY
        if self.queue.first(message.group):
            self._at(0, f"deliver {message.group[:4]}", partial(self._deliver, message.group))

    def _dispatch(self, message: Message) -> bool:
        event = {"Records": [{"body": message.body}]}
        try:
            outcome = self._invoke(
                "dispatch", event, FunctionCall("dispatch", message.group, None, None, self.clock.now())
            )
        except Exception as error:
            self.injector.say(f"  dispatch: {type(error).__name__} {error}")
            return False
        self.injector.say(f"  dispatch: {outcome['outcome']}")
        return True

    def _refresh_tokens(self, wanted: Json) -> Any:
        company = wanted["companyId"]
        return self._invoke("refresh_tokens", wanted, FunctionCall("refresh_tokens", company, None, None, NOON))

    def _grant_ended(self, company: str, owner: GrantOwner) -> None:
        """A person reads that the company has to be connected again, and does so after a while."""
        self.sign_in.given_up(company, owner)
        what = f"connect {owner} again {company[:4]}"
        if any(each.what == what for each in self.schedule):
            return
        wait = Random(f"{self.seed} {company} {self.clock.now()}").choice([20, 300, 1800])
        self.injector.note("grant ended", company, company, wait)
        self._at(wait, what, partial(self._connect_again, company, owner))

    def _connect_again(self, company: str, owner: GrantOwner) -> None:
        self.sign_in.authorise(company, owner)
        self._connect(company)

    def _begin(self, name: str, payload: Json) -> None:
        tasks: dict[str, Any] = {arn: partial(self._state, function) for arn, function in STATES.items()}
        tasks["arn:aws:states:::dynamodb:deleteItem"] = self._release
        tasks["arn:aws:states:::sqs:sendMessage"] = self._wake
        machine = Machine(
            tasks=tasks, wait=lambda _: None, substitutions={"Partition": "aws"}, random=self.random.random
        )
        run = Execution(name, payload["companyId"], machine.steps(payload), self.clock.now())
        self.executions[name] = run
        self.checker.begun(payload["jobId"])
        self._at(self.random.random(), f"step {name}", partial(self._step, run))

    def _status(self, name: str) -> str | None:
        run = self.executions.get(name)
        return None if run is None else run.status

    def _step(self, run: Execution) -> None:
        if run.status != "RUNNING":
            return
        if self.clock.now() - run.since > timedelta(seconds=MACHINE_SECONDS):
            run.status = "TIMED_OUT"
            return
        if self.injector.draws(run.company_id, 0.5):
            self._disturb(run)
            return
        try:
            seconds = next(run.steps)
        except StopIteration:
            run.status = "SUCCEEDED" if run.status == "RUNNING" else run.status
        except StateFailed as error:
            self.injector.say(f"  execution failed: {error}")
            run.status = "FAILED" if run.status == "RUNNING" else run.status
        else:
            self._at(seconds + self.random.random() * 0.1, f"step {run.name}", partial(self._step, run))

    def _disturb(self, run: Execution) -> None:
        if self.random.random() < 0.5:
            self.injector.note("aborted", run.name, run.company_id)
            run.status = "ABORTED"
            return
        wait = self.random.choice([30, 400, 2000, 4500]) * self.random.random()
        self.injector.note("stalled", run.name, run.company_id, wait)
        self._at(wait, f"step {run.name}", partial(self._step, run))

    def _abort(self, name: str) -> None:
        """Stop an execution. The operator may have the company looked at again at once; else the next poll does."""
        run = self.executions[name]
        run.status = "ABORTED"
        if self.random.random() < 0.7:
            body = json.dumps({"companyId": run.company_id, "reason": "operator"})
            wake = partial(self.queue.take, body, run.company_id, f"operator {self.clock.now()}")
            self._at(self.random.random() * 20, "operator polls", wake)

    def _give_up(self, call: FunctionCall) -> None:
        """The state machine's retry, wholly in the middle of the first call."""
        assert call.execution is not None
        if len(_BorrowedServices.in_use) >= 3 or self.executions[call.execution].status != "RUNNING":
            return
        call.retried = replace(call, killed=False, answer=None)
        try:
            answer = self._invoke(call.function, dict(call.event or {}), call.retried)
        except Exception as error:
            failure = error
            self.injector.say(f"  {call.function} again: {type(error).__name__}: {error}")
            call.answer = lambda: _raise(failure)
        else:
            call.answer = lambda: answer
        call.answer = call.retried.answer or call.answer

    def _state(self, function: str, event: Json) -> Any:
        ends = self.clock.now() + time_limit(function)
        call = FunctionCall(function, event["companyId"], event["jobId"], event["execution"], ends, event)
        run = self.executions[event["execution"]]
        answer: Any = None
        if self.injector.draws(event["companyId"], 0.3):
            self.injector.note("Lambda throttled", function, event["companyId"], 60)
            raise StateFailed("Lambda.TooManyRequestsException", json.dumps({"errorMessage": "Rate Exceeded."}))
        try:
            answer = self._invoke(function, event, call)
        except Exception as error:
            self.injector.say(f"  {function}: {type(error).__name__}: {error}")
            if call.answer is None:
                raise
        if call.answer is not None:
            answer = call.answer()
        if function == "start_job" and run.status == "RUNNING":
            others = (each for each in self.executions.values() if each is not run)
            if any(each.working and each.status == "RUNNING" and each.company_id == run.company_id for each in others):
                raise InvariantViolated(f"in order: two runs work for company {run.company_id}")
            run.working = True
        return answer

    def _invoke(self, function: str, event: Json, call: FunctionCall) -> Any:
        call.ends = self.clock.now() + time_limit(function)
        services = SimulatedServices(self)
        left = lambda: int((call.ends - self.clock.now()).total_seconds() * 1000)  # noqa: E731
        _BorrowedServices.in_use.append(services)
        try:
            with self.injector.of_call(call):
                context = InvocationContext(left, function, str(next(self.request_ids)))
                return handlers()[function](event, context)
        except Killed:
            error = self.random.choice(["Sandbox.Timedout", "Runtime.ExitError"])
            raise StateFailed(error, json.dumps({"errorType": error, "errorMessage": "gone"})) from None
        finally:
            _BorrowedServices.in_use.pop()

    def _release(self, parameters: Json) -> Json:
        key = {name: value["S"] for name, value in parameters["Key"].items()}
        me = parameters["ExpressionAttributeValues"][":me"]["S"]
        self.executions[me].working = False
        self._maybe_throttled(key["pk"].removeprefix("COMPANY#"), "DynamoDB.ThrottlingException")
        for _ in range(2 if self.injector.draws(key["pk"].removeprefix("COMPANY#"), 0.3) else 1):
            if self.table.records.get((key["pk"], key["sk"]), {}).get("owner") != me:
                raise StateFailed("DynamoDB.ConditionalCheckFailedException", "")
            del self.table.records[key["pk"], key["sk"]]
        return {}

    def _wake(self, parameters: Json) -> Json:
        body, group = json.dumps(parameters["MessageBody"]), parameters["MessageGroupId"]
        self._maybe_throttled(group, "SQS.AmazonSQSException")
        self.queue.take(body, group, parameters["MessageDeduplicationId"])
        return {}

    def _maybe_throttled(self, company: str, error: str) -> None:
        if self.injector.draws(company):
            self.injector.note("throttled", error, company, 60)
            raise StateFailed(error, "")

    # Time

    def _at(self, seconds: float, what: str, run: Callable[[], object], *, arrival: bool = False) -> None:
        due = self.clock.now() + timedelta(seconds=max(0.0, seconds))
        self.schedule.append(ScheduledEvent(due, what, run, arrival))

    def _arrive(self) -> None:
        """Carry out the requests that have arrived by now."""
        now = self.clock.now()
        for each in sorted((each for each in self.schedule if each.arrival and each.due <= now), key=_due):
            self._happen(each)

    def _run_next(self, until: datetime | None = None) -> bool:
        """Run one scheduled event: one that is due, else the next. False if there is none until then."""
        now = self.clock.now()
        due = [each for each in self.schedule if each.due <= now]
        if not due:
            following = min(self.schedule, key=_due)
            if until is not None and following.due > until:
                return False
            self.clock.advance(following.due - now)
            due = [following]
        self._happen(self.random.choice([each for each in due if each.arrival] or due))
        return True

    def _happen(self, event: ScheduledEvent) -> None:
        """Run an event, whatever function is at work."""
        self.schedule.remove(event)
        self.injector.say(event.what)
        calls, self.injector.calls = self.injector.calls, []
        self.injector.suspended += len(calls)
        try:
            event.run()
        finally:
            self.injector.calls = calls
            self.injector.suspended -= len(calls)

    def _until(self, moment: datetime) -> None:
        while self.clock.now() < moment and self._run_next(moment):
            pass
        self.clock.advance(max(timedelta(), moment - self.clock.now()))

    def _meanwhile(self, seconds: float) -> None:
        """Run others for so long; not deeper than a function in a function in a function."""
        until = self.clock.now() + timedelta(seconds=max(0.0, seconds))
        if len(_BorrowedServices.in_use) < 3:
            self._until(until)
        else:
            self.injector.standstills.append((self.clock.now(), until))
            self.clock.advance(max(timedelta(), until - self.clock.now()))

    def _quiescent(self) -> bool:
        """Whether only polls are to come, and nothing is open at Pleo."""
        if any(each.what != "poll" for each in self.schedule) or self.queue.messages:
            return False
        return not any(self._unfinished(company) for company in self.companies)

    def _said(self, text: str) -> None:
        assert self.trace
        depth = "  " * len(_BorrowedServices.in_use)
        self.trace(f"{self.clock.now():%H:%M:%S} {depth}{text}")

    @contextmanager
    def _installed(self) -> Iterator[None]:
        sleeping = SimpleNamespace(sleep=self.injector.pause)
        with (
            mock.patch("pleo_export.services.services.boto3", self.cloud),
            mock.patch("pleo_export.store.table.time", sleeping),
            mock.patch.object(logger._logger, "disabled", True),
            mock.patch("tempfile.tempdir", MEMORY),
            ledgers_in_process() if self.ledger else nullcontext(),
            ledger_with(LEDGER) if self.sign_in.ledgers_by_oauth else nullcontext(),
        ):
            try:
                yield
            finally:
                _BorrowedServices.in_use.clear()


def _due(event: ScheduledEvent) -> datetime:
    return event.due


def _spoil(item: Json, draw: Random) -> None:
    """What a sender may leave in a text: half an emoji, NUL, characters that nobody sees; an id in capitals."""
    odd = draw.choice(["\ud83d", "\0", "\u200b", "\u202e"])
    item["note"] = f"Lunch {odd}"
    if item["vendor"] is not None:
        item["vendor"] = item["vendor"] | {"code": f"V-10{odd}01", "externalId": f"{odd}V-1001", "name": f"Ry{odd}man"}
    item["accountingEntryLines"][0]["account"]["name"] += odd
    if draw.random() < 0.5:
        item["accountingEntryId"] = item["accountingEntryId"].upper()


def _raise(error: Exception) -> None:
    raise error


def describe(document: Document) -> str:
    return f"{document.id} {document.state} {document.entry.reference}"
