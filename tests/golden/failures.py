"""docs/failures.md, written from the failure catalogue, with each entry's full text as a bookkeeper reads it."""

from __future__ import annotations

from collections.abc import Iterator

from pleo_export.failures import openings
from pleo_export.failures.catalogue import SECTIONS, entries
from pleo_export.failures.entry import FailureEntry
from tests.golden.cases import HERE

PAGE = HERE.parents[1] / "docs" / "failures.md"
SUPPORT = "Finance Systems"
HEAD = """\
# What can go wrong, and what to do

For bookkeepers. Every sentence about a failure that Pleo shows is one of these, with the names and
amounts of the expense. The page is generated from the catalogue that the program itself uses
(`python -m tests.golden generate`).

Where only support can help, the sentence names the setting `support_contact` (here: Finance
Systems). The code is what is counted, and what a report groups failures by. An expense that is
exported again is never booked twice.

A sentence can begin with what was done before the failure:
"""


def page() -> str:
    """Return the page."""
    return "\n".join([HEAD, *_openings(), *(line for section in SECTIONS for line in _section(section))])


def example(entry: FailureEntry) -> str:
    """Return the full text of the entry's example."""
    told = entry.told(**entry.example)
    return (told.about(entry.subject) if entry.subject else told).text(SUPPORT)


def _openings() -> Iterator[str]:
    for opening in (
        openings.NOT_BOOKED,
        openings.IN_DOUBT,
        openings.recorded_but("2026/00117"),
        openings.not_finished("2026/00117"),
        openings.recorded_without_receipts("2026/00117"),
        openings.booked_by_an_earlier_export("2026/00117"),
        openings.BILL_NOT_RECORDED,
        openings.BILL_NOT_SETTLED,
        openings.DRAFT_IN_DOUBT,
        openings.NOT_READ_BACK,
    ):
        yield f"- {opening}"
    yield ""


def _section(title: str) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| Code | What Pleo shows | Why | Who can fix it |\n|---|---|---|---|"
    for entry in entries(SECTIONS[title]):
        yield f"| `{entry.code}` | {example(entry)} | {entry.why} | {entry.who} |"
    yield ""
