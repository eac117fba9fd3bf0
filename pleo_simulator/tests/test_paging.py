"""Cursor paging of the simulated Pleo."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pleo_simulator.errors import Refused
from pleo_simulator.paging import PageRequest, paginate

Json = dict[str, Any]

ROWS: list[Json] = [{"id": f"row-{number:03}", "rank": number % 3, "name": None} for number in range(250)]


def page(rows: list[Json] = ROWS, keep: Any = lambda _: True, **given: Any) -> Json:
    return paginate(rows, PageRequest(**given), lambda row: str(row["id"]), keep)


def ids(answer: Json) -> list[str]:
    return [row["id"] for row in answer["data"]]


def test_given_250_rows_when_followed_forward_then_each_comes_once_in_order() -> None:
    seen, answer = [], page(limit=100)
    while True:
        seen += ids(answer)
        if not answer["pagination"]["hasNextPage"]:
            break
        answer = page(limit=100, after=answer["pagination"]["endCursor"])

    assert seen == [row["id"] for row in ROWS]
    assert answer["pagination"]["hasPreviousPage"] is True
    assert answer["pagination"]["total"] == 250


def test_given_a_page_when_going_back_then_the_page_before_it_comes() -> None:
    second = page(limit=10, offset=10)

    first = page(limit=10, before=second["pagination"]["startCursor"])

    assert ids(first) == ids(page(limit=10))
    assert first["pagination"]["hasPreviousPage"] is False
    assert first["pagination"]["hasNextPage"] is True


def test_given_no_limit_then_20_and_given_1000_then_100() -> None:
    assert len(page()["data"]) == 20
    assert len(page(limit=1000)["data"]) == 100
    assert page(limit=0)["data"] == []


def test_given_rows_that_leave_the_filter_while_a_client_pages_then_it_misses_none() -> None:
    rows = [row | {"open": True} for row in ROWS[:30]]
    first = page(rows, lambda row: row["open"], limit=10)
    for row in rows[:10]:
        row["open"] = False

    second = page(rows, lambda row: row["open"], limit=10, after=first["pagination"]["endCursor"])

    assert ids(second) == [row["id"] for row in ROWS[10:20]]


def test_cursors_have_pleos_alphabet() -> None:
    info = page()["pagination"]

    assert re.fullmatch(r"[A-Z2-7=~]+", info["startCursor"])
    assert re.fullmatch(r"[A-Z2-7=~]+", info["endCursor"])


def test_given_no_rows_then_there_are_no_cursors() -> None:
    assert set(page([])["pagination"]) == {"currentRequestPagination", "hasNextPage", "hasPreviousPage", "total"}


@pytest.mark.parametrize(
    "given",
    [
        {"before": "A", "after": "A"},
        {"after": "A", "offset": 0},
        {"sorting_order": ("ASC",)},
        {"sorting_keys": ("id",), "sorting_order": ("ASC", "ASC")},
        {"sorting_keys": ("nonsense",)},
        {"after": "A7"},
        {"after": "MFRGG==="},
    ],
)
def test_given_a_request_that_makes_no_sense_then_400(given: Json) -> None:
    with pytest.raises(Refused) as error:
        page(**given)

    assert error.value.status == 400


def test_given_sorting_keys_then_rows_come_in_that_order_and_nulls_where_asked() -> None:
    rows: list[Json] = [
        {"id": "a", "rank": 1},
        {"id": "b", "rank": None},
        {"id": "c", "rank": 2},
        {"id": "d", "rank": 1},
    ]

    def sort(*orders: str) -> list[str]:
        return ids(page(rows, sorting_keys=("rank", "id")[: len(orders)], sorting_order=orders))

    assert sort("ASC") == ["a", "d", "c", "b"]
    assert sort("DESC") == ["b", "c", "a", "d"]
    assert sort("ASC_NULLS_FIRST", "DESC") == ["b", "d", "a", "c"]
    assert sort("DESC_NULLS_LAST", "ASC") == ["c", "a", "d", "b"]
