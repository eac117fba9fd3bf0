"""`make verify-live CONNECTOR=xero`: tries a connector on the real service, in a sandbox of it, in some minutes.

Credentials and accounts come from the environment (`LEDGERS`); nothing is printed of them. One entry of 1.20 is booked,
found, read, compared and undone. A step that fails ends the run with exit code 1; the entry, if it is there, carries
the text `pleo-export test` and is to be removed by hand. For another connector, add a row to `LEDGERS`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import requests

from pleo_export.accounting.attaching import FileInMemory
from pleo_export.accounting.descriptor import Connector
from pleo_export.accounting.errors import AccountingError, RateLimited, Rejected, UnknownAccount
from pleo_export.accounting.port import AccountingSystem, DocumentRef, DocumentState
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.accounting.settings import AccountingSettings
from pleo_export.bookkeeping.documents import DocumentKind, JournalEntry, JournalLine, TaxPart, TaxRole

NO_SUCH_ACCOUNT = "PX-0-0"
GROSS, NET, TAX = 120, 100, 20  # minor units
LONGEST_WAIT = 60  # seconds, for a limit of calls


@dataclass(frozen=True)
class LiveLedger:
    """What the environment says for one connector: its variables by field of the secret, and of the settings. With
    `client_token_url` a client's own id and secret (`<NAME>_CLIENT_ID`, `<NAME>_CLIENT_SECRET`) are enough; the
    address may have a {setting} in it."""

    secret: Mapping[str, str]
    settings: Mapping[str, str]
    client_token_url: str | None = None


LEDGERS = {
    "xero": LiveLedger(
        secret={"access_token": "XERO_ACCESS_TOKEN"},
        settings={"tenant": "XERO_TENANT", "contact": "XERO_CONTACT", "api_url": "XERO_API_URL"},
        client_token_url="https://identity.xero.com/connect/token",
    ),
    "e-conomic": LiveLedger(
        secret={
            "app_secret_token": "E_CONOMIC_APP_SECRET_TOKEN",
            "agreement_grant_token": "E_CONOMIC_AGREEMENT_GRANT_TOKEN",
        },
        settings={
            "agreement": "E_CONOMIC_AGREEMENT",
            "journal": "E_CONOMIC_JOURNAL",
            "api_url": "E_CONOMIC_API_URL",
        },
    ),
    "business-central": LiveLedger(
        secret={"access_token": "BUSINESS_CENTRAL_ACCESS_TOKEN"},
        settings={
            "tenant": "BUSINESS_CENTRAL_TENANT",
            "environment": "BUSINESS_CENTRAL_ENVIRONMENT",
            "company": "BUSINESS_CENTRAL_COMPANY",
            "api_url": "BUSINESS_CENTRAL_API_URL",
        },
        client_token_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    ),
}


class NotVerified(Exception):
    """A step did not come out as it should, or something is missing in the environment."""


RECEIPT = FileInMemory("pleo-export-test.pdf", b"%PDF-1.4\n%%EOF\n", "application/pdf")


@dataclass
class Verification:
    """Tries one connector, step by step. `environment` has the accounts: LIVE_WALLET, LIVE_CATEGORY and, if tax is to
    be tried, LIVE_TAX (a code) and LIVE_TAX_ACCOUNT; LIVE_DATE for another day than today."""

    connector: Connector
    settings: AccountingSettings
    secret: Mapping[str, str]
    environment: Mapping[str, str]
    reference: str = field(default_factory=lambda: f"pleo:{uuid4()}")

    def steps(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """Yield each step's name, and what does it. Raises NotVerified for what is missing in the environment."""
        system = self.connector.connect(self.settings, self.secret)
        setup = self.connector.set_up(self.settings, self.secret)
        yield "reach the ledger and its rights", system.check
        yield "read currency and time zone", lambda: f"{setup.currency()}, {setup.time_zone()}"
        yield "list accounts", lambda: f"{len(setup.accounts())} accounts"
        yield "list dimensions", lambda: ", ".join(each.code for each in setup.dimensions()) or "none"
        entry = self._entry(setup.currency())
        codes = {line.account for line in entry.lines}
        yield "know the accounts of LIVE_...", lambda: _equal(set(setup.unknown_accounts(codes)), set())
        yield "know that the day is open", lambda: system.period_state(entry.posting_date).value
        yield "refuse an unknown account", lambda: self._refused(system, entry)
        yield "find nothing under a new reference", lambda: _equal(dict(system.find_many([self.reference])), {})
        yield "book the entry", lambda: self._booked(system, entry)
        booked = self._found(system)
        yield "find it at once", lambda: _equal(booked.state, DocumentState.POSTED)
        yield "see no difference", lambda: _equal(dict(system.differences([(booked, entry)])), {})
        reader = self.connector.open_reader(self.settings, self.secret)
        yield "read it whole", lambda: f"{len(reader.read([self.reference])[self.reference][0].lines)} lines"
        yield "list it among ours", lambda: self._listed(reader.ours(entry.posting_date, entry.posting_date))
        if DocumentKind.JOURNAL_ENTRY in system.capabilities.files:
            yield "attach a file", lambda: system.attach(booked, [RECEIPT])
            yield "attach it again, once", lambda: system.attach(booked, [RECEIPT])
        yield "undo it", lambda: system.reverse(booked, entry.posting_date)
        yield "find it void", lambda: _equal(self._found(system).state, DocumentState.VOID)

    def _entry(self, currency: str) -> JournalEntry:
        wallet, category = (self._given(name) for name in ("LIVE_WALLET", "LIVE_CATEGORY"))
        code, account = (self.environment.get(name) for name in ("LIVE_TAX", "LIVE_TAX_ACCOUNT"))
        lines = [JournalLine(category, GROSS, "pleo-export test")]
        if code and account:
            lines = [
                JournalLine(category, NET, "pleo-export test", TaxPart(code, TaxRole.BASE)),
                JournalLine(account, TAX, "pleo-export test", TaxPart(code, TaxRole.TAX)),
            ]
        lines.append(JournalLine(wallet, -GROSS, "pleo-export test"))
        on = date.fromisoformat(self.environment.get("LIVE_DATE") or datetime.now(UTC).date().isoformat())
        memo = f"pleo-export test | {self.reference.removeprefix('pleo:')[:8]}"
        return JournalEntry(self.reference, on, on, currency, tuple(lines), memo)

    def _given(self, name: str) -> str:
        if not self.environment.get(name):
            raise NotVerified(f"set {name} to an account's code")
        return self.environment[name]

    def _refused(self, system: AccountingSystem, entry: JournalEntry) -> str:
        lines = (JournalLine(NO_SUCH_ACCOUNT, GROSS), entry.lines[-1])
        bad = JournalEntry(
            f"{self.reference}:r9", entry.posting_date, entry.document_date, entry.currency, lines, "test"
        )
        outcome = system.record_many([bad], DocumentState.POSTED)[bad.reference]
        if not isinstance(outcome, Rejected):
            raise NotVerified(f"an unknown account came out as {type(outcome).__name__}")
        return "as an unknown account" if isinstance(outcome, UnknownAccount) else "in other words"

    def _booked(self, system: AccountingSystem, entry: JournalEntry) -> str:
        outcome = system.record_many([entry], DocumentState.POSTED)[entry.reference]
        if isinstance(outcome, AccountingError):
            raise outcome
        return outcome.url or outcome.id

    def _found(self, system: AccountingSystem) -> DocumentRef:
        found = system.find_many([self.reference]).get(self.reference)
        if not isinstance(found, DocumentRef):
            raise NotVerified(f"the entry {self.reference} was not found; look for it, and remove it by hand")
        return found

    def _listed(self, ours: Any) -> str:
        if self.reference not in ours:
            raise NotVerified(f"{self.reference} is not among the entries of its day")
        return f"{len(ours)} of ours on that day"


def verification(name: str, environment: Mapping[str, str]) -> Verification:
    """Return what to try for a connector, as the environment says. Raises NotVerified for what is missing."""
    row, connector = LEDGERS[name], CONNECTORS[name]
    values = {field: environment[variable] for field, variable in row.settings.items() if environment.get(variable)}
    settings = connector.settings.model_validate({"name": name, **values})
    secret = {field: environment[variable] for field, variable in row.secret.items() if environment.get(variable)}
    if len(secret) < len(row.secret) and row.client_token_url:
        secret = {"access_token": _client_token(name, row.client_token_url.format_map(values), environment, connector)}
    missing = [variable for field, variable in row.secret.items() if field not in secret]
    if missing:
        raise NotVerified(f"set {' and '.join(missing)}")
    oauth = connector.oauth
    if oauth and oauth.tenant_field and oauth.tenant(settings) is None:
        settings = _with_the_only_tenant(connector, settings, secret["access_token"], oauth.tenant_field)
    return Verification(connector, settings, secret, environment)


def run(tried: Verification, sleep: Callable[[float], None] = time.sleep) -> None:
    """Do the steps, and print each with its result and seconds; a limit of a minute is waited for. Raises NotVerified
    or AccountingError."""
    for what, step in tried.steps():
        began = time.monotonic()
        try:
            result = step()
        except RateLimited as limit:
            if limit.retry_after > LONGEST_WAIT:
                raise
            sleep(limit.retry_after)
            result = step()
        print(f"ok  {time.monotonic() - began:5.1f} s  {what}{f': {result}' if result is not None else ''}", flush=True)


def main() -> int:
    """Try the connector that the command line names; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.verify_live", description=str(__doc__).partition("\n")[0])
    parser.add_argument("connector", choices=sorted(LEDGERS))
    given = parser.parse_args()
    try:
        run(verification(given.connector, os.environ))
    except (AccountingError, NotVerified) as error:
        print(f"not verified: {error}", file=sys.stderr)
        return 1
    print("verified")
    return 0


def _client_token(name: str, url: str, environment: Mapping[str, str], connector: Connector) -> str:
    """Return a token of the client's own, as a sandbox without a person gives it."""
    id_, key = (environment.get(f"{_variable(name)}_CLIENT_{part}") for part in ("ID", "SECRET"))
    if not id_ or not key or connector.oauth is None:
        raise NotVerified(f"set {LEDGERS[name].secret['access_token']}, or the client's id and secret")
    scopes = " ".join(each for each in connector.oauth.scopes if each != "offline_access")
    form = {"grant_type": "client_credentials", "scope": scopes}
    answer = requests.post(url, form, auth=(id_, key), timeout=30)
    if answer.status_code != 200:
        raise NotVerified(f"the client gets no token: HTTP {answer.status_code}")
    return str(answer.json()["access_token"])


def _variable(name: str) -> str:
    """Return a connector's name as variables begin with it."""
    return name.upper().replace("-", "_")


def _with_the_only_tenant(
    connector: Connector, settings: AccountingSettings, token: str, tenant_field: str
) -> AccountingSettings:
    found = connector.tenants(token, settings)
    if len(found) != 1:
        names = ", ".join(f"{each.name} ({each.id})" for each in found) or "none"
        raise NotVerified(f"set the variable of {tenant_field}; the token covers: {names}")
    return settings.model_copy(update={tenant_field: found[0].id})


def _equal(found: object, expected: object) -> None:
    if found != expected:
        raise NotVerified(f"it is {found}, not {expected}")


if __name__ == "__main__":
    sys.exit(main())
