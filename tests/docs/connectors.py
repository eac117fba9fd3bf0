"""The tables in docs/connector.md, of the connectors and of what they can do.

`python -m tests.docs.connectors` writes them; with `--run` it runs the conformance suite on all of them first,
or on those that are named after it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable
from enum import Enum
from importlib import import_module
from pathlib import Path
from textwrap import dedent

from examples.file_ledger import CONNECTOR as FILE_LEDGER
from pleo_export.accounting.descriptor import Connector
from pleo_export.accounting.limits import kind_in_words
from pleo_export.accounting.port import Capabilities, PeriodSupport, ReversalSupport, SettlementSupport
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.bookkeeping.documents import DocumentKind, PaymentPurpose
from pleo_export.receipts.limits import limit_in_words
from tests.conformance.results import kept, run

PAGE = Path(__file__).parents[2] / "docs" / "connector.md"

SETTLED = {
    SettlementSupport.OPEN_ITEMS: "in any order",
    SettlementSupport.BILL_FIRST: "bill first",
    SettlementSupport.NONE: "by a person",
}
PERIODS = {
    PeriodSupport.CALENDAR: "each period",
    PeriodSupport.LOCK_DATE: "up to a lock date",
    PeriodSupport.UNKNOWN: "not readable",
}
REVERSED = {
    ReversalSupport.COUNTER_ENTRY: "by a counter-entry",
    ReversalSupport.VOID: "voided",
    ReversalSupport.NONE: "no",
}
ROWS: tuple[tuple[str, Callable[[Capabilities], str]], ...] = (
    ("Documents", lambda takes: _kinds(takes.kinds)),
    ("As drafts", lambda takes: _kinds(takes.drafts)),
    ("In foreign currencies", lambda takes: _kinds(takes.foreign)),
    ("Payments", lambda takes: _some(takes.purposes, PaymentPurpose, lambda each: each.value)),
    ("Bill and payment reconciled", lambda takes: SETTLED[takes.settlement]),
    ("Tax as Pleo has it", lambda takes: _kinds(takes.tax_as_given)),
    ("Tax on the account given", lambda takes: _yes(takes.tax_accounts)),
    ("Dimensions on a line", lambda takes: _number(takes.max_dimensions)),
    ("Files", lambda takes: _kinds(takes.files)),
    ("Files of a document", lambda takes: _number(takes.max_attachments) if takes.files else "-"),
    ("Size of a file", lambda takes: limit_in_words(takes.max_attachment_bytes) if takes.files else "-"),
    ("Files after posting", lambda takes: _yes(takes.attach_to_posted) if takes.files else "-"),
    ("Closed periods known", lambda takes: PERIODS[takes.periods]),
    ("Reversed by us", lambda takes: REVERSED[takes.reversal]),
    ("Voided by hand is seen", lambda takes: _yes(takes.shows_void)),
    ("Documents recorded at once", lambda takes: str(takes.max_batch)),
    ("References searched at once", lambda takes: str(takes.max_find)),
)


def descriptors(connectors: Iterable[Connector]) -> str:
    """Return one row for each registered connector, made from its descriptor."""
    rows = ["| Accounting system | `name` | Settings | Secret | OAuth |", "|---|---|---|---|---|"]
    for each in connectors:
        settings = ", ".join(f"`{name}`" for name in each.settings.model_fields if name != "name")
        secret = ", ".join(f"`{field.name}`" + ("" if field.required else " (optional)") for field in each.credentials)
        rows.append(f"| {each.title} | `{each.name}` | {settings} | {secret} | {_signs_in(each)} |")
    return "\n".join(rows) + "\n"


def abilities(connectors: Iterable[Connector]) -> str:
    """Return one column for each connector, made from its Capabilities and from the last run of the suite."""
    chosen = list(connectors)
    takes, results = [capabilities(each) for each in chosen], kept()
    rows = [("", *(each.title for each in chosen)), ("---",) * (len(chosen) + 1)]
    rows += [(name, *(said(each) for each in takes)) for name, said in ROWS]
    counts = [results.get(each.name) for each in chosen]
    failing = [each.name for each in chosen if (found := results.get(each.name)) and found.failed]
    assert not failing, f"conformance tests fail for {failing}"
    rows.append(("Conformance tests passed", *(str(each.passed) if each else "not run" for each in counts)))
    rows.append(("of these, refused as declared", *(str(each.refused) if each else "-" for each in counts)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def capabilities(connector: Connector) -> Capabilities:
    """Return what a connector declares: the constant of its AccountingSystem."""
    classes = vars(import_module(connector.module)).values()
    found = {
        id(each): each for value in classes if isinstance(each := getattr(value, "capabilities", None), Capabilities)
    }
    (only,) = found.values()
    return only


def declaration() -> str:
    """Return how the example declares what it can do, as it stands in its source."""
    source = (PAGE.parents[1] / "examples/file_ledger/connector.py").read_text()
    start = source.index("    capabilities = ")
    end = source.index("\n", source.index("    )  # fmt: skip"))
    return f"```python\n{dedent(source[start:end])}\n```\n"


def all_connectors() -> list[Connector]:
    """Return the registered connectors by title, and the example."""
    return [*sorted(CONNECTORS.values(), key=lambda connector: connector.title.lower()), FILE_LEDGER]


def page() -> str:
    """Return the page with the tables in their places."""
    text = PAGE.read_text()
    tables = {
        "connectors": descriptors(all_connectors()[:-1]),
        "abilities": abilities(all_connectors()),
        "file ledger": declaration(),
    }
    for mark, table in tables.items():
        part = re.compile(rf"(?<=<!-- {mark} -->\n).*?(?=<!-- end of {mark} -->)", re.DOTALL)
        assert part.search(text), mark
        text = part.sub(table.replace("\\", r"\\"), text)
    return text


def _signs_in(connector: Connector) -> str:
    if connector.oauth is None:
        return "no"
    return "yes" if connector.oauth.by_a_person else "client credentials"


def _kinds(kinds: Collection[DocumentKind]) -> str:
    return _some(kinds, DocumentKind, lambda kind: f"{kind_in_words(kind).replace('entry', 'entrie')}s")


def _some(chosen: Collection[Enum], all_: Iterable[Enum], name: Callable[..., str]) -> str:
    members = list(all_)
    left = [each for each in members if each not in chosen]
    if not left:
        return "all"
    if len(left) == 1 and len(members) > 2:
        return f"all but {name(left[0])}"
    return ", ".join(name(each) for each in members if each in chosen) or "none"


def _number(most: int | None) -> str:
    return "any number" if most is None else str(most)


def _yes(whether: bool) -> str:
    return "yes" if whether else "no"


if __name__ == "__main__":
    if "--run" in sys.argv:
        run(sys.argv[sys.argv.index("--run") + 1 :] or [each.name for each in all_connectors()])
    PAGE.write_text(page())
