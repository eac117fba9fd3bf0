"""Tryton's JSON-RPC over plain HTTP: what set-up and the readers of the books need of it.

The product's connector speaks Tryton's REST with an API key instead. Nothing here or there imports Tryton.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import requests

_TIMEOUT = (3, 120)


class RpcError(Exception):
    """Tryton refused. The message is its own."""


class Rpc:
    """A session of one user in one database. `context` goes with every call, for example `{"company": 1}`."""

    def __init__(self, url: str, database: str, user: str, password: str) -> None:
        self._url = f"{url}/{database}/rpc/"
        self._http = requests.Session()
        self._http.trust_env = False
        self.context: dict[str, Any] = {}
        identity, token, *_ = self._call("common.db.login", [user, {"password": password}, "en"])
        session = base64.b64encode(f"{user}:{identity}:{token}".encode()).decode()
        self._http.headers["Authorization"] = f"Session {session}"

    def close(self) -> None:
        self._http.close()

    def __call__(self, method: str, *arguments: Any) -> Any:
        """Call a `method` such as `model.account.move.post`."""
        return self._call(method, [*arguments, self.context])

    def create(self, model: str, *records: Mapping[str, Any]) -> list[int]:
        ids: list[int] = self(f"model.{model}.create", list(records))
        return ids

    def search_read(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], order: Sequence[Any] | None = None
    ) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self(f"model.{model}.search_read", domain, 0, None, order, fields)
        return rows

    def _call(self, method: str, params: list[Any]) -> Any:
        body = json.dumps({"id": 0, "method": method, "params": params}, default=_encode)
        headers = {"Content-Type": "application/json"}
        response = self._http.post(self._url, data=body, headers=headers, timeout=_TIMEOUT)
        response.raise_for_status()
        answer = json.loads(response.text, object_hook=_decode)
        if "error" in answer:
            raise RpcError(f"{method}: {answer['error']}")
        return answer["result"]


def find_databases_again(url: str, database: str) -> None:
    """Tell a running Tryton about a new database.

    Tryton keeps its list of databases for five minutes per host name, so the first request to a new one comes
    under a name never used before. Its status does not matter.
    """
    headers = {"Host": f"{database.replace('_', '-')}.localhost"}
    requests.get(f"{url}/{database}/rest/model/ir.module", headers=headers, timeout=_TIMEOUT)


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"cannot send {type(value).__name__}")


def _decode(value: dict[str, Any]) -> Any:
    match value.get("__class__"):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(value["year"], value["month"], value["day"])
        case "bytes":
            return base64.b64decode(value["base64"])
        case "datetime":
            return None
    return value
