"""The query options of OData, and how rows are shown: `$filter`, `$select`, `$expand`, `$orderby`, `$top`, `$skip`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger_simulators.business_central.filters import Predicate, parse_filter
from ledger_simulators.business_central.refusals import Refusal
from ledger_simulators.business_central.resources import RESOURCES, Resource
from ledger_simulators.business_central.store import Row, Store, etag

_KNOWN = {"$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$count", "$skiptoken", "$schemaversion"}


@dataclass(frozen=True, slots=True)
class Query:
    """The options of a request, read."""

    test: Predicate | None = None
    text: str = ""
    names: tuple[str, ...] = ()
    expanded: Mapping[str, Query] = field(default_factory=dict)
    order: tuple[tuple[str, bool], ...] = ()
    top: int | None = None
    skipped: int = 0
    counted: bool = False

    def mentions(self, name: str) -> bool:
        """Return whether the filter is about a property."""
        return re.search(rf"\b{name}\b", self.text) is not None

    def select(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows that are asked for, in order."""
        found = [row for row in rows if self.test is None or self.test(row)]
        for name, descending in reversed(self.order):
            found.sort(key=lambda row: row[name], reverse=descending)
        return found[self.skipped :][: self.top]

    def total(self, rows: Sequence[Row]) -> int:
        return sum(1 for row in rows if self.test is None or self.test(row))


def parse_query(options: Mapping[str, str], resource: Resource) -> Query:
    """Read the options of a resource. Raises Refusal for what it does not take."""
    unknown = [name for name in options if name.startswith("$") and name not in _KNOWN]
    if unknown:
        raise Refusal(400, "BadRequest", f"The query parameter '{unknown[0]}' is not supported.")
    text = options.get("$filter", "")
    names = tuple(name.strip() for name in options.get("$select", "").split(",") if name.strip())
    for name in names:
        if name not in resource.properties:
            raise Refusal(400, "BadRequest", f"Could not find a property named '{name}' on '{resource.entity}'.")
    return Query(
        test=parse_filter(text, resource.names) if text else None,
        text=text,
        names=names,
        expanded=dict(_expansion(each, resource) for each in _split(options.get("$expand", ""), ",")),
        order=tuple(_order(each) for each in options.get("$orderby", "").split(",") if each),
        top=int(options["$top"]) if "$top" in options else None,
        skipped=int(options.get("$skiptoken") or options.get("$skip") or 0),
        counted=options.get("$count") == "true",
    )


def shown(store: Store, entity_set: str, row: Row, query: Query) -> dict[str, Any]:
    """Return a row as the API shows it."""
    resource = RESOURCES[entity_set]
    names = query.names or tuple(resource.properties)
    body: dict[str, Any] = {"@odata.etag": etag(row)}
    if "id" in resource.properties:
        body["id"] = row["id"]
    body |= {name: row.get(name, resource.properties[name]) for name in names if name != "attachmentContent"}
    for name, inner in query.expanded.items():
        part = resource.parts[name]
        below = [each for each in store.rows(part.entity_set) if each[part.link] == row["id"]]
        body[name] = [shown(store, part.entity_set, each, inner) for each in inner.select(below)]
    return body


def _expansion(text: str, resource: Resource) -> tuple[str, Query]:
    name, _, inner = text.strip().partition("(")
    part = resource.parts.get(name)
    if part is None:
        raise Refusal(400, "BadRequest", f"Could not find a property named '{name}' on '{resource.entity}'.")
    options = dict(each.strip().split("=", 1) for each in _split(inner.removesuffix(")"), ";"))
    return name, parse_query(options, RESOURCES[part.entity_set])


def _split(text: str, separator: str) -> list[str]:
    """Split at separators that are in no parentheses and in no text."""
    parts, depth, quoted = [""], 0, False
    for character in text:
        quoted ^= character == "'"
        depth += 0 if quoted else (character == "(") - (character == ")")
        if character == separator and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part.strip()]


def _order(text: str) -> tuple[str, bool]:
    name, _, direction = text.strip().partition(" ")
    return name, direction.strip() == "desc"
