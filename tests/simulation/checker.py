"""Check the promises of docs/reliability.md, without any knowledge of how they are kept.

The checker looks only at what Pleo holds and at what the books hold, at every change of either. What it excuses is
said where it is excused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from pleo_export.accounting.port import DocumentState
from pleo_simulator.pleo_state import PleoState
from tests.simulation.fault_injection import FaultInjector, InjectedFault
from tests.system.aws import default_of, template
from tests.system.held_documents import HeldDocument, Role
from tests.system.in_process_system import NOON

Json = dict[str, Any]
FINAL = frozenset({"successful", "failed"})
OVER = frozenset({"completed", "completed_with_errors", "failed"})
BY_PLEO = frozenset({"job_expired", "canceled_by_user"})
# A failure that says one of these leaves open, or says, that the item is in the books. Any other says: not booked.
MAY_BE_BOOKED = (
    "did not say in time",
    "is not known",
    "Kept as",
    "Recorded as",
    "Booked as",
    "is booked already as",
    "is there already as draft",
    "This expense is recorded as",
    "An earlier export booked it",
    "no longer has it",
    "entries carry",
    "Void that payment",
)
# A job that was started has this long before it expires in which nothing may have gone wrong for it to be our fault:
# a poll, which finds that a run is gone, and the time that an unknown outcome takes to settle.
LAST_STRETCH = timedelta(minutes=10)
# Of the time in which no other company's functions work: here all work is done one after the other.
AT_ONCE = timedelta(minutes=1)
# A wake-up that failed comes back when its visibility ends.
VISIBILITY = timedelta(seconds=template()["Resources"]["WakeUps"]["Properties"]["VisibilityTimeout"])
COMES_BACK = VISIBILITY + timedelta(minutes=1)
OWN_TIME = timedelta(minutes=20)
# A job that no webhook announces is found by the poll within so long: as often as the poll looks at a company, a poll
# more, and the time for the work of others here. Often: as long as no webhook has arrived, and after a job that none
# had announced.
LOOKED_AT_OFTEN = timedelta(minutes=5)
LOOKED_AT = timedelta(minutes=int(default_of("LongestLookMinutes")))
FOUND_AFTER_A_LOOK = timedelta(minutes=4)
# A job younger than this may still be announced: that the poll has found it proves nothing.
ANNOUNCED_WITHIN = timedelta(minutes=2)
# The effects in which files are attached. A connector reads of one document only what is attached to it.
ABOUT_FILES = ("books attach", "books read")
# What a person did before, and what we leave to them.
A_PERSONS_DECISION = (
    "is booked already as",
    "is there already as draft",
    "Void that payment",
    "no longer has it",
    "entries carry",
)
TOO_LATE_FOR_FILES = "posted entry takes no files"


class InvariantViolated(BaseException):
    """A promise is broken. A BaseException, so that no `except Exception` of the product catches it."""


@dataclass
class Clicked:
    """A job as the bookkeeper made it. `started` and `ended` are ours alone: events that our functions sent.
    `announced`: when its webhook was first delivered. `found`: when Dispatch has seen it at Pleo, of the look that
    has begun its first execution."""

    id: str
    company_id: str
    created: datetime
    by_vendor: bool
    expenses: Mapping[str, Json]
    announced: datetime | None = None
    found: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    foreign: bool = False  # started by another installation


class CheckedLedger(Protocol):
    """What the checker reads of a company's ledger. `jobs` says of each document, by its id, which job's run made it;
    `poisonous` are the entries at which the connector fails as nobody foresaw."""

    @property
    def documents(self) -> Sequence[HeldDocument]:
        """All that it holds, void ones too, in the order in which they were made."""

    @property
    def jobs(self) -> Mapping[str, str]:
        """Which job's run made a document."""

    @property
    def poisonous(self) -> Collection[str]:
        """The entries that break the connector."""

    def of_entry(self, entry_id: str) -> Sequence[HeldDocument]:
        """Return the documents of an entry, with what the connector made beside them."""

    def takes(self, expense: Json) -> bool:
        """Return whether the ledger can hold the expense at all."""


@dataclass
class Checker:
    pleo: PleoState
    injector: FaultInjector
    ledgers: Mapping[str, CheckedLedger]
    posted: dict[str, bool]
    receipts_required: dict[str, bool] = field(default_factory=dict)
    # Company and entry (in small letters): since when a person has changed its draft.
    edited: dict[tuple[str, str], datetime] = field(default_factory=dict)
    posted_by_hand: set[str] = field(default_factory=set)  # documents
    dated_by_hand: set[str] = field(default_factory=set)  # documents, while our request to post them was on its way
    tax_ended: set[str] = field(default_factory=set)  # companies whose bills may come to another total
    webhooks: dict[str, list[datetime]] = field(default_factory=dict)  # companies: when any webhook was delivered
    looked_at: dict[str, datetime] = field(default_factory=dict)  # companies: when their open jobs were read last
    jobs: dict[str, Clicked] = field(default_factory=dict)
    said: dict[tuple[str, str], Json] = field(default_factory=dict)
    not_booked: set[tuple[str, str]] = field(default_factory=set)  # job, entry

    # At every change

    def recorded(self, company_id: str, document: HeldDocument, job_id: str) -> None:
        """A document has entered the books."""
        entry_id = entry_of(document)
        role = document.role
        same = [each for each in self._live(company_id, entry_id) if each.role == role]
        if (
            role is Role.DIFFERENCE
        ):  # a draft that arrived late is removed by the next who looks; see `check_quiescence`
            named = document.reference
            same = [each for each in same if each.state is DocumentState.POSTED and each.reference == named]
        self._hold(len(same) <= 1, f"once: {len(same)} live documents for the {role} of entry {entry_id}")
        self._hold(document.balances, f"balanced: document {document.id} does not balance")
        sharing = {each.reference for each in self.ledgers[company_id].documents if each.id == document.id}
        self._hold(len(sharing) == 1, f"isolated: {sorted(sharing)} are both document {document.id}")
        self._hold((job_id, entry_id) not in self.not_booked, f"accurate: entry {entry_id} was told to be not booked")

    def announced(self, job_id: str) -> None:
        """A webhook that announces the job is delivered."""
        job, now = self.jobs[job_id], self.injector.clock.now()
        job.announced = job.announced or now
        self.webhooks.setdefault(job.company_id, []).append(now)

    def looked(self, company_id: str) -> None:
        """Dispatch has read which jobs of the company are open."""
        self.looked_at[company_id] = self.injector.clock.now()

    def begun(self, job_id: str) -> None:
        """An execution of the job has begun."""
        job = self.jobs[job_id]
        job.found = job.found or self.looked_at[job.company_id]

    def written(self, job_id: str, event: Json) -> None:
        """Our functions have told Pleo something."""
        job = self._job(job_id)
        for item in job["items"]:
            if item["status"] in FINAL and (job_id, item["accountingEntryId"]) not in self.said:
                self.said[job_id, item["accountingEntryId"]] = item
                self._told(self.jobs[job_id], item)
        if event.get("event") == "started":
            self._started(self.jobs[job_id])
        elif event:
            self.jobs[job_id].ended = self.injector.clock.now()
            self._ended(self.jobs[job_id], job, event["event"])

    def _told(self, job: Clicked, item: Json) -> None:
        entry_id = item["accountingEntryId"]
        if item["status"] == "failed":
            if not any(words in (item["failureReason"] or "") for words in MAY_BE_BOOKED):
                self._not_booked(job, entry_id, item["failureReason"])
            return
        live = [each for each in self._live(job.company_id, entry_id) if each.role is not Role.DIFFERENCE]
        main = [each for each in live if each.id == item["externalId"]]
        self._hold(len(main) == 1, f"accurate: entry {entry_id} is said to be {item['externalId']}, which is not there")
        if self.edited.get((job.company_id, entry_id.lower()), job.created) <= job.created:
            gross = item_total(job.expenses[entry_id])
            sums = main[0].sums
            self._hold(gross in sums, f"accurate: entry {entry_id} is {gross}, its document has {sorted(sums)}")
            self._as_pleo_says(job.expenses[entry_id], main[0])
        wanted = (
            {Role.DOCUMENT, Role.PAYMENT} if job.by_vendor and _is_bill(job.expenses[entry_id]) else {Role.DOCUMENT}
        )
        self._hold({each.role for each in live} == wanted, f"complete: entry {entry_id} lacks one of {wanted}")
        if self.posted[job.company_id]:
            drafts = [each.id for each in live if each.state is not DocumentState.POSTED]
            self._hold(not drafts, f"accurate: {drafts} of entry {entry_id} are still drafts")
        self._files(job, entry_id, main[0])

    def _as_pleo_says(self, expense: Json, document: HeldDocument) -> None:
        """Its category, and its date unless a person has chosen another."""
        account = expense["accountingEntryLines"][0]["account"]["code"]
        accounts = document.accounts
        self._hold(account in accounts, f"accurate: {document.reference} is a {account}, booked on {accounts}")
        if document.state is DocumentState.POSTED and document.id not in self.posted_by_hand | self.dated_by_hand:
            on, wanted = document.on.isoformat(), expense["date"][:10]
            self._hold(on == wanted, f"accurate: {document.reference} is of {wanted}, posted on {on}")

    def _not_booked(self, job: Clicked, entry_id: str, words: object) -> None:
        """Pleo reads that the entry is not in the books by this job; so it must not be, now or later."""
        ours = self.ledgers[job.company_id].jobs
        by_this_job = [each.id for each in self._live(job.company_id, entry_id) if ours.get(each.id) == job.id]
        self._hold(not by_this_job, f"accurate: {words!r}, but {by_this_job} of entry {entry_id} are booked")
        self.not_booked.add((job.id, entry_id.lower()))

    def _files(self, job: Clicked, entry_id: str, document: HeldDocument) -> None:
        """Each file of the expense, on its document. Excused: a file that nobody can read; one that the books refused
        for good; a job that had no time left, or whose ledger asked to wait for longer than that."""
        wanted = {file["url"].rpartition("/")[2] for file in job.expenses[entry_id]["files"]}
        there = {content.rpartition(b"\n")[2].decode() for _, content in document.contents}
        if there >= wanted:
            return
        readable = not any(name.startswith(("breaks", "gone")) for name in wanted)
        refused = any(
            each.kind in ("refused", "foreign", "401", "403")
            and ((each.company_id == job.company_id and self._about_files(each, entry_id)) or "receipts" in each.where)
            for each in self.injector.injected
        )
        late = job.started is not None and any(
            moment > job.started + timedelta(minutes=40)
            for moment in (
                self.injector.clock.now(),
                *(each.until + each.asks for each in self.injector.injected if self._about_files(each, entry_id)),
            )
        )
        required = self.receipts_required[job.company_id]
        self._hold(not required, f"attached: entry {entry_id} lacks {wanted - there}, and they are required")
        late = late or document.id in self.posted_by_hand
        self._hold(
            not readable or refused or late, f"attached: entry {entry_id} lacks {wanted - there}, without reason"
        )

    def _about_files(self, fault: InjectedFault, entry_id: str) -> bool:
        return any(f"{effect} pleo:{entry_id}" in fault.where for effect in ABOUT_FILES)

    def attached(self, company_id: str, document: HeldDocument, name: str) -> None:
        """A file has reached a document."""
        self._hold(
            entry_of(document) in name.lower(), f"attached: {name} is on document {document.id} of another entry"
        )
        self._hold(len(document.files) == len(set(document.files)), f"attached: {name} is on {document.id} twice")

    def _started(self, job: Clicked) -> None:
        job.started = self.injector.clock.now()
        for other in self.jobs.values():
            if other.company_id == job.company_id and _milliseconds(other.created) < _milliseconds(job.created):
                self._hold(self._job(other.id)["status"] != "pending", f"in order: {other.id} is older and still waits")

    def _ended(self, job: Clicked, at_pleo: Json, event: str) -> None:
        # Excused: a job that another installation started between our claim and our event looks like ours.
        self._hold(job.started is not None or job.foreign, f"in order: job {job.id} ended that never started")
        if event == "failed":
            for each in at_pleo["items"]:
                if each["status"] not in FINAL and not self._refused(job):
                    self._not_booked(job, each["accountingEntryId"], at_pleo.get("failureReason"))
        else:
            still = [each["accountingEntryId"] for each in at_pleo["items"] if each["status"] not in FINAL]
            self._hold(not still, f"complete: job {job.id} was completed with {still} open")
        failed = [each["status"] == "failed" for each in at_pleo["items"] if each["status"] in FINAL]
        wanted = "completed" if not any(failed) else "failed" if all(failed) else "completed_with_errors"
        if event != "failed" or not self._refused(job):
            self._hold(event in (wanted, "failed"), f"accurate: job {job.id} is told {event}, it is {wanted}")

    def _refused(self, job: Clicked) -> bool:
        """Excused: Pleo would not take an item's result."""
        return any(each.kind == "items refused" and each.where == job.id for each in self.injector.injected)

    # In the end

    def check_quiescence(self, leases: int, waiting: int, dead_letters: int) -> None:
        for job in self.jobs.values():
            at_pleo = self._job(job.id)
            self._hold(at_pleo["status"] in OVER, f"complete: job {job.id} is {at_pleo['status']} in the end")
            if at_pleo.get("failureReasonType") == "job_expired":
                self._expired(job, datetime.fromisoformat(at_pleo["expiredAt"]))
            self._at_once(job)
            self._found(job)
            self._own_time(job, at_pleo)
            self._isolated(job, at_pleo)
        for company, ledger in self.ledgers.items():
            made = Counter(each.reference for each in ledger.documents if _posted_difference(each))
            twice = [name for name, count in made.items() if count > 1]
            self._hold(not twice, f"once: {twice} of {company} are posted twice")
        self._hold(leases == 0, f"quiescent: {leases} leases are left")
        self._hold(waiting == 0, f"quiescent: {waiting} wake-ups are left")
        self._hold(
            dead_letters == 0 or bool(self.injector.injected),
            "quiescent: a wake-up is a dead letter, and nothing had gone wrong",
        )

    def _expired(self, job: Clicked, at: datetime) -> None:
        """Excused: another installation had started it; in its last stretch something went wrong for this company, or
        (never started) the job before it was still open."""
        if job.foreign or self._fault_between(job.company_id, at - LAST_STRETCH, at):
            return
        if job.started is None:
            others = (each for each in self.jobs.values() if each.company_id == job.company_id and each is not job)
            if any(each.created <= at and self._over_at(each) >= at - LAST_STRETCH for each in others):
                return
        self._hold(False, f"complete: job {job.id} expired, and nothing had gone wrong")

    def _at_once(self, job: Clicked) -> None:
        """The next job starts when this one has ended (R-7.7), where nothing went wrong. Excused: in a function within
        functions that hangs, time passes here in which no other company's work is done."""
        if job.ended is None:
            return
        until = self._later_by_others(job.company_id, job.ended, AT_ONCE)
        if any(since <= until and end >= job.ended for since, end in self.injector.standstills):
            return
        there = [each for each in self._of(job.company_id) if each is not job and each.created <= job.ended]
        waiting = [
            each
            for each in there
            if (each.started is None or each.started > job.ended) and self._over_at(each) > job.ended
        ]
        if waiting and not self._fault_between(job.company_id, job.ended - COMES_BACK, until):
            following = min(waiting, key=lambda each: (_milliseconds(each.created), each.id))
            gone = self._over_at(following) <= until or following.foreign
            started = following.started is not None and following.started <= until
            self._hold(gone or started, f"in order: job {following.id} was left waiting after {job.id}")

    def _later_by_others(self, company_id: str, since: datetime, takes: timedelta) -> datetime:
        """Return when so much time has passed since then in which no function worked for other companies."""
        until = since + takes
        for company, begun, ended in self.injector.worked:
            if company != company_id and ended > since and begun < until:
                until += ended - max(begun, since)
        return until

    def _found(self, job: Clicked) -> None:
        """A job that no webhook has announced is found by the poll: soon, unless webhooks have arrived since the last
        one that was found so. Excused: what goes wrong meanwhile, and the time in which a function hangs."""
        if job.started is None or not self._alone_and_unannounced(job):
            return
        heard = max((each for each in self.webhooks.get(job.company_id, []) if each <= job.started), default=None)
        since = job.created
        often = heard is None
        lost = [each for each in self._of(job.company_id) if each is not job and self._proves_a_loss(each)]
        for before in lost:
            if heard and before.started and heard < before.started < job.created:
                often, since = True, min(since, before.created)
        if self._fault_between(job.company_id, since - COMES_BACK, job.started) or any(
            begin <= job.started and end >= since for begin, end in self.injector.standstills
        ):
            return
        allowed = (LOOKED_AT_OFTEN if often else LOOKED_AT) + FOUND_AFTER_A_LOOK
        took = job.started - job.created
        self._hold(took <= allowed, f"found: job {job.id}, which no webhook announced, waited for {took}")

    def _proves_a_loss(self, job: Clicked) -> bool:
        """Whether the poll has found the job so late that a webhook would have announced it before. Between then and
        its start lies what StartJob needs: a new token may take a minute."""
        if job.found is None or job.started is None or job.found - job.created < ANNOUNCED_WITHIN:
            return False
        return self._alone_and_unannounced(job)

    def _alone_and_unannounced(self, job: Clicked) -> bool:
        """Whether only the poll can have found the job: no other of its company was open, and no webhook arrived."""
        started = job.started
        assert started is not None
        others = (each for each in self._of(job.company_id) if each is not job and each.created <= started)
        if any(self._over_at(each) >= job.created for each in others):
            return False
        return not any(job.created <= each <= started for each in self.webhooks.get(job.company_id, []))

    def _own_time(self, job: Clicked, at_pleo: Json) -> None:
        """Companies never wait for each other: nothing went wrong for the quiet one."""
        if job.company_id != self.injector.quiet:
            return
        before = [each for each in self._of(job.company_id) if each.created <= job.created]
        lost = sum(each.announced is None for each in before)
        took = self._over_at(job) - job.created
        self._hold(
            took <= len(before) * OWN_TIME + lost * LOOKED_AT,
            f"isolated: job {job.id} of the quiet company took {took}",
        )

    def _isolated(self, job: Clicked, at_pleo: Json) -> None:
        """Where nothing went wrong for the company, each item that can be booked is."""
        if job.foreign or job.started is None or self._fault_between(job.company_id, NOON, self._over_at(job)):
            return
        if any(company == job.company_id for company, _ in self.edited) or at_pleo.get("failureReasonType") in BY_PLEO:
            return
        for item in at_pleo["items"]:
            if item["status"] != "successful" and self._bookable(job, item["accountingEntryId"]):
                words = item.get("failureReason") or at_pleo.get("failureReason") or ""
                self._hold(
                    any(each in words for each in (*A_PERSONS_DECISION, TOO_LATE_FOR_FILES)),
                    f"isolated: entry {item['accountingEntryId']} failed of nothing: {words!r}",
                )

    def _bookable(self, job: Clicked, entry_id: str) -> bool:
        expense = job.expenses[entry_id]
        taxed = any(line["tax"] for line in expense["accountingEntryLines"]) and job.company_id in self.tax_ended
        account = any(line["account"]["code"] == "7777" for line in expense["accountingEntryLines"])
        broken = any("receipt" not in file["url"].rpartition("/")[2] for file in expense["files"])
        poison = entry_id.lower() in self.ledgers[job.company_id].poisonous
        if not self.ledgers[job.company_id].takes(expense):
            return False
        return not (taxed or account or poison or (broken and self.receipts_required[job.company_id]))

    # Looking

    def _over_at(self, job: Clicked) -> datetime:
        at_pleo = self._job(job.id)
        moment = at_pleo["completedAt"] or at_pleo["expiredAt"] or at_pleo["lastUpdatedAt"]
        return datetime.fromisoformat(moment)

    def _fault_between(self, company_id: str, since: datetime, until: datetime) -> bool:
        relevant = (each for each in self.injector.injected if each.company_id in (None, company_id))
        return any(each.since <= until and each.until >= since for each in relevant)

    def _of(self, company_id: str) -> Iterator[Clicked]:
        return (each for each in self.jobs.values() if each.company_id == company_id)

    def _job(self, job_id: str) -> Json:
        with self.pleo._turn() as now:
            job = self.pleo._jobs[job_id]
            return job.as_json(now) | {"items": [item.as_json() for item in job.items.values()]}

    def _live(self, company_id: str, entry_id: str) -> list[HeldDocument]:
        documents = self.ledgers[company_id].of_entry(entry_id)
        return [each for each in documents if each.state is not DocumentState.VOID]

    def _hold(self, kept: bool, words: str) -> None:
        if not kept:
            raise InvariantViolated(words)


def _milliseconds(moment: datetime) -> int:
    """As precisely as Pleo says when a job was created."""
    return int(moment.timestamp() * 1000)


def _posted_difference(document: HeldDocument) -> bool:
    return document.state is DocumentState.POSTED and document.role is Role.DIFFERENCE


def item_total(expense: Json) -> int:
    return int(expense["amount"]["inWalletCurrency"]["value"])


def _is_bill(expense: Json) -> bool:
    return bool((expense["bookkeeping"] or {}).get("method") == "accounts_payable")


def entry_of(document: HeldDocument) -> str:
    return document.reference.split(":")[1]
