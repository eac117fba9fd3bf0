"""What a person agrees to before a company is connected: whose companies they are, and what a sync changes at Pleo."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from cli.confirmation import confirm
from cli.errors import CheckFailed
from cli.printing import print_line
from cli.prompts import terminal
from cli.sync_plans import show_plan
from pleo_export.sync.plan import SyncPlan


@dataclass(frozen=True)
class Consent:
    """How to ask. `yes`: the person has agreed beforehand; `quiet`: nothing is printed but questions."""

    yes: bool = True
    quiet: bool = True

    def same_company(self, told: str) -> None:
        """Ask where it could not be found out; `told` says what is known. Where nobody can be asked, the settings
        decide: the check has told it. Raises CheckFailed where the answer is no."""
        if self.yes or not sys.stdin.isatty():
            return
        print_line(told)
        if not terminal().confirm("Do both belong to one customer?", default=False):
            raise CheckFailed("connect the ledger of this company. Nothing was stored.")

    def plans(self, plans: Sequence[SyncPlan]) -> None:
        """Show what a first sync does, and ask before anything is stored. Raises NoTerminal where nobody can be asked,
        and Exit where the answer is no."""
        if not self.quiet:
            for plan in plans:
                show_plan(plan)
        if any(plan.steps for plan in plans):
            confirm("The lists at Pleo will be changed as shown, and follow the ledger from then on.", yes=self.yes)
