"""The files of an audit export: each kind of record as JSON lines, exact, and as CSV, to be read in a spreadsheet."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from hashlib import file_digest
from pathlib import Path
from typing import Any

from pleo_export.operations.audit.manifest import AuditFile
from pleo_export.operations.audit.records import Record

# A spreadsheet takes a cell that begins so for a formula, also after spaces; full-width signs as well.
FORMULA = tuple("=+-@＝＋－＠")
CONTROL = tuple("\t\r\n")


@dataclass(frozen=True)
class RecordFile:
    """One kind of record. The CSV has these columns, and `other` for what a later release adds; `ordered_by` is what
    the records are sorted by, before their keys."""

    name: str
    columns: Sequence[str]
    ordered_by: str = ""


class Spool:
    """Records on their way to a file, sorted on disk: the memory that they take does not depend on their number."""

    def __init__(self, file: RecordFile) -> None:
        self.file = file
        self._database = sqlite3.connect("")  # a temporary file of SQLite's own
        self._database.execute("CREATE TABLE records (time TEXT, pk TEXT, sk TEXT, line TEXT)")

    def __len__(self) -> int:
        (count,) = self._database.execute("SELECT count(*) FROM records").fetchone()
        return int(count)

    def add_all(self, records: Iterable[Record]) -> None:
        """Add records as the table holds them."""
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Add a record as the table holds it."""
        line = json.dumps(record, sort_keys=True, ensure_ascii=False, default=_plain)
        key = str(record.get(self.file.ordered_by, "")), str(record["pk"]), str(record["sk"])
        self._database.execute("INSERT INTO records VALUES (?, ?, ?, ?)", (*key, line))

    def write(self, folder: Path) -> Iterator[AuditFile]:
        """Write both files, sorted, and yield what the manifest says of them."""
        exact, table = folder / f"{self.file.name}.jsonl", folder / f"{self.file.name}.csv"
        count = 0
        with (
            closing(self._database),
            exact.open("w", encoding="utf-8", newline="\n") as lines,
            table.open("w", encoding="utf-8-sig", newline="") as cells,  # its mark tells spreadsheets that it is UTF-8
        ):
            rows = csv.writer(cells, quoting=csv.QUOTE_ALL)
            rows.writerow([*self.file.columns, "other"])
            for (line,) in self._database.execute("SELECT line FROM records ORDER BY time, pk, sk"):
                lines.write(f"{line}\n")
                rows.writerow(self._row(json.loads(line)))
                count += 1
        for path in (exact, table):
            yield AuditFile(name=path.name, sha256=sha256_of(path), size=path.stat().st_size, records=count)

    def _row(self, record: dict[str, Any]) -> list[str]:
        known = [_cell(record.pop(name, None)) for name in self.file.columns]
        record.pop("pk", None)
        record.pop("sk", None)
        return [*known, _cell(record or None)]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def _cell(value: Any) -> str:
    """Return the value as a cell that no spreadsheet computes; lists and objects as JSON."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    if value.startswith(CONTROL) or value.lstrip().startswith(FORMULA):
        return f"'{value}"
    return value


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, set):
        return sorted(value)
    raise TypeError(f"our records hold no {type(value).__name__}")
