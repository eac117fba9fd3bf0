"""`pleo-export connect` without a settings file: each answer is tried at once, and defaults are what fits most."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from typer.testing import CliRunner, Result

from cli.errors import CheckFailed
from cli.main import app
from cli.prompts import ArrowKeys
from pleo_export.accounting.port import CodeAndName
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.pleo.credentials import SCOPES
from pleo_export.settings import Settings, parse_settings
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import HOOKS, TOKEN, DeployedSystem
from tests.system.fake_accounting import FakeAccountingSystem
from tests.unit.cli.customers import connected, subscriptions

KEY = f"plp_{NORTHGATE}"
NAMES = {
    "1900": "Pleo wallet GBP",
    "1950": "Pleo clearing",
    "2100": "Trade payables",
    "2200": "Input VAT",
    "2202": "Reverse charge VAT, output",
    "2250": "Employees, out of pocket",
    "2251": "Employees, reimbursed through payroll",
}
ENTER = ""
BOOKS = ["https://books.test", "books", ENTER, ENTER, TOKEN]
ACCOUNTS = [ENTER] * 8
LISTS = [ENTER] * 5  # two dimensions, accounts, tax codes, vendors
OTHERS = [ENTER] * 7  # two dimensions, five settings


class NamedBooks(FakeAccountingSystem):
    def accounts(self) -> Sequence[CodeAndName]:
        return [CodeAndName(each.code, NAMES.get(each.code, each.name)) for each in super().accounts()]


@pytest.fixture
def newcomer(stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DeployedSystem:
    """A customer at Pleo, in an empty folder."""
    for name in ("PLEO_API_KEY", "PLEO_ACCESS_TOKEN", "ACCOUNTING_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLEO_EXPORT_WEBHOOK_URL", HOOKS)
    monkeypatch.setattr("cli.interview.CONNECTORS", {"tryton": CONNECTORS["tryton"]})
    stack.customer(NORTHGATE)
    stack.ledgers["books"] = NamedBooks(stack.system.effects, ledger_id="books")
    return stack


def connect(*answers: str, yes: bool = False) -> Result:
    return CliRunner().invoke(app, ["connect", *["--yes"] * yes], input="\n".join(answers) + "\n")


def written(file: str = f"pleo-{NORTHGATE}.yaml") -> Settings:
    return parse_settings(yaml.safe_load(Path(file).read_text()))


def test_given_enter_to_every_question_then_the_company_is_connected_as_its_books_suggest(
    newcomer: DeployedSystem,
) -> None:
    result = connect(KEY, *BOOKS, *ACCOUNTS, *LISTS, *OTHERS, ENTER)

    assert result.exception is None, result.output
    assert "✗" not in result.output
    connection = newcomer.connections.get(NORTHGATE)
    assert connection
    assert connection.settings == written()
    assert connection.settings.accounts.model_dump() == {
        "wallets": {"GBP": "1900"},
        "out_of_pocket": "2250",
        "clearing": "1950",
        "external_reimbursement": "2251",
        "payables": "2100",
        "input_tax": "2200",
        "output_tax": "2202",
        "rounding": None,
    }
    assert connection.settings.posting == "draft"
    assert connection.settings.dimensions == {"cost_centre": "cost_centre", "project": "project"}
    assert len(subscriptions(newcomer)) == 1


def test_the_file_it_wrote_connects_the_company_as_well_with_the_stored_credentials(newcomer: DeployedSystem) -> None:
    connect(KEY, *BOOKS, *ACCOUNTS, *LISTS, *OTHERS, "mine.yaml")
    text = Path("mine.yaml").read_text()
    assert text.startswith("# Change something, then: pleo-export connect mine.yaml\n")
    Path("mine.yaml").write_text(text.replace("posting: draft", "posting: posted"))

    result = CliRunner().invoke(app, ["connect", "mine.yaml"])

    assert result.exception is None, result.output
    connection = newcomer.connections.get(NORTHGATE)
    assert connection
    assert connection.settings.posting == "posted"


def test_at_a_terminal_the_same_is_asked_with_choices(
    newcomer: DeployedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter, down = "\r", "\x1b[B"
    keys = [
        *(KEY + enter, f"https://books.test{enter}books{enter}", enter * 2, TOKEN + enter),
        *(enter, enter * 2, "reverse" + enter, enter * 4),  # currencies and accounts
        enter * 5,  # lists
        *(enter * 2, down + enter, enter * 3, "copenhagen" + enter, enter),
    ]
    monkeypatch.setattr("cli.commands.connect.terminal", ArrowKeys)

    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        keyboard.send_text("".join(keys))
        result = CliRunner().invoke(app, ["connect"])

    assert result.exception is None, result.output
    assert (written().posting, written().time_zone) == ("posted", "Europe/Copenhagen")
    assert (written().accounts.wallets, written().accounts.clearing) == ({"GBP": "1900"}, "2202")
    assert newcomer.connections.exists(NORTHGATE)


@pytest.mark.usefixtures("newcomer")
def test_given_wrong_answers_then_each_is_told_and_asked_again() -> None:
    result = connect(
        *("plp_wrong", KEY),
        *("books.test", "https://books.test", "books", "zero", "1", ENTER, "wrong token"),
        *(ENTER, ENTER, ENTER, ENTER, TOKEN),
        *("pounds", "GBP", "wallet", "1900", "1900", "2250", "1900", "-", *[ENTER] * 4),
        *LISTS,
        *(ENTER, "-"),
        *("maybe", "posted", "adjustment", "soon", "2026-12-31", ENTER, ENTER, "Europe/Nowhere", "Europe/London"),
        ENTER,
    )

    assert result.exception is None, result.output
    for said in (
        "✗ Pleo does not accept the credential",
        "✗ accounting_system.url: must be a web address",
        "✗ accounting_system.company: must be a whole number",
        "✗ the books do not accept the token",
        "✗ POUNDS: not a currency",
        "✗ wallet is not an account code.\n  1900  Pleo wallet GBP\n",
        "✗ accounts.out_of_pocket: is the account of accounts.wallets too",
        "✗ posting: must be draft or posted",
        "✗ adjustment_date: ",
        "✗ time_zone: not a time zone",
    ):
        assert said in result.output
    assert (written().accounts.out_of_pocket, written().accounts.clearing) == ("2250", None)
    assert written().posting == "posted"
    assert written().dimensions == {"cost_centre": "cost_centre"}
    assert written().time_zone == "Europe/London"
    assert str(written().adjustment_date) == "2026-12-31"


def test_given_no_answer_that_works_then_nothing_is_stored(newcomer: DeployedSystem) -> None:
    result = connect("plp_wrong")  # and the input is over

    assert result.exit_code == 1
    assert not newcomer.connections.exists(NORTHGATE)
    assert list(Path().iterdir()) == []


def test_given_a_connected_company_then_what_is_stored_is_proposed(newcomer: DeployedSystem) -> None:
    kept: dict[str, Any] = {
        "accounts": {"wallets": {"EUR": "1901"}},
        "dimensions": {"team": "project"},
        "posting": "posted",
    }
    connected(newcomer, time_zone="Europe/Madrid", tax_accounts={"GB20": "2201"}, **kept)

    result = connect(KEY, *[ENTER] * 4, *ACCOUNTS, *LISTS, *OTHERS, ENTER)

    assert result.exception is None, result.output
    assert written().accounts.wallets == {"EUR": "1901"}
    assert written().dimensions == {"team": "project"}
    assert (written().posting, written().time_zone) == ("posted", "Europe/Madrid")
    assert written().tax_accounts == {"GB20": "2201"}


def test_given_a_file_that_exists_when_the_answer_is_no_then_it_stays(
    newcomer: DeployedSystem,
) -> None:
    Path("kept.yaml").write_text("mine")

    connect(KEY, *BOOKS, *ACCOUNTS, *LISTS, *OTHERS, "kept.yaml", "n")

    assert Path("kept.yaml").read_text() == "mine"
    assert newcomer.connections.exists(NORTHGATE)


def test_no_answer_that_is_secret_is_shown(newcomer: DeployedSystem) -> None:
    output = connect(KEY, *BOOKS, *ACCOUNTS, *LISTS, *OTHERS, ENTER).output

    assert TOKEN not in output
    assert KEY not in output
    assert newcomer.connections.exists(NORTHGATE)


# The lists that are kept in step


def test_given_a_dimension_whose_code_is_that_of_a_tag_group_then_it_is_proposed(newcomer: DeployedSystem) -> None:
    at_pleo(newcomer, "Cost_Centre")

    result = connect(KEY, *BOOKS, *ACCOUNTS, *LISTS, *OTHERS[1:], ENTER, yes=True)

    assert result.exception is None, result.output
    assert written().sync.dimensions == ("cost_centre",)
    assert written().dimensions == {"cost_centre": "cost_centre", "project": "project"}
    assert newcomer.deliver_syncs() == ["done"]
    assert {tag["code"] for tag in tags(newcomer, "cost_centre")} == {"LON", "CPH", "MAD"}


def test_given_groups_made_by_hand_then_they_are_listed_and_archived_only_where_a_person_agrees(
    newcomer: DeployedSystem,
) -> None:
    at_pleo(newcomer, "old_projects")

    result = connect(KEY, *BOOKS, *ACCOUNTS, "y", "n", ENTER, *[ENTER] * 3, *OTHERS[1:], ENTER, yes=True)

    assert "old_projects" in result.output
    assert written().sync.foreign_groups == ()

    result = connect(
        KEY, *[ENTER] * 4, *ACCOUNTS, ENTER, ENTER, "y", *[ENTER] * 3, *OTHERS[1:], "second.yaml", yes=True
    )

    assert result.exception is None, result.output
    assert written("second.yaml").sync.foreign_groups == ("old_projects",)


def test_given_lists_that_are_chosen_then_they_stay_chosen_when_connected_again(newcomer: DeployedSystem) -> None:
    connect(KEY, *BOOKS, *ACCOUNTS, "y", "n", "y", "n", "y", *OTHERS[1:], ENTER, yes=True)

    result = connect(KEY, *[ENTER] * 4, *ACCOUNTS, *LISTS, *OTHERS[1:], "second.yaml", yes=True)

    assert result.exception is None, result.output
    sync = written("second.yaml").sync
    assert (sync.dimensions, sync.accounts, sync.tax_codes, sync.vendors) == (("cost_centre",), True, False, True)


def test_given_six_dimensions_then_five_can_be_chosen(newcomer: DeployedSystem) -> None:
    for number in range(4):
        newcomer.ledgers["books"].ledger.lists.put_value(f"d{number}", "1", "One")

    result = connect(KEY, *BOOKS, *ACCOUNTS, *["y"] * 5, *[ENTER] * 3, ENTER, *OTHERS[2:], ENTER, yes=True)

    assert result.exception is None, result.output
    assert "5 are chosen" in result.output
    assert len(written().sync.dimensions) == 5


def test_given_a_key_without_the_scope_of_tags_then_the_scope_is_told_and_the_rest_is_asked(
    newcomer: DeployedSystem,
) -> None:
    newcomer.system.service.credentials.add_key(KEY, NORTHGATE, frozenset(SCOPES))

    result = connect(KEY, *BOOKS, *ACCOUNTS, *[ENTER] * 3, *OTHERS, ENTER)

    assert result.exception is None, result.output
    assert "lacks the scope tag-group:read" in result.output
    assert written().sync.lists == ()


def test_given_the_ledger_of_another_company_then_its_number_has_to_be_typed(newcomer: DeployedSystem) -> None:
    company = newcomer.system.service.state.company(NORTHGATE)
    company.registration_number = "99999999"
    books = newcomer.ledgers["books"].ledger.lists

    refused = connect(KEY, *BOOKS, ENTER)

    assert "expenses of one would be booked for the other" in refused.output
    assert isinstance(refused.exception, CheckFailed)
    assert not newcomer.connections.exists(NORTHGATE)

    number = str(books.company.registration_number)
    confirmed = connect(KEY, *BOOKS, number, *ACCOUNTS, *LISTS, *OTHERS, ENTER)

    assert confirmed.exception is None, confirmed.output
    assert written().registration_number == number


def at_pleo(stack: DeployedSystem, code: str) -> None:
    """Make a tag group by hand."""
    body = {"archived": False, "code": code, "name": code, "metadata": {}}
    stack.system.service.tags.create_group(NORTHGATE, body)


def tags(stack: DeployedSystem, code: str) -> list[dict[str, Any]]:
    found = [each for each in stack.system.service.tags._groups.values() if each.code == code]
    return [tag for group in found for tag in group.tags.values()]
