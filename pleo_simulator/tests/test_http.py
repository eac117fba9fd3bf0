"""The simulator over real connections: credentials, faults, files, webhooks, OAuth, the control API."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from starlette.types import ASGIApp

from pleo_simulator import server
from pleo_simulator.deliveries import sign
from pleo_simulator.oauth import s256
from pleo_simulator.sample import API_KEYS, HAVN, NORTHGATE, OAUTH_CLIENT
from pleo_simulator.server import Simulator, build_app
from pleo_simulator.service import PleoService, build_service

Json = dict[str, Any]

pytestmark = pytest.mark.enable_socket

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


class Caller(requests.Session):
    """Speaks to one simulator with one credential."""

    def __init__(self, url: str, key: str | None = None) -> None:
        super().__init__()
        self._base = url
        if key is not None:
            self.auth = (key, "")

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        full = str(url) if str(url).startswith("http") else self._base + str(url)
        return super().request(method, full, *args, **({"timeout": 10} | kwargs))


@pytest.fixture(scope="module")
def application() -> tuple[PleoService, ASGIApp]:
    """Built once: that takes longer than most tests."""
    service = build_service()
    return service, build_app(service)


@pytest.fixture
def simulator(application: tuple[PleoService, ASGIApp], monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    served, app = application

    def joined(fresh: PleoService) -> ASGIApp:
        """The application, of which each part has the state of a Pleo that nobody has used yet."""
        for part in fields(PleoService):
            if part.name != "requests":
                getattr(served, part.name).__dict__ = getattr(fresh, part.name).__dict__
        vars(served)["requests"] = fresh.requests
        return app

    monkeypatch.setattr(server, "build_app", joined)
    with Simulator("sample", retry_scale=0) as running:
        yield running


@pytest.fixture
def pleo(simulator: Simulator) -> Caller:
    return Caller(simulator.url, API_KEYS[NORTHGATE])


@pytest.fixture
def sim(simulator: Simulator) -> Caller:
    """The control API."""
    return Caller(simulator.url + "/_sim")


def started(sim: Caller, pleo: Caller) -> str:
    job = sim.post(f"/companies/{NORTHGATE}/export").json()["id"]
    assert pleo.post("/v3/export-job-events", json={"jobId": job, "event": "started"}).status_code == 202
    return str(job)


def statuses(pleo: Caller, job: str) -> list[str]:
    rows = pleo.get(f"/v3/export-jobs/{job}/items", params={"limit": 100}).json()["data"]
    return [row["status"] for row in rows]


def reports(pleo: Caller, job: str, count: int) -> list[Json]:
    rows = pleo.get(f"/v3/export-jobs/{job}/items", params={"limit": count}).json()["data"]
    return [{"accountingEntryId": row["accountingEntryId"], "status": "successful"} for row in rows]


# Credentials


@pytest.mark.parametrize(
    "auth", [None, ("plp_wrong", ""), ("plp_northgate", "password")], ids=("none", "wrong key", "a password")
)
def test_given_no_good_credential_then_401(simulator: Simulator, auth: tuple[str, str] | None) -> None:
    answer = requests.get(simulator.url + "/v3/export-jobs", auth=auth, timeout=10)

    assert (answer.status_code, answer.json()["type"]) == (401, "UNAUTHORIZED")


def test_given_another_companys_key_then_the_job_is_404(simulator: Simulator, sim: Caller, pleo: Caller) -> None:
    job = started(sim, pleo)

    answer = Caller(simulator.url, API_KEYS[HAVN]).get(f"/v3/export-jobs/{job}")

    assert (answer.status_code, answer.json()["type"]) == (404, "EXPORT_NOT_FOUND")


def test_given_a_key_that_may_only_read_then_writing_is_403(simulator: Simulator, sim: Caller) -> None:
    sim.post("/keys", json={"key": "plp_reader", "companyId": NORTHGATE, "scopes": ["export-jobs:read"]})
    reader = Caller(simulator.url, "plp_reader")

    event = {"jobId": NORTHGATE, "event": "started"}

    assert reader.get("/v3/export-jobs").status_code == 200
    assert reader.get("/v3/export-items").status_code == 403
    assert reader.post("/v3/export-job-events", json=event).status_code == 403


def test_given_the_limit_is_reached_then_429_with_retry_after_until_the_clock_moves(sim: Caller, pleo: Caller) -> None:
    sim.put("/limit", json={"requestsPerMinute": 2})

    answers = [pleo.get("/v3/export-jobs") for _ in range(3)]
    sim.post("/clock", json={"advanceSeconds": 61})

    assert [each.status_code for each in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert pleo.get("/v3/export-jobs").status_code == 200


# Bodies


@pytest.mark.parametrize(
    "update",
    [
        {"status": "successful"},
        {"accountingEntryId": NORTHGATE},
        {"accountingEntryId": "not a uuid", "status": "successful"},
        {"accountingEntryId": NORTHGATE, "status": "done"},
        {"accountingEntryId": NORTHGATE, "status": "failed", "externalId": None},
        {"accountingEntryId": NORTHGATE, "status": "failed", "failureReasonType": "job_expired"},
        {"accountingEntryId": NORTHGATE, "status": "failed", "exportedAt": "yesterday"},
        {"accountingEntryId": NORTHGATE, "status": "failed", "reason": "no such field"},
    ],
)
def test_given_an_update_that_the_document_forbids_then_400(sim: Caller, pleo: Caller, update: Json) -> None:
    answer = pleo.put(f"/v3/export-jobs/{started(sim, pleo)}/items", json=[update])

    assert (answer.status_code, answer.json()["type"]) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("query", ["limit=-1", "after=lower", "after=A&offset=1", "statuses=done", "offset=x"])
def test_given_a_query_that_the_document_forbids_then_400(pleo: Caller, query: str) -> None:
    assert pleo.get(f"/v3/export-jobs?{query}").status_code == 400


# Faults


def test_given_drop_before_then_the_connection_ends_and_nothing_happened(sim: Caller, pleo: Caller) -> None:
    job = started(sim, pleo)
    update = reports(pleo, job, 1)
    sim.post("/faults", json={"effect": "drop_before", "method": "PUT", "path": "/v3/export-jobs/"})

    with pytest.raises(requests.ConnectionError):
        pleo.put(f"/v3/export-jobs/{job}/items", json=update)

    assert set(statuses(pleo, job)) == {"pending"}


def test_given_drop_after_then_the_connection_ends_though_it_happened(sim: Caller, pleo: Caller) -> None:
    job = started(sim, pleo)
    update = reports(pleo, job, 1)
    sim.post("/faults", json={"effect": "drop_after", "method": "PUT", "path": "/v3/export-jobs/"})

    with pytest.raises(requests.ConnectionError):
        pleo.put(f"/v3/export-jobs/{job}/items", json=update)

    assert statuses(pleo, job)[0] == "successful"
    assert sim.get("/faults").json() == []


def test_given_item_errors_then_a_200_refuses_some_items_and_updates_the_others(sim: Caller, pleo: Caller) -> None:
    job = started(sim, pleo)
    updates = reports(pleo, job, 5)
    refused = updates[3]["accountingEntryId"]
    sim.post("/faults", json={"effect": "item_errors", "method": "PUT", "entryIds": [refused]})

    answer = pleo.put(f"/v3/export-jobs/{job}/items", json=updates)

    assert answer.status_code == 200
    assert len(answer.json()["data"]) == 4
    assert [(each["accountingEntryId"], each["type"]) for each in answer.json()["errors"]] == [
        (refused, "ACCOUNTING_ENTRY_UPDATE_FAILED")
    ]
    assert statuses(pleo, job)[:5] == ["successful", "successful", "successful", "pending", "successful"]


def test_given_refusals_then_status_and_retry_after_are_as_ordered_and_only_for_their_count(
    sim: Caller, pleo: Caller
) -> None:
    sim.post("/faults", json={"effect": "status", "status": 502, "count": 2})
    sim.post("/faults", json={"effect": "rate_limit", "retryAfter": 7})
    sim.post("/faults", json={"effect": "rate_limit"})

    answers = [pleo.get("/v3/export-jobs") for _ in range(5)]

    assert [(each.status_code, each.headers.get("Retry-After")) for each in answers] == [
        (502, None),
        (502, None),
        (429, "7"),
        (429, None),
        (200, None),
    ]


def test_given_a_spoiled_answer_then_it_is_not_json_or_lacks_the_field(sim: Caller, pleo: Caller) -> None:
    started(sim, pleo)
    sim.post("/faults", json={"effect": "bad_json"})
    sim.post("/faults", json={"effect": "missing_field", "field": "data.0.status"})
    sim.post("/faults", json={"effect": "missing_field", "field": "pagination.hasNextPage"})

    with pytest.raises(requests.JSONDecodeError):
        pleo.get("/v3/export-jobs").json()
    assert "status" not in pleo.get("/v3/export-jobs").json()["data"][0]
    assert "hasNextPage" not in pleo.get("/v3/export-jobs").json()["pagination"]


def test_given_a_delay_longer_than_the_callers_patience_then_it_times_out_and_the_effect_follows(
    sim: Caller, pleo: Caller
) -> None:
    sim.post("/faults", json={"effect": "delay", "delayMs": 300})

    with pytest.raises(requests.ReadTimeout):
        pleo.get("/v3/export-jobs", timeout=0.05)
    assert pleo.get("/v3/export-jobs", timeout=5).status_code == 200


def test_the_request_log_names_each_call_its_answer_and_its_fault(sim: Caller, pleo: Caller) -> None:
    sim.post("/faults", json={"effect": "drop_before"})
    with pytest.raises(requests.ConnectionError):
        pleo.get("/v3/export-jobs")
    pleo.get("/v3/export-jobs", params={"limit": 1})

    log = sim.get("/requests").json()

    assert [(each["method"], each["path"], each["query"], each["status"], each["fault"]) for each in log] == [
        ("GET", "/v3/export-jobs", "", None, "drop_before"),
        ("GET", "/v3/export-jobs", "limit=1", 200, None),
    ]


# Receipts


def test_a_receipt_s_link_works_without_a_credential_for_a_day(sim: Caller, pleo: Caller) -> None:
    job = started(sim, pleo)
    items = pleo.get(f"/v3/export-items?job_id={job}&limit=100").json()["data"]
    files = [file for item in items for file in item["files"]]

    answers = [requests.get(file["url"], timeout=10) for file in files]
    sim.post("/clock", json={"advanceSeconds": 24 * 3600})

    assert {file["type"] for file in files} == {"application/pdf", "image/jpeg", "image/png"}
    assert [(each.headers["Content-Type"], len(each.content)) for each in answers] == [
        (file["type"], file["size"]) for file in files
    ]
    assert requests.get(files[0]["url"], timeout=10).status_code == 403


# Webhooks


class Inbox:
    """A receiver on the loopback interface. Answers with `statuses` in turn, then 200."""

    def __init__(self) -> None:
        inbox = self
        self.statuses: list[int] = []
        self.messages: Queue[tuple[dict[str, str], bytes]] = Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.messages.put(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(inbox.statuses.pop(0) if inbox.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    thread = Thread(target=inbox.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield inbox
    inbox.server.shutdown()
    thread.join()
    inbox.server.server_close()


def test_given_a_subscription_then_a_click_sends_a_signed_message_and_retries_it(
    sim: Caller, pleo: Caller, inbox: Inbox
) -> None:
    inbox.statuses = [500]
    body = {"endpointUrl": inbox.url, "eventTypes": ["v1.export-job.created"]}
    made = pleo.post("/v1/subscriptions", json=body).json()["data"]["id"]
    secret = pleo.get(f"/v1/subscriptions/{made}/secret").json()["data"]["secretKey"]

    job = sim.post(f"/companies/{NORTHGATE}/export").json()

    (first, content), (second, again) = inbox.messages.get(timeout=10), inbox.messages.get(timeout=10)
    assert (first["webhook-id"], content) == (second["webhook-id"], again)
    assert f'"id": "{job["id"]}"' in content.decode()
    at = int(first["webhook-timestamp"])
    assert first["webhook-signature"] == sign(secret, first["webhook-id"], at, content)


def test_given_an_event_type_twice_then_a_subscription_is_refused_as_documented(
    pleo: Caller,
) -> None:
    once = {"endpointUrl": "https://in.example.com/hook", "eventTypes": ["v1.export-job.created"]}
    twice = once | {"eventTypes": ["v1.export-job.created"] * 2}
    made = pleo.post("/v1/subscriptions", json=once).json()["data"]["id"]

    refused = [
        pleo.request("POST", "/v1/subscriptions", json=twice),
        pleo.request("PUT", f"/v1/subscriptions/{made}", json=twice),
    ]

    assert [each.status_code for each in refused] == [400, 400]
    assert pleo.get(f"/v1/subscriptions/{made}").json()["data"]["eventTypes"] == once["eventTypes"]


def test_the_control_api_can_announce_any_event_without_a_click(sim: Caller, pleo: Caller, inbox: Inbox) -> None:
    pleo.post("/v1/subscriptions", json={"endpointUrl": inbox.url, "eventTypes": ["v1.vendor.created"]})

    sim.post("/events", json={"companyId": NORTHGATE, "eventType": "v1.vendor.created", "data": {"name": "Ryman"}})
    _, content = inbox.messages.get(timeout=10)
    delivery = sim.get("/deliveries").json()[0]
    sim.post(f"/deliveries/{delivery['id']}/resend")

    assert inbox.messages.get(timeout=10)[1] == content


# OAuth


def authorise(simulator: Simulator, **changes: str) -> Json:
    given = {
        "client_id": OAUTH_CLIENT.id,
        "redirect_uri": OAUTH_CLIENT.redirect_uris[0],
        "response_type": "code",
        "scope": "export-jobs:read",
        "state": "xyz",
        "code_challenge": s256(VERIFIER),
        "code_challenge_method": "S256",
    }
    answer = requests.get(simulator.url + "/oauth/authorize", params=given | changes, allow_redirects=False, timeout=10)
    if answer.status_code != 302:
        return {"status": answer.status_code}
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def token(simulator: Simulator, **form: str) -> requests.Response:
    auth = (OAUTH_CLIENT.id, OAUTH_CLIENT.secret)
    return requests.post(simulator.url + "/oauth/token", data=form, auth=auth, timeout=10)


def test_given_the_code_flow_then_the_access_token_opens_the_api_within_its_scope(simulator: Simulator) -> None:
    redirect = authorise(simulator)
    answer = token(
        simulator,
        grant_type="authorization_code",
        code=redirect["code"],
        redirect_uri=OAUTH_CLIENT.redirect_uris[0],
        code_verifier=VERIFIER,
    )
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def get(path: str) -> requests.Response:
        return requests.get(simulator.url + path, headers=bearer, timeout=10)

    assert redirect["state"] == "xyz"
    assert get("/v3/export-jobs").status_code == 200
    assert get("/v3/export-items").status_code == 403
    assert get("/v1/introspect").json()["data"] == {
        "authMethod": "OAUTH2",
        "clientId": OAUTH_CLIENT.id,
        "scope": "export-jobs:read",
        "applicationName": "pleo-export",
        "subjectURN": f"urn:pleo:company:{NORTHGATE}",
    }
    form = {"token": answer.json()["access_token"]}
    auth = (OAUTH_CLIENT.id, OAUTH_CLIENT.secret)
    introspected = requests.post(simulator.url + "/oauth/token/introspect", data=form, auth=auth, timeout=10).json()
    assert introspected["active"] is True
    refreshed = token(simulator, grant_type="refresh_token", refresh_token=answer.json()["refresh_token"])
    assert refreshed.status_code == 200
    assert get("/v3/export-jobs").status_code == 401


def test_given_a_bad_authorisation_request_then_it_is_refused_at_home_or_in_the_redirect(simulator: Simulator) -> None:
    assert authorise(simulator, redirect_uri="https://thief.example.com") == {"status": 400}
    assert authorise(simulator, code_challenge_method="plain")["error"] == "invalid_request"


def test_given_a_dead_refresh_token_then_the_error_is_the_one_that_clients_look_for(simulator: Simulator) -> None:
    answer = token(simulator, grant_type="refresh_token", refresh_token="unknown")

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant", "error_description": "invalid_refresh_token"}


def test_introspect_tells_a_key_from_no_credential(simulator: Simulator, pleo: Caller) -> None:
    assert pleo.get("/v1/introspect").json()["data"]["authMethod"] == "API_KEY"
    assert requests.get(simulator.url + "/v1/introspect", timeout=10).json()["data"]["authMethod"] == "NONE"
    assert requests.get(simulator.url + "/v1/introspect", auth=("wrong", ""), timeout=10).status_code == 401


# The control API and the command


def test_the_control_api_sets_a_company_up_exports_reads_and_cancels(sim: Caller) -> None:
    company = "44444444-4444-4444-8444-444444444444"
    items = [each["item"] | {"companyId": company} for each in sim.get(f"/companies/{NORTHGATE}/expenses").json()[:3]]
    sim.put(f"/companies/{company}", json={"name": "New Ltd", "expenses": items[:2]})
    sim.put(f"/companies/{company}/expenses", json=items[2:])

    job = sim.post(f"/companies/{company}/export", json={"accountingEntryIds": [items[2]["accountingEntryId"]]}).json()
    states = [each["state"] for each in sim.get(f"/companies/{company}/expenses").json()]
    cancelled = sim.post(f"/jobs/{job['id']}/cancel").json()

    assert states == ["queued", "queued", "locked"]
    assert cancelled["failureReasonType"] == "canceled_by_user"
    (read,) = sim.get("/jobs").json()
    assert [item["status"] for item in read["items"]] == ["abandoned"]
    assert [each["name"] for each in sim.get("/companies").json()][-1] == "New Ltd"


def test_given_the_clock_moved_by_an_hour_then_the_job_has_expired(sim: Caller, pleo: Caller) -> None:
    job = started(sim, pleo)

    sim.post("/clock", json={"advanceSeconds": 3600})

    assert pleo.get(f"/v3/export-jobs/{job}").json()["data"]["failureReasonType"] == "job_expired"


def test_the_command_says_when_it_is_ready_and_ends_on_a_signal() -> None:
    command = [sys.executable, "-m", "pleo_simulator", "--port", "0", "--data", "empty"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        found = re.search(r"ready at (http://127\.0\.0\.1:\d+)", ready)
        companies = requests.get(f"{found[1]}/_sim/companies", timeout=10).json() if found else None
        process.send_signal(signal.SIGTERM)
        status = process.wait(20)
    finally:
        process.kill()
        process.communicate(timeout=20)

    assert companies == []
    assert status == 0
