"""Failures of an expense as Pleo sends it."""

from __future__ import annotations

from pleo_export.failures.entry import FailureEntry, WhoCanFix

AGAIN = "Then export this expense again."

NO_DATA = FailureEntry(
    code="no_data",
    says="Pleo listed this expense in the export but sent no data for it.",
    fix="Export this expense again. If it fails again, tell {support}.",
    why="Pleo's list of the export and its data do not agree.",
    who=WhoCanFix.IN_PLEO,
)
OTHER_COMPANY = FailureEntry(
    code="other_company",
    says="Pleo sent this expense for another company than the one that is exported, so it was not booked.",
    fix="Nothing that you can correct: tell {support} and quote this sentence.",
    why="Booking it would put it in the wrong company's accounts.",
    who=WhoCanFix.SUPPORT,
)
