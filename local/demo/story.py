"""The steps of the demo: connect, choose a new tag, preview, export, once more, prove; then every type of expense under
both methods.

What the ledger holds is checked at each step, against `local.demo.checks`, and with what it cannot take in mind.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from cli.commands.retry import wake_up
from cli.job_lookup import find_job, overview
from cli.report.content import EXPORTED, FAILED
from cli.report.gathering import report_of_job
from cli.report.page import render
from cli.sync_requests import follow, send, sync_request
from local.aws import ROOT, STATE
from local.demo import output
from local.demo.checks import (
    balance,
    booked_lines,
    left_over,
    previewed_lines,
    wallet_movement,
)
from local.ledgers.books import Books
from local.ledgers.choice import TRYTON
from local.processes import ChildFailed, Interrupted, stopping
from local.stack import LocalStack
from local.tryton.server import TrytonServer
from pleo_export.accounting.lists import LedgerList
from pleo_export.operations.job_overview import ItemOverview, JobOverview
from pleo_export.operations.preview import JobPreview, preview
from pleo_export.operations.preview import find_job as find_waiting
from pleo_export.operations.preview_items import account_names
from pleo_export.operations.reconcile import ReconciliationPeriod, reconcile_period
from pleo_export.operations.reconciliation.result import AccountRole, Pile
from pleo_simulator.choices import choose_for
from pleo_simulator.demo import CANNOT_BE_BOOKED, FISCAL_YEAR
from pleo_simulator.every_type import LEFT_OVER, every_type, keys
from pleo_simulator.sample import HAVN, LUMBRE, NORTHGATE
from pleo_simulator.sample_catalogue import ACCOUNTS as PLEO_ACCOUNTS

CHUNK = 8  # small chunks, so that there is progress to watch
PATIENCE_SECONDS = 300
REPORT = STATE / "demo-report.html"
GROUP, NEW_VALUE, TAGGED = "cost_centre", {"OSL": "Oslo"}, "Pret A Manger"
PREVIEWED = ("Ryman", "Figma")
FINAL = ("successful", "failed")
METHODS = {HAVN: "journal", LUMBRE: "accounts_payable"}  # as Pleo calls them
PROVEN = (AccountRole.WALLET, AccountRole.CLEARING, AccountRole.OUT_OF_POCKET, AccountRole.PAYABLES)


@dataclass
class Story:
    """What has been found so far: `right` is whether every check held, `seconds` how long each step took."""

    stack: LocalStack
    right: bool = True
    seconds: dict[str, float] = field(default_factory=dict)

    def check(self, what: str, found: Any, expected: Any) -> None:
        """Print a check and remember whether it held."""
        self.right &= output.agrees(what, found, expected)

    @contextmanager
    def step(self, title: str, name: str) -> Iterator[None]:
        """A step with its heading and its time."""
        output.heading(title)
        begun = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - begun


def tell(ledger: str = TRYTON) -> int:
    """Run the demo to its end, with one of the ledgers of `local.ledgers.choice`. Returns 0 if every check held."""
    product = "Tryton on PostgreSQL" if ledger == TRYTON else f"a simulator of {ledger}"
    output.heading(f"Start: the template on a local AWS, a simulator of Pleo, {product}")
    begun = time.monotonic()
    stack = LocalStack(
        parameters={"ChunkSize": str(CHUNK)},
        ledger=ledger,
        started=lambda part, taken: output.say(f"{part} ({taken:.0f} s)"),
    )
    with ExitStack() as running:
        with output.waiting_for("starting; the very first time Tryton sets up a company, for half a minute"):
            running.enter_context(stack)
        output.say(f"{stack.ledger.title}, to look at while this runs: {stack.ledger.page}")
        story = Story(stack)
        story.seconds["started in"] = time.monotonic() - begun
        with story.step("1. Connect a company: everything is tried before anything is stored", "connected"):
            _connect(stack)
        with story.step("2. Lists: people choose in Pleo from what the ledger has", "lists"):
            tagged = _choose_a_new_tag(story)
        with story.step("3. Preview: what an export would book, before anything is booked", "previewed"):
            seen = _preview(story)
        with story.step("4. Export: each expense becomes an entry", "exported"):
            job = _export(story, seen)
            _check_tagged(story, tagged)
        with story.step("5. Export the same expenses once more: nothing is booked twice", "exported again"):
            _export_again(story, job)
        with story.step("6. Reconcile: the ledger holds what Pleo was told", "reconciled"):
            _reconcile(story, job)
        with story.step("7. Report: one page to read, to print and to keep", "reported"):
            _report(story, job)
        with story.step("8. A month with every type of expense, under both methods", "every type"):
            _every_type(story)
        output.show_times(story.seconds)
        _say_next()
        return 0 if story.right else 1


def _connect(stack: LocalStack) -> None:
    pleo, deviations = stack.pleo.state, stack.ledger.deviations
    pleo.put_expenses(NORTHGATE, [deviations.of_ledger(each) for each in pleo.company(NORTHGATE).expenses.values()])
    for line in stack.connect(NORTHGATE, sync={"dimensions": [GROUP]}):
        output.say(line.replace(stack.webhook_url + NORTHGATE, "our address"))


def _choose_a_new_tag(story: Story) -> str:
    """A cost centre that is opened in the ledger is soon to be chosen in Pleo; somebody does, for an expense, whose id
    is returned. In a ledger that is simulated nobody opens one."""
    stack = story.stack
    with output.waiting_for("waiting for the first sync"):
        _wait_for_first_sync(stack)
    output.say(f"people choose from cost centres of {stack.ledger.title}: {_offered(stack)}")
    code = min(_tags(stack))  # a name, a code or a number: each ledger has its own
    if isinstance(stack.ledger, TrytonServer):
        stack.books.master_data.add_values(GROUP, NEW_VALUE)
        request = sync_request(NORTHGATE, [LedgerList.TAGS], "by_hand")
        with output.waiting_for("syncing"):
            send(stack.deployed, request)
            follow(stack.deployed, request, PATIENCE_SECONDS)
        (code,) = NEW_VALUE
        output.say(
            f"an accountant opens cost centre {code} in {stack.ledger.title}; pleo-export sync: {_offered(stack)}"
        )
    expenses = stack.pleo.state.company(NORTHGATE).expenses
    entry_id = next(each for each, item in expenses.items() if (item["supplier"] or {}).get("name") == TAGGED)
    choose_for(stack.pleo.service, NORTHGATE, entry_id, tags=[(GROUP, code)])
    output.say(f"somebody chooses {code} in Pleo, for the expense of {TAGGED}")
    lists = stack.deployed.services.ledger_lists(stack.deployed.services.connection(NORTHGATE))
    in_ledger = {each.code for each in lists.dimension_values(GROUP) if each.active}
    story.check("tags in Pleo", len(_tags(stack)), len(in_ledger))
    return entry_id


def _wait_for_first_sync(stack: LocalStack) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ((run := stack.deployed.syncs.get(NORTHGATE, LedgerList.TAGS)) and run.good_at):
        if time.monotonic() > deadline:
            raise ChildFailed(f"the first sync is not over after {PATIENCE_SECONDS} s; see .local/log/")
        if stopping.wait(0.2):
            raise Interrupted


def _tags(stack: LocalStack) -> Mapping[str, str]:
    """What Pleo offers of the group: names by code."""
    held = stack.pleo.service.tags
    (group,) = (each for each in held.groups(NORTHGATE) if each["code"] == GROUP)
    return {each["code"]: each["name"] for each in held.of_group(NORTHGATE, group["id"]) if not each["archived"]}


def _offered(stack: LocalStack) -> str:
    return ", ".join(f"{code} {name}" for code, name in _tags(stack).items())


def _check_tagged(story: Story, entry_id: str) -> None:
    """Whether the expense is booked on the cost centre that was opened meanwhile."""
    if isinstance(story.stack.ledger, TrytonServer):
        moves = story.stack.books.moves(f"pleo:{entry_id}")
        booked = {each for move in moves for line in move.lines for each in line.dimensions}
        story.check(f"cost centre of the expense of {TAGGED}", ", ".join(booked), ", ".join(NEW_VALUE))


def _preview(story: Story) -> JobPreview:
    """The company is paused meanwhile, so that its job waits for somebody to look at it."""
    stack = story.stack
    deployed = stack.deployed
    deployed.pauses.pause(NORTHGATE, deployed.caller, deployed.now(), "to look at the preview")
    job_id = stack.pleo.state.click_export(NORTHGATE)["id"]
    output.say(f"exports are paused; a bookkeeper clicks Export in Pleo: job {job_id}")
    with output.waiting_for("working out what it would book"):
        seen = preview(find_waiting(deployed.services, job_id, None), deployed.services)
        titles = {each.entry_id: output.title_of(each) for each in _overview(stack, job_id).items}
    shown = (each for each in seen.items if titles[each.entry_id].startswith(PREVIEWED) and not each.fails)
    output.show_preview(list(islice(shown, len(PREVIEWED))), _account_names(stack), titles)
    output.show_counts("  all items", Counter(each.state.value for each in seen.items))
    story.check("would fail", sum(each.fails for each in seen.items), len(_refused(stack)))
    story.check("entries in the books", len(stack.ledger.entries()), 0)
    return seen


def _refused(stack: LocalStack) -> Mapping[str, str]:
    """What cannot be booked in any ledger, and what not in this one."""
    return {**CANNOT_BE_BOOKED, **stack.ledger.deviations.demo}


def _account_names(stack: LocalStack) -> Mapping[str, str]:
    services = stack.deployed.services
    connection = services.connection(NORTHGATE)
    settings, secret = connection.settings, services.accounting_secret(connection)
    setup = stack.deployed.accounting_setup(settings.accounting_system, secret)
    return account_names(setup.accounts(), settings.accounts)


def _export(story: Story, seen: JobPreview) -> JobOverview:
    stack, deployed = story.stack, story.stack.deployed
    deployed.pauses.resume(NORTHGATE, deployed.caller, deployed.now())
    wake_up(deployed, NORTHGATE, "resume")
    _follow(stack, {seen.job.id: ""})
    job, entries = _overview(stack, seen.job.id), stack.ledger.entries()
    output.space()
    output.show_entries(_with_status(job, "successful"), {each.number: each.files for each in entries})
    (example, *_) = (each for each in job.items if each.supplier == PREVIEWED[0])
    output.say(f"each link opens its entry in {stack.ledger.title}, for example {example.url}")
    output.show_counts("\nPleo shows", job.counts)
    output.show_failures(_with_status(job, "failed"))
    output.space()
    story.check("items successful or failed", sum(_count(job, each) for each in FINAL), len(job.items))
    why = Counter(each.failure_type for each in job.items)
    refused = _refused(stack)
    story.check("failed for the right reason", (why & Counter(refused.values())).total(), len(refused))
    story.check("entries in the books", len(entries), _count(job, "successful"))
    wanted, booked = previewed_lines(seen.items), booked_lines(entries)
    alike = sum(lines == wanted.get(reference) for reference, lines in booked.items())
    story.check("entries account for account as previewed", alike, len(wanted))
    _check_balances(story, job)
    return job


def _check_balances(story: Story, job: JobOverview) -> None:
    """Whether the books balance, and the wallets moved by what was exported."""
    ledger, expenses = story.stack.ledger, story.stack.pleo.state.company(NORTHGATE).expenses
    output.console.print(f"\nTrial balance, from {ledger.title}")
    balances, entries = ledger.trial_balance(), ledger.entries()
    output.show_trial_balance(balances)
    story.check("debit - credit", sum(each.debit - each.credit for each in balances), Decimal(0))
    for currency, account in (("GBP", "1900"), ("EUR", "1901")):
        exported = (expenses[each.entry_id] for each in _with_status(job, "successful"))
        wanted = wallet_movement(exported, currency)
        story.check(f"wallet {currency} (account {account})", balance(entries, account), wanted)


def _export_again(story: Story, before: JobOverview) -> None:
    stack, entries = story.stack, len(story.stack.ledger.entries())
    booked = _with_status(before, "successful")
    job_id = stack.pleo.state.click_export(NORTHGATE, [each.entry_id for each in booked])["id"]
    _follow(stack, {job_id: ""})
    again = _overview(stack, job_id)
    new = len(stack.ledger.entries()) - entries
    output.say(f"{_count(again, 'successful')} of {len(booked)} successful, {new} new entries")
    story.check("successful once more", _count(again, "successful"), len(booked))
    story.check("new entries", new, 0)
    links = {each.entry_id: each.url for each in again.items}
    story.check("links to the same entry", sum(links[each.entry_id] == each.url for each in booked), len(booked))


def _reconcile(story: Story, job: JobOverview) -> None:
    with output.waiting_for("comparing the year in the ledger with what Pleo was told"):
        result = reconcile_period(NORTHGATE, ReconciliationPeriod(*FISCAL_YEAR), story.stack.deployed.services)
    counts = ", ".join(f"{len(result.pile(pile))} {pile.value}" for pile in Pile)
    output.say(f"{FISCAL_YEAR[0]} to {FISCAL_YEAR[1]}: {counts}; {result.not_booked} failed and not booked")
    output.show_proofs(each for each in result.proofs if each.role in PROVEN)
    story.check("matched", len(result.pile(Pile.MATCHED)), _count(job, "successful"))
    story.check("missing, extra, different or unknown", len(result.entries) - len(result.pile(Pile.MATCHED)), 0)
    story.check("accounts whose sums differ", sum(each.difference != 0 for each in result.proofs), 0)


def _report(story: Story, job: JobOverview) -> None:
    report = report_of_job(story.stack.deployed, job.job_id)
    REPORT.write_text(render(report), "utf-8")
    output.say(f"{REPORT.relative_to(ROOT)}: open it in a browser")
    story.check("exported in the report", report.counts[EXPORTED], _count(job, "successful"))
    story.check("failed in the report", report.counts[FAILED], _count(job, "failed"))


def _every_type(story: Story) -> None:
    """All 17 types and 6 subtypes, once as journal entries and once under accounts payable, by two companies at the
    same time, each in books of its own: both must leave the same on the accounts."""
    stack, deviations = story.stack, story.stack.ledger.deviations
    with stack.ledger.fresh() as journals, stack.ledger.fresh() as payables:
        books: dict[str, Books] = {HAVN: journals, LUMBRE: payables}
        jobs = {}
        for company_id, method in METHODS.items():
            stack.connect(company_id, books[company_id])
            items = [deviations.of_ledger(each) for each in every_type(company_id, method)]
            stack.pleo.state.put_expenses(company_id, items)
            ids = [item["accountingEntryId"] for item in items]
            jobs[company_id] = stack.pleo.state.click_export(company_id, ids, vendor_based_bookkeeping=True)["id"]
        _follow(stack, {jobs[company_id]: f"{method}, ".replace("_", " ") for company_id, method in METHODS.items()})
        for company_id, method in METHODS.items():
            _check_every_type(story, company_id, method, stack.job(jobs[company_id])["items"])
        entries = {method: books[company_id].entries() for company_id, method in METHODS.items()}
    wanted = {method: {**LEFT_OVER, **deviations.left_over.get(method, {})} for method in METHODS.values()}
    rows = [(account, [left_over(entries[method], account) for method in wanted]) for account in LEFT_OVER]
    expected = [[Decimal(wanted[method][account]) / 100 for method in wanted] for account in LEFT_OVER]
    alike = all(len(set(each)) == 1 for each in expected)
    titles = [each.replace("_", " ") for each in wanted]
    output.show_left_over(
        [*titles, *(["expected"] if alike else [f"expected, {each}" for each in titles])],
        [
            (f"{account} {PLEO_ACCOUNTS[account]}", [*found, *(each[:1] if alike else each)])
            for (account, found), each in zip(rows, expected, strict=True)
        ],
    )
    right = sum(found == each for (_, found), each in zip(rows, expected, strict=True))
    story.check("accounts that hold what they should", right, len(rows))


def _check_every_type(story: Story, company_id: str, method: str, items: Sequence[Mapping[str, Any]]) -> None:
    """What became of each expense, and whether the ledger holds on each account what Pleo was told."""
    name, stack = method.replace("_", " "), story.stack
    names = keys(company_id, method)
    failed = {names[each["accountingEntryId"]]: each for each in items if each["status"] != "successful"}
    for key, item in failed.items():
        output.say_refused(key, item["failureReason"] or "")
    beyond = stack.ledger.deviations.every_type.get(method, {})  # what this ledger cannot take, with the failure's type
    as_declared = sum(item["failureReasonType"] == beyond.get(key) for key, item in failed.items())
    story.check(f"{name}: items exported", len(items) - len(failed), len(items) - len(beyond))
    story.check(f"{name}: items that {stack.ledger.title} cannot take", as_declared, len(beyond))
    result = reconcile_period(company_id, ReconciliationPeriod(*FISCAL_YEAR), stack.deployed.services)
    output.show_proofs(each for each in result.proofs if each.role in PROVEN)
    story.check(f"{name}: matched in the ledger", len(result.pile(Pile.MATCHED)), len(items) - len(failed))
    story.check(f"{name}: accounts whose sums differ", sum(each.difference != 0 for each in result.proofs), 0)


def _follow(stack: LocalStack, jobs: dict[str, str]) -> None:
    """Watch until the jobs are final at Pleo; each has a word for its bars."""
    with output.bars() as progress:
        recorded, reported = {}, {}
        for job_id, word in jobs.items():
            total = len(stack.job(job_id)["items"])
            recorded[job_id] = progress.add_task(f"{word}recorded", total=total)
            reported[job_id] = progress.add_task(f"{word}reported to Pleo", total=total)
        deadline, left = time.monotonic() + PATIENCE_SECONDS, list(jobs)
        while left and time.monotonic() < deadline:
            for job_id in left:
                items = stack.job(job_id)["items"]
                progress.update(recorded[job_id], completed=len(stack.deployed.results.of_job(job_id)))
                final = sum(item["status"] in FINAL for item in items)
                progress.update(reported[job_id], completed=final)
            left = [each for each in left if not stack.is_over(each)]
            if left and stopping.wait(0.2):
                raise Interrupted
    if left:
        raise ChildFailed(f"job {left[0]} is not over after {PATIENCE_SECONDS} s; see .local/log/")


def _overview(stack: LocalStack, job_id: str) -> JobOverview:
    deployed = stack.deployed
    return overview(deployed, find_job(deployed, job_id))


def _with_status(job: JobOverview, status: str) -> Sequence[ItemOverview]:
    return [each for each in job.items if each.status == status]


def _count(job: JobOverview, status: str) -> int:
    return job.counts.get(status, 0)


def _say_next() -> None:
    command = ".venv/bin/pleo-export"
    output.show_next(
        {
            "make up": "keep the same stack running; in a shell as it says:",
            f"{command} watch": "follow an export that you click in the simulator",
            f"{command} preview JOB": "every debit and credit line before anything is booked",
            f"{command} job JOB": "what became of each expense, and why it failed",
            f"{command} reconcile --job JOB": "prove that the ledger holds it",
            f"{command} report JOB": "write the page about it",
            f"{command} doctor": "check every connection",
            "make test": "run the tests",
        }
    )
