"""ValidateJob: a job that cannot be booked fails as a whole, before anything is booked (R-2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.pleo.sample import NORTHGATE
from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.bookkeeping.documents import Kind
from pleo_export.state.table import company_key
from tests.harness.books import Books
from tests.harness.expenses import purchase, purchases, references
from tests.harness.town import Town

FINAL = [
    (AuthenticationFailed("The login is refused. Connect again."), "accounting_system_authentication_failure"),
    (PermissionDenied("The user may not post. Give it the role Accounting."), "invalid_configuration"),
    (Rejected("There is no journal EXP. Set accounting_system.journal."), "invalid_configuration"),
]
PASSING = [
    (Unavailable("The accounting system does not answer."), "accounting_system_unreachable"),
    (OutcomeUnknown("The accounting system did not answer in time."), "accounting_system_timeout"),
    (RateLimited("The day's requests are used up.", retry_after=3600), "accounting_system_rate_limit"),
]


def failed(world: Town, job: str) -> tuple[str, str]:
    """Type and reason of a job that failed by exactly one event, before its items were looked at."""
    assert world.job(job)["status"] == "failed"
    paths = [each["path"] for each in world.service.requests]
    assert [each["status"] for each in world.service.requests if each["path"].endswith("events")] == [202, 202]
    assert not [path for path in paths if path.endswith("items")]
    return world.job(job)["failureReasonType"], world.job(job)["failureReason"]


@pytest.mark.parametrize(("answer", "kind"), FINAL, ids=[kind for _, kind in FINAL])
def test_given_an_accounting_system_that_says_no_when_the_job_is_checked_then_it_fails_with_that_type_at_once(
    world: Town, answer: AccountingError, kind: str
) -> None:
    books = world.connect(NORTHGATE, purchases(2))
    job = world.export(NORTHGATE)
    world.effects.on("before books check", answer, times=99)

    world.run(NORTHGATE)

    assert failed(world, job) == (kind, answer.message)
    assert (books.documents, world.pauses) == ([], [])


@pytest.mark.parametrize(("answer", "kind"), PASSING, ids=[kind for _, kind in PASSING])
def test_given_an_accounting_system_that_stays_away_when_the_retries_end_then_the_job_fails_with_that_type(
    world: Town, answer: AccountingError, kind: str
) -> None:
    books = world.connect(NORTHGATE, purchases(2))
    job = world.export(NORTHGATE)
    world.effects.on("before books check", answer, times=99)

    world.run(NORTHGATE)

    assert failed(world, job) == (kind, answer.message)
    assert books.documents == []
    assert 60 < sum(world.pauses) < 180  # about two minutes


@pytest.mark.parametrize(("answer", "_kind"), PASSING, ids=[kind for _, kind in PASSING])
def test_given_an_accounting_system_that_is_away_twice_when_it_comes_back_then_the_job_goes_on(
    world: Town, answer: AccountingError, _kind: str
) -> None:
    books = world.connect(NORTHGATE, items := purchases(2))
    job = world.export(NORTHGATE)
    world.effects.on("before books check", answer, times=2)

    world.run(NORTHGATE)

    assert world.job(job)["status"] == "completed"
    assert [each.reference for each in books.live()] == references(items)


def test_given_credentials_that_are_not_complete_when_the_books_cannot_be_opened_then_the_job_fails_with_that_type(
    world: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_connection: object) -> Books:
        raise AuthenticationFailed("The connection has no token. Connect again.")

    world.connect(NORTHGATE, purchases(1))
    job = world.export(NORTHGATE)
    monkeypatch.setattr(world.runtime, "accounting_system", refused)

    world.run(NORTHGATE)

    assert failed(world, job) == (
        "accounting_system_authentication_failure",
        "The connection has no token. Connect again.",
    )


def test_given_settings_that_no_longer_fit_when_the_job_is_checked_then_pleo_is_told_which(world: Town) -> None:
    """They were entered for an earlier version of the product."""
    world.connect(NORTHGATE, purchases(1))
    world.runtime._table.update_item(
        Key=company_key(NORTHGATE, "CONNECTION"),
        UpdateExpression="SET settings.posting = :unknown",
        ExpressionAttributeValues={":unknown": "provisional"},
    )
    job = world.export(NORTHGATE)

    world.run(NORTHGATE)

    kind, reason = failed(world, job)
    assert kind == "invalid_configuration"
    assert reason.startswith("The integration's settings have to be corrected by whoever runs it: posting:")


def test_given_vendor_based_bookkeeping_that_the_books_cannot_do_when_the_job_is_checked_then_it_says_what_to_turn_off(
    world: Town,
) -> None:
    books = world.connect(NORTHGATE, purchases(1))
    books.capabilities = replace(books.capabilities, kinds=frozenset({Kind.JOURNAL_ENTRY}))
    job = world.export(NORTHGATE, vendor_based_bookkeeping=True)

    world.run(NORTHGATE)

    kind, reason = failed(world, job)
    assert (kind, "Settings, Accounting" in reason) == ("invalid_configuration", True)
    assert books.documents == []


def test_given_a_currency_without_contra_account_when_pleo_refuses_the_items_then_the_job_fails_naming_it(
    world: Town,
) -> None:
    books = world.connect(NORTHGATE, [purchase("lunch"), purchase("almuerzo", currency="EUR")])
    job = world.export(NORTHGATE)
    world.service.world.company(NORTHGATE).contra_accounts = frozenset({"GBP"})

    world.run(NORTHGATE)

    assert world.job(job)["status"] == "failed"
    assert world.job(job)["failureReasonType"] == "missing_configuration"
    assert "currencies: EUR." in world.job(job)["failureReason"]
    assert "Contra accounts" in world.job(job)["failureReason"]
    assert (world.statuses(job), books.documents) == ({"abandoned": 2}, [])


def test_given_a_failed_job_when_the_cause_is_mended_and_export_is_clicked_again_then_the_new_job_runs(
    world: Town,
) -> None:
    books = world.connect(NORTHGATE, items := purchases(2))
    world.effects.on("before books check", FINAL[0][0])
    first = world.export(NORTHGATE)
    world.run(NORTHGATE)

    second = world.export(NORTHGATE)
    world.run(NORTHGATE)

    assert (world.job(first)["status"], world.job(second)["status"]) == ("failed", "completed")
    assert [each.reference for each in books.live()] == references(items)


def test_given_the_company_is_disconnected_while_its_job_runs_when_the_next_state_comes_then_it_ends_quietly(
    world: Town,
) -> None:
    books = world.connect(NORTHGATE, purchases(1))
    job = world.export(NORTHGATE)
    world.effects.on("after pleo POST", lambda: world.runtime.connections.delete(NORTHGATE))

    world.run(NORTHGATE)

    assert set(world.executions.over.values()) == {"SUCCEEDED"}
    assert (world.job(job)["status"], books.documents) == ("in_progress", [])
