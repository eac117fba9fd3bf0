"""Tax codes, and the taxes that Pleo computes by them. Codes need not be unique (question 36)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pleo_simulator.clock import Clock
from pleo_simulator.list_rows import ListRows, among, equal
from pleo_simulator.paging import PageRequest
from pleo_simulator.seeded_ids import SeededIds

Json = dict[str, Any]

_OPTIONAL: Json = {"code": None, "ingoingTaxAccount": None, "outgoingTaxAccount": None}


class TaxCodes:
    def __init__(self, clock: Clock, ids: SeededIds) -> None:
        self.rows = ListRows("TAX_CODE", clock, ids)

    def create(self, caller: str, body: Json) -> Json:
        return self.rows.add(caller, {"accountingIntegrationSystem": None} | _OPTIONAL | body)

    def replace(self, caller: str, tax_code_id: str, body: Json) -> Json:
        return self.rows.change(caller, tax_code_id, _OPTIONAL | body)

    def exists(self, company_id: str, code: str) -> bool:
        return any(row["code"] == code for row in self.rows.of(company_id))

    def search(self, caller: str, page: PageRequest, wanted: Json) -> Json:
        def fits(row: Json) -> bool:
            return (
                equal(row["archived"], wanted.get("archived"))
                and equal(row["code"], wanted.get("code"))
                and among(row["id"], wanted.get("taxCodeIds"))
                and equal(row["type"], wanted.get("type"))
            )

        return self.rows.search(caller, page, fits)

    def calculate(self, caller: str, amounts: Mapping[str, Sequence[Json]]) -> Json:
        """Gross, net and tax of each amount, in minor units. Raises Refused 404 for an unknown tax code."""
        return {
            tax_code_id: [
                {"id": each["id"], "amountTaxBreakdown": _breakdown(self.rows.get(caller, tax_code_id), each["amount"])}
                for each in of_code
            ]
            for tax_code_id, of_code in amounts.items()
        }


def _breakdown(tax_code: Json, amount: Json) -> Json:
    """An inclusive tax is part of the amount; a reverse charge is owed and deducted, so that nothing more is paid."""
    rate, gross = Decimal(str(tax_code["rate"])), amount["minors"]
    part = rate if tax_code["type"] == "reverse" else rate / (1 + rate)
    tax = int((gross * part).quantize(Decimal(1), ROUND_HALF_UP))
    net = gross if tax_code["type"] == "reverse" else gross - tax
    parts = {"gross": gross, "net": net, "tax": tax}
    return {name: {"currency": amount["currency"], "minors": minors} for name, minors in parts.items()}
