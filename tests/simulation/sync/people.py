"""What people do on both sides while a sync is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from pleo_export.accounting.lists import DimensionValue, LedgerAccount
from pleo_simulator.errors import Refused
from tests.system.synced_company import COMPANY, SyncedCompany

OFTEN = 0.03  # acts per request
COLOURS = ("Red", "Green", "Blue")


class People:
    """Does something now and then: at Pleo by hand, or in the ledger."""

    def __init__(self, company: SyncedCompany, random: Random) -> None:
        self.company, self.random = company, random
        self._acts: list[Callable[[], None]] = [
            self._add_value,
            self._change_values,
            self._add_account,
            self._make_tag,
            self._change_tag,
            self._delete_tag,
            self._change_group,
            self._make_vendor,
        ]

    def act(self) -> None:
        """Do something, or nothing. What Pleo refuses is left undone."""
        if self.random.random() < OFTEN:
            try:
                self.random.choice(self._acts)()
            except Refused:
                return

    def _add_value(self) -> None:
        values = self.company.ledger.values
        if values:
            values[self.random.choice(sorted(values))].append(DimensionValue(self._code("c"), "New", True))

    def _change_values(self) -> None:
        values = self.company.ledger.values
        for dimension, held in values.items():
            place = self.random.randrange(len(held)) if held else 0
            values[dimension] = [
                replace(each, name=self.random.choice(COLOURS), active=self.random.random() < 0.7)
                if number == place
                else each
                for number, each in enumerate(held)
            ]

    def _add_account(self) -> None:
        number = len(self.company.ledger.accounts) + 50
        self.company.ledger.accounts.append(LedgerAccount(f"A{number}", f"{6000 + number}", "New", True, True))

    def _make_tag(self) -> None:
        group = self._group()
        if group:
            self.company.put_tag(group, self._code("C"), "By hand", archived=self.random.random() < 0.5)

    def _change_tag(self) -> None:
        group = self._group()
        tags = self.company.tags(group["code"]) if group else []
        if tags:
            tag = self.random.choice(tags)
            body = {"code": tag["code"], "name": "By hand", "archived": self.random.random() < 0.5}
            self.company.pleo.tags.replace(COMPANY, tag["id"], body)

    def _delete_tag(self) -> None:
        group = self._group()
        tags = self.company.tags(group["code"]) if group else []
        if tags:
            self.company.pleo.tags.delete(COMPANY, [self.random.choice(tags)["id"]])

    def _change_group(self) -> None:
        group = self._group()
        if group:
            body = {"code": group["code"], "name": "Renamed", "metadata": group["metadata"]}
            archived = self.random.random() < 0.5
            self.company.pleo.tags.replace_group(COMPANY, group["id"], body | {"archived": archived})

    def _make_vendor(self) -> None:
        number = len(self.company.rows("vendors")) + 100
        self.company.pleo.vendors.make(COMPANY, f"Draft {number}", "EUR", taxRegistrationNumber=f"NEW{number}")

    def _code(self, prefix: str) -> str:
        return f"{prefix}{self.random.randint(0, 40)}"

    def _group(self) -> dict[str, Any] | None:
        groups = self.company.groups()
        return groups[self.random.choice(sorted(groups))] if groups else None
