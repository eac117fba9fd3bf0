"""The connector that the settings name: imported only where it is used (CONTRIBUTING.md), and whose books it opens."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import HttpUrl

from pleo_export.accounting.registry import CONNECTORS, connect
from pleo_export.settings import TrytonSettings


def test_given_the_way_to_connectors_when_imported_then_no_connector_and_no_http_come_along() -> None:
    program = "import sys; import pleo_export.accounting.registry; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()

    assert not {*CONNECTORS.values(), "requests"} & set(loaded)


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
        connect(TrytonSettings(name="tryton", url=HttpUrl(each), database="books"), {"token": "t"}).ledger_id
        for each in ("https://books.example.com", url)
    )

    assert (one == other) is same
