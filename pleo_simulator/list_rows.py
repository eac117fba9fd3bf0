"""Rows of one kind, of all companies, in the order of creation. A credential sees its own company's rows only."""

from __future__ import annotations

from collections.abc import Callable, Collection
from threading import RLock
from typing import Any

from pleo_simulator.clock import Clock, timestamp
from pleo_simulator.errors import Refused
from pleo_simulator.paging import PageRequest, paginate
from pleo_simulator.seeded_ids import SeededIds

Json = dict[str, Any]


class ListRows:
    """`kind` names a row in refusals (`TAX_CODE`). Whoever reads a row and then changes it holds `lock` meanwhile."""

    def __init__(self, kind: str, clock: Clock, ids: SeededIds) -> None:
        self.lock = RLock()
        self._kind = kind
        self._clock = clock
        self._ids = ids
        self._rows: dict[str, Json] = {}

    def of(self, company_id: str) -> list[Json]:
        with self.lock:
            return [row for row in self._rows.values() if row["companyId"] == company_id]

    def get(self, caller: str, row_id: str) -> Json:
        with self.lock:
            row = self._rows.get(row_id)
            if row is None or row["companyId"] != caller:
                raise Refused(404, f"{self._kind}_NOT_FOUND", f"{self._kind.replace('_', ' ').capitalize()} not found.")
            return row

    def add(self, company_id: str, values: Json) -> Json:
        with self.lock:
            now = timestamp(self._clock.now())
            row = {"id": self._ids.uuid(self._kind), **values, "companyId": company_id}
            self._rows[row["id"]] = row | {"createdAt": now, "updatedAt": now}
            return self._rows[row["id"]]

    def change(self, caller: str, row_id: str, values: Json) -> Json:
        with self.lock:
            self._rows[row_id] = self.get(caller, row_id) | values | {"updatedAt": timestamp(self._clock.now())}
            return self._rows[row_id]

    def delete(self, caller: str, row_id: str) -> None:
        with self.lock:
            self.get(caller, row_id)
            del self._rows[row_id]

    def search(self, caller: str, page: PageRequest, fits: Callable[[Json], bool]) -> Json:
        return paginate(self.of(caller), page, lambda row: str(row["id"]), fits)


def among(value: str | None, wanted: Collection[str] | None) -> bool:
    """Whether a filter lets the value pass; one that is absent or null lets all pass."""
    return wanted is None or value in wanted


def equal(value: object, wanted: object) -> bool:
    """Whether a filter lets the value pass; one that is absent or null lets all pass."""
    return wanted is None or value == wanted
