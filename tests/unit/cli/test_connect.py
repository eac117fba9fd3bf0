"""`pleo-export connect`: what is refused, in which words, and that nothing is stored then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from typer import Exit
from typer.testing import CliRunner

from cli.checks import CheckStatus
from cli.consent import Consent
from cli.errors import CheckFailed, NoTerminal
from cli.main import app
from pleo_export.accounting.errors import OutcomeUnknown, PermissionDenied, Rejected, Unavailable
from pleo_export.accounting.port import DocumentState, PeriodSupport
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.pleo.credentials import SCOPES
from pleo_export.sync.plan import SyncPlan
from pleo_simulator.fault_queue import Fault
from pleo_simulator.oauth import Client, s256
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.aws import client
from tests.system.deployed_system import HOOKS, TOKEN, DeployedSystem
from tests.system.effects import Killed
from tests.system.in_process_system import settings
from tests.unit.cli.customers import connect_with, connected, ledger, problems, subscriptions

KEY = f"plp_{NORTHGATE}"


def nothing_is_stored(stack: DeployedSystem) -> bool:
    return not (stack.connections.exists(NORTHGATE) or stack.has_secret(NORTHGATE) or subscriptions(stack))


def test_given_good_settings_then_every_step_is_told_and_pleo_delivers(stack: DeployedSystem) -> None:
    findings = connected(stack)

    assert problems(findings) == {}
    assert [*findings] == [
        "Pleo credential",
        "Pleo scopes",
        "accounting system",
        "company",
        "ledger",
        "accounts",
        "lists",
        "period",
        "test entry",
        "installation",
        "webhook subscription",
        "connection",
        "webhook address",
    ]
    assert [each.request["endpointUrl"] for each in subscriptions(stack)] == [HOOKS + NORTHGATE]
    assert list(stack.connections.company_ids()) == [NORTHGATE]
    assert ledger(stack).documents == [], "nothing is left of the test entry"
    assert stack.pleo({"api_key": KEY}).installation().activated


def test_given_a_connected_company_when_connected_again_then_settings_change_in_place(stack: DeployedSystem) -> None:
    connected(stack)
    before = stack.secrets(NORTHGATE)

    findings = connected(stack, posting="draft")

    assert problems(findings) == {}
    connection = stack.connections.get(NORTHGATE)
    assert connection
    assert connection.settings.posting == "draft"
    assert len(subscriptions(stack)) == 1
    assert stack.secrets(NORTHGATE) == before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"accounts": {"wallets": {"GBP": "1999"}, "clearing": "x"}}, "accounts.wallets.GBP: 1999 is not an account"),
        ({"accounts": {"wallets": {"GBP": "1999"}, "clearing": "x"}}, "accounts.clearing: x is not an account"),
        ({"dimensions": {"team": "region"}}, "dimensions.team: region is not a dimension"),
    ],
)
def test_given_a_wrong_setting_then_its_field_is_named_and_nothing_is_stored(
    stack: DeployedSystem, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(CheckFailed, match=said) as error:
        connected(stack, **wrong)

    assert "Nothing was stored" in str(error.value)
    assert nothing_is_stored(stack)


def test_given_several_things_wrong_then_all_are_told_at_once(stack: DeployedSystem) -> None:
    stack.customer(NORTHGATE)
    stack.system.service.credentials.add_key(KEY, NORTHGATE, frozenset({"export-jobs:read"}))

    with pytest.raises(CheckFailed) as error:
        connect_with(stack, {"api_key": KEY}, dimensions={"team": "region"})

    assert "lacks export-jobs:write, export-items:read" in str(error.value)
    assert "region is not a dimension" in str(error.value)
    assert nothing_is_stored(stack)


@pytest.mark.parametrize(
    ("key", "said"),
    [("plp_wrong", "Pleo does not accept the credential"), (f"plp_{HAVN}", f"belongs to company {HAVN}")],
)
def test_given_a_key_that_is_not_the_companys_then_it_is_refused(stack: DeployedSystem, key: str, said: str) -> None:
    stack.customer(NORTHGATE)
    stack.customer(HAVN)

    with pytest.raises(CheckFailed, match=said):
        connect_with(stack, {"api_key": key})

    assert nothing_is_stored(stack)


def test_given_a_pleo_that_tells_no_scopes_when_a_call_is_refused_then_that_is_told(stack: DeployedSystem) -> None:
    stack.system.service.faults.order(Fault(effect="missing_field", path="/v1/introspect", field="data.scope"))
    stack.system.service.faults.order(Fault(effect="status", path="/v3/export-jobs", status=403))

    with pytest.raises(CheckFailed, match="Make an API key with all scopes"):
        connected(stack)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Unavailable("Tryton cannot be reached."), "Tryton cannot be reached"),
        (PermissionDenied("Add it to the group Accounting there."), "Add it to the group"),
    ],
)
def test_given_books_that_do_not_open_then_the_reason_is_told(
    stack: DeployedSystem, error: Exception, said: str
) -> None:
    broken(stack, "before books check", error)

    with pytest.raises(CheckFailed, match=said):
        connected(stack)

    assert nothing_is_stored(stack)


def test_given_books_without_drafts_or_bills_when_settings_ask_for_them_then_they_are_refused(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    books = ledger(stack)
    books.capabilities = replace(books.capabilities, drafts=frozenset(), kinds=frozenset({DocumentKind.JOURNAL_ENTRY}))

    with pytest.raises(CheckFailed) as error:
        connected(stack, posting="draft", legacy_vendors="accounts_payable")

    assert "write posting: posted" in str(error.value)
    assert "write legacy_vendors: journal" in str(error.value)


def test_given_settings_beyond_what_the_books_can_do_then_each_is_named_with_what_to_write(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    books = ledger(stack)
    books.capabilities = replace(
        books.capabilities,
        foreign=frozenset(),
        files=frozenset(),
        max_dimensions=1,
        periods=PeriodSupport.UNKNOWN,
    )
    asked: dict[str, Any] = {
        "closed_period": "next_open",
        "dimensions": {"a": "cost_centre", "b": "project"},
        "receipts": "required",
    }

    with pytest.raises(CheckFailed) as error:
        connected(stack, accounts={"wallets": {"GBP": "1900", "EUR": "1901"}}, **asked)

    told = str(error.value)
    assert "receipts: tryton takes no files" in told
    assert "closed_period: tryton does not tell its periods" in told
    assert "accounts.wallets.EUR: tryton takes journal entries in GBP only" in told
    assert "dimensions: tryton takes at most 1 on a line" in told


def test_given_kinds_without_drafts_and_no_periods_when_drafts_are_wanted_then_that_is_said(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    books = ledger(stack)
    bills = frozenset({DocumentKind.BILL, DocumentKind.CREDIT_NOTE})
    books.capabilities = replace(books.capabilities, drafts=bills, periods=PeriodSupport.UNKNOWN)

    told = connected(stack, posting="draft")

    assert "no drafts for: journal entry, payment. They are posted at once" in told["accounts"].text
    assert "does not tell which days can be booked" in told["period"].text


# One Pleo company to one accounting company


def test_given_books_of_another_company_then_the_first_is_named_and_keeps_them(stack: DeployedSystem) -> None:
    connected(stack, HAVN)

    with pytest.raises(CheckFailed, match=f"connected to Pleo company {HAVN} already"):
        connected(stack, NORTHGATE)

    assert nothing_is_stored(stack)
    assert stack.connections.exists(HAVN)


def test_given_a_company_that_moves_to_other_books_then_the_old_ones_are_free(stack: DeployedSystem) -> None:
    connected(stack, NORTHGATE)
    connected(stack, NORTHGATE, "other_books")

    assert problems(connected(stack, HAVN)) == {}


def test_given_a_running_export_when_its_company_moves_to_other_books_then_it_is_told_to_wait(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    stack.leases.take(NORTHGATE, "run", stack.now(), replacing=None)

    with pytest.raises(CheckFailed, match="an export is running"):
        connected(stack, NORTHGATE, "other_books")

    assert problems(connected(stack, posting="draft")) == {}, "other settings may change"


# The test entry


def test_given_an_entry_that_cannot_be_recorded_then_the_reason_is_told(stack: DeployedSystem) -> None:
    broken(stack, "before books record", Rejected("The account takes no pounds."))

    with pytest.raises(CheckFailed, match="takes no pounds"):
        connected(stack)

    assert nothing_is_stored(stack)


def test_given_a_draft_that_cannot_be_removed_then_connect_goes_on_and_names_it(
    stack: DeployedSystem,
) -> None:
    broken(stack, "before books discard", PermissionDenied("Not to this user."))

    findings = connected(stack)

    (left,) = ledger(stack).documents
    assert left.state is DocumentState.DRAFT
    assert findings["test entry"].status is CheckStatus.ACTION_NEEDED
    assert f"the test entry {left.id} is still in tryton: delete it there (https://books.example/{left.id})" in str(
        findings["test entry"]
    )
    assert stack.connections.exists(NORTHGATE)


@pytest.mark.parametrize("lost", [Killed(), OutcomeUnknown("No answer.")])
def test_given_a_draft_that_a_crash_left_behind_when_connected_again_then_it_is_removed_first(
    stack: DeployedSystem, lost: BaseException
) -> None:
    broken(stack, "after books record", lost)
    with pytest.raises((Killed, CheckFailed)):
        connected(stack)
    assert len(ledger(stack).documents) == 1

    assert problems(connected(stack)) == {}

    assert ledger(stack).documents == []


def test_given_a_test_entry_that_somebody_posted_then_it_is_named_and_stays(stack: DeployedSystem) -> None:
    broken(stack, "after books record", Killed())
    with pytest.raises(Killed):
        connected(stack)
    ledger(stack).documents[0].state = DocumentState.POSTED

    findings = connected(stack)

    assert "the test entry J1 is still in tryton" in problems(findings)["test entry"]
    assert len(ledger(stack).documents) == 1


def test_given_a_closed_period_then_the_test_entry_goes_to_the_next_open_day(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    ledger(stack).closed_until = stack.now().date()

    findings = connected(stack)

    assert set(problems(findings)) == {"period"}
    assert "a closed period for 2026-11-20" in problems(findings)["period"]
    assert "removed again" in findings["test entry"].text


def test_given_settings_without_any_account_then_no_test_entry_is_tried(stack: DeployedSystem) -> None:
    assert "not tried: no account" in connected(stack, accounts={})["test entry"].text


def test_given_settings_without_a_wallet_then_another_account_serves(stack: DeployedSystem) -> None:
    assert "removed again" in connected(stack, accounts={"clearing": "1950"})["test entry"].text


# Installation


@pytest.mark.parametrize("status", [400, 403, 404])
def test_given_a_pleo_without_installations_for_keys_then_connect_goes_on(stack: DeployedSystem, status: int) -> None:
    stack.system.service.faults.order(Fault(effect="status", path="/v1/installations", status=status, count=9))

    findings = connected(stack)

    assert problems(findings) == {}
    assert findings["installation"].text == f"none (Pleo answers {status}); an API key works without"


def test_given_an_inactive_installation_when_connected_again_then_it_is_active(stack: DeployedSystem) -> None:
    connected(stack)
    (record,) = stack.system.service.installations._records.values()
    record.status = "INACTIVE"

    connected(stack)

    assert record.status == "ACTIVATED"


def test_given_an_installation_of_another_company_then_it_is_refused(stack: DeployedSystem) -> None:
    connected(stack)
    (record,) = stack.system.service.installations._records.values()
    record.company_id = HAVN

    with pytest.raises(CheckFailed, match=f"the installation at Pleo is of company {HAVN}"):
        connected(stack)


def test_given_consent_by_oauth_then_its_installation_is_activated(stack: DeployedSystem) -> None:
    stack.customer(NORTHGATE)

    findings = connect_with(stack, {"access_token": access_token(stack)})

    assert problems(findings) == {}
    assert [each.status for each in stack.system.service.installations._records.values()] == ["ACTIVATED"]


def test_given_stored_tokens_that_are_refreshed_while_connecting_again_then_the_new_ones_stay(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    stack.system.authorise(NORTHGATE)
    stored = stack.secrets(NORTHGATE)
    assert stored

    def refresh() -> None:
        tokens, connection = stack.system.services.tokens, stack.connections.get(NORTHGATE)
        assert connection
        assert tokens.token_after_refusal(connection, "pleo", stored.pleo["access_token"])

    stack.system.effects.on("before pleo GET /v1/subscriptions", refresh)

    assert problems(connect_with(stack, dict(stored.pleo), posting="draft")) == {}

    newer = stack.secrets(NORTHGATE)
    assert newer
    assert newer.pleo["access_token"] != stored.pleo["access_token"]
    assert stack.pleo(newer.pleo).introspect().company_id == NORTHGATE


def test_given_a_secret_that_somebody_else_changes_then_nothing_is_overwritten(stack: DeployedSystem) -> None:
    connected(stack)
    before = stack.secrets(NORTHGATE)
    stack.secret_locks.take(NORTHGATE, "a refresh", stack.now())

    with pytest.raises(CheckFailed, match="wait a minute"):
        connected(stack, webhook_authentication="basic")

    assert stack.secrets(NORTHGATE) == before


def test_given_a_secret_that_is_not_complete_when_connected_again_then_it_is_replaced(stack: DeployedSystem) -> None:
    connected(stack)
    client("secretsmanager").put_secret_value(SecretId=stack.secret_name(NORTHGATE), SecretString="{}")

    assert problems(connected(stack)) == {}

    assert stack.secrets(NORTHGATE)


def access_token(stack: DeployedSystem) -> str:
    app = Client("app", "secret", ("http://127.0.0.1/callback",), NORTHGATE)
    oauth, verifier = stack.system.service.oauth, "v" * 43
    oauth.register(app)
    code = oauth.authorise(app.id, app.redirect_uris[0], "", "code", "S256", s256(verifier))
    return str(oauth.exchange(app, code, app.redirect_uris[0], verifier)["access_token"])


# Crashes, and the address


def test_given_a_connect_that_breaks_off_when_repeated_then_there_is_one_subscription(
    stack: DeployedSystem,
) -> None:
    stack.customer(NORTHGATE)
    stack.system.effects.on("after pleo POST /v1/subscriptions", requests.ConnectionError("no answer"))
    with pytest.raises(CheckFailed, match="continues from here"):
        connect_with(stack, {"api_key": KEY})
    assert not stack.connections.exists(NORTHGATE)

    assert problems(connect_with(stack, {"api_key": KEY})) == {}

    assert len(subscriptions(stack)) == 1


def test_given_vendors_that_are_synced_then_pleo_tells_of_new_ones_too_until_they_are_not(
    stack: DeployedSystem,
) -> None:
    for sync, events in (
        ({"vendors": True}, ["v1.export-job.created", "v1.vendor.created"]),
        ({}, ["v1.export-job.created"]),
    ):
        assert problems(connected(stack, sync=sync)) == {}
        assert [each.request["eventTypes"] for each in subscriptions(stack)] == [events]


def test_given_two_subscriptions_to_our_address_then_one_is_left(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.service.subscriptions.create(NORTHGATE, subscriptions(stack)[0].request)

    assert problems(connected(stack)) == {}

    assert len(subscriptions(stack)) == 1


def test_given_an_address_that_does_not_answer_then_connect_goes_on_and_names_the_poll(
    stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeployedSystem, "deliver", lambda *_: 503)

    findings = connected(stack)

    assert "answers 503" in problems(findings)["webhook address"]
    assert "the poll finds the jobs" in problems(findings)["webhook address"]
    assert stack.connections.exists(NORTHGATE)


@pytest.mark.parametrize("authentication", ["signature", "basic", "header"])
def test_each_way_to_authenticate_webhooks_takes_our_delivery_which_starts_nothing(
    stack: DeployedSystem, authentication: str
) -> None:
    assert problems(connected(stack, webhook_authentication=authentication)) == {}

    assert stack.system.queued() == []


def test_no_finding_shows_a_secret(stack: DeployedSystem) -> None:
    said = " ".join(map(str, connected(stack, webhook_authentication="basic").values()))

    stored = stack.secrets(NORTHGATE)
    assert stored
    for secret in (KEY, TOKEN, *stored.webhook_secrets, *stored.webhook_tokens):
        assert secret not in said


def broken(stack: DeployedSystem, moment: str, error: BaseException) -> None:
    """Once, at that moment of the books."""
    stack.system.effects.on(moment, error)


# The lists that are kept in step, and whose they are

SYNC = {"dimensions": ["cost_centre"], "vendors": True}


class Asked(Consent):
    """Remembers what a person was shown, and agrees."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Any] = []

    def same_company(self, told: str) -> None:
        self.shown.append(told)

    def plans(self, plans: Sequence[SyncPlan]) -> None:
        self.shown += plans


def test_given_lists_then_their_first_sync_is_shown_before_anything_is_stored_and_asked_for_at_the_end(
    stack: DeployedSystem,
) -> None:
    person = Asked()

    findings = connected(stack, consent=person, sync=SYNC)

    assert problems(findings) == {}
    assert findings["lists"].text == "tags (cost_centre), vendors follow the books"
    told, *plans = person.shown
    assert "not compared, Pleo has no registration number" in told
    (tags,) = (each for each in plans if each.group == "cost_centre")
    assert {step.key for step in tags.steps} == {"cost_centre", "LON", "CPH", "MAD"}
    assert stack.system.service.tags.groups(NORTHGATE, include_archived=True) == [], "shown, and not done yet"
    assert stack.deliver_syncs() == ["done"]
    assert [each["code"] for each in stack.system.service.tags.groups(NORTHGATE)] == ["cost_centre"]
    assert subscriptions(stack)[0].request["eventTypes"] == ["v1.export-job.created", "v1.vendor.created"]


def test_given_a_person_who_does_not_agree_then_nothing_is_stored(stack: DeployedSystem) -> None:
    class Refuses(Asked):
        def plans(self, plans: Sequence[SyncPlan]) -> None:
            raise Exit(1)

    with pytest.raises(Exit):
        connected(stack, consent=Refuses(), sync=SYNC)

    assert nothing_is_stored(stack)


def test_given_nobody_to_ask_and_no_yes_then_a_first_sync_is_refused_and_nothing_is_stored(
    stack: DeployedSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLEO_API_KEY", stack.customer(NORTHGATE))
    monkeypatch.setenv("ACCOUNTING_TOKEN", TOKEN)
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(settings(NORTHGATE, sync=SYNC)))

    refused = CliRunner().invoke(app, ["connect", str(file), "--webhook-url", HOOKS])

    assert isinstance(refused.exception, NoTerminal)
    assert "tags of group cost_centre: 1 group created, 3 created" in refused.output
    assert nothing_is_stored(stack)
    assert CliRunner().invoke(app, ["connect", str(file), "--webhook-url", HOOKS, "--yes"]).exit_code == 0
    assert stack.connections.exists(NORTHGATE)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sync": {"dimensions": ["region"]}}, "sync.dimensions: region is not a dimension of tryton"),
        ({"sync": SYNC, "dimensions": {}}, "without `cost_centre: cost_centre` the tags of this group are not booked"),
        ({"sync": SYNC, "dimensions": {"cost_centre": "project"}}, "without `cost_centre: cost_centre`"),
    ],
)
def test_given_a_selection_that_cannot_be_kept_in_step_then_the_fix_is_named(
    stack: DeployedSystem, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(CheckFailed, match=said):
        connected(stack, **wrong)

    assert nothing_is_stored(stack)


def test_given_a_key_without_the_scopes_of_the_chosen_lists_then_each_is_named(stack: DeployedSystem) -> None:
    stack.customer(NORTHGATE)
    stack.system.service.credentials.add_key(KEY, NORTHGATE, frozenset({*SCOPES, "tag-group:read", "vendors:read"}))

    with pytest.raises(CheckFailed, match="lacks tag-group:write, vendors:write, companies:read"):
        connect_with(stack, {"api_key": KEY}, sync=SYNC)


def test_given_a_list_that_cannot_be_read_then_nothing_is_stored(stack: DeployedSystem) -> None:
    broken(stack, "before books list tags", Unavailable("Tryton cannot be reached."))

    with pytest.raises(CheckFailed, match="Tryton cannot be reached"):
        connected(stack, sync=SYNC)

    assert nothing_is_stored(stack)


def test_given_dimensions_that_are_not_chosen_any_more_then_their_groups_are_archived(stack: DeployedSystem) -> None:
    connected(stack, sync=SYNC)
    stack.deliver_syncs()

    connected(stack, sync={"vendors": True})

    assert stack.deliver_syncs() == ["done"]
    assert stack.system.service.tags.groups(NORTHGATE) == []
    assert len(stack.system.service.tags.groups(NORTHGATE, include_archived=True)) == 1


def test_given_the_ledger_of_another_company_then_both_are_named_and_nothing_is_stored(stack: DeployedSystem) -> None:
    register(stack, "99999999")

    with pytest.raises(CheckFailed) as error:
        connected(stack)

    assert "Pleo's company is Company (99999999), the ledger's is Northgate Ltd (07142369)" in str(error.value)
    assert 'write registration_number: "07142369"' in str(error.value)
    assert nothing_is_stored(stack)


def test_given_that_a_person_has_written_the_ledgers_number_then_it_is_connected(stack: DeployedSystem) -> None:
    register(stack, "99999999")

    findings = connected(stack, registration_number="7142369")

    assert "confirmed as one customer" in findings["company"].text


def test_given_the_same_number_then_nobody_is_asked(stack: DeployedSystem) -> None:
    register(stack, "GB 07142369")
    person = Asked()

    connected(stack, consent=person)

    assert person.shown == []


def test_given_a_company_that_was_connected_to_this_ledger_before_then_nobody_is_asked_again(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    person = Asked()

    connected(stack, consent=person)

    assert person.shown == []


def register(stack: DeployedSystem, number: str) -> None:
    """Let Pleo know the company's number, as it is entered there."""
    stack.customer(NORTHGATE)
    stack.system.service.state.company(NORTHGATE).registration_number = number
