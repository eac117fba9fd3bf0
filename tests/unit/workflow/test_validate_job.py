"""ValidateJob: a job that cannot be booked fails as a whole, before anything is booked (R-2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.store.table import company_key
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import purchase, purchases, references
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem

FINAL = [
    (RateLimited("The day's requests are used up.", retry_after=3600), "accounting_system_rate_limit"),
    (AuthenticationFailed("The login is refused. Connect again."), "accounting_system_authentication_failure"),
    (PermissionDenied("The user may not post. Give it the role Accounting."), "invalid_configuration"),
    (Rejected("There is no journal EXP. Set accounting_system.journal."), "invalid_configuration"),
]
PASSING = [
    (Unavailable("The accounting system does not answer."), "accounting_system_unreachable"),
    (OutcomeUnknown("The accounting system did not answer in time."), "accounting_system_timeout"),
    (RateLimited("The minute's requests are used up.", retry_after=60), "accounting_system_rate_limit"),
]


def failed(system: InProcessSystem, job: str) -> tuple[str, str]:
    """Type and reason of a job that failed by exactly one event, before its items were looked at."""
    assert system.job(job)["status"] == "failed"
    paths = [each["path"] for each in system.service.requests]
    assert [each["status"] for each in system.service.requests if each["path"].endswith("events")] == [202, 202]
    assert not [path for path in paths if path.endswith("items")]
    return system.job(job)["failureReasonType"], system.job(job)["failureReason"]


@pytest.mark.parametrize(("answer", "kind"), FINAL, ids=[kind for _, kind in FINAL])
def test_given_an_accounting_system_that_refuses_us_then_the_job_fails_with_that_type_at_once(
    system: InProcessSystem, answer: AccountingError, kind: str
) -> None:
    books = system.connect(NORTHGATE, purchases(2))
    job = system.export(NORTHGATE)
    system.effects.on("before books check", answer, times=99)

    system.run(NORTHGATE)

    assert failed(system, job) == (kind, answer.message)
    assert (books.documents, system.pauses) == ([], [])


@pytest.mark.parametrize(("answer", "kind"), PASSING, ids=[kind for _, kind in PASSING])
def test_given_an_unavailable_accounting_system_then_the_job_fails_with_that_type(
    system: InProcessSystem, answer: AccountingError, kind: str
) -> None:
    books = system.connect(NORTHGATE, purchases(2))
    job = system.export(NORTHGATE)
    system.effects.on("before books check", answer, times=99)

    system.run(NORTHGATE)

    assert failed(system, job) == (kind, answer.message)
    assert books.documents == []
    assert 60 < sum(system.pauses) < 180  # about two minutes


@pytest.mark.parametrize(("answer", "_kind"), PASSING, ids=[kind for _, kind in PASSING])
def test_given_an_accounting_system_that_is_away_twice_when_it_comes_back_then_the_job_goes_on(
    system: InProcessSystem, answer: AccountingError, _kind: str
) -> None:
    books = system.connect(NORTHGATE, items := purchases(2))
    job = system.export(NORTHGATE)
    system.effects.on("before books check", answer, times=2)

    system.run(NORTHGATE)

    assert system.job(job)["status"] == "completed"
    assert [each.reference for each in books.live()] == references(items)


def test_given_incomplete_credentials_then_the_job_fails_with_that_type(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_connection: object) -> FakeAccountingSystem:
        raise AuthenticationFailed("The connection has no token. Connect again.")

    system.connect(NORTHGATE, purchases(1))
    job = system.export(NORTHGATE)
    monkeypatch.setattr(system.services, "accounting_system", refused)

    system.run(NORTHGATE)

    assert failed(system, job) == (
        "accounting_system_authentication_failure",
        "The connection has no token. Connect again.",
    )


def test_given_settings_that_no_longer_fit_when_the_job_is_checked_then_pleo_is_told_which(
    system: InProcessSystem,
) -> None:
    """They were entered for an earlier version of the product."""
    system.connect(NORTHGATE, purchases(1))
    system.services.table.update_item(
        Key=company_key(NORTHGATE, "CONNECTION"),
        UpdateExpression="SET settings.posting = :unknown",
        ExpressionAttributeValues={":unknown": "provisional"},
    )
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    kind, reason = failed(system, job)
    assert kind == "invalid_configuration"
    assert reason.startswith("The settings of the connection cannot be used: posting:")


def test_given_books_without_bills_then_the_job_says_to_turn_vendor_based_bookkeeping_off(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, purchases(1))
    books.capabilities = replace(books.capabilities, kinds=frozenset({DocumentKind.JOURNAL_ENTRY}))
    job = system.export(NORTHGATE, vendor_based_bookkeeping=True)

    system.run(NORTHGATE)

    kind, reason = failed(system, job)
    assert (kind, "Settings, Accounting" in reason) == ("invalid_configuration", True)
    assert books.documents == []


def test_given_a_currency_without_contra_account_then_the_job_fails_and_names_it(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [purchase("lunch"), purchase("almuerzo", currency="EUR")])
    job = system.export(NORTHGATE)
    system.service.state.company(NORTHGATE).contra_accounts = frozenset({"GBP"})

    system.run(NORTHGATE)

    assert system.job(job)["status"] == "failed"
    assert system.job(job)["failureReasonType"] == "missing_configuration"
    assert "currencies: EUR." in system.job(job)["failureReason"]
    assert "Contra accounts" in system.job(job)["failureReason"]
    assert (system.statuses(job), books.documents) == ({"abandoned": 2}, [])


def test_given_a_failed_job_when_its_cause_is_fixed_then_the_next_job_runs(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, items := purchases(2))
    system.effects.on("before books check", FINAL[0][0])
    first = system.export(NORTHGATE)
    system.run(NORTHGATE)

    second = system.export(NORTHGATE)
    system.run(NORTHGATE)

    assert (system.job(first)["status"], system.job(second)["status"]) == ("failed", "completed")
    assert [each.reference for each in books.live()] == references(items)


def test_given_a_company_disconnected_during_its_job_then_the_job_ends_quietly(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, purchases(1))
    job = system.export(NORTHGATE)
    system.effects.on("after pleo POST", lambda: system.services.connections.delete(NORTHGATE))

    system.run(NORTHGATE)

    assert set(system.executions.over.values()) == {"SUCCEEDED"}
    assert (system.job(job)["status"], books.documents) == ("in_progress", [])
