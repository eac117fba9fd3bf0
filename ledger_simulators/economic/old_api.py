"""What of the old API (restapi.e-conomic.com) has no successor: self, VAT accounts, suppliers and their groups."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ledger_simulators.economic.filters import COMPARABLE, EQUAL, TEXT, select
from ledger_simulators.economic.json_bodies import number, sent_json
from ledger_simulators.economic.ledger import EconomicLedger
from ledger_simulators.economic.new_suppliers import new_supplier
from ledger_simulators.economic.problems import Problem

MOST_PER_PAGE = 1000
SUPPLIER_FILTERS = {
    "supplierNumber": COMPARABLE,
    "name": TEXT | {"in", "nin"},
    "corporateIdentificationNumber": TEXT | {"in", "nin"},
    "bankAccount": TEXT | {"in", "nin"},
    "barred": EQUAL,
}


def old_api(ledger: EconomicLedger) -> Blueprint:
    """Return the routes of the old API."""
    api = Blueprint("old", __name__)

    @api.get("/self")
    def read_self() -> ResponseReturnValue:
        roles = [{"roleNumber": index, "name": name} for index, name in enumerate(sorted(ledger.roles), 1)]
        return jsonify(
            {
                "agreementNumber": ledger.agreement,
                "company": {
                    "name": ledger.company,
                    "country": "Danmark",
                    "companyIdentificationNumber": ledger.registration_number,
                    "vatNumber": ledger.vat_number,
                },
                "settings": {"baseCurrency": ledger.base_currency},
                "application": {"appNumber": 1, "name": "pleo-export", "requiredRoles": roles},
            }
        )

    @api.get("/vat-accounts")
    def list_vat_accounts() -> ResponseReturnValue:
        return _collection([_vat(each) for each in ledger.vat_accounts.values()])

    @api.get("/supplier-groups")
    def list_groups() -> ResponseReturnValue:
        return _collection(
            [
                {"supplierGroupNumber": each.number, "name": each.name, "account": {"accountNumber": each.account}}
                for each in ledger.groups.values()
            ]
        )

    @api.get("/suppliers")
    def list_suppliers() -> ResponseReturnValue:
        found = [_supplier(each) for each in ledger.suppliers.values()]
        return _collection(select(found, SUPPLIER_FILTERS, request.args.get("filter", "")))

    @api.post("/suppliers")
    def add_supplier() -> ResponseReturnValue:
        made = new_supplier(ledger, sent_json())
        return jsonify(_supplier(made)), 201

    @api.get("/payment-terms")
    def list_payment_terms() -> ResponseReturnValue:
        return _collection([{"paymentTermsNumber": each, "name": name} for each, name in ledger.payment_terms.items()])

    @api.get("/vat-zones")
    def list_vat_zones() -> ResponseReturnValue:
        zones = ledger.vat_zones.items()
        return _collection(
            [
                {"vatZoneNumber": each, "name": name, "enabledForCustomer": True, "enabledForSupplier": True}
                for each, name in zones
            ]
        )

    return api


def _collection(found: list[dict[str, Any]]) -> ResponseReturnValue:
    size = int(request.args.get("pagesize", 20))
    if size > MOST_PER_PAGE:
        raise Problem(400, "The page size is at most 1000", "E04170")
    skipped = int(request.args.get("skippages", 0))
    base = request.base_url
    pagination: dict[str, Any] = {
        "skipPages": skipped,
        "pageSize": size,
        "maxPageSizeAllowed": MOST_PER_PAGE,
        "results": len(found),
        "resultsWithoutFilter": len(found),
        "firstPage": f"{base}?skippages=0&pagesize={size}",
        "lastPage": f"{base}?skippages={max(0, len(found) - 1) // size}&pagesize={size}",
    }
    if (skipped + 1) * size < len(found):
        pagination["nextPage"] = f"{base}?skippages={skipped + 1}&pagesize={size}"
    page = found[skipped * size : (skipped + 1) * size]
    return jsonify({"collection": page, "pagination": pagination, "self": request.url})


def _vat(vat: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "vatCode": vat.code,
        "name": vat.name,
        "ratePercentage": number(vat.rate),
        "account": {"accountNumber": vat.account},
        "vatType": {"vatTypeNumber": 2},
        "barred": vat.barred,
    }
    if vat.contra_account is not None:
        row["contraAccount"] = {"accountNumber": vat.contra_account}
    return row


def _supplier(supplier: Any) -> dict[str, Any]:
    row = {
        "supplierNumber": supplier.number,
        "name": supplier.name,
        "currency": supplier.currency,
        "supplierGroup": {"supplierGroupNumber": supplier.group},
        "corporateIdentificationNumber": supplier.tax_number,
        "bankAccount": supplier.bank_account,
        "barred": supplier.barred,
        "country": supplier.country,
    }
    return {name: value for name, value in row.items() if value is not None}
