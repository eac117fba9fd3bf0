"""Collections of e-conomic read to their end: half of one never looks like a short one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pleo_export.accounting.economic.rest import EconomicRest, Row
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.errors import Unavailable
from pleo_export.failures.ledger_lists import LIST_INCOMPLETE


def whole(rest: EconomicRest, path: str, key: str, filter_: str = "") -> Iterator[Row]:
    """Read a collection of the services, which ends where no cursor comes; `key` is the property that tells its rows
    apart. Raises Unavailable (LIST_INCOMPLETE) if one comes again, or another AccountingError."""
    return _once_each(rest.items(path, filter_), key, path)


def old_whole(rest: EconomicRest, path: str, key: str, size: int) -> Iterator[Row]:
    """Read a collection of the old API, `size` rows with one call; `key` is the property that tells its rows apart.
    Raises Unavailable (LIST_INCOMPLETE) if fewer come than e-conomic counts, or one comes again; or another
    AccountingError."""
    return _once_each(_old_pages(rest, path, size), key, path)


def _old_pages(rest: EconomicRest, path: str, size: int) -> Iterator[Row]:
    seen, results, more = 0, 0, True
    while more:
        page = rest.old_page(path, -(-seen // size), size)
        pagination = page.get("pagination") or {}
        yield from page["collection"]
        seen += len(page["collection"])
        results = max(results, int(pagination.get("results") or 0))
        more = "nextPage" in pagination and bool(page["collection"])
    if seen < results:
        raise _incomplete(path)


def _once_each(rows: Iterable[Row], key: str, path: str) -> Iterator[Row]:
    seen = set()
    for row in rows:
        if row[key] in seen:
            raise _incomplete(path)
        seen.add(row[key])
        yield row


def _incomplete(path: str) -> Unavailable:
    what = path.rpartition("/")[2].lower().replace("-", " ")
    return Unavailable(LIST_INCOMPLETE.told(ledger=TITLE, what="tags" if what == "values" else what))
