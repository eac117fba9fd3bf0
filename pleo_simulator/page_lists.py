"""The lists of a company for the page: each as a table of texts, of which a browser can still show the longest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pleo_simulator.choices import all_lists
from pleo_simulator.service import PleoService

Json = Mapping[str, Any]

ROWS = 200  # of one list; a group may have thousands of tags


def list_facts(service: PleoService, company_id: str) -> list[Json]:
    """Return the tables: one for each tag group, then accounts, tax codes and vendors. The last column is a state."""
    lists = all_lists(service, company_id)
    return [
        *(_tag_group(group) for group in lists["tagGroups"]),
        _table(
            "accounts",
            "Accounts",
            ("Name", "Code", "Id in the ledger", "Tax code"),
            ([each["name"], each["code"], each["externalId"], each["taxCodeExternalId"]] for each in lists["accounts"]),
            [_archived(each) for each in lists["accounts"]],
        ),
        _table(
            "tax-codes",
            "Tax codes",
            ("Name", "Code", "Rate", "Type"),
            ([each["name"], each["code"], f"{each['rate'] * 100:g} %", each["type"]] for each in lists["taxCodes"]),
            [_archived(each) for each in lists["taxCodes"]],
        ),
        _table(
            "vendors",
            "Vendors",
            ("Name", "Code", "Id in the ledger", "Country"),
            ([each["name"], each["code"], each["externalId"], each["country"]] for each in lists["vendors"]),
            [each["state"] for each in lists["vendors"]],
        ),
    ]


def _tag_group(group: Json) -> Json:
    archived = ", archived" if group["archived"] else ""
    return _table(
        f"group-{group['id']}",
        f"Tag group {group['name']} ({group['code']}{archived})",
        ("Name", "Code", "Expenses"),
        ([each["name"], each["code"], each["usedBy"]] for each in group["tags"]),
        [_archived(each) for each in group["tags"]],
    )


def _archived(row: Json) -> str:
    return "archived" if row["archived"] else "active"


def _table(name: str, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], states: Sequence[str]) -> Json:
    counts = {state: states.count(state) for state in sorted(set(states))}
    return {
        "name": name,
        "title": title,
        "counts": ", ".join(f"{count} {state.lower()}" for state, count in counts.items()) or "none",
        "columns": columns,
        "rows": [
            {"texts": ["" if each is None else str(each) for each in row], "state": state}
            for row, state, _ in zip(rows, states, range(ROWS), strict=False)
        ],
        "more": max(0, len(states) - ROWS),
    }
