"""Pressing a button of Tryton on many records at once: by JSON-RPC after a login, for an API key cannot do that."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote

from pleo_export.accounting.errors import AuthenticationFailed, OutcomeUnknown, Rejected, Unavailable
from pleo_export.accounting.http import AccountingResponse, AccountingTransport
from pleo_export.accounting.tryton.rest import error_of
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.failures.connection import LEDGER_IN_DOUBT, LEDGER_UNREACHABLE, LOGIN_REFUSED, REFUSED_WITHOUT_REASON

_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


class TrytonSession:
    """A login to Tryton, made at its first use. `transport` makes a transport with the given headers. Buttons need a
    login from the last five minutes, or one that was used in them, so a session lasts for one run."""

    def __init__(
        self,
        transport: Callable[[Mapping[str, str]], AccountingTransport],
        database: str,
        company: int,
        user: str,
        password: str,
    ) -> None:
        self._transport = transport
        self._path = f"/{quote(database)}/rpc/"
        self._context = {"company": company, "language": "en"}
        self._user = user
        self._password = password

    def log_in(self) -> None:
        """Log in, if that is not done yet. Raises AuthenticationFailed, Unavailable, or another AccountingError."""
        _ = self._logged_in

    def press_button(self, model: str, button: str, records: Sequence[int]) -> None:
        """Press a button on the records, in one transaction. Raises OutcomeUnknown; or Rejected, or another
        AccountingError, if it was not done."""
        body = _call(f"model.{model}.{button}", [list(records), self._context])
        result = _result(self._logged_in.write("POST", self._path, body), write=True)
        if "error" in result:
            raise Rejected(REFUSED_WITHOUT_REASON.told(ledger=TITLE), status=200)

    @cached_property
    def _logged_in(self) -> AccountingTransport:
        login = _call("common.db.login", [self._user, {"password": self._password}, "en"])
        answer = self._transport(_JSON).read("POST", self._path, login)
        if answer.status == 401:
            raise AuthenticationFailed(LOGIN_REFUSED.told(ledger=TITLE), status=401)
        match _result(answer, write=False).get("result"):
            case [user, token, *_]:
                pass
            case _:
                raise AuthenticationFailed(LOGIN_REFUSED.told(ledger=TITLE), status=answer.status)
        session = base64.b64encode(f"{self._user}:{user}:{token}".encode()).decode()
        return self._transport({**_JSON, "Authorization": f"Session {session}"})


def _call(method: str, params: Sequence[Any]) -> bytes:
    return json.dumps({"id": 0, "method": method, "params": params}).encode()


def _result(answer: AccountingResponse, *, write: bool) -> dict[str, Any]:
    """Return the decoded answer. Tryton's own refusals come with status 200 and an `error`. Raises AccountingError."""
    if answer.status != 200:
        raise error_of(answer, write=write)
    try:
        result = json.loads(answer.content)
    except ValueError:
        result = None
    if not isinstance(result, dict) or not result.keys() & {"result", "error"}:
        if write:
            raise OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), status=200)
        raise Unavailable(LEDGER_UNREACHABLE.told(ledger=TITLE), status=200)
    return result
