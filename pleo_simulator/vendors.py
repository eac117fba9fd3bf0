"""Vendors: mirrored from the accounting system, or made by somebody in Pleo and then created there.

An external id, and a code regardless of case, belong to one vendor of a company.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pleo_simulator.assumptions import Assumptions
from pleo_simulator.clock import Clock
from pleo_simulator.errors import Refused
from pleo_simulator.list_rows import Key, ListRows, among
from pleo_simulator.paging import PageRequest
from pleo_simulator.seeded_ids import SeededIds

Json = dict[str, Any]

DRAFT, ACTIVE, ARCHIVED = "DRAFT", "ACTIVE", "ARCHIVED"
_OPTIONAL: Json = {
    "code": None,
    "externalId": None,
    "country": None,
    "registrationNumber": None,
    "taxRegistrationNumber": None,
}
_NOT_KNOWN: Json = {"accountingSystem": None, "createdBy": None, "deletedAt": None}


class Vendors:
    """`on_created` is called with (company id, vendor JSON) for each one that has to be created in the accounting
    system: the webhook's cue."""

    def __init__(self, clock: Clock, ids: SeededIds, assumptions: Assumptions) -> None:
        self.on_created: list[Callable[[str, Json], None]] = []
        self.rows = ListRows("VENDOR", clock, ids, _keys_of)
        self._assumptions = assumptions

    def make(self, company_id: str, name: str, currency: str = "GBP", by: str | None = None, **more: str) -> Json:
        """Somebody makes a vendor in Pleo. `more` are further fields, by Pleo's names."""
        return self.create(company_id, {"name": name, "defaultCurrency": currency, **more}, by)

    def create(self, caller: str, body: Json, by: str | None = None) -> Json:
        synced = body.get("externalId") is not None and self._assumptions.vendors_with_external_id_are_active
        values = _NOT_KNOWN | _OPTIONAL | body | {"state": ACTIVE if synced else DRAFT, "createdBy": by}
        vendor = self.rows.add(caller, values)
        if vendor["externalId"] is None:
            for tell in self.on_created:
                tell(caller, vendor)
        return vendor

    def replace(self, caller: str, vendor_id: str, body: Json) -> Json:
        return self.rows.change(caller, vendor_id, _OPTIONAL | body)

    def activate(self, caller: str, vendor_id: str, body: Json) -> None:
        self.rows.change(caller, vendor_id, body | {"state": ACTIVE})

    def archive(self, caller: str, vendor_id: str) -> None:
        self.rows.change(caller, vendor_id, {"state": ARCHIVED})

    def search(self, caller: str, page: PageRequest, wanted: Json) -> Json:
        """Without states: those that are not archived (question 43)."""
        states = wanted["states"] if wanted.get("states") is not None else (DRAFT, ACTIVE)
        name = (wanted.get("name") or "").casefold()

        def fits(row: Json) -> bool:
            return (
                row["state"] in states
                and among(row["id"], wanted.get("ids"))
                and among(row["code"], wanted.get("codes"))
                and among(row["externalId"], wanted.get("externalIds"))
                and among(row["country"], wanted.get("countries"))
                and among(row["accountingSystem"], wanted.get("accountingSystems"))
                and among(row["taxRegistrationNumber"], wanted.get("taxRegistrationNumbers"))
                and name in row["name"].casefold()
            )

        return self.rows.search(caller, page, fits)

    def reference(self, company_id: str, code: str) -> Json:
        """The vendor as an export item names it. Raises Refused 404 for one that is unknown or archived."""
        fields = ("id", "name", *_OPTIONAL, "defaultCurrency")
        for row in self.rows.of(company_id):
            if row["code"] == code and row["state"] != ARCHIVED:
                return {field: row[field] for field in fields if row[field] is not None}
        raise Refused(404, "VENDOR_NOT_FOUND", "Vendor not found.")


def _keys_of(row: Json) -> Iterator[Key]:
    if row["externalId"] is not None:
        yield "externalId", row["externalId"]
    if row["code"]:
        yield "code", row["code"].casefold()
