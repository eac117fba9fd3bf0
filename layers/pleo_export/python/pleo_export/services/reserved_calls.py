"""The call budget of who sends calls that somebody else has taken before: the poll, for the looks of dispatch."""

from __future__ import annotations

from dataclasses import dataclass

from pleo_export.call_budget import CallBudget


@dataclass(frozen=True, slots=True)
class ReservedCalls:
    """A CallBudget from which nothing is taken any more; what answers say is told to the shared one."""

    budget: CallBudget

    def take(self, calls: int = 1) -> None:
        """Take nothing: the calls are taken already."""

    def observe(self, remaining: int | None, resets_in: int | None = None) -> None:
        """Tell the budget what an answer says."""
        self.budget.observe(remaining, resets_in)
