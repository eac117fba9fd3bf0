"""All entries of the failure catalogue, and what to do about a failure by its code."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from pleo_export.failures import (
    business_central,
    connection,
    expense,
    export,
    job,
    ledger,
    ledger_lists,
    ledger_rules,
    mapping,
    receipts,
    setup,
    sync,
)
from pleo_export.failures.entry import DEFAULT_SUPPORT, FailureEntry, Remedy, WhoCanFix

# The order of the page about failures.
SECTIONS: Mapping[str, ModuleType] = {
    "The expense": expense,
    "Accounts, suppliers and employees": setup,
    "The accounting system": ledger,
    "What the accounting system takes": ledger_rules,
    "The lists of the accounting system": ledger_lists,
    "Business Central": business_central,
    "What the lists no longer hold": mapping,
    "The connection to the accounting system": connection,
    "Receipts": receipts,
    "Expenses that were booked or begun before": export,
    "The export as a whole": job,
    "Lists that are kept in step with Pleo": sync,
}
_READ_THE_SENTENCE = Remedy("unknown", "Do what the sentence of each expense says.", WhoCanFix.IN_PLEO)


def entries(section: ModuleType) -> tuple[FailureEntry, ...]:
    """Return the entries of a section, in their order."""
    return tuple(each for each in vars(section).values() if isinstance(each, FailureEntry))


ENTRIES: Mapping[str, FailureEntry] = {each.code: each for section in SECTIONS.values() for each in entries(section)}


def remedy(code: str | None, support: str = DEFAULT_SUPPORT) -> Remedy:
    """Return what to do about failures with this code, without the names of one expense, and who can. For None, and
    for a code of another release, that is what each sentence says."""
    entry = ENTRIES.get(code or "")
    return entry.remedy(support) if entry is not None else _READ_THE_SENTENCE
