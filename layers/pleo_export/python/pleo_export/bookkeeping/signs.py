"""The check that the amounts of a whole export have the sign that they are read with (R-5b.4, open question 10).

One purchase that is negative is a correction, and is booked the other way round. If most of them are, the reading is
wrong, and every one of them would be booked the wrong way round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pleo_export.bookkeeping.money import minor_units
from pleo_export.bookkeeping.rules import Sign, journal_rule
from pleo_export.bookkeeping.settings import OutflowSign
from pleo_export.errors import ItemRejected
from pleo_export.failures.entry import FailureText
from pleo_export.failures.job import WRONG_SIGN

# A single negative expense proves nothing, and can always be exported on its own.
FEWEST = 2


@dataclass
class Signs:
    """The number of positive and negative items by type, of the types whose sign means something."""

    positive: Counter[str] = field(default_factory=Counter)
    negative: Counter[str] = field(default_factory=Counter)

    def add(self, item: Mapping[str, Any]) -> None:
        """Count a raw item; one that cannot be read is refused later, for its own reason."""
        try:
            type_ = item["type"]
            rule = journal_rule(type_, item.get("subType"))
            value = minor_units(item["amount"]["inWalletCurrency"]["value"])
        except (ItemRejected, KeyError, TypeError, ValueError):
            return
        if rule.sign is Sign.POSITIVE and value != 0:
            (self.positive if value > 0 else self.negative)[type_] += 1

    def doubt(self, expected: OutflowSign) -> FailureText | None:
        """Return why the export must not be booked with this reading, and what to do; None if nothing is wrong."""
        usual, odd = self.positive, self.negative
        if expected is OutflowSign.NEGATIVE:
            usual, odd = odd, usual
        for types in (*((each,) for each in sorted(odd)), sorted(odd)):
            if _most(types, usual, odd):
                return _explain(types, usual, odd, expected)
        return None


def _most(types: Iterable[str], usual: Counter[str], odd: Counter[str]) -> bool:
    wrong = sum(odd[each] for each in types)
    return wrong >= FEWEST and wrong > sum(usual[each] for each in types)


def _explain(types: Iterable[str], usual: Counter[str], odd: Counter[str], expected: OutflowSign) -> FailureText:
    wrong = sum(odd[each] for each in types)
    total = wrong + sum(usual[each] for each in types)
    other = OutflowSign.NEGATIVE if expected is OutflowSign.POSITIVE else OutflowSign.POSITIVE
    return WRONG_SIGN.told(wrong=wrong, total=total, types=", ".join(types).replace("_", " "), sign=other.value)
