"""The simulator as a web application: Xero's API, its identity service, and a page of the ledger for people."""

from __future__ import annotations

import base64
import time
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, redirect, request

from ledger_simulators.xero.answers import answer, problem
from ledger_simulators.xero.api import XeroApi, forbidden
from ledger_simulators.xero.identity import SCOPES, XeroIdentityRefused
from ledger_simulators.xero.ledger import XeroLedger
from ledger_simulators.xero.page import ledger_page
from pleo_simulator.clock import Clock

ROOT = "/api.xro/2.0/"
_WRITE = ("PUT", "POST", "DELETE")
_METHODS = ("GET", *_WRITE)
# Endpoint: the scope that it needs; `.read` of it is enough to read.
_SCOPES = {
    "BankTransactions": "accounting.banktransactions",
    "ManualJournals": "accounting.manualjournals",
    "Invoices": "accounting.invoices",
    "CreditNotes": "accounting.invoices",
    "Payments": "accounting.payments",
    "Contacts": "accounting.contacts",
    "ContactGroups": "accounting.contacts",
}


def create_app(ledger: XeroLedger, clock: Clock) -> Flask:
    """Return the application that serves one organisation."""
    app = Flask(__name__)
    api = XeroApi(ledger.books, ledger.limits)

    @app.route("/")
    def page() -> Response:
        return Response(ledger_page(ledger, clock), content_type="text/html; charset=utf-8")

    @app.route(f"{ROOT}<path:path>", methods=_METHODS)
    def accounting(path: str) -> Response:
        refused = _let_in(ledger, path) or ledger.limits.admit()
        if refused is None:
            ledger.limits.running += 1
            try:
                time.sleep(ledger.limits.seconds)
                with ledger.books.lock:
                    refused = _once(ledger, api, path)
            finally:
                ledger.limits.running -= 1
        for name, value in ledger.limits.headers().items():
            refused.headers[name] = value
        return refused

    _serve_identity(app, ledger)
    return app


def refusal(fault: Any) -> Response:
    """Answer the faults `status` and `rate_limit` as Xero does."""
    if fault.effect == "rate_limit":
        headers = {"X-Rate-Limit-Problem": "minute", "Retry-After": fault.retry_after or 1}
        return problem(429, "Too Many Requests", "Rate limit exceeded", headers)
    status = HTTPStatus(fault.status)
    return problem(status, status.phrase, "Simulated fault")


def _once(ledger: XeroLedger, api: XeroApi, path: str) -> Response:
    """Answer a request; a write with a key that was seen before as it was answered then."""
    key = request.headers.get("Idempotency-Key")
    if not key or request.method not in _WRITE:
        return api.answer(request, path)
    whole = f"{request.method} {request.full_path}\n".encode() + request.get_data()
    again = ledger.keys.again(key, whole)
    if again is not None:
        return again
    made = api.answer(request, path)
    ledger.keys.remember(key, whole, made)
    return made


def _let_in(ledger: XeroLedger, path: str) -> Response | None:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    scopes = ledger.identity.scopes(token)
    if scopes is None:
        return problem(401, "Unauthorized", "TokenExpired: token expired or not valid")
    connected = {each["tenantId"] for each in ledger.identity.connections}
    if request.headers.get("xero-tenant-id") not in connected:
        return forbidden("AuthenticationUnsuccessful")
    endpoint = path.split("/", maxsplit=1)[0]
    needed = "accounting.attachments" if "/Attachments" in path else _SCOPES.get(endpoint, "accounting.settings")
    may = {needed} if request.method in _WRITE else {needed, f"{needed}.read"}
    return None if may & scopes else forbidden("insufficient_scope")


def _serve_identity(app: Flask, ledger: XeroLedger) -> None:
    identity = ledger.identity

    @app.route("/identity/connect/authorize")
    def authorize() -> Any:
        asked = request.args
        if asked.get("client_id") != identity.client_id or not asked.get("redirect_uri"):
            return problem(400, "Bad Request", "unauthorized_client")
        scopes = asked.get("scope", " ".join(SCOPES)).split()
        return redirect(identity.authorize(asked["redirect_uri"], scopes, asked.get("state", "")))

    @app.route("/connect/token", methods=["POST"])
    def token() -> Response:
        try:
            return answer(identity.token(request.form.to_dict(), _client()))
        except XeroIdentityRefused as error:
            return answer({"error": str(error)}, 400)

    @app.route("/connect/revocation", methods=["POST"])
    def revocation() -> Response:
        if _client() != (identity.client_id, identity.client_secret):
            return answer({"error": "invalid_client"}, 400)
        identity.revoke(request.form.get("token", ""))
        return Response("", 200)

    _serve_connections(app, ledger)


def _serve_connections(app: Flask, ledger: XeroLedger) -> None:
    identity = ledger.identity

    @app.route("/connections")
    @app.route("/Connections")  # as the vendor's own library writes it
    def connections() -> Response:
        if identity.scopes(request.headers.get("Authorization", "").removeprefix("Bearer ")) is None:
            return problem(401, "Unauthorized", "TokenExpired: token expired or not valid")
        return answer(identity.connections)

    @app.route("/connections/<connection>", methods=["DELETE"])
    def disconnect(connection: str) -> Response:
        if identity.scopes(request.headers.get("Authorization", "").removeprefix("Bearer ")) is None:
            return problem(401, "Unauthorized", "TokenExpired: token expired or not valid")
        return Response("", 204 if identity.disconnect(connection) else 404)


def _client() -> tuple[str, str]:
    """Return the client of a request: from its header, else from its form."""
    basic = request.headers.get("Authorization", "").removeprefix("Basic ")
    if basic:
        try:
            name, _, secret = base64.b64decode(basic).decode().partition(":")
        except ValueError:
            return "", ""
        return name, secret
    return request.form.get("client_id", ""), request.form.get("client_secret", "")
