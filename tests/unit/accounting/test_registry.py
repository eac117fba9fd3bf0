"""The connector that the settings name: imported only where it is used (CONTRIBUTING.md), and whose books it opens."""

from __future__ import annotations

import fcntl
import json
import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from pydantic import HttpUrl

from examples.file_ledger.connector import connect as connect_file
from examples.file_ledger.settings import FileLedgerSettings
from pleo_export.accounting.errors import Rejected, Unavailable
from pleo_export.accounting.port import DocumentState
from pleo_export.accounting.registry import CONNECTORS, set_up
from pleo_export.accounting.tryton.settings import TrytonSettings
from pleo_export.bookkeeping.documents import JournalEntry, JournalLine
from tests.conformance.beancount_check import problem
from tests.conformance.conftest import CONNECTORS as HELD_TO_THE_PORT
from tests.conformance.file_fixture import CHART

ROOT = Path(__file__).parents[3]
ON = date(2026, 2, 10)
ENTRY = JournalEntry("pleo:1", ON, ON, "GBP", (JournalLine("6100", 100), JournalLine("1900", -100)), "Paper")


def test_given_the_way_to_connectors_when_imported_then_no_connector_and_no_http_come_along() -> None:
    program = "import sys; import pleo_export.accounting.registry; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()

    assert not {*(each.module for each in CONNECTORS.values()), "requests"} & set(loaded)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://books.example.com", True),
        ("https://Books.Example.com/", True),
        ("https://books.example.com:443", True),
        ("https://other.example.com", False),
        ("https://books.example.com:8000", False),
    ],
)
def test_given_another_way_to_write_the_address_then_they_are_the_same_books(url: str, same: bool) -> None:
    one, other = (
        set_up(TrytonSettings(name="tryton", url=HttpUrl(each), database="books"), {"token": "t"}).ledger_id
        for each in ("https://books.example.com", url)
    )

    assert (one == other) is same


TOY = '''
"""A connector that nobody has written into this repository."""
from typing import Literal
from pleo_export.accounting.descriptor import Connector, CredentialField
from pleo_export.accounting.settings import AccountingSettings
from pleo_export.accounting.ledger_oauth import LedgerOAuth

class ToySettings(AccountingSettings):
    name: Literal["toy"]
    ledger: str

def connect(settings, secret, time_left, budget):
    return ("recording", settings.ledger, secret["pin"])

def set_up(settings, secret, budget):
    return ("choosing", settings.ledger)

OAUTH = LedgerOAuth("https://toy.test/{ledger}/token", authorize_url="https://toy.test/authorize")
CONNECTOR = Connector("toy", "Toy Books", f"{__name__}:ToySettings", (CredentialField("pin", "PIN"),), __name__, OAUTH)
'''
PROGRAM = """
import json, sys
import pleo_export.accounting
pleo_export.accounting.__path__.append(sys.argv[1])
from pleo_export.accounting import registry
from pleo_export.settings import Settings, parse_settings
from tests.docs.connectors import descriptors

settings = parse_settings({
    "company_id": "11111111-1111-4111-8111-111111111111",
    "accounting_system": {"name": "toy", "ledger": "blocks"},
    "accounts": {},
})
print(json.dumps({
    "connect": registry.connect(settings.accounting_system, {"pin": "1234"}),
    "set_up": registry.set_up(settings.accounting_system, {"pin": "1234"}),
    "token_url": registry.oauth_of("toy").addresses(settings.accounting_system).token,
    "settings": settings.model_dump(mode="json")["accounting_system"],
    "schema": "ToySettings" in Settings.model_json_schema()["$defs"],
    "questions": [each.label for each in registry.CONNECTORS["toy"].credentials],
    "page": "| Toy Books | `toy` |" in descriptors(registry.CONNECTORS.values()),
}))
"""


def test_a_connector_is_added_by_its_package_alone(tmp_path: Path) -> None:
    """Settings, their schema, the registry, the questions of `connect`, the token endpoint and the page follow."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "__init__.py").write_text(TOY)

    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert json.loads(result.stdout) == {
        "connect": ["recording", "blocks", "1234"],
        "set_up": ["choosing", "blocks"],
        "token_url": "https://toy.test/blocks/token",
        "settings": {"name": "toy", "ledger": "blocks"},
        "schema": True,
        "questions": ["PIN"],
        "page": True,
    }


EXAMPLE = """
import json, sys
from datetime import date
import pleo_export.accounting
pleo_export.accounting.__path__.append("examples")
from pleo_export.accounting import registry
from pleo_export.accounting.port import DocumentState
from pleo_export.settings import parse_settings
from tests.conformance.test_connector import an_entry

settings = parse_settings({
    "company_id": "11111111-1111-4111-8111-111111111111",
    "accounting_system": {"name": "file-ledger", "folder": sys.argv[1]},
    "accounts": {},
})
entry = an_entry()
system = registry.connect(settings.accounting_system, {})
recorded = system.record_many([entry], DocumentState.DRAFT)[entry.reference]
reader = registry.open_reader(settings.accounting_system, {})
print(json.dumps({
    "state": recorded.state,
    "found": registry.connect(settings.accounting_system, {}).find_many([entry.reference])[entry.reference] == recorded,
    "lines": [(each.account, each.amount) for each in reader.read([entry.reference])[entry.reference][0].lines],
    "currency": registry.set_up(settings.accounting_system, {}).currency(),
}))
"""


def test_the_example_is_a_connector_as_it_stands(tmp_path: Path) -> None:
    """Found as a package beside the others, without an edit anywhere."""
    (tmp_path / "ledger.beancount").write_text(CHART)

    result = subprocess.run(
        [sys.executable, "-c", EXAMPLE, str(tmp_path)], cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert json.loads(result.stdout) == {
        "state": "posted",
        "found": True,
        "lines": [["6100", 5305], ["2200", 1061], ["1900", -6366]],
        "currency": "GBP",
    }
    assert problem((tmp_path / "ledger.beancount").read_text()) is None


def test_given_a_check_that_does_not_pass_when_recorded_then_its_words_are_told_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    ledger = tmp_path / "ledger.beancount"
    ledger.write_text(CHART)
    check = shlex.join([sys.executable, "-c", "print('line 7: no'); exit(1)"])
    system = connect_file(FileLedgerSettings(name="file-ledger", folder=str(tmp_path), check=check), {})

    outcome = system.record_many([ENTRY], DocumentState.POSTED)[ENTRY.reference]

    assert isinstance(outcome, Rejected)
    assert "line 7: no" in outcome.message
    assert ledger.read_text() == CHART


def test_given_another_program_that_writes_when_recorded_then_nothing_was_done(tmp_path: Path) -> None:
    (tmp_path / "ledger.beancount").write_text(CHART)
    system = connect_file(FileLedgerSettings(name="file-ledger", folder=str(tmp_path)), {})
    with (tmp_path / "ledger.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Unavailable):
            system.record_many([ENTRY], DocumentState.POSTED)

    assert (tmp_path / "ledger.beancount").read_text() == CHART


def test_every_registered_connector_is_held_to_the_conformance_suite() -> None:
    assert CONNECTORS.keys() <= HELD_TO_THE_PORT.keys()
