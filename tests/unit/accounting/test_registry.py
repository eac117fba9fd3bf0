"""The connector that the settings name: imported only where it is used (CONTRIBUTING.md), and whose books it opens."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import HttpUrl

from pleo_export.accounting.registry import CONNECTORS, set_up
from pleo_export.accounting.tryton.settings import TrytonSettings
from tests.conformance.conftest import CONNECTORS as HELD_TO_THE_PORT

ROOT = Path(__file__).parents[3]


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
from pleo_export.accounting.descriptor import AccountingSettings, Connector, CredentialField
from pleo_export.accounting.ledger_oauth import LedgerOAuth

class ToySettings(AccountingSettings):
    name: Literal["toy"]
    ledger: str

def connect(settings, secret, time_left, budget):
    return ("recording", settings.ledger, secret["pin"])

def set_up(settings, secret, budget):
    return ("choosing", settings.ledger)

OAUTH = LedgerOAuth("https://toy.test/{ledger}/token", authorize_url="https://toy.test/authorize")
CONNECTOR = Connector("toy", "Toy Books", ToySettings, (CredentialField("pin", "PIN"),), __name__, OAUTH)
'''
PROGRAM = """
import json, sys
import pleo_export.accounting
pleo_export.accounting.__path__.append(sys.argv[1])
from pleo_export.accounting import registry
from pleo_export.settings import Settings, parse_settings
from tests.docs.connectors import table

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
    "page": "| Toy Books | `toy` |" in table(),
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


def test_every_registered_connector_is_held_to_the_conformance_suite() -> None:
    assert CONNECTORS.keys() <= HELD_TO_THE_PORT.keys()
