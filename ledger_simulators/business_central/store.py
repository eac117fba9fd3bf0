"""Tables with transactions: what a request changed is undone when it fails, as in a database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pleo_simulator.clock import Clock
from pleo_simulator.seeded_ids import SeededIds

Row = dict[str, Any]  # names as in the API; those that begin with _ are not shown


class Store:
    """All rows of one company, by table and id."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self._ids = SeededIds(seed)
        self._undo: list[Callable[[], object]] = []
        self._depth = self._commits = 0
        self._tables: dict[str, dict[str, Row]] = {}
        self._numbers: Counter[str] = Counter()

    def rows(self, table: str) -> list[Row]:
        """Return the rows of a table in the order in which they were made."""
        return list(self._tables.get(table, {}).values())

    def get(self, table: str, id_: str) -> Row | None:
        return self._tables.get(table, {}).get(id_)

    def find(self, table: str, **values: Any) -> Row | None:
        """Return the first row that has these values."""
        return next((row for row in self.rows(table) if all(row.get(k) == v for k, v in values.items())), None)

    def one(self, table: str, **values: Any) -> Row:
        """Return the first row that has these values. Raises LookupError if there is none: a fault of the simulator."""
        found = self.find(table, **values)
        if found is None:
            raise LookupError(f"{table}: {values}")
        return found

    def select(self, table: str, **values: Any) -> list[Row]:
        found = self.rows(table)
        for name, value in values.items():
            found = [row for row in found if row.get(name) == value]
        return found

    def insert(self, table: str, row: Row) -> Row:
        """Add a row; it gets an id, unless it has one, and a version."""
        row.setdefault("id", self._ids.uuid(table))
        row["_version"] = 1
        row["lastModifiedDateTime"] = self.now()
        rows = self._tables.setdefault(table, {})
        rows[row["id"]] = row
        self._undo.append(lambda: rows.pop(row["id"], None))
        return row

    def update(self, table: str, row: Row, **values: Any) -> None:
        before = dict(row)

        def restore() -> None:
            row.clear()
            row.update(before)

        self._undo.append(restore)
        row.update(values)
        row["_version"] += 1
        row["lastModifiedDateTime"] = self.now()

    def delete(self, table: str, row: Row) -> None:
        rows = self._tables[table]
        before = dict(rows)

        def restore() -> None:
            rows.clear()
            rows.update(before)

        self._undo.append(restore)
        del rows[row["id"]]

    def next_number(self, series: str, first: int = 1) -> int:
        """Return the next number of a series; one that is undone is given again."""
        number = self._numbers[series] or first
        self._numbers[series] = number + 1
        self._undo.append(lambda: self._numbers.update({series: number - self._numbers[series]}))
        return number

    def now(self) -> str:
        return self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def commit(self) -> None:
        """Keep what was changed so far, whatever becomes of the transaction: a post does so."""
        self._undo.clear()
        self._commits += 1

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Undo all that was changed inside, or since it was committed inside, if it ends with an exception."""
        start, commits = len(self._undo), self._commits
        self._depth += 1
        try:
            yield
        except BaseException:
            kept = start if self._commits == commits else 0
            while len(self._undo) > kept:
                self._undo.pop()()
            raise
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._undo.clear()


def etag(row: Row) -> str:
    """Return the version of a row, as OData writes it."""
    return f'W/"JzE5O{row["id"].replace("-", "")[:12]};{row["_version"]:08d}OyI="'
