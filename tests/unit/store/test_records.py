"""What goes into the table, the bucket and the secrets comes out again, and conditions hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pleo_export.errors import InvalidSettings, ItemFailure, JobFailure, TryAgain
from pleo_export.pleo.webhook_authentication import WebhookAuthentication
from pleo_export.store.attached_files import AttachedFile, OriginalFile
from pleo_export.store.connections import LedgerAlreadyConnected
from pleo_export.store.fencing import FencingToken
from pleo_export.store.payloads import WorkItem
from pleo_export.store.postings import Posting
from pleo_export.store.results import ItemResult
from pleo_export.store.secrets import Secrets
from pleo_export.store.table import expiry, get_many, posting_key
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.aws import client
from tests.system.in_process_system import InProcessSystem

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
JOB = "b1f0f1c4-6f5c-4d0e-9c57-0d6a6b3f7a10"
INTENT = Posting(NORTHGATE, "entry", 1, "pleo:entry", "f1", JOB, NOW)
RECORDED = replace(
    INTENT,
    document_id="17",
    document_url="https://books.example/17",
    document_number="J17",
    document_state="posted",
    recorded_at=NOW + timedelta(seconds=1),
)


# Postings


OPEN = replace(RECORDED, document_state="draft", open_references=("pleo:entry", "pleo:entry:pay"))
SERVED = OriginalFile(1, "a" * 64, 31_000_000, "image/heic")
SHRUNK = AttachedFile("receipt-1.jpg", "b" * 64, 900_000, "image/jpeg", (SERVED,))
WITH_VERSIONS_AND_FILES = replace(RECORDED, settings_version=7, code_version="0.1.0+3df99fa").with_files([SHRUNK])


@pytest.mark.parametrize(
    "posting",
    [INTENT, RECORDED, replace(RECORDED, document_number=None, document_url=None), OPEN, WITH_VERSIONS_AND_FILES],
)
def test_a_posting_comes_back_as_it_was(system: InProcessSystem, posting: Posting) -> None:
    system.services.postings.save_many(taken(system), [posting])
    assert system.services.postings.get_many(NORTHGATE, {"entry": 1}) == {"entry": posting}


def test_a_posting_is_kept_for_ever(system: InProcessSystem) -> None:
    system.services.postings.save_many(taken(system), [RECORDED])
    (record,) = get_many(system.services.table, [posting_key(NORTHGATE, "entry", 1)])
    assert "expires_at" not in record


def test_files_attached_later_are_added_to_those_that_the_document_has() -> None:
    as_it_is = AttachedFile(
        "receipt-2.pdf", "c" * 64, 9, "application/pdf", (OriginalFile(2, "c" * 64, 9, "application/pdf"),)
    )
    posting = WITH_VERSIONS_AND_FILES.with_files([as_it_is, SHRUNK])
    assert posting.files == (as_it_is, SHRUNK)
    assert posting.with_files([]) == posting
    assert (as_it_is.unchanged, SHRUNK.unchanged) == (True, False)


def test_however_many_files_an_expense_has_a_hundred_records_fit_a_transaction(system: InProcessSystem) -> None:
    originals = tuple(OriginalFile(number, "a" * 64, 30_000_000, "application/pdf") for number in range(1, 1001))
    posting = RECORDED.with_files([AttachedFile("receipts.pdf", "b" * 64, 30_000_000, "application/pdf", originals)])
    system.services.postings.save_many(taken(system), [posting])
    (record,) = get_many(system.services.table, [posting_key(NORTHGATE, "entry", 1)])
    assert len(json.dumps(record, default=str)) < 4_000_000 / 100
    kept = system.services.postings.latest(NORTHGATE, "entry")
    assert kept == posting
    assert len(posting.files[0].originals) + posting.files_left_out == 1000


def test_postings_are_looked_up_at_the_revision_that_is_asked_for(system: InProcessSystem) -> None:
    second = replace(RECORDED, revision=2)
    system.services.postings.save_many(taken(system), [RECORDED, second])
    assert system.services.postings.get_many(NORTHGATE, {"entry": 2}) == {"entry": second}
    assert system.services.postings.get_many(NORTHGATE, {"entry": 3, "other": 1}) == {}
    assert system.services.postings.get_many(HAVN, {"entry": 1}) == {}


def test_the_latest_posting_is_the_one_of_the_highest_revision(system: InProcessSystem) -> None:
    system.services.postings.save_many(taken(system), [replace(RECORDED, revision=number) for number in (1, 2, 9, 10)])
    latest = system.services.postings.latest(NORTHGATE, "entry")
    assert latest and latest.revision == 10
    assert system.services.postings.latest(NORTHGATE, "other") is None


def test_a_company_s_postings_with_open_references_are_found_however_many(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    postings = system.services.postings
    wanted = [replace(OPEN, entry_id=f"entry-{n}") for n in range(5)]
    postings.save_many(taken(system), [*wanted, RECORDED, replace(OPEN, company_id=HAVN)])
    query = postings._table.query
    monkeypatch.setattr(postings._table, "query", lambda **asked: query(**asked, Limit=2))

    found = postings.with_open_references(NORTHGATE)

    assert sorted(found, key=lambda each: each.entry_id) == wanted


def test_a_posting_of_which_nothing_is_open_any_more_is_not_looked_for(system: InProcessSystem) -> None:
    system.services.postings.save_many(taken(system), [OPEN])
    done = replace(OPEN, document_state="posted", open_references=())

    assert system.services.postings.save_open_references(OPEN, done)

    assert system.services.postings.with_open_references(NORTHGATE) == []
    assert system.services.postings.get_many(NORTHGATE, {"entry": 1}) == {"entry": done}


def test_an_intent_is_written_only_over_what_was_read(system: InProcessSystem) -> None:
    postings, token = system.services.postings, taken(system)
    later = replace(INTENT, intended_at=NOW + timedelta(minutes=5))
    assert postings.intend(token, [(INTENT, None)])
    assert not postings.intend(token, [(later, None)])
    assert not postings.intend(token, [(later, replace(INTENT, intended_at=NOW - timedelta(seconds=1)))])
    assert postings.intend(token, [(later, INTENT)])
    assert not postings.intend(token, [(INTENT, INTENT)])
    assert postings.get_many(NORTHGATE, {"entry": 1}) == {"entry": later}


def test_an_intent_is_withdrawn_only_by_its_writer_and_only_while_nothing_came_of_it(system: InProcessSystem) -> None:
    postings = system.services.postings
    postings.intend(taken(system), [(INTENT, None)])
    postings.withdraw(replace(INTENT, intended_at=NOW + timedelta(seconds=1)))
    assert postings.latest(NORTHGATE, "entry") == INTENT
    postings.save_many(taken(system), [RECORDED])
    postings.withdraw(INTENT)
    assert postings.latest(NORTHGATE, "entry") == RECORDED
    postings.save_many(taken(system), [INTENT])
    postings.withdraw(INTENT)
    assert postings.latest(NORTHGATE, "entry") is None


# Jobs and results


def test_attempts_are_counted_and_facts_are_kept_beside_them(system: InProcessSystem) -> None:
    jobs = system.services.jobs
    assert jobs.get(JOB) is None
    assert [jobs.next_attempt(JOB, NORTHGATE, NOW) for _ in range(3)] == [1, 2, 3]
    jobs.set_fields(JOB, claimed=True, outcome="completed")
    record = jobs.get(JOB)
    assert record and (record.company_id, record.attempts) == (NORTHGATE, 3)
    assert (record.claimed, record.fetched, record.outcome) == (True, False, "completed")


RESULTS = [
    ItemResult("a", external_id="17", external_url="https://books.example/17", exported_at=NOW),
    ItemResult("b", external_id="18"),
    ItemResult("c", failure=ItemFailure.TAG_UNKNOWN, reason="tag XXX is not a dimension"),
]


def test_a_claim_is_given_up_by_the_call_that_made_it_and_by_no_other(system: InProcessSystem) -> None:
    jobs = system.services.jobs
    jobs.next_attempt(JOB, NORTHGATE, NOW)
    assert not jobs.claim(JOB, "first call")
    assert jobs.claim(JOB, "second call")

    jobs.disclaim(JOB, "first call")  # it still runs, and Pleo has refused its `started`
    record = jobs.get(JOB)
    assert record is not None and record.claimed

    jobs.disclaim(JOB, "second call")
    record = jobs.get(JOB)
    assert record is not None and not record.claimed


def test_a_closed_job_says_why_and_stays_closed_for_the_runs_that_follow(system: InProcessSystem) -> None:
    jobs = system.services.jobs
    assert jobs.begin(JOB, NORTHGATE, "first run", seen=None)
    why = (JobFailure.ACCOUNTING_SYSTEM_TIMEOUT, "It is being updated.")

    assert jobs.close(JOB, "first run", *why)

    assert jobs.begin(JOB, NORTHGATE, "second run", seen="first run")
    assert not jobs.close(JOB, "first run", JobFailure.SERVICE_TIMEOUT, "It still runs.")
    assert jobs.begin(JOB, NORTHGATE, "third run", seen="second run")
    record = jobs.get(JOB)
    assert record
    assert record.closed == why


def test_a_run_that_was_delayed_takes_no_job_from_the_run_that_replaced_it(system: InProcessSystem) -> None:
    jobs = system.services.jobs
    assert jobs.begin(JOB, NORTHGATE, "successor", seen=None)

    assert not jobs.begin(JOB, NORTHGATE, "held up", seen=None)
    record = jobs.get(JOB)
    assert record
    assert record.run_by == "successor"


# The fencing token


def taken(system: InProcessSystem, run: str = "run", call: str = "call") -> FencingToken:
    before = system.services.jobs.get(JOB)
    assert system.services.jobs.begin(JOB, NORTHGATE, run, seen=before.run_by if before else None)
    system.services.jobs.set_fields(JOB, expires_at=expiry(NOW))
    token = system.services.fencing_tokens.take(JOB, run, call)
    assert token
    return token


def lose_to_another_call(system: InProcessSystem) -> None:
    assert system.services.fencing_tokens.take(JOB, "run", "another call")


def lose_to_another_run(system: InProcessSystem) -> None:
    assert system.services.jobs.begin(JOB, NORTHGATE, "another run", seen="run")


def lose_to_the_end_of_the_job(system: InProcessSystem) -> None:
    assert system.services.jobs.close(JOB, "run", JobFailure.SERVICE_TIMEOUT, "no time left")


@pytest.mark.parametrize("lose", [lose_to_another_call, lose_to_another_run, lose_to_the_end_of_the_job])
def test_a_stale_fencing_token_is_noticed_even_if_there_is_nothing_to_write(
    system: InProcessSystem, lose: Callable[[InProcessSystem], None]
) -> None:
    token = taken(system)
    assert system.services.postings.intend(token, [])
    lose(system)

    assert not system.services.postings.intend(token, [])


@pytest.mark.parametrize("lose", [lose_to_another_call, lose_to_another_run, lose_to_the_end_of_the_job])
def test_given_a_stale_fencing_token_when_its_holder_writes_then_nothing_is_written(
    system: InProcessSystem, lose: Callable[[InProcessSystem], None]
) -> None:
    token = taken(system)
    assert system.services.postings.intend(token, [(INTENT, None)])

    lose(system)

    later = replace(INTENT, revision=2)
    assert not system.services.postings.intend(token, [(later, None)])
    assert not system.services.postings.save_many(token, [RECORDED])
    assert not system.services.results.put_many(token, 0, RESULTS, NOW)
    assert not system.services.results.put_many(token, 0, [], NOW)
    assert system.services.postings.latest(NORTHGATE, "entry") == INTENT
    assert system.services.results.of_job(JOB) == {}


def test_no_fencing_token_is_given_for_a_job_that_is_closed_or_another_run_s(
    system: InProcessSystem,
) -> None:
    taken(system)

    assert system.services.fencing_tokens.take(JOB, "an earlier run", "call") is None
    lose_to_the_end_of_the_job(system)
    assert system.services.fencing_tokens.take(JOB, "run", "call") is None


def test_given_one_intent_that_cannot_be_written_when_a_batch_is_intended_then_none_is(system: InProcessSystem) -> None:
    token = taken(system)
    other = replace(INTENT, entry_id="other")
    assert system.services.postings.intend(token, [(other, None)])

    assert not system.services.postings.intend(token, [(INTENT, None), (other, None)])

    assert system.services.postings.latest(NORTHGATE, "entry") is None


def test_a_transaction_that_a_busy_table_refuses_raises_try_again(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = taken(system)
    busy = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": "TransactionConflict"}]}
    refusal = ClientError(busy, "TransactWriteItems")  # type: ignore[arg-type]
    system.effects.on("before dynamodb TransactWriteItems", refusal)

    with system.effects.of_function(), pytest.raises(TryAgain):
        system.services.postings.intend(token, [(INTENT, None)])


# Leases


def test_a_run_that_was_given_up_before_it_began_either_begins_or_is_replaced(system: InProcessSystem) -> None:
    leases = system.services.leases
    leases.take(NORTHGATE, "late run", NOW, replacing=None)
    seen = leases.get(NORTHGATE)

    assert leases.confirm(NORTHGATE, "late run")
    assert leases.confirm(NORTHGATE, "late run")  # its first state is run again
    assert not leases.take(NORTHGATE, "successor", NOW, replacing=seen)

    assert leases.take(NORTHGATE, "successor", NOW, replacing=leases.get(NORTHGATE))
    assert not leases.confirm(NORTHGATE, "late run")


def test_a_lease_is_taken_by_one_and_given_back_by_its_owner_alone(system: InProcessSystem) -> None:
    leases = system.services.leases
    assert leases.take(NORTHGATE, "run-1", NOW, replacing=None)
    assert not leases.take(NORTHGATE, "run-2", NOW, replacing=None)
    assert leases.take(HAVN, "run-3", NOW, replacing=None)
    leases.release(NORTHGATE, "run-2")
    held = leases.get(NORTHGATE)
    assert held and (held.owner, held.since) == ("run-1", NOW)
    leases.release(NORTHGATE, "run-1")
    leases.release(NORTHGATE, "run-1")
    assert leases.get(NORTHGATE) is None


def test_the_lease_of_an_owner_that_has_ended_is_taken_over_by_one(system: InProcessSystem) -> None:
    leases = system.services.leases
    leases.take(NORTHGATE, "ended", NOW, replacing=None)
    ended = leases.get(NORTHGATE)
    assert leases.take(NORTHGATE, "run-1", NOW, replacing=ended)
    assert not leases.take(NORTHGATE, "run-2", NOW, replacing=ended)


# Payloads


def test_items_come_back_with_the_digits_of_their_amounts_and_all_their_letters(system: InProcessSystem) -> None:
    payload: dict[str, Any] = {"amount": {"value": 1845, "rate": Decimal("1.10")}, "note": "Smørrebrød ☕ \ud83d\ude00"}
    payload["note"] = "Smørrebrød ☕"
    items = [WorkItem("a", "pending", payload), WorkItem("b", "in_progress", None)]
    system.services.payloads.write_chunk(JOB, "run-1", 3, items)

    first, second = system.services.payloads.read_chunk(JOB, "run-1", 3)

    assert first.payload == {"amount": {"value": 1845, "rate": "1.10"}, "note": "Smørrebrød ☕"}
    assert second == items[1]


def test_chunks_of_another_attempt_are_other_chunks(system: InProcessSystem) -> None:
    for number in (1, 2):
        system.services.payloads.write_chunk(JOB, f"run-{number}", 0, [WorkItem(f"item-{number}", "pending", {})])
    assert system.services.payloads.read_chunk(JOB, "run-1", 0)[0].entry_id == "item-1"


# Connections


def put(system: InProcessSystem, company_id: str, ledger_id: str) -> None:
    """Store the company's connection once more, with the version of settings that it has."""
    version = system.services.settings_history.latest(company_id)
    assert version
    system.services.connections.put(version, "arn:secret", ledger_id)


def test_a_connection_comes_back_until_it_is_deleted_and_its_postings_stay(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, time_zone="Europe/Copenhagen", tax_accounts={"GB20": "2201"})
    system.services.postings.save_many(taken(system), [RECORDED])
    kept = system.services.connections.get(NORTHGATE)
    assert kept and kept.settings.time_zone == "Europe/Copenhagen"
    assert kept.settings.tax_accounts == {"GB20": "2201"}
    assert system.services.connections.webhook_access(NORTHGATE) == (kept.secret_arn, WebhookAuthentication.SIGNATURE)
    put(system, NORTHGATE, "another ledger")
    moved = replace(kept, secret_arn="arn:secret", ledger_id="another ledger")
    assert system.services.connections.get(NORTHGATE) == moved

    system.services.connections.delete(NORTHGATE)

    assert system.services.connections.get(NORTHGATE) is None
    assert system.services.connections.webhook_access(NORTHGATE) is None
    assert system.services.postings.latest(NORTHGATE, "entry") == RECORDED


def test_a_ledger_belongs_to_one_company_until_it_moves_or_is_disconnected(system: InProcessSystem) -> None:
    connections = system.services.connections
    for company in (NORTHGATE, HAVN):
        system.connect(company)
    put(system, NORTHGATE, "tryton#one")
    put(system, NORTHGATE, "tryton#one")

    with pytest.raises(LedgerAlreadyConnected, match=NORTHGATE):
        put(system, HAVN, "tryton#one")
    assert connections.company_using("tryton#one") == NORTHGATE
    assert connections.company_using(f"ledger of {HAVN}") == HAVN, "what Havn had stays its own"

    put(system, NORTHGATE, "tryton#two")
    assert connections.company_using("tryton#one") is None
    put(system, HAVN, "tryton#one")
    connections.delete(NORTHGATE)
    connections.delete(NORTHGATE)
    assert connections.company_using("tryton#two") is None
    put(system, HAVN, "tryton#two")


def test_given_two_commands_that_connect_one_company_at_once_then_one_fails_and_no_ledger_is_lost(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.connect(NORTHGATE)
    connections = system.services.connections
    seen = connections._ledger_of(NORTHGATE)
    put(system, NORTHGATE, "tryton#theirs")
    monkeypatch.setattr(connections, "_ledger_of", lambda _: seen)

    for change in (partial(put, system, NORTHGATE, "tryton#ours"), partial(connections.delete, NORTHGATE)):
        with pytest.raises(InvalidSettings, match="run the command again"):
            change()

    assert connections.company_using("tryton#theirs") == NORTHGATE
    assert connections.company_using("tryton#ours") is None


def test_the_connected_companies_are_listed_and_nothing_else_of_the_table(system: InProcessSystem) -> None:
    for company in (NORTHGATE, HAVN):
        system.connect(company)
        system.services.leases.take(company, "run", NOW, replacing=None)
    system.services.postings.save_many(taken(system), [RECORDED])
    system.services.connections.delete(HAVN)
    assert list(system.services.connections.company_ids()) == [NORTHGATE]


def test_more_companies_than_one_page_holds_are_all_listed(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    companies = [f"{number:08d}-1111-4111-8111-111111111111" for number in range(5)]
    for company in companies:
        system.connect(company)
    table = system.services.table
    query = table.query
    monkeypatch.setattr(table, "query", lambda **wanted: query(**wanted, Limit=2))
    assert list(system.services.connections.company_ids()) == companies


def test_settings_that_no_longer_fit_are_refused_by_name(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)
    system.services.table.update_item(
        Key={"pk": f"COMPANY#{NORTHGATE}", "sk": "CONNECTION"},
        UpdateExpression="SET settings.posting = :maybe",
        ExpressionAttributeValues={":maybe": "maybe"},
    )
    connection = system.services.connections.get(NORTHGATE)
    with pytest.raises(InvalidSettings, match="posting"):
        assert connection and connection.settings
    assert system.services.connections.webhook_access(NORTHGATE), "and yet Pleo's webhooks are heard"


def test_a_connection_from_before_there_was_a_choice_demands_a_signature(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, webhook_authentication="basic")
    access = system.services.connections.webhook_access(NORTHGATE)
    assert access and access[1] is WebhookAuthentication.BASIC

    system.services.table.update_item(
        Key={"pk": f"COMPANY#{NORTHGATE}", "sk": "CONNECTION"},
        UpdateExpression="REMOVE settings.webhook_authentication",
    )

    assert system.services.connections.webhook_access(NORTHGATE) == (access[0], WebhookAuthentication.SIGNATURE)


# Secrets


def secret(value: str) -> str:
    return str(client("secretsmanager").create_secret(Name="one", SecretString=value)["ARN"])


COMPLETE = {"pleo": {"api_key": "k"}, "webhook_secrets": ["whsec_a", "whsec_b"], "accounting_system": {"token": "t"}}


def test_the_secrets_of_a_connection_are_read_and_never_shown(system: InProcessSystem) -> None:
    secrets = system.services.secrets.get(secret(json.dumps(COMPLETE)))
    assert (secrets.pleo, secrets.webhook_secrets) == ({"api_key": "k"}, ("whsec_a", "whsec_b"))
    assert secrets.webhook_tokens == ()
    assert "whsec" not in repr(secrets)


def test_our_own_tokens_are_read_where_there_are_some(system: InProcessSystem) -> None:
    secrets = system.services.secrets.get(secret(json.dumps({**COMPLETE, "webhook_tokens": ["new", "old"]})))
    assert secrets.webhook_tokens == ("new", "old")
    assert "old" not in repr(secrets)


@pytest.mark.parametrize(
    "value", ["", "[]", "{}", '"text"', *(json.dumps({**COMPLETE, name: None}) for name in COMPLETE)]
)
def test_a_secret_that_is_not_complete_is_refused_without_showing_it(system: InProcessSystem, value: str) -> None:
    arn = secret(value or " ")
    with pytest.raises(InvalidSettings, match="needs pleo, webhook_secrets and accounting_system") as refused:
        system.services.secrets.get(arn)
    assert "whsec" not in str(refused.value)


def test_a_changed_secret_is_seen_within_a_minute(system: InProcessSystem) -> None:
    now = [0.0]
    secrets = Secrets(client("secretsmanager"), clock=lambda: now[0])
    arn = secret(json.dumps(COMPLETE))
    assert secrets.get(arn).pleo == {"api_key": "k"}
    client("secretsmanager").put_secret_value(
        SecretId=arn, SecretString=json.dumps({**COMPLETE, "pleo": {"api_key": "new"}})
    )
    now[0] = 59
    assert secrets.get(arn).pleo == {"api_key": "k"}
    now[0] = 60
    assert secrets.get(arn).pleo == {"api_key": "new"}


def test_a_changed_secret_is_seen_as_soon_as_is_asked_for(system: InProcessSystem) -> None:
    now = [0.0]
    secrets = Secrets(client("secretsmanager"), clock=lambda: now[0])
    arn = secret(json.dumps(COMPLETE))
    old = secrets.get(arn)
    client("secretsmanager").put_secret_value(
        SecretId=arn, SecretString=json.dumps({**COMPLETE, "pleo": {"api_key": "new"}})
    )
    now[0] = 5
    assert secrets.get(arn, fresh_seconds=6) == old
    assert secrets.get(arn, fresh_seconds=5).pleo == {"api_key": "new"}
    assert secrets.get(arn).pleo == {"api_key": "new"}
