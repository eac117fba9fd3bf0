"""Companies that are connected by OAuth: the sign-in services of Pleo and of ledgers, the secrets that hold the grants
of both, and the one function that refreshes.

Two rules are held here, at the moment of the request. A refresh token that was replaced is sent again only where the
new one was lost: the answer did not arrive, or the function was killed before it could store or note anything. And a
grant is given up only where the refresh token in the secret is no longer good.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from pleo_export.accounting.ledger_oauth import LedgerOAuth
from pleo_export.authorisation.refresh_tokens import ENDED_LINE
from pleo_export.oauth.grant import Grant
from pleo_export.observability import logger
from pleo_export.store.secrets import GrantOwner
from pleo_simulator.clock import Clock
from pleo_simulator.oauth import Client, OAuth, OAuthRefused, s256
from pleo_simulator.seeded_ids import SeededIds
from tests.simulation.checker import InvariantViolated
from tests.simulation.fake_aws import Record, effect
from tests.simulation.fake_endpoints import response
from tests.simulation.fault_injection import Answered, FaultInjector, FunctionCall
from tests.system.in_process_system import WEBHOOK_SECRET

REDIRECT, VERIFIER, SCOPE = "https://hooks.test/oauth/pleo/callback", "v" * 43, "export-jobs:write"
SHARE = 0.25  # of the companies that are connected by OAuth; the others have an API key
LEDGERS_SHARE = 0.15  # of the companies whose ledger signs in with OAuth
CLIENT_SECRET = "secret"
LEDGER_HOST = "ledger.test"
LEDGER = LedgerOAuth(f"https://{LEDGER_HOST}/oauth/token", authorize_url=f"https://{LEDGER_HOST}/oauth/authorize")
OUR_CLIENTS = ("oauth/pleo", "oauth/tryton")
OWNERS: tuple[GrantOwner, ...] = ("pleo", "accounting_system")


@dataclass
class _Refreshed:
    """Who asked for the tokens that replaced a refresh token, whether the answer arrived, and which token it held."""

    call: FunctionCall
    faults_before: int
    successor: str
    arrived: bool = False


@dataclass
class SignIn:
    """The sign-in services, and the secrets that hold their tokens. `connected_by_oauth` names the companies with a
    grant of Pleo, `ledgers_by_oauth` those with one of their ledger; without a draw of its own it leaves the seed's
    other draws as they are."""

    injector: FaultInjector
    clock: Clock
    seed: int
    secrets: dict[str, Any] = field(default_factory=dict)
    connected_by_oauth: set[str] = field(default_factory=set)
    ledgers_by_oauth: set[str] = field(default_factory=set)
    _refreshed: dict[str, _Refreshed] = field(default_factory=dict)
    _stored: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.oauth = OAuth(self.clock, SeededIds(self.seed))
        services = (self.oauth, OAuth(self.clock, SeededIds(-1 - self.seed)))
        self._services: dict[GrantOwner, OAuth] = dict(zip(OWNERS, services, strict=True))
        for name in OUR_CLIENTS:
            self.secrets[name] = {"client_id": "ours", "client_secret": CLIENT_SECRET}

    def ledger_signs_in(self, company: str, *, certainly: bool) -> bool:
        """Decide whether the company's ledger takes OAuth tokens."""
        if certainly or Random(f"{self.seed} {company} ledger oauth").random() < LEDGERS_SHARE:
            self.ledgers_by_oauth.add(company)
        return company in self.ledgers_by_oauth

    def connect(self, company: str, *, certainly: bool) -> None:
        """Store the company's secret: an API key, or (drawn, or `certainly`) the tokens of a grant."""
        if certainly or Random(f"{self.seed} {company} oauth").random() < SHARE:
            self.connected_by_oauth.add(company)
            self.authorise(company, "pleo")
        else:
            self._store(company, "pleo", {"api_key": "k"})
        if company in self.ledgers_by_oauth:
            self.authorise(company, "accounting_system")

    def authorise(self, company: str, owner: GrantOwner) -> None:
        """A person connects (again)."""
        service = self._services[owner]
        service.register(Client(company, CLIENT_SECRET, (REDIRECT,), company))
        code = service.authorise(company, REDIRECT, SCOPE, "code", "S256", s256(VERIFIER))
        client = service.authenticate(company, CLIENT_SECRET)
        answer = service.exchange(client, code, REDIRECT, VERIFIER)
        ends = self.clock.now() + timedelta(seconds=answer["expires_in"])
        self._store(company, owner, Grant(answer["access_token"], answer["refresh_token"], ends).as_secret())

    @property
    def replaced(self) -> int:
        """How many refresh tokens were replaced."""
        return len(self._refreshed)

    def accepts(self, company: str, auth: Any) -> bool:
        """Whether Pleo takes the credential of a request."""
        if company not in self.connected_by_oauth:
            return True
        asked = auth(SimpleNamespace(headers={}))
        token = asked.headers["Authorization"].removeprefix("Bearer ")
        known = self.oauth.access_token(token)
        return known is not None and known.company_id == company

    def given_up(self, company: str, owner: GrantOwner) -> None:
        """Called when the grant of the company was found to have ended. Raises InvariantViolated if it has not."""
        stored = self.secrets[company][owner]["refresh_token"]
        if self._good(company, owner, stored):
            raise InvariantViolated(f"accurate: the grant of {company} was given up, and its refresh token is good")

    def post(self, url: str, *, data: Mapping[str, str], **_: Any) -> Any:
        """Answer at the token endpoint, as a session of requests does."""
        address = urlsplit(url)
        if address.path != "/oauth/token" or data["grant_type"] != "refresh_token":
            raise NotImplementedError(url)
        owner: GrantOwner = "accounting_system" if address.hostname == LEDGER_HOST else "pleo"
        name = "pleo POST /oauth/token"  # the same faults, whose service it is
        try:
            self.injector.before(name)
            answer = self._refresh(owner, data["refresh_token"])
            self.injector.after(name)
            self._refreshed[data["refresh_token"]].arrived = True
        except Answered as answered:
            return response(answered.status, {"error": "server_error" if answered.status >= 500 else "slow_down"})
        except OAuthRefused as refused:
            return response(refused.status, {"error": refused.error, "error_description": refused.description})
        return response(200, answer)

    def _refresh(self, owner: GrantOwner, token: str) -> Any:
        call = self.injector.call
        assert call
        assert call.company_id
        self._prove_lost(token)
        service = self._services[owner]
        answer = service.refresh(service.authenticate(call.company_id, CLIENT_SECRET), token)
        self._refreshed[token] = _Refreshed(call, len(self.injector.injected), answer["refresh_token"])
        return answer

    def _prove_lost(self, token: str) -> None:
        before = self._refreshed.get(token)
        if before is None:
            return
        if before.successor in self._stored:
            raise InvariantViolated("once: a refresh token was sent again after the new one was stored")
        since = self.injector.injected[before.faults_before :]
        unnoted = any("dynamodb PutItem" in each.where and each.company_id == before.call.company_id for each in since)
        at_work = any(each is before.call for each in self.injector.calls)
        if at_work or (before.arrived and not before.call.killed and not unnoted):
            raise InvariantViolated("once: a refresh token was sent again, and its receiver had not been killed")

    def _good(self, company: str, owner: GrantOwner, token: str) -> bool:
        service = self._services[owner]
        return bool(service.introspect(service.authenticate(company, CLIENT_SECRET), token)["active"])

    def _store(self, company: str, owner: GrantOwner, section: Mapping[str, str]) -> None:
        nothing = {"pleo": {}, "webhook_secrets": [WEBHOOK_SECRET], "accounting_system": {}}
        self.secrets[company] = {**self.secrets.get(company, nothing), owner: section}
        self._stored.add(section.get("refresh_token", ""))

    # Secrets Manager

    exceptions = SimpleNamespace(ResourceNotFoundException=KeyError)

    def get_secret_value(self, *, SecretId: str) -> Record:  # noqa: N803 - AWS's names
        """Return the secret of a company, or of our client at a service."""
        name = _name(SecretId)
        return effect(
            self.injector,
            "secretsmanager GetSecretValue",
            lambda: {"SecretString": json.dumps(self.secrets[name])},
        )

    def put_secret_value(self, *, SecretId: str, SecretString: str) -> Record:  # noqa: N803
        """Replace a company's secret as a whole."""
        name, value = _name(SecretId), json.loads(SecretString)

        def work() -> Record:
            self.secrets[name] = value
            self._stored.update(value[owner].get("refresh_token", "") for owner in OWNERS)
            return {}

        return effect(self.injector, "secretsmanager PutSecretValue", work, again=True)


def _name(secret_id: str) -> str:
    ours = (name for name in OUR_CLIENTS if secret_id.endswith(f"/{name}"))
    return next(ours, secret_id.rpartition("/")[2].rpartition(":")[2])


@contextmanager
def alarms() -> Iterator[list[str]]:
    """Collect the lines that raise the alarm of a grant that has ended: a person learns it from nothing else."""
    raised: list[str] = []

    def note(line: str, **_: object) -> None:
        if line == ENDED_LINE:
            raised.append(line)

    with patch.object(logger, "error", note):  # the log itself is off here
        yield raised


@dataclass
class LambdaClient:
    """AWS Lambda, for the one function that others call. `invoke_function` runs it and may raise anything."""

    injector: FaultInjector
    invoke_function: Callable[[Any], Any]
    ended: Callable[[str, GrantOwner], None]

    def invoke(self, *, FunctionName: str, Payload: str) -> Record:  # noqa: N803
        """Run the function, and answer with what it returned, or that it failed."""
        wanted = json.loads(Payload)

        def work() -> Record:
            with alarms() as raised:
                try:
                    content = self.invoke_function(wanted)
                except Exception as error:
                    self.injector.say(f"  {FunctionName}: {type(error).__name__}: {error}")
                    return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b"{}")}
                finally:
                    if raised:
                        self.ended(wanted["companyId"], wanted["which"])
            return {"Payload": io.BytesIO(json.dumps(content).encode())}

        return effect(self.injector, "lambda Invoke", work)
