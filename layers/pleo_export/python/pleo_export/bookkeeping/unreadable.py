"""Why an export item cannot be read, in the words of a bookkeeper: no names of fields, and no value that was sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from pleo_export.failures.entry import FailureText
from pleo_export.failures.expense import AMOUNT_FRACTION, DATE_OUT_OF_RANGE, MALFORMED

_YEAR = re.compile(r"is in the year (\d+);")
_ID = re.compile("[0-9A-Fa-f-]{32,36}")
_FRACTION = "is not a whole number of hundredths"
_MOST = 5

# What people call a field, where not by the words of its name.
_CALLED = {
    "accountingEntryLines": "line",
    "accountingEntryId": "id",
    "accountingEntryLineId": "id of a line",
    "companyId": "company",
    "inWalletCurrency": "amount",
    "inSupplierCurrency": "amount",
    "value": "amount",
    "from": "service period",
    "to": "service period",
}


def unreadable(error: ValidationError, raw: object) -> FailureText:
    """Return the text for an item that does not fit its model. It quotes the item's id, if that can be read: support
    finds the item by it."""
    id_ = str(raw.get("accountingEntryId")) if isinstance(raw, Mapping) else ""
    reference = id_ if _ID.fullmatch(id_) else "its id cannot be read"
    faults = error.errors(include_url=False, include_input=False)
    own = [str(each["ctx"]["error"]) if each["type"] == "value_error" else "" for each in faults]
    if all(words == _FRACTION for words in own):
        return AMOUNT_FRACTION.told(reference=reference)
    years = [(each["loc"], found[1]) for each, words in zip(faults, own, strict=True) if (found := _YEAR.search(words))]
    if len(years) == len(faults):
        where, year = years[0]
        return DATE_OUT_OF_RANGE.told(what=_called(where), year=year)
    names = list(dict.fromkeys(_called(each["loc"]) for each in faults))
    more = [f"{len(names) - _MOST} more"] if len(names) > _MOST else []
    return MALFORMED.told(fields=", ".join([*names[:_MOST], *more]), reference=reference)


def _called(path: Sequence[Any]) -> str:
    names = [part for part in path if isinstance(part, str)]
    if not names:
        return "content"
    return _CALLED.get(names[-1]) or re.sub("([A-Z])", r" \1", names[-1]).lower()
