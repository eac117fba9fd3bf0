"""Lists: filters, order, pages, and what was changed since a moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ledger_simulators.xero.where import parse_where
from ledger_simulators.xero.wire import Json

MAX_PAGE = 1_000
DEFAULT_PAGE = 100
_SEARCHED = ("Name", "FirstName", "LastName", "ContactNumber", "EmailAddress")
# Parameters with several values, and the field that has to be one of them.
_ONE_OF = {
    "IDs": ("InvoiceID", "ContactID"),
    "ContactIDs": ("Contact.ContactID",),
    "Statuses": ("Status",),
    "InvoiceNumbers": ("InvoiceNumber",),
}


def selected(rows: Sequence[Json], asked: Mapping[str, str], since: str | None) -> list[Json]:
    """Return the rows that a list asks for, in its order, of all pages. Raises WhereUnreadable."""
    found = list(rows)
    for name, paths in _ONE_OF.items():
        if name in asked:
            wanted = set(asked[name].split(","))
            found = [row for row in found if any(_at(row, path) in wanted for path in paths)]
    if asked.get("where"):
        test = parse_where(asked["where"])
        found = [row for row in found if test(row)]
    if since and (moment := _moment(since)):
        found = [row for row in found if row.get("UpdatedDateUTC", moment) >= moment]
    return _ordered(found, asked.get("order"))


def tracking_of(categories: Sequence[Json], *, archived: bool) -> list[Json]:
    """Return the tracking categories with their options, without what is archived unless that is asked for."""
    return [
        {**each, "Options": [option for option in each["Options"] if archived or option["Status"] == "ACTIVE"]}
        for each in categories
        if archived or each["Status"] == "ACTIVE"
    ]


def contacts_of(contacts: Sequence[Json], term: str | None, *, archived: bool) -> list[Json]:
    """Return the contacts that hold a search term in a name, their number or their address, in any case."""
    wanted = (term or "").lower()
    return [
        each
        for each in contacts
        if (archived or each["ContactStatus"] == "ACTIVE")
        and any(wanted in str(each.get(field) or "").lower() for field in _SEARCHED)
    ]


def page_of(rows: Sequence[Json], asked: Mapping[str, str]) -> tuple[Sequence[Json], Json | None]:
    """Return the page that is asked for, with what Xero says of pages; all rows where none is asked for."""
    if "page" not in asked:
        return rows, None
    page = max(1, int(asked["page"]))
    size = min(MAX_PAGE, int(asked.get("pageSize", DEFAULT_PAGE)))
    pages = -(-len(rows) // size)
    shown = rows[(page - 1) * size : page * size]
    return shown, {"page": page, "pageSize": size, "pageCount": pages, "itemCount": len(rows)}


def _ordered(rows: list[Json], order: str | None) -> list[Json]:
    if not order:
        return rows
    field, _, direction = order.partition(" ")
    key: Callable[[Json], Any] = lambda row: (row.get(field) is not None, row.get(field))  # noqa: E731
    return sorted(rows, key=key, reverse=direction.upper() == "DESC")


def _at(row: Json, path: str) -> Any:
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
