"""Failures of an expense's receipts."""

from __future__ import annotations

from pleo_export.failures.entry import FailureEntry, WhoCanFix

_ADDS_THEM = "Export this expense again: that adds the receipts, and books nothing twice."

NO_TIME_FOR_RECEIPTS = FailureEntry(
    code="no_time_for_receipts",
    says="There was no time left to attach its receipts.",
    fix=_ADDS_THEM,
    why="Pleo ends an export an hour after it began.",
    who=WhoCanFix.IN_PLEO,
)
NOT_POSTED_YET = FailureEntry(
    code="not_posted_without_receipts",
    says="The entry is not posted, because its receipts are not attached yet and {ledger} takes none after that.",
    fix=_ADDS_THEM,
    why="Some accounting systems take files for drafts only, so the receipts go first.",
    who=WhoCanFix.IN_PLEO,
)
