"""The simulator as a WSGI application: the addresses of Business Central online, its sign-in, and a page for people."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask, Response, request

from ledger_simulators.business_central.api import Answered, Api, Asked
from ledger_simulators.business_central.ledger import BusinessCentralLedger
from ledger_simulators.business_central.page import ledger_page
from ledger_simulators.business_central.refusals import Refusal, not_found
from pleo_simulator.clock import Clock
from pleo_simulator.seeded_ids import SeededIds

TOKEN_SECONDS = 3599
CALLS, PER_SECONDS = 6_000, 300  # for one user, over a sliding window
LARGEST_BATCH = 100
SCOPE = "https://api.businesscentral.dynamics.com/.default"
_BELOW_COMPANY = re.compile(r"/v2\.0/[^/]+/[^/]+/api/v2\.0/companies\((?P<company>[^)]*)\)(?:/(?P<rest>.*))?")
_COMPANIES = re.compile(r"/v2\.0/[^/]+/[^/]+/api/v2\.0/companies")
_BATCH = re.compile(r"/v2\.0/[^/]+/[^/]+/api/v2\.0/\$batch")


def create_app(ledger: BusinessCentralLedger, clock: Clock) -> Flask:
    """Return the application. What a test does to the ledger, it does to `ledger` itself."""
    app = Flask("business_central")
    server = _Server(ledger, clock)
    app.add_url_rule("/", "page", lambda: ledger_page(ledger), methods=["GET"])
    app.add_url_rule("/<tenant>/oauth2/v2.0/token", "token", server.token, methods=["POST"])
    app.add_url_rule("/<path:path>", "api", server.api, methods=["GET", "POST", "PATCH", "DELETE", "PUT"])
    return app


class _Server:
    def __init__(self, ledger: BusinessCentralLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._api = Api(ledger)
        self._ids = SeededIds(1)
        self._calls: deque[datetime] = deque()

    def token(self, tenant: str) -> Response:
        """Answer as the sign-in of Entra does to client credentials."""
        form = request.form
        if form.get("grant_type") != "client_credentials":
            return _json({"error": "unsupported_grant_type", "error_description": "AADSTS70003: unsupported"}, 400)
        if (form.get("client_id"), form.get("client_secret")) != self._ledger.client:
            text = "AADSTS7000215: Invalid client secret provided."
            return _json({"error": "invalid_client", "error_description": text, "error_codes": [7000215]}, 401)
        if form.get("scope") != SCOPE:
            text = f"AADSTS70011: The provided value for the input parameter 'scope' is not valid. {tenant}"
            return _json({"error": "invalid_scope", "error_description": text}, 400)
        token = self._ids.token("bc")
        self._ledger.tokens[token] = self._clock.now().timestamp() + TOKEN_SECONDS
        return _json({"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "access_token": token})

    def api(self, path: str) -> Response:
        """Answer a call of the API."""
        split = urlsplit(request.full_path.rstrip("?"))
        try:
            self._require_token()
            self._require_rate()
            whole = f"/{path}"
            if _BATCH.fullmatch(whole):
                return _json(self._batch(request.get_json(force=True)))
            if _COMPANIES.fullmatch(whole):
                return _json(self._companies())
            answered = self._below(whole, split.query, request.method, dict(request.headers), request.get_data())
        except Refusal as refusal:
            answered = self._api.refused(refusal)
        return self._response(answered)

    def _below(self, path: str, query: str, method: str, headers: Mapping[str, str], content: bytes) -> Answered:
        found = _BELOW_COMPANY.fullmatch(path)
        if found is None:
            raise not_found(path.rpartition("/")[2])
        company = self._ledger.company
        if found["company"] != company["id"]:
            text = f'The company "{found["company"]}" does not exist.'
            raise Refusal(404, "Internal_CompanyNotFound", text)
        if not found["rest"]:
            return Answered(200, {key: value for key, value in company.items() if not key.startswith("_")})
        asked = Asked(method, f"{found['rest']}?{query}" if query else found["rest"], headers, content)
        answered = self._api.answer(asked)
        if isinstance(answered.body, dict) and "@odata.nextLink" in answered.body:
            answered.body["@odata.nextLink"] = _next_link(path, query, answered.body["@odata.nextLink"])
        return answered

    def _companies(self) -> dict[str, Any]:
        company = self._ledger.company
        return {"value": [{key: value for key, value in company.items() if not key.startswith("_")}]}

    def _batch(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Process the requests of a batch in order. With `Isolation: snapshot` all of them are one transaction, which
        a post inside would end; else the first that fails ends the batch, unless the client prefers otherwise."""
        asked = body.get("requests", [])
        if len(asked) > LARGEST_BATCH:
            text = f"The number of requests in the batch exceeds the limit of {LARGEST_BATCH}."
            raise Refusal(400, "BadRequest_BatchTooLarge", text)
        whole = request.headers.get("Isolation", "").lower() == "snapshot"
        goes_on = "continue-on-error" in request.headers.get("Prefer", "").replace("odata.", "")
        responses: list[dict[str, Any]] = []
        store = self._ledger.store
        try:
            with store.transaction():
                for each in asked:
                    answered = self._part(each)
                    responses.append(_part_of_batch(each, answered))
                    if answered.status >= 400:
                        if whole:
                            raise _Undone
                        if not goes_on:
                            break
        except _Undone:
            pass  # the answers before it stay as they were given, though what they say is undone
        return {"responses": responses}

    def _part(self, each: Mapping[str, Any]) -> Answered:
        address = urlsplit("/" + str(each["url"]).removeprefix("/"))
        path = address.path if "/api/v2.0/" in address.path else f"/v2.0/tenant/environment/api/v2.0{address.path}"
        content = json.dumps(each.get("body"), default=_number).encode() if "body" in each else b""
        try:
            return self._below(path, address.query, str(each["method"]).upper(), each.get("headers", {}), content)
        except Refusal as refusal:
            return self._api.refused(refusal)

    def _require_token(self) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._ledger.tokens.get(token, 0) <= self._clock.now().timestamp():
            text = "The server has rejected the client credentials."
            raise Refusal(401, "Authentication_InvalidCredentials", text, {"WWW-Authenticate": "Bearer"})

    def _require_rate(self) -> None:
        now = self._clock.now()
        while self._calls and (now - self._calls[0]).total_seconds() >= PER_SECONDS:
            self._calls.popleft()
        if len(self._calls) >= CALLS:
            text = "Too many requests have been sent. Try again later."
            raise Refusal(429, "Application_TooManyRequests", text)
        self._calls.append(now)

    def _response(self, answered: Answered) -> Response:
        if answered.content is not None:
            return Response(answered.content, answered.status, content_type="application/octet-stream")
        if answered.body is None:
            return Response(status=answered.status, headers=dict(answered.headers))
        body = {"@odata.context": f"{request.host_url}$metadata", **answered.body}
        return _json(body, answered.status, answered.headers)


class _Undone(Exception):
    """One part of a transactional batch failed."""


def _part_of_batch(each: Mapping[str, Any], answered: Answered) -> dict[str, Any]:
    headers = {"content-type": "application/json; odata.metadata=minimal", **answered.headers}
    part: dict[str, Any] = {"id": each["id"], "status": answered.status, "headers": headers}
    return part if answered.body is None else part | {"body": answered.body}


def _next_link(path: str, query: str, position: int) -> str:
    """Return where the next page of a list is, for a part of a batch too."""
    options = dict(parse_qsl(query)) | {"$skiptoken": str(position)}
    options.pop("$skip", None)
    return f"{request.host_url.rstrip('/')}{path}?{urlencode(options)}"


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(body, default=_number)
    return Response(text, status, headers=dict(headers or {}), content_type="application/json; odata.metadata=minimal")


def _number(value: object) -> float:
    """Return an amount as JSON has it. Two decimals survive the way through a float."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)
