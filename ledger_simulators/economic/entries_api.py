"""bookedEntriesapi, accountsapi and accountingyearsapi: what is booked, and on what it can be."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from ledger_simulators.economic.booking import match
from ledger_simulators.economic.chart import Account
from ledger_simulators.economic.entries import Booked
from ledger_simulators.economic.filters import COMPARABLE, EQUAL, ORDERED, TEXT, rows, select
from ledger_simulators.economic.json_bodies import number, sent_json, without_empty
from ledger_simulators.economic.ledger import EconomicLedger
from ledger_simulators.economic.problems import Problem

MOST_PER_PAGE = 100
BOOKED_FILTERS = {
    **dict.fromkeys(("entryNumber", "accountNumber", "projectNumber", "currencyCode", "vatAccountNumber"), COMPARABLE),
    **dict.fromkeys(("voucherNumber", "customerNumber", "supplierNumber", "supplierInvoiceNumber"), COMPARABLE),
    **dict.fromkeys(("amount", "amountInBaseCurrency", "date", "dueDate"), ORDERED),
    "remainder": COMPARABLE,
    "text": TEXT,
    "type": EQUAL,
}
ACCOUNT_FILTERS = {"number": COMPARABLE, "name": TEXT, "isBarred": ORDERED, "currency": TEXT, "vatCode": COMPARABLE}
PERIOD_FILTERS = dict.fromkeys(("periodNumber", "year", "dateFrom", "dateTo"), ORDERED)


def booked_entries_api(ledger: EconomicLedger) -> Blueprint:
    """Return the routes of bookedEntriesapi."""
    api = Blueprint("booked", __name__)

    def found() -> list[dict[str, Any]]:
        return [booked_row(each) for each in ledger.booked.values()]

    @api.get("/booked-entries")
    def list_booked() -> ResponseReturnValue:
        args = request.args
        return jsonify(rows(found(), "entryNumber", BOOKED_FILTERS, args.get("filter", ""), args.get("cursor")))

    @api.get("/booked-entries/paged")
    def page_of_booked() -> ResponseReturnValue:
        return jsonify(paged(select(found(), BOOKED_FILTERS, request.args.get("filter", ""))))

    @api.get("/booked-entries/count")
    def count_booked() -> ResponseReturnValue:
        return jsonify(len(select(found(), BOOKED_FILTERS, request.args.get("filter", ""))))

    @api.post("/booked-entries/match")
    def match_entries() -> ResponseReturnValue:
        match(ledger, sent_json().get("entryIds") or [])
        return Response(status=204)

    return api


def accounts_api(ledger: EconomicLedger) -> Blueprint:
    """Return the routes of accountsapi."""
    api = Blueprint("accounts", __name__)

    @api.get("/Accounts")
    def list_accounts() -> ResponseReturnValue:
        found = [_account(each) for each in ledger.accounts.values()]
        args = request.args
        return jsonify(rows(found, "number", ACCOUNT_FILTERS, args.get("filter", ""), args.get("cursor")))

    @api.get("/Accounts/<int:account>")
    def read_account(account: int) -> ResponseReturnValue:
        if account not in ledger.accounts:
            raise Problem(404, "Account does not exist", "AccountDoesNotExist")
        return jsonify(_account(ledger.accounts[account]))

    return api


def accounting_years_api(ledger: EconomicLedger) -> Blueprint:
    """Return the routes of accountingyearsapi."""
    api = Blueprint("years", __name__)

    @api.get("/AccountingYears/paged")
    def list_years() -> ResponseReturnValue:
        return jsonify(
            paged(
                [
                    without_empty(
                        {
                            "year": each.year,
                            "dateFrom": f"{each.first}T00:00:00Z",
                            "dateTo": f"{each.last}T00:00:00Z",
                            "isClosed": each.closed,
                        }
                    )
                    for each in ledger.years
                ]
            )
        )

    @api.get("/accountingYears/periods")
    def list_periods() -> ResponseReturnValue:
        found = [
            without_empty(
                {
                    "periodNumber": each.number,
                    "year": each.year,
                    "dateFrom": f"{each.first}T00:00:00Z",
                    "dateTo": f"{each.last}T00:00:00Z",
                    "isClosed": each.closed,
                    "isBarred": each.barred,
                }
            )
            for year in ledger.years
            for each in year.periods
        ]
        args = request.args
        return jsonify(rows(found, "periodNumber", PERIOD_FILTERS, args.get("filter", ""), args.get("cursor")))

    return api


def paged(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the page that `pageSize`, `skipPages` and `sort` of the request ask for. Raises Problem."""
    size = int(request.args.get("pageSize", 20))
    if not 1 <= size <= MOST_PER_PAGE:
        raise Problem(400, "The field PageSize must be between 1 and 100.", "ValidationFailed", "PageSize")
    sort = request.args.get("sort", "")
    if name := sort.lstrip("-"):
        found = sorted(found, key=lambda row: row[name], reverse=sort.startswith("-"))
    begin = int(request.args.get("skipPages", 0)) * size
    return found[begin : begin + size]


def booked_row(line: Booked) -> dict[str, Any]:
    """Return a booked entry as the service shows it."""
    return without_empty(
        {
            "entryNumber": line.entry,
            "accountNumber": line.account,
            "amount": number(line.amount),
            "amountInBaseCurrency": number(line.base),
            "currencyCode": line.currency,
            "date": f"{line.date}T00:00:00Z",
            "dueDate": f"{line.due}T00:00:00Z" if line.due else None,
            "text": line.text or None,
            "type": line.type,
            "vatAccountNumber": line.vat_code,
            "voucherNumber": line.voucher,
            "supplierNumber": line.supplier,
            "supplierInvoiceNumber": line.invoice,
            "projectNumber": line.project,
            "remainder": None if line.supplier is None else number(line.remainder),
            "objectVersion": f"b{line.entry}.1",
        }
    )


def _account(account: Account) -> dict[str, Any]:
    return without_empty(
        {
            "number": account.number,
            "name": account.name,
            "isBarred": account.barred,
            "type": account.type,
            "isBlockedForDirectEntries": account.blocked,
            "currency": account.currency,
            "displayNumber": str(account.number),
            "isDepartmentMandatory": account.department_mandatory,
            "vatCode": account.vat_code,
            "objectVersion": f"a{account.number}.1",
        }
    )
