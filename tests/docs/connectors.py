"""The table of connectors in docs/connector.md: `python -m tests.docs.connectors` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from pleo_export.accounting.descriptor import Connector
from pleo_export.accounting.registry import CONNECTORS

PAGE = Path(__file__).parents[2] / "docs" / "connector.md"
PART = re.compile(r"(?<=<!-- connectors -->\n).*?(?=<!-- end of connectors -->)", re.DOTALL)


def table() -> str:
    """Return one row for each registered connector, made from its descriptor."""
    rows = ["| Accounting system | `name` | Settings | Secret | OAuth |", "|---|---|---|---|---|"]
    for each in sorted(CONNECTORS.values(), key=lambda connector: connector.title):
        settings = ", ".join(f"`{name}`" for name in each.settings.model_fields if name != "name")
        secret = ", ".join(f"`{field.name}`" + ("" if field.required else " (optional)") for field in each.credentials)
        rows.append(f"| {each.title} | `{each.name}` | {settings} | {secret} | {_signs_in(each)} |")
    return "\n".join(rows) + "\n"


def _signs_in(connector: Connector) -> str:
    if connector.oauth is None:
        return "no"
    return "yes" if connector.oauth.by_a_person else "client credentials"


def page() -> str:
    """Return the page with the table in its place."""
    return PART.sub(table().replace("\\", r"\\"), PAGE.read_text())


if __name__ == "__main__":
    PAGE.write_text(page())
