"""No name, note, amount, file address or secret gets out (promise 8): not into a log, a message, the state machine or
the queue, and into our records only where this page says so.

Everything that people write carries MARK, and so does whatever Pleo and the accounting system say when they refuse.
"""

from __future__ import annotations

import io
import json
import logging
import re
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
import requests
from urllib3 import HTTPResponse

from pleo_export.accounting.errors import Rejected, Unavailable
from pleo_export.accounting.lists import LedgerList, LedgerSupplier
from pleo_export.bookkeeping.documents import Party
from pleo_export.services.messages import SyncRequest
from pleo_export.store.results import unpacked
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.aws import client
from tests.system.expenses import FIRST_DAY
from tests.system.held_lists import HeldSupplier
from tests.system.in_process_system import STATES, WEBHOOK_SECRET, WEBHOOK_TOKEN, InProcessSystem
from tests.system.log import logged
from tests.unit.workflow.test_webhook import created, deliver, headers

Json = dict[str, Any]
MARK = "zqleak"
AMOUNT = 98_765_432  # minor units
SECRETS = ("plp_", "whsec_", WEBHOOK_TOKEN)
WRITTEN = (MARK, "98.?765.?432", "987[.,]?654[.,]32", "/files/", "receipt:", "[?&]signature=")
CONTENT = re.compile("|".join([*WRITTEN, *map(re.escape, SECRETS)]), re.IGNORECASE)
QUOTE = f"{MARK} dinner of 987,654.32 with {MARK}, see https://pleo.test/files/{MARK}?signature=1"

# Every field of our records, by the kinds of their keys. Two may quote content: `reason` and `warnings` of an item are
# what the bookkeeper reads, in Pleo and by `pleo-export job`; they name the supplier or the code that has to be mended.
FIELDS = {
    "COMPANY CONNECTION": {
        "connected", "company_id", "settings", "books", "secret_arn", "ended_pleo", "ended_accounting_system",
        "settings_version", "next_look", "look_minutes",
    },
    "COMPANY SETTINGS": {"company_id", "version", "settings", "sha256", "stored_at", "stored_by", "code_version"},
    "COMPANY REFRESH": {"tries", "not_before", "spent", "spent_at", "after_refusal", "life", "expires_at"},
    "COMPANY SECRET": {"owner", "until"},
    "BOOKS CONNECTION": {"company_id"},
    "COMPANY SYNC": {
        "run_id", "reason", "part", "started_at", "ended_at", "first_at", "good_at", "changes", "findings", "found",
        "plans", "confirmed", "failure", "selected", "refreshed_at", "expires_at",
    },
    "POLL POLL": {"at", "checked_at", "checked_to"},
    "SCHEDULE SYNCS": {"slot", "after"},
    "BUDGET CALLS": {"recent", "daily", "closed_until", "version", "expires_at"},
    "COMPANY LEASE": {"owner", "since", "begun"},
    "JOB JOB": {
        "company_id", "attempts", "claimed", "claimed_by", "fetched", "items", "run_by", "fencing_token", "pen",
        "closed_as", "closed_because", "closed_code", "outcome", "finished_at", "expires_at", "clicked_at",
        "first_entry_at", "notified_at",
    },
    "JOB ITEM": {
        "entry_id", "status", "external_id", "external_url", "exported_at", "failure", "reason", "code", "warnings",
        "recorded_at", "expires_at",
    },
    "JOB BOOKED": {"results", "recorded_at", "expires_at"},  # `results`: of each what JOB ITEM has, but for the texts
    "ENTRY REV": {
        "company_id", "entry_id", "revision", "reference", "fingerprint", "job_id", "intended_at", "finishing_since",
        "document_id", "document_url", "document_number", "document_state", "payment_ids", "complete", "recorded_at",
        "booked", "settings_version", "code_version", "files",
    },
}  # fmt: skip
MEASURED = {"Calls", "JobsMissingObjective", "OldestPendingJobSeconds", "SecondsToExpiry", "SecondsToFirstEntry"}
FOR_THE_BOOKKEEPER = {"reason", "warnings"}
# Holds amounts, by which the ledger is compared later, beside codes and dates: nothing that somebody has written.
AMOUNTS = {"booked"}


def marked(key: str, kind: str = "card_purchase", supplier: str = "WeWork") -> Json:
    """An expense in which everything that somebody has written is marked; codes and ids are what we book by."""
    expense = Expense(
        key,
        kind,
        (Line(AMOUNT, "6400", "GB20"),),
        supplier=supplier,
        user="Amelia Hartley",
        note=f"{MARK} dinner with the board",
        receipts=(f"{MARK}.pdf",),
        attendees=(f"{MARK} Guest",),
        invoice=f"{MARK}-1",
    )
    item = export_item(NORTHGATE, expense, FIRST_DAY)
    item["supplier"] |= {"name": f"{MARK} Restaurant", "taxIdentifier": f"GB{MARK}"}
    item["user"]["name"] = f"{MARK} Hartley"
    item["team"]["name"] = f"{MARK} Sales"
    item["accountingEntryLines"][0]["account"]["name"] = f"{MARK} rooms"
    if item["vendor"]:
        item["vendor"]["name"] = f"{MARK} Landlord"
    if invoice := item["additionalInformation"]["invoiceInformation"]:
        invoice["supplierBankAccount"] |= {name: f"{MARK} {name}" for name in ("bankName", "accountNumber", "iban")}
    return item


@pytest.fixture
def northgate(system: InProcessSystem) -> InProcessSystem:
    """Connected, with expenses that can be booked, by both methods, and others that cannot, each for its own reason."""
    bad_amount, no_account, elsewhere = (marked(key) for key in ("amount", "account", "elsewhere"))
    del bad_amount["accountingEntryLines"][0]["lineAmount"]
    no_account["accountingEntryLines"][0]["account"] = None
    elsewhere["files"][0]["url"] = f"https://evil.test/{MARK}?signature={MARK}"
    stranger = marked("stranger", "card_invoice", supplier="Adobe")
    good = [marked("desk"), marked("room"), marked("bill", "card_invoice")]
    books = system.connect(NORTHGATE, [*good, bad_amount, no_account, elsewhere, stranger])
    books.ledger.suppliers["V-1008"] = Party("8", f"{MARK} Landlord", "2101")
    system.service.credentials.add_key(key := f"plp_{MARK}", NORTHGATE)
    secret = {
        "pleo": {"api_key": key},
        "webhook_secrets": [WEBHOOK_SECRET],
        "webhook_tokens": [WEBHOOK_TOKEN],
        "accounting_system": {"token": MARK},
    }
    name = f"test-stack/connections/{NORTHGATE}"
    client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(secret))
    return system


@dataclass
class Heard:
    """Our log lines, those of all libraries, and errors as Lambda logs them and hands them to the state machine."""

    ours: io.StringIO
    others: io.StringIO
    errors: list[str] = field(default_factory=list)


@contextmanager
def listening(system: InProcessSystem) -> Iterator[Heard]:
    """To our log lines at DEBUG, to everybody's at INFO, and to every error that leaves a function."""
    others = logging.StreamHandler(io.StringIO())
    others.addFilter(lambda record: not record.name.startswith("httpx"))  # the test's own way to the simulator
    root = logging.getLogger()
    usual = root.level
    with logged("DEBUG") as ours:
        heard = Heard(ours, others.stream)
        for name, handler in system.handlers.items():
            system.handlers[name] = partial(_overheard, heard, handler)
        root.addHandler(others)
        root.setLevel("INFO")
        try:
            yield heard
        finally:
            root.removeHandler(others)
            root.setLevel(usual)


def _overheard(heard: Heard, handler: Any, event: Any, context: Any) -> Any:
    try:
        return handler(event, context)
    except Exception as error:
        heard.errors.append("".join(traceback.format_exception(error)))
        raise


def counted(metrics: Sequence[str]) -> dict[tuple[str, str], int]:
    """Sums of metrics, by name and the dimension that it has besides the service."""
    sums: Counter[tuple[str, str]] = Counter()
    for line in map(json.loads, metrics):
        assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "pleo-export/town"
        (name,) = (each["Name"] for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"])
        dimensions = {each for each in line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0] if each != "service"}
        sums[name, "".join(line[each] for each in dimensions)] += int(line[name][0])
    return dict(sums)


def nothing_leaked(
    system: InProcessSystem, heard: Heard, tokens: Collection[str] = (), metrics: Sequence[str] = ()
) -> None:
    """Looks at all that may be read by who may not read expenses; at no place are there secrets."""
    secrets = {*SECRETS, *tokens}
    calls = [params for name, params in system.effects.aws if name in ("SendMessage", "GetObject", "GetItem", "Query")]
    calls += [{**params, "Body": ""} for name, params in system.effects.aws if name == "PutObject"]
    told = [
        heard.ours.getvalue(),
        heard.others.getvalue(),
        *heard.errors,
        *system.payloads,
        *metrics,
        *(json.dumps(each, default=str) for each in calls),
    ]
    assert [text for text in told if CONTENT.search(text) or any(secret in text for secret in secrets)] == []
    held = system.services.table.scan()["Items"]
    for record in held:
        kind = " ".join(record[key].split("#", maxsplit=1)[0] for key in ("pk", "sk"))
        assert record.keys() - {"pk", "sk"} <= FIELDS[kind], f"{kind}: decide who may read the new field, and name it"
    for record in (each for packed in held for each in unpacked(packed)):
        guarded = {name: value for name, value in record.items() if name not in FOR_THE_BOOKKEEPER | AMOUNTS}
        assert not any(MARK in str(record.get(name)) for name in AMOUNTS)
        assert not CONTENT.search(json.dumps(guarded, default=str))
        assert not any(secret in json.dumps(record, default=str) for secret in secrets)


def export(system: InProcessSystem) -> str:
    return system.export(NORTHGATE, vendor_based_bookkeeping=True)


# What each line says of the call that wrote it, so that an operator finds the call, and all that belongs to it.
OF_THE_CALL = {"function_request_id", "function_name", "cold_start", "correlation_id"}


def test_given_a_whole_job_when_it_is_over_then_only_the_books_pleo_and_the_payloads_hold_content(
    northgate: InProcessSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "pleo-export/town")
    body = created()
    with listening(northgate) as heard:
        assert deliver(northgate, body, headers(northgate, body)) == 202
        job = export(northgate)
        northgate.poll()
        northgate.deliver()
        northgate.run_executions()

    metrics = [line for line in capsys.readouterr().out.splitlines() if '"CloudWatchMetrics"' in line]
    nothing_leaked(northgate, heard, metrics=metrics)
    numbers = counted(metrics)
    assert {key: number for key, number in numbers.items() if key[0] not in MEASURED} == {
        ("JobsCompleted", "completed_with_errors"): 1,
        ("ItemsExported", ""): 4,
        **{("ItemsFailed", failure): 1 for failure, _ in northgate.failures(job).values()},
        **{("JobsWithFailures", cause): 1 for cause in ("expenses", "settings")},
        ("ReceiptsAttached", ""): 3,
        ("ReceiptsRefused", "receipt_download_failure"): 1,
        ("CompaniesWoken", ""): 1,
        ("NotificationsSent", "topic"): 1,
        ("WakeUpsHandled", ""): 3,
        ("JobsStarted", "webhook"): 1,
        ("JobsStarted", "poll"): 0,
    }
    lines = [json.loads(line) for line in heard.ours.getvalue().splitlines()]
    silent = {"fail_job", "validate_job"}  # where all goes well
    assert {line["function_name"] for line in lines} == {"webhook", "poll", "dispatch", *STATES.values()} - silent
    assert [line for line in lines if not line.keys() >= OF_THE_CALL] == []
    assert {
        line["correlation_id"] for line in lines if "job_id" in line and line["function_name"] in STATES.values()
    } == {job}
    assert northgate.statuses(job) == {"successful": 4, "failed": 3}
    assert "job finished" in heard.ours.getvalue()
    (key,) = (params["Key"] for name, params in northgate.effects.aws if name == "PutObject")
    chunk = client("s3").get_object(Bucket=northgate.environment["BUCKET_NAME"], Key=key)["Body"].read().decode()
    assert chunk.count(MARK) > 50  # else nothing was marked
    assert MARK in str(northgate.books[NORTHGATE].live())


def test_given_lists_full_of_what_people_have_written_when_they_are_synced_then_only_pleo_and_the_plans_hold_it(
    northgate: InProcessSystem,
) -> None:
    """Names of suppliers are people's, too. Of each kind one is not as it should be, and one is refused."""
    sync = {"dimensions": ["cost_centre"], "accounts": True, "tax_codes": True, "vendors": True}
    books = northgate.connect(HAVN, sync=sync)
    lists = books.ledger.lists
    lists.put_value("cost_centre", "", f"{MARK} without code")
    lists.put_value("cost_centre", "lon", f"{MARK} once more")
    lists.put_value("cost_centre", "OSL", f"{MARK} {'x' * 400}")
    lists.put_account("7000", f"{MARK} account")
    lists.put_supplier(f"{MARK} Landlord")
    lists.suppliers.append(HeldSupplier(LedgerSupplier("S9", None, f"{MARK} without number", active=True)))
    northgate.service.vendors.make(HAVN, f"{MARK} Bakery")
    northgate.service.faults.order(Fault(effect="status", status=400, method="POST", path="/v1/vendors$", nth=2))
    request = SyncRequest(company_id=HAVN, lists=tuple(LedgerList), run_id="run", reason="by_hand")
    northgate.services.sync_queue.send(request, once_per="run")
    with listening(northgate) as heard:
        assert northgate.deliver_syncs() == ["done"]

    nothing_leaked(northgate, heard)
    runs = [northgate.services.syncs.get(HAVN, each) for each in LedgerList]
    kinds = {kind for run in runs if run for kind in run.findings}
    assert {"empty_code", "collision", "name_cut", "refused"} <= kinds
    assert "list synced" in heard.ours.getvalue()
    plans = northgate.services.sync_plans
    assert MARK in str([plans.read(key) for key in plans.of_company(HAVN)])
    assert MARK in str(northgate.service.vendors.rows.of(HAVN))


# `check` sends no expense, so what is said of it may be repeated.
MOMENTS = ("before books find_many", "before books find_parties", "before books record", "after books record")


@pytest.mark.parametrize("moment", [*MOMENTS, "before books attach"])
@pytest.mark.parametrize(
    "error",
    [
        Rejected(QUOTE),
        KeyError(QUOTE),
        Unavailable("Only a Rejected may quote: see accounting/errors.py."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_given_an_accounting_system_that_quotes_what_it_refuses_then_nobody_else_hears_it(
    northgate: InProcessSystem, moment: str, error: BaseException
) -> None:
    northgate.effects.on(moment, error, times=2)
    export(northgate)
    with listening(northgate) as heard:
        northgate.run(NORTHGATE)
    nothing_leaked(northgate, heard)


def test_given_a_fault_of_ours_in_one_item_then_its_message_is_not_repeated(
    northgate: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse_export_item(payload: Json) -> None:
        raise LookupError(json.dumps(payload))

    monkeypatch.setattr("pleo_export.workflow.recording.preparation.parse_export_item", parse_export_item)
    job = export(northgate)
    with listening(northgate) as heard:
        northgate.run(NORTHGATE)
    nothing_leaked(northgate, heard)
    assert northgate.statuses(job) == {"failed": 7}


def test_given_tokens_that_are_replaced_all_the_time_when_a_job_runs_then_none_is_seen(
    northgate: InProcessSystem,
) -> None:
    with mock.patch("pleo_simulator.oauth.ACCESS_TOKEN_LIFE", timedelta(seconds=20)), listening(northgate) as heard:
        grant = northgate.authorise(NORTHGATE)
        export(northgate)
        northgate.run(NORTHGATE)
    written = [
        json.loads(params["SecretString"])["pleo"] for name, params in northgate.effects.aws if "SecretString" in params
    ]
    tokens = {each[name] for each in [grant.as_secret(), *written] for name in ("access_token", "refresh_token")}
    assert len(tokens) > 4
    nothing_leaked(northgate, heard, {*tokens, "never-to-be-seen"})


@pytest.mark.parametrize("status", [200, 302, 400, 401, 500])
def test_given_a_token_endpoint_that_quotes_in_its_answers_then_nobody_hears_it(
    northgate: InProcessSystem, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    northgate.authorise(NORTHGATE)
    northgate.sleep(24 * 3600)
    content = {"error": QUOTE, "error_description": QUOTE, "message": QUOTE}
    monkeypatch.setattr(northgate.wire, "send", _answering_once(northgate.wire.send, "POST /oauth", status, content))
    export(northgate)
    with listening(northgate) as heard:
        northgate.poll()
        northgate.deliver()
        northgate.run_executions()
    nothing_leaked(northgate, heard)


REFUSAL = {"type": QUOTE, "message": QUOTE}
ANSWERS = [(200, {"data": QUOTE}), (400, REFUSAL), (401, REFUSAL), (500, REFUSAL)]
CALLS = ("GET /v3/export-jobs?", "GET /v3/export-jobs/", "GET /v3/export-items", "PUT /v3", "POST /v3", "GET /files")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("status", "content"), ANSWERS, ids=[str(status) for status, _ in ANSWERS])
def test_given_a_pleo_that_quotes_in_its_answers_then_nobody_else_hears_it(
    northgate: InProcessSystem, call: str, status: int, content: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(northgate)
    monkeypatch.setattr(northgate.wire, "send", _answering_once(northgate.wire.send, call, status, content))
    with listening(northgate) as heard:
        northgate.poll()
        northgate.deliver()
        northgate.run_executions()
    nothing_leaked(northgate, heard)


def _answering_once(usual: Callable[..., requests.Response], call: str, status: int, content: Json) -> Any:
    answers = [(status, content)]

    def send(request: requests.PreparedRequest, *given: Any, **more: Any) -> requests.Response:
        if not answers or not f"{request.method} {request.path_url}".startswith(call):
            return usual(request, *given, **more)
        status, content = answers.pop()
        body = io.BytesIO(json.dumps(content).encode())
        raw = HTTPResponse(body=body, status=status, preload_content=False, headers={"Location": QUOTE})
        return requests.adapters.HTTPAdapter().build_response(request, raw)

    return send


def test_given_webhooks_that_are_refused_or_ignored_then_what_they_say_is_not_repeated(
    northgate: InProcessSystem,
) -> None:
    body, unknown, no_json = created(note=QUOTE), created(eventType=QUOTE), QUOTE.encode()
    forged = headers(northgate, body, secret="whsec_" + "QUJD" * 8) | {"authorization": f"Bearer {MARK}"}
    with listening(northgate) as heard:
        answers = [
            deliver(northgate, body, forged),
            deliver(northgate, body, {}),
            deliver(northgate, body, forged, path={"companyId": MARK}),
            deliver(northgate, unknown, headers(northgate, unknown)),
            deliver(northgate, no_json, headers(northgate, no_json)),
        ]
    assert answers == [401, 401, 401, 202, 202]
    nothing_leaked(northgate, heard)
