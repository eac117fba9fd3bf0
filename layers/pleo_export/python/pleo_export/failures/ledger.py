"""Failures that the accounting system reports, or the connector for it."""

from __future__ import annotations

from pleo_export.failures.entry import FailureEntry, WhoCanFix

LEDGER_SAYS = FailureEntry(
    code="ledger_refused",
    says="{words}",
    fix="",
    why="The accounting system refused the entry for a reason of its own, which is quoted as it is.",
    who=WhoCanFix.IN_LEDGER,
    example={"words": 'The account "6100" needs a cost centre.'},
    quotes=frozenset({"words"}),
)
