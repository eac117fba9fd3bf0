"""A function imports only the connector that it uses (DESIGN 9)."""

from __future__ import annotations

import subprocess
import sys

from pleo_export.accounting.connect import CONNECTORS


def test_given_the_way_to_connectors_when_imported_then_no_connector_and_no_http_come_along() -> None:
    program = "import sys; import pleo_export.accounting.connect; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()

    assert not {*CONNECTORS.values(), "requests"} & set(loaded)
