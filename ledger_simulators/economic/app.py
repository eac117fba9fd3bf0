"""The HTTP of the simulator: both APIs at one address, and a page of the ledger for people at `/`.

The services of apis.e-conomic.com have their version in the path; the old API lives at the root, as it does at
restapi.e-conomic.com.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ledger_simulators.economic.dimensions_api import dimensions_api, projects_api
from ledger_simulators.economic.documents_api import documents_api
from ledger_simulators.economic.entries_api import accounting_years_api, accounts_api, booked_entries_api
from ledger_simulators.economic.idempotency import IdempotencyKeys
from ledger_simulators.economic.journals_api import journals_api
from ledger_simulators.economic.ledger import EconomicLedger
from ledger_simulators.economic.old_api import old_api
from ledger_simulators.economic.page import ledger_page
from ledger_simulators.economic.problems import Problem, old_error, problem_details
from pleo_simulator.clock import Clock

if TYPE_CHECKING:
    from pleo_simulator.fault_queue import Fault

SERVICES = {
    "journalsapi/v16.0.1": journals_api,
    "bookedEntriesapi/v4.0.0": booked_entries_api,
    "accountsapi/v7.0.0": accounts_api,
    "accountingyearsapi/v2.0.1": accounting_years_api,
    "dimensionsapi/v5.3.1": dimensions_api,
    "projectsapi/v1.1.0": projects_api,
    "documentsapi/v4.0.1": documents_api,
}
BUCKET, WINDOW = 10_000, timedelta(seconds=60)
_OF_THE_BOOKS = ("journalsapi", "bookedEntriesapi", "dimensionsapi", "documentsapi", "accountingyearsapi")


def create_app(ledger: EconomicLedger, clock: Clock) -> Flask:  # noqa: C901 - one hook after another
    """Return the application that serves the agreement."""
    app = Flask("ledger_simulators.economic", static_folder=None, template_folder=_templates())
    app.json.sort_keys = False  # type: ignore[attr-defined]
    keys, calls = IdempotencyKeys(), Counter[int]()
    for path, service in SERVICES.items():
        app.register_blueprint(service(ledger), url_prefix=f"/{path}")
    app.register_blueprint(old_api(ledger))

    @app.get("/")
    def page() -> ResponseReturnValue:
        with ledger.lock:
            return render_template("ledger.html", page=ledger_page(ledger))

    @app.before_request
    def admit() -> ResponseReturnValue | None:
        if request.path == "/":
            return None
        if len(request.full_path) > ledger.longest_target:
            return Response("<html><title>414 Request-URI Too Large</title></html>", 414, content_type="text/html")
        ledger.lock.acquire()
        g.locked = True
        _authenticate(ledger)
        minute = int(clock.now().timestamp() // WINDOW.total_seconds())
        calls[minute] += 1
        g.left = (ledger.most_calls or BUCKET) - calls[minute]
        if g.left < 0:
            raise Problem(429, "Rate limit exceeded")
        g.key = request.headers.get("Idempotency-Key") if request.method != "GET" else None
        return keys.answer(g.key, _target(), clock.now()) if g.key else None

    @app.after_request
    def keep(answer: Response) -> Response:
        key = g.get("key")
        if key and "X-ResultFromCache" not in answer.headers and answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
            keys.keep(key, _target(), clock.now(), answer)
        if "left" in g:
            used = min(BUCKET, BUCKET - max(0, g.left))
            answer.headers["X-RateLimiting"] = f"token-limit-{BUCKET}-per-60-seconds: {used}/{BUCKET}"
            answer.headers["X-CallCost"] = "1"
        return answer

    @app.teardown_request
    def release(_: BaseException | None) -> None:
        if g.pop("locked", False):
            ledger.lock.release()

    @app.errorhandler(Problem)
    def refuse(problem: Problem) -> Response:
        trace = f"{len(ledger.booked):08x}{len(ledger.drafts):08x}"
        old = request.path.split("/")[1].partition("api")[1] == ""
        answer = (old_error if old else problem_details)(problem, trace, clock.now())
        if problem.status == 429:
            answer.headers["Retry-After"] = str(60 - int(clock.now().timestamp()) % 60)
        return answer

    @app.errorhandler(HTTPException)
    def unknown(error: HTTPException) -> Response:
        return refuse(Problem(error.code or 500, error.description or error.name, "ResourceNotFound"))

    return app


def refusal(fault: Fault) -> Response:
    """Answer a fault as e-conomic itself says it: it did nothing."""
    problem = Problem(429 if fault.effect == "rate_limit" else fault.status, "The service is unavailable for now")
    with Flask("ledger_simulators.economic.refusal").app_context():
        answer = problem_details(problem, "0" * 16, Clock().now())
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = str(fault.retry_after)
    return answer


def _authenticate(ledger: EconomicLedger) -> None:
    app, grant = request.headers.get("X-AppSecretToken"), request.headers.get("X-AgreementGrantToken")
    demo = app == grant == "demo" and request.method == "GET"
    if not demo and (app not in ledger.app_secrets or grant not in ledger.grants):
        raise Problem(401, "The credentials are not correct", "Unauthorized")
    if request.path.split("/")[1] in _OF_THE_BOOKS and not ledger.roles & {"Bookkeeping", "SuperUser"}:
        raise Problem(403, "Access denied: the role Bookkeeping is missing", "AccessDenied")


def _target() -> str:
    return f"{request.method} {request.full_path}"


def _templates() -> str:
    return str(__file__).rpartition("/")[0] + "/templates"
