"""Cursor paging as every list of Pleo has it (API-2)."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pleo_simulator.assumptions import DEFAULT_LIMIT, MAX_LIMIT
from pleo_simulator.errors import bad_request

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`parameters` are the other query parameters, echoed in the answer."""

    before: str | None = None
    after: str | None = None
    offset: int | None = None
    limit: int | None = None
    sorting_keys: tuple[str, ...] = ()
    sorting_order: tuple[str, ...] = ()
    parameters: Mapping[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.before, self.after, self.offset)) > 1:
            raise bad_request("before, after and offset exclude each other.")
        if self.sorting_order and len(self.sorting_order) != len(self.sorting_keys):
            raise bad_request("sorting_order must have the same length as sorting_keys.")

    @property
    def size(self) -> int:
        return min(DEFAULT_LIMIT if self.limit is None else self.limit, MAX_LIMIT)


def paginate(
    rows: Sequence[Json], page: PageRequest, id_of: Callable[[Json], str], keep: Callable[[Json], bool] | None = None
) -> Json:
    """One page of the `rows` that `keep` accepts. `rows` is the unfiltered list: a cursor stays good when the row it
    names no longer passes the filter, as happens to a client that updates items while it pages."""
    ordered = _sorted(rows, page)
    kept = range(len(ordered)) if keep is None else [place for place, row in enumerate(ordered) if keep(row)]
    first, last = _bounds(ordered, kept, page, id_of)
    chosen = [ordered[place] for place in kept[first:last]]
    info: Json = {
        "currentRequestPagination": _echo(page),
        "hasNextPage": last < len(kept),
        "hasPreviousPage": first > 0,
        "total": len(kept),
    }
    if chosen:
        info |= {"startCursor": _cursor(id_of(chosen[0])), "endCursor": _cursor(id_of(chosen[-1]))}
    return {"data": chosen, "pagination": info}


def _bounds(
    ordered: Sequence[Json], kept: Sequence[int], page: PageRequest, id_of: Callable[[Json], str]
) -> tuple[int, int]:
    if page.before is not None:
        last = bisect_left(kept, _place(ordered, page.before, id_of))
        return max(0, last - page.size), last
    if page.after is not None:
        first = bisect_right(kept, _place(ordered, page.after, id_of))
    else:
        first = min(page.offset or 0, len(kept))
    return first, min(first + page.size, len(kept))


def _cursor(row_id: str) -> str:
    return base64.b32encode(row_id.encode()).decode()


def _place(ordered: Sequence[Json], cursor: str, id_of: Callable[[Json], str]) -> int:
    try:
        row_id = base64.b32decode(cursor).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise bad_request("The cursor is not one of ours.") from None
    try:
        return [id_of(row) for row in ordered].index(row_id)
    except ValueError:
        raise bad_request("The cursor names nothing in this list.") from None


def _sorted(rows: Sequence[Json], page: PageRequest) -> Sequence[Json]:
    if not page.sorting_keys:
        return rows
    ordered = list(rows)
    orders = page.sorting_order or ("ASC",) * len(page.sorting_keys)
    for key, order in reversed(list(zip(page.sorting_keys, orders, strict=True))):
        present = [row for row in ordered if row.get(key) is not None]
        absent = [row for row in ordered if row.get(key) is None]
        if any(not isinstance(row[key], str | int | float) for row in present) or (
            ordered and all(key not in row for row in ordered)
        ):
            raise bad_request(f"Cannot sort by {key}.")
        descending = order.startswith("DESC")
        present.sort(key=lambda row: row[key], reverse=descending)
        nulls_first = order.endswith("NULLS_FIRST") or order == "DESC"
        ordered = absent + present if nulls_first else present + absent
    return ordered


def _echo(page: PageRequest) -> Json:
    echo: Json = {"parameters": dict(page.parameters), "limit": page.size}
    for name, value in (("before", page.before), ("after", page.after), ("offset", page.offset)):
        if value is not None:
            echo[name] = value
    if page.sorting_keys:
        echo["sortingKeys"] = list(page.sorting_keys)
    if page.sorting_order:
        echo["sortingOrder"] = list(page.sorting_order)
    return echo
