"""One group of open items that Tryton does not reconcile leaves no other open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.tryton.reconciliation import TrytonReconciliation
from pleo_export.accounting.tryton.rest import Record

REFUSED = {"date": "in a closed period"}


class Tryton:
    """It stores all of a request, or nothing."""

    company = 1

    def __init__(self) -> None:
        self.stored: list[Record] = []

    def create_many(self, _: str, records: Sequence[Record]) -> list[int]:
        if REFUSED in records:
            raise Rejected("The period is closed.")
        self.stored += records
        return [1] * len(records)


def test_given_a_refused_group_then_the_others_are_reconciled_and_the_refusal_is_raised() -> None:
    tryton = Tryton()
    open_items = TrytonReconciliation(cast(Any, tryton), cast(Any, None))
    first, second = {"date": "in March"}, {"date": "in April"}

    with pytest.raises(Rejected, match="The period is closed"):
        open_items._create([first, REFUSED, second])

    assert tryton.stored == [first, second]
