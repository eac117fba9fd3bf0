"""The simulation's fast stand-ins, held to what they stand for: moto's DynamoDB and Pleo's application."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any

import pytest
from moto import mock_aws
from starlette.testclient import TestClient

from pleo_export.errors import ItemFailure, JobFailure
from pleo_export.store.connected_companies import CONNECTED, ConnectedCompanies
from pleo_export.store.connected_companies import INDEX as CONNECTED_INDEX
from pleo_export.store.connections import Connection, connection_record
from pleo_export.store.fencing import FencingToken, FencingTokens
from pleo_export.store.jobs import Jobs
from pleo_export.store.leases import Lease, Leases
from pleo_export.store.looks import Look, Looks
from pleo_export.store.postings import Posting, Postings
from pleo_export.store.results import ItemResult, Results
from pleo_export.store.table import company_key
from pleo_simulator.clock import Clock
from pleo_simulator.pleo_state import Company
from pleo_simulator.sample import NORTHGATE
from pleo_simulator.server import build_app
from pleo_simulator.service import build_service
from tests.simulation.fake_aws import Table
from tests.simulation.fake_endpoints import PleoSession
from tests.simulation.fault_injection import FaultInjector
from tests.system.aws import create_table, resource
from tests.system.expenses import purchases
from tests.system.in_process_system import NOON

ENTRIES = [f"{number:08d}-1111-4111-8111-111111111111" for number in range(3)]


@pytest.fixture
def moto_table() -> Iterator[Any]:
    with mock_aws():
        yield resource("dynamodb").Table(create_table())


def quiet() -> FaultInjector:
    return FaultInjector(Random(0), Clock(NOON))


def operations(table: Any, random: Random) -> Iterator[Any]:  # noqa: C901, PLR0912 - one case for each operation
    """What the state classes answer to two hundred operations drawn at random."""
    leases, jobs, fencing_tokens, results, postings = (
        Leases(table),
        Jobs(table),
        FencingTokens(table),
        Results(table),
        Postings(table),
    )
    for job in ("one", "two"):
        jobs.next_attempt(job, NORTHGATE, NOON)
    for number in range(200):
        at = NOON + timedelta(seconds=random.randint(0, 3))
        entry, job, owner = random.choice(ENTRIES), random.choice(["one", "two"]), random.choice(["a", "b"])
        posting = Posting(NORTHGATE, entry, random.randint(1, 2), f"pleo:{entry}", "print", job, at)
        seen = random.choice([None, posting])
        held = random.choice([None, Lease(NORTHGATE, owner, at, begun=random.random() < 0.5)])
        token = FencingToken(job, "first", owner)
        match random.randrange(20):
            case 0:
                yield leases.take(NORTHGATE, f"{number}", at, replacing=held)
            case 1:
                leases.release(NORTHGATE, owner)
            case 2:
                yield leases.get(NORTHGATE)
            case 3:
                yield jobs.next_attempt(job, NORTHGATE, at)
            case 4:
                jobs.set_fields(job, claimed=True, outcome="completed")
            case 5:
                yield jobs.get(job)
            case 6:
                result = random.choice([ItemResult(entry), ItemResult(entry, failure=ItemFailure.ACCOUNT_UNKNOWN)])
                yield results.put_many(token, random.randrange(2), [result], at)
            case 7:
                yield sorted(results.of_job(job).items())
                yield sorted(results.of_chunk(job, "first", 0, ENTRIES).items())
            case 8:
                yield postings.intend(token, [(posting, seen)])
            case 9:
                postings.withdraw(posting)
            case 10:
                yield postings.save_many(token, [posting])
            case 11:
                yield postings.latest(NORTHGATE, entry)
            case 13:
                yield jobs.begin(
                    job, NORTHGATE, random.choice(["first", "second"]), seen=random.choice([None, "first", "second"])
                )
            case 14 | 15:
                yield fencing_tokens.take(job, random.choice(["first", "second"]), owner)
            case 16 if number % 3 == 0:  # for good
                yield jobs.close(job, random.choice(["first", "second"]), JobFailure.SERVICE_TIMEOUT, "r")
            case 17:
                yield leases.confirm(NORTHGATE, owner)
            case 18:
                yield jobs.claim(job, owner)
            case 19:
                jobs.disclaim(job, owner)
            case 12:
                yield sorted(postings.get_many(NORTHGATE, dict.fromkeys(ENTRIES, 1)).items())


@pytest.mark.parametrize("seed", range(3))
def test_the_table_in_memory_answers_operations_like_dynamodb(seed: int, moto_table: Any) -> None:
    theirs = list(operations(moto_table, Random(seed)))
    ours = list(operations(Table(quiet()), Random(seed)))

    assert ours == theirs


COMPANIES = [f"{number:08d}-2222-4222-8222-222222222222" for number in range(5)]


def looks_at_companies(table: Any, random: Random) -> Iterator[Any]:
    """What the index of looks answers to a hundred operations drawn at random."""
    looks = Looks(table)
    for _ in range(100):
        company = random.choice(COMPANIES)
        at = NOON + timedelta(minutes=random.randint(0, 9))
        match random.randrange(6):
            case 0:
                table.put_item(Item=connection_record(Connection(company, {}, "arn"), "ledger"))
            case 1:
                table.put_item(Item={**company_key(company, "CONNECTION"), CONNECTED_INDEX: CONNECTED})
            case 2:
                looks.note(company, at, timedelta(minutes=random.choice([5, 10])))
            case 3:
                looks.add(company, at)
            case 4:
                for look in looks.first(2, random.choice([None, at])):
                    yield look
                    looks.move(random.choice([look, replace(look, at=at)]), at + timedelta(minutes=5))
            case 5:
                yield looks.count(random.choice([None, at]))
                page = list(islice(ConnectedCompanies(table).company_ids(after=random.choice([None, company])), 3))
                yield page
                yield sorted(looks.without_time(page))


@pytest.mark.parametrize("seed", range(3))
def test_the_indexes_in_memory_answer_the_poll_like_dynamodb_s(seed: int, moto_table: Any) -> None:
    theirs = list(looks_at_companies(moto_table, Random(seed)))
    ours = list(looks_at_companies(Table(quiet()), Random(seed)))

    assert ours == theirs
    assert any(isinstance(each, Look) for each in ours)


REQUESTS: list[tuple[str, str, list[tuple[str, Any]], Any]] = [
    ("GET", "/v3/export-jobs", [("company_id", NORTHGATE), ("statuses", "pending"), ("statuses", "in_progress")], None),
    ("GET", "/v3/export-jobs/{job}", [], None),
    ("POST", "/v3/export-job-events", [], {"jobId": "{job}", "event": "started"}),
    ("POST", "/v3/export-job-events", [], {"jobId": "{job}", "event": "started"}),
    ("GET", "/v3/export-jobs/{job}/items", [("limit", 2)], None),
    ("GET", "/v3/export-jobs/{job}/items", [("limit", 2), ("after", "{cursor}")], None),
    ("GET", "/v3/export-items", [("job_id", "{job}"), ("limit", 100)], None),
    ("PUT", "/v3/export-jobs/{job}/items", [], [{"accountingEntryId": "{entry}", "status": "in_progress"}]),
    ("PUT", "/v3/export-jobs/{job}/items", [], [{"accountingEntryId": "{entry}", "status": "pending"}]),
    ("GET", "/v3/export-jobs/{job}/items", [("status", "in_progress"), ("limit", 1)], None),
    ("POST", "/v3/export-job-events", [], {"jobId": "{job}", "event": "completed"}),
    ("GET", "/v3/export-jobs/11111111-2222-4333-8444-555555555555", [], None),
]


def test_the_short_way_to_pleo_answers_requests_like_its_application() -> None:
    ways, answers = [_application(), _short_way()], []
    for ask, job, entry in ways:
        given: list[tuple[int, Any]] = []
        cursor = ""
        for method, path, query, body in REQUESTS:
            text = json.dumps([path, query, body]).replace("{job}", job).replace("{entry}", entry)
            filled_path, filled_query, filled_body = json.loads(text.replace("{cursor}", cursor))
            status, content = ask(method, filled_path, [tuple(each) for each in filled_query], filled_body)
            cursor = ((content or {}).get("pagination") or {}).get("endCursor", cursor)
            given.append((status, content))
        answers.append(given)

    assert answers[0] == answers[1]
    assert [status for status, _ in answers[0]] == [200, 200, 202, 422, 200, 200, 200, 200, 200, 200, 422, 404]


def _application() -> tuple[Any, str, str]:
    service = build_service(Clock(NOON))
    service.state.put_company(Company(NORTHGATE, "Company"))
    service.state.put_expenses(NORTHGATE, items := purchases(3))
    service.credentials.add_key("key", NORTHGATE)
    job = service.state.click_export(NORTHGATE)["id"]
    client = TestClient(build_app(service), base_url="https://pleo.test")

    def ask(method: str, path: str, query: Any, body: Any) -> tuple[int, Any]:
        answer = client.request(method, path, params=query, json=body, auth=("key", ""))
        return answer.status_code, answer.json() if answer.content else None

    return ask, job, items[0]["accountingEntryId"]


def _short_way() -> tuple[Any, str, str]:
    service = build_service(Clock(NOON))
    service.state.put_company(Company(NORTHGATE, "Company"))
    service.state.put_expenses(NORTHGATE, items := purchases(3))
    job = service.state.click_export(NORTHGATE)["id"]
    wire = PleoSession(service.state, quiet(), NORTHGATE, lambda job, event: None, lambda company: None)

    def ask(method: str, path: str, query: Any, body: Any) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        answer = wire.request(method, f"https://pleo.test{path}", params=query, data=data)
        return answer.status_code, json.loads(answer.content) if answer.content else None

    return ask, job, items[0]["accountingEntryId"]
