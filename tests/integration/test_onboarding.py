"""`pleo-export connect`, `doctor` and `disconnect` on the local stack: as an operator types them, with a real ERP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import requests
import yaml
from typer.testing import CliRunner, Result

from cli.connection_checks import CheckedConnection
from cli.errors import CheckFailed
from cli.main import app
from local.stack import LocalStack, settings_of
from local.tryton.company import REGISTRATION_NUMBER
from local.tryton.ledger import Ledger
from pleo_simulator.credentials import ALL_SCOPES
from pleo_simulator.sample import API_KEYS, HAVN, LUMBRE
from tests.integration.bookkeeper import export, finished

pytestmark = pytest.mark.enable_socket

ENTER = ""
TODAY = date(2026, 11, 20)


@pytest.fixture
def operator(
    stack: LocalStack, books: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[tuple[LocalStack, Ledger]]:
    """A person at a shell in an empty folder, on a day for which the ledger has a period. What other tests have
    connected is removed, with its secret: their ledgers are gone."""
    for company in stack.deployed.connections.all_company_ids():
        stack.deployed.connections.delete(company)
    secrets = stack.deployed.client("secretsmanager")
    for company in (HAVN, LUMBRE):
        if stack.deployed.has_secret(company):
            secrets.delete_secret(SecretId=stack.deployed.secret_name(company), ForceDeleteWithoutRecovery=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLEO_EXPORT_STACK", stack.name)
    monkeypatch.setenv("PLEO_EXPORT_WEBHOOK_URL", stack.webhook_url)
    monkeypatch.setattr(CheckedConnection, "today", TODAY)
    yield stack, books
    for company in (HAVN, LUMBRE):
        stack.pleo.service.credentials.add_key(API_KEYS[company], company)
        if stack.deployed.connections.exists(company):
            pleo_export("disconnect", company, "--yes")


def pleo_export(*arguments: str, answers: tuple[str, ...] = ()) -> Result:
    return CliRunner().invoke(app, arguments, input="".join(f"{each}\n" for each in answers))


def connect_from_file(stack: LocalStack, books: Ledger, company: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    settings = settings_of(company, books) | {"posting": "draft"}
    Path(f"{company}.yaml").write_text(json.dumps(settings))  # which is YAML, with every text in quotes
    monkeypatch.setenv("PLEO_API_KEY", API_KEYS[company])
    monkeypatch.setenv("ACCOUNTING_TOKEN", books.token)
    return pleo_export("connect", f"{company}.yaml")


def wrong(result: Result) -> list[str]:
    return [line.removeprefix("✗ ") for line in result.output.splitlines() if line.startswith("✗")]


def test_a_company_is_connected_from_a_file_checked_repaired_and_disconnected(
    operator: tuple[LocalStack, Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, books = operator
    subscriptions, credentials = stack.pleo.service.subscriptions, stack.pleo.service.credentials

    connected = connect_from_file(stack, books, HAVN, monkeypatch)

    assert connected.exit_code == 0, connected.output
    assert wrong(connected) == []
    assert "✓ test entry: recorded as a draft in tryton, and removed again" in connected.output
    assert books.moves() == []
    assert books.token not in connected.output
    assert API_KEYS[HAVN] not in connected.output

    sound = pleo_export("doctor")
    assert (sound.exit_code, wrong(sound)) == (0, []), sound.output
    assert "✓ webhook address: takes deliveries at" in sound.output
    assert "✓ poll: runs at rate(" in sound.output

    # Several things break
    (ours,) = [each for each in subscriptions._records.values() if each.company_id == HAVN and each.active]
    ours.request["status"] = "INACTIVE"
    credentials.add_key(API_KEYS[HAVN], HAVN, ALL_SCOPES - {"export-items:read"})
    monkeypatch.setattr(CheckedConnection, "today", date(2025, 12, 10))
    failed = {"QueueUrl": stack.outputs["FailedQueueUrl"]}
    stack.aws.client("sqs").send_message(
        **failed, MessageBody="{}", MessageGroupId="1", MessageDeduplicationId="onboarding"
    )

    broken = pleo_export("doctor", HAVN)
    assert broken.exit_code == 1
    assert [line.partition(":")[0] for line in wrong(broken)] == [
        "Pleo scopes",
        "period",
        "webhook subscription",
        "dead letters",
    ]
    assert "lacks export-items:read" in broken.output
    assert "tryton has a closed period for 2025-12-10" in broken.output
    assert books.moves() == []

    # ... and are fixed, the subscription by connecting again
    stack.aws.client("sqs").purge_queue(**failed)
    monkeypatch.setattr(CheckedConnection, "today", TODAY)
    credentials.add_key(API_KEYS[HAVN], HAVN)
    assert pleo_export("connect", f"{HAVN}.yaml").exit_code == 0
    repaired = pleo_export("doctor", HAVN)
    assert (repaired.exit_code, wrong(repaired)) == (0, []), repaired.output

    # Another company uses the ledger
    refused = connect_from_file(stack, books, LUMBRE, monkeypatch)
    assert isinstance(refused.exception, CheckFailed)
    assert f"connected to Pleo company {HAVN} already" in str(refused.exception)
    assert not stack.deployed.connections.exists(LUMBRE)

    gone = pleo_export("disconnect", HAVN, "--yes")
    assert (gone.exit_code, wrong(gone)) == (0, []), gone.output
    assert not any(each.active and each.company_id == HAVN for each in subscriptions._records.values())
    assert not stack.deployed.has_secret(HAVN)
    assert requests.post(stack.webhook_url + HAVN, data=b"{}", timeout=10).status_code == 401
    assert connect_from_file(stack, books, LUMBRE, monkeypatch).exit_code == 0, "the ledger is free again"
    after = pleo_export("doctor")
    assert (after.exit_code, wrong(after)) == (0, []), after.output
    assert HAVN not in after.output
    assert LUMBRE in after.output


def test_a_company_is_connected_by_answering_and_its_expenses_are_booked(
    operator: tuple[LocalStack, Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, books = operator
    for name in ("PLEO_API_KEY", "ACCOUNTING_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    answers = (
        *("plp_mistyped", API_KEYS[LUMBRE], "tryton"),
        *(books.url, books.database, str(books.company), ENTER, books.token),
        REGISTRATION_NUMBER,  # the ledger's is not Lumbre's, and the operator says that both are one customer
        *("GBP EUR", ENTER, ENTER, *[ENTER] * 6),  # wallets, the other accounts
        *("y", "n", *[ENTER] * 3),  # lists: the cost centres, which are not asked for again
        ENTER,  # the other dimension
        *("posted", ENTER, ENTER, ENTER, "Europe/Madrid"),
        "lumbre.yaml",
    )

    result = pleo_export("connect", "--yes", answers=answers)

    assert result.exit_code == 0, result.output
    assert [line.partition(" (")[0] for line in wrong(result)] == [
        "Pleo does not accept the credential. Make an API key",
        "Pleo's company is Estudio Lumbre S.L.",
    ]
    kept = yaml.safe_load(Path("lumbre.yaml").read_text())
    assert kept["accounts"] == settings_of(LUMBRE, books)["accounts"]
    assert kept["dimensions"] == {"cost_centre": "cost_centre", "project": "project"}
    assert kept["sync"]["dimensions"] == ["cost_centre"]
    assert pleo_export("doctor", LUMBRE).exit_code == 0
    chosen = some_queued(stack, LUMBRE, 3)
    done = finished(stack, export(stack, LUMBRE, chosen))
    assert done["status"] == "completed"
    assert len(books.moves()) == 3
    for shown in (pleo_export("job", done["id"]), pleo_export("entry", LUMBRE, chosen[0])):
        assert shown.exit_code == 0, shown.output


def some_queued(stack: LocalStack, company: str, count: int) -> list[str]:
    system = stack.pleo.state
    found = [each for each in system.company(company).expenses if system.expense_state(company, each) == "queued"]
    return found[:count]
