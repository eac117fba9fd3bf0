"""Rows of one kind, of all companies, in the order of creation. A credential sees its own company's rows only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from threading import RLock
from typing import Any

from pleo_simulator.clock import Clock, timestamp
from pleo_simulator.errors import Refused, already_exists
from pleo_simulator.paging import PageRequest, paginate
from pleo_simulator.seeded_ids import SeededIds

Json = dict[str, Any]
Key = tuple[str, str]  # a field, and the value that only one row of a company has


def _no_keys(_: Json) -> Iterable[Key]:
    return ()


class ListRows:
    """`kind` names a row in refusals (`TAX_CODE`), `keys_of` what no two rows of a company share. Who reads a row and
    then changes it holds `lock` meanwhile."""

    def __init__(
        self, kind: str, clock: Clock, ids: SeededIds, keys_of: Callable[[Json], Iterable[Key]] = _no_keys
    ) -> None:
        self.lock = RLock()
        self._kind = kind
        self._clock = clock
        self._ids = ids
        self._keys_of = keys_of
        self._rows: defaultdict[str, dict[str, Json]] = defaultdict(dict)  # by company, by id
        self._by_key: defaultdict[str, dict[Key, str]] = defaultdict(dict)  # by company -> id

    def of(self, company_id: str) -> list[Json]:
        with self.lock:
            return list(self._rows[company_id].values())

    def get(self, caller: str, row_id: str) -> Json:
        with self.lock:
            row = self._rows[caller].get(row_id)
            if row is None:
                raise Refused(404, f"{self._kind}_NOT_FOUND", f"{self._name().capitalize()} not found.")
            return row

    def find(self, company_id: str, key: Key) -> Json | None:
        with self.lock:
            row_id = self._by_key[company_id].get(key)
            return None if row_id is None else self._rows[company_id][row_id]

    def add(self, company_id: str, values: Json) -> Json:
        """Raises Refused 409 where another row has one of its keys."""
        with self.lock:
            now = timestamp(self._clock.now())
            row = {"id": self._ids.uuid(self._kind), **values, "companyId": company_id}
            return self._keep(row | {"createdAt": now, "updatedAt": now})

    def change(self, caller: str, row_id: str, values: Json) -> Json:
        """Raises Refused 404, and 409 where another row has one of its keys."""
        with self.lock:
            old = self.get(caller, row_id)
            new = self._keep(old | values | {"updatedAt": timestamp(self._clock.now())})
            for key in set(self._keys_of(old)) - set(self._keys_of(new)):
                del self._by_key[caller][key]
            return new

    def delete(self, caller: str, row_id: str) -> None:
        with self.lock:
            for key in self._keys_of(self.get(caller, row_id)):
                del self._by_key[caller][key]
            del self._rows[caller][row_id]

    def search(self, caller: str, page: PageRequest, fits: Callable[[Json], bool]) -> Json:
        return paginate(self.of(caller), page, lambda row: str(row["id"]), fits)

    def _keep(self, row: Json) -> Json:
        ids = self._by_key[row["companyId"]]
        for key in self._keys_of(row):
            if ids.get(key, row["id"]) != row["id"]:
                raise already_exists(f"{self._name()} with this {key[0]} exists.".capitalize())
        ids.update((key, row["id"]) for key in self._keys_of(row))
        self._rows[row["companyId"]][row["id"]] = row
        return row

    def _name(self) -> str:
        return self._kind.replace("_", " ").lower()


def among(value: str | None, wanted: Collection[str] | None) -> bool:
    """Whether a filter lets the value pass; one that is absent or null lets all pass."""
    return wanted is None or value in wanted


def equal(value: object, wanted: object) -> bool:
    """Whether a filter lets the value pass; one that is absent or null lets all pass."""
    return wanted is None or value == wanted
