"""What an accountant maintains besides entries: cost centres, accounts, taxes and suppliers, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from local.tryton.rpc import Rpc

_ANALYTIC = "analytic_account.account"
_ACCOUNT = "account.account"


@dataclass(frozen=True)
class MasterData:
    """One company's. A value of a dimension is an analytic account, a dimension the root above it."""

    rpc: Rpc
    company: int

    def add_dimension(self, code: str, name: str) -> None:
        """Make a dimension without values."""
        root = {"name": name, "code": code, "type": "root", "company": self.company, "state": "opened"}
        self.rpc.create(_ANALYTIC, root)

    def add_values(self, dimension: str, values: Mapping[str, str]) -> None:
        """Add values: name by code."""
        (root,) = self._ids(_ANALYTIC, [["type", "=", "root"], ["code", "=", dimension]])
        common = {"type": "normal", "root": root, "parent": root, "company": self.company, "state": "opened"}
        self.rpc.create(_ANALYTIC, *({"code": code, "name": name, **common} for code, name in values.items()))

    def rename_value(self, dimension: str, code: str, name: str) -> None:
        self._write_value(dimension, code, {"name": name})

    def close_value(self, dimension: str, code: str) -> None:
        self._write_value(dimension, code, {"state": "closed"})

    def open_value(self, dimension: str, code: str) -> None:
        self._write_value(dimension, code, {"state": "opened"})

    def deactivate_value(self, dimension: str, code: str) -> None:
        """Hide it in Tryton's client, as people do with what was never used."""
        self._write_value(dimension, code, {"active": False})

    def add_account(self, code: str, name: str, *, heading: bool = False) -> None:
        """Add an account of the type of the first that takes expenses, or a heading, which has no type."""
        like = self.rpc.search_read(_ACCOUNT, [["type.expense", "=", True]], ["type", "parent"], [["id", "ASC"]])[0]
        record = {"code": code, "name": name, "company": self.company, "parent": like["parent"]}
        self.rpc.create(_ACCOUNT, {**record, "type": None if heading else like["type"]})

    def close_account(self, code: str) -> None:
        self.rpc(f"model.{_ACCOUNT}.write", self._ids(_ACCOUNT, [["code", "=", code]]), {"closed": True})

    def open_account(self, code: str) -> None:
        self.rpc(f"model.{_ACCOUNT}.write", self._ids(_ACCOUNT, [["code", "=", code]]), {"closed": False})

    def end_tax(self, name: str, on: date) -> None:
        """Let the tax end on that day."""
        self.rpc("model.account.tax.write", self._ids("account.tax", [["name", "=", name]]), {"end_date": on})

    def add_tax(self, name: str, description: str, rate: Decimal, account: str) -> None:
        (id_,) = self._ids(_ACCOUNT, [["code", "=", account]])
        accounts = {"invoice_account": id_, "credit_note_account": id_}
        tax = {"name": name, "description": description, "type": "percentage", "rate": rate, "company": self.company}
        self.rpc.create("account.tax", {**tax, **accounts})

    def add_suppliers(self, names: Sequence[str], *, active: bool = True, tax_number: str | None = None) -> list[str]:
        """Add suppliers, which Tryton numbers; return their codes."""
        numbers = [["create", [{"code": tax_number}]]] if tax_number else []
        common: dict[str, Any] = {"active": active, "identifiers": numbers, "addresses": [["create", [{}]]]}
        ids = self.rpc.create("party.party", *({"name": name, **common} for name in names))
        rows = self.rpc.search_read("party.party", [["id", "in", ids], ["active", "in", [True, False]]], ["code"])
        codes = {row["id"]: str(row["code"]) for row in rows}
        return [codes[each] for each in ids]

    def suppliers_called(self, name: str) -> list[str]:
        """Return the codes of the parties with exactly that name, deactivated ones too."""
        domain = [["name", "=", name], ["active", "in", [True, False]]]
        return [str(row["code"]) for row in self.rpc.search_read("party.party", domain, ["code"], [["id", "ASC"]])]

    def rename_supplier(self, code: str, name: str) -> None:
        self.rpc("model.party.party.write", self._ids("party.party", [["code", "=", code]]), {"name": name})

    def deactivate_supplier(self, code: str) -> None:
        self.rpc("model.party.party.write", self._ids("party.party", [["code", "=", code]]), {"active": False})

    def _write_value(self, dimension: str, code: str, values: Mapping[str, Any]) -> None:
        known = [["type", "=", "normal"], ["root.code", "=", dimension], ["code", "=", code]]
        self.rpc(f"model.{_ANALYTIC}.write", self._ids(_ANALYTIC, [*known, ["active", "in", [True, False]]]), values)

    def _ids(self, model: str, domain: Sequence[Any]) -> list[int]:
        return [row["id"] for row in self.rpc.search_read(model, domain, ["id"])]
