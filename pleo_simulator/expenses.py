"""Builds raw export items (API-5) from what matters about an expense.

Ids derive from company and key: the same expense is the same entry for ever. Amounts are hundredths and positive; the
direction comes from the type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from pleo_simulator.receipt_files import receipt_file
from pleo_simulator.sample_catalogue import ACCOUNTS, PEOPLE, SUPPLIERS, TAG_GROUPS, TAX_CODES, TEAMS, WALLETS, TaxCode

Json = dict[str, Any]

TYPES = (
    "card_purchase",
    "card_invoice",
    "out_of_pocket",
    "mileage",
    "per_diem",
    "external_reimbursement",
    "direct_reimbursement",
    "invoice",
    "invoice_payment",
    "chargeback",
    "refund",
    "cashback",
    "atm_withdrawal",
    "wallet_topup",
    "wallet_unload",
    "personal_spend",
    "fee",
)
WITHOUT_CONTRA_ACCOUNT = frozenset({"out_of_pocket", "mileage", "per_diem", "external_reimbursement", "invoice"})
INVOICE_TYPES = frozenset({"card_invoice", "invoice", "invoice_payment"})
_ACCOUNTS_PAYABLE = frozenset({"card_invoice", "invoice", "invoice_payment"})
_NO_METHOD = frozenset({"wallet_topup", "wallet_unload", "cashback"})


@dataclass(frozen=True, slots=True)
class Line:
    """`gross` is what was paid. `tax_amount` overrides the code's own; `wrong_by` spoils the net amount on purpose."""

    gross: int
    account: str | None = None
    tax: str | None = None
    tags: tuple[str, ...] = ()
    tax_amount: int | None = None
    wrong_by: int = 0


@dataclass(frozen=True, slots=True)
class Expense:
    """`paid_in` is the supplier's currency with the rate as a fraction: ("USD", 5, 4) is USD 1.25 for 1 of the
    wallet's. `reconciles` are the keys of the expenses that a reimbursement settles. `method` and `invoice`
    (its number) are the usual ones of the type and the key where not given."""

    key: str
    type: str
    lines: tuple[Line, ...]
    currency: str = "GBP"
    sub_type: str | None = None
    supplier: str | None = None
    user: str | None = None
    note: str | None = None
    receipts: tuple[str, ...] = ()
    paid_in: tuple[str, int, int] | None = None
    attendees: tuple[str, ...] = ()
    reconciles: tuple[str, ...] = ()
    service_days: int = 0
    method: str | None = None
    invoice: str | None = None


def export_item(company_id: str, expense: Expense, day: date) -> Json:
    """The item as `GET /v3/export-items` gives it, but for the files' URLs, which are receipt names."""
    identify = partial(_id, company_id)
    entry_id = identify("entry", expense.key)
    item: Json = {
        "accountingEntryId": entry_id,
        "companyId": company_id,
        "type": expense.type,
        "date": _moment(expense.key, day),
        "amount": _both(expense, sum(line.gross for line in expense.lines)),
        "accountingEntryLines": [
            _line(identify, expense, line, number) for number, line in enumerate(expense.lines, start=1)
        ],
        "additionalInformation": _additional_information(company_id, expense, day),
        "_links": {
            kind: {"exportItem": f"https://app.pleo.io/expenses/{entry_id}"} for kind in ("web", "mobile", "api")
        },
        "note": expense.note,
        "files": [receipt_file(name) for name in expense.receipts],
        "supplier": _supplier(expense.supplier),
        "vendor": _vendor(identify, expense),
        "bookkeeping": {"method": _method(expense)},
        "contraAccount": _contra_account(identify, expense),
        "servicePeriod": _service_period(expense, day),
        "team": _team(identify, expense.user),
        "user": _user(identify, expense.user),
    }
    if expense.sub_type is not None:
        item["subType"] = expense.sub_type
    return item


def reconciliation_id(company_id: str, key: str) -> str:
    """The "book ID"."""
    return f"BK-{_id(company_id, 'entry', key)[:8].upper()}"


def _id(company_id: str, kind: str, key: str) -> str:
    return str(uuid5(uuid5(NAMESPACE_URL, company_id), f"{kind}:{key}"))


def _moment(key: str, day: date) -> str:
    """Some at midnight, which means a date without a time (R-5c.12); the others in office hours."""
    spread = UUID(_id("moment", "entry", key)).int
    hour = 0 if spread % 3 == 0 else 8 + spread % 10
    return f"{day.isoformat()}T{hour:02}:{0 if hour == 0 else spread % 60:02}:00Z"


def _money(value: int, currency: str) -> Json:
    return {"value": value, "currency": currency}


def _both(expense: Expense, value: int) -> Json:
    """The amount in the wallet's currency and in the supplier's, rounded half up."""
    currency, numerator, denominator = expense.paid_in or (expense.currency, 1, 1)
    paid = (2 * value * numerator + denominator) // (2 * denominator)
    return {"inSupplierCurrency": _money(paid, currency), "inWalletCurrency": _money(value, expense.currency)}


def _line(identify: partial[str], expense: Expense, line: Line, number: int) -> Json:
    code = TAX_CODES[line.tax] if line.tax else None
    tax = line.tax_amount if line.tax_amount is not None else code.of(line.gross) if code else 0
    net = line.gross if code is None or code.kind == "reverse" else line.gross - tax
    return {
        "accountingEntryLineId": identify("line", f"{expense.key}:{number}"),
        "lineAmount": _both(expense, line.gross),
        "netAmount": _both(expense, net + line.wrong_by),
        "account": _account(identify, line.account),
        "tags": [{"id": identify("tag", tag), "code": tag, "groupCode": TAG_GROUPS[tag]} for tag in line.tags],
        "tax": _tax(identify, code, _both(expense, tax)) if code else None,
    }


def _account(identify: partial[str], code: str | None) -> Json | None:
    if code is None:
        return None
    return {"id": identify("account", code), "name": ACCOUNTS.get(code, "Gifts"), "code": code, "identifier": None}


def _tax(identify: partial[str], code: TaxCode, amount: Json) -> Json:
    tax: Json = {
        "id": identify("tax", code.code),
        "code": code.code,
        "rate": code.rate / 10_000,
        "type": code.kind,
        "amount": amount,
    }
    if code.kind == "reverse":
        tax |= {"ingoingTaxAccount": "2201", "outgoingTaxAccount": "2202"}
    return tax


def _contra_account(identify: partial[str], expense: Expense) -> Json | None:
    if expense.type in WITHOUT_CONTRA_ACCOUNT:
        return None
    code = WALLETS[expense.currency]
    return {
        "id": identify("account", code),
        "name": f"Pleo {expense.currency} Account",
        "code": code,
        "identifier": None,
    }


def _supplier(name: str | None) -> Json | None:
    if name is None:
        return None
    supplier = SUPPLIERS[name]
    return {
        "name": supplier.name,
        "code": supplier.vendor,
        "account": None,
        "categoryCode": supplier.category,
        "country": supplier.country,
        "taxIdentifier": supplier.tax_identifier,
    }


def _vendor(identify: partial[str], expense: Expense) -> Json | None:
    supplier = SUPPLIERS[expense.supplier] if expense.supplier else None
    if supplier is None or supplier.vendor is None:
        return None
    vendor: Json = {
        "id": identify("vendor", supplier.name),
        "name": supplier.name,
        "code": supplier.vendor,
        "externalId": supplier.vendor,
        "country": supplier.country,
        "defaultCurrency": "GBP" if supplier.country == "GB" else "EUR",
    }
    if supplier.tax_identifier is not None:
        vendor |= {
            "taxRegistrationNumber": supplier.tax_identifier,
            "registrationNumber": supplier.tax_identifier[2:],
        }
    return vendor


def _method(expense: Expense) -> str:
    if expense.method is not None:
        return expense.method
    if expense.type in _ACCOUNTS_PAYABLE:
        return "accounts_payable"
    return "none" if expense.type in _NO_METHOD else "journal"


def _service_period(expense: Expense, day: date) -> Json | None:
    if not expense.service_days:
        return None
    end = day + timedelta(days=expense.service_days)
    return {"from": f"{day.isoformat()}T00:00:00Z", "to": f"{end.isoformat()}T00:00:00Z"}


def _user(identify: partial[str], name: str | None) -> Json | None:
    return {"id": identify("user", name), "name": name, "code": PEOPLE[name].code} if name else None


def _team(identify: partial[str], user: str | None) -> Json | None:
    if user is None:
        return None
    team = PEOPLE[user].team
    return {"id": identify("team", team), "name": team, "code": TEAMS[team]}


def _additional_information(company_id: str, expense: Expense, day: date) -> Json:
    return {
        "reconciliationId": reconciliation_id(company_id, expense.key),
        "attendees": list(expense.attendees),
        "reconciledEntries": [reconciliation_id(company_id, key) for key in expense.reconciles],
        "invoiceInformation": _invoice(expense, day) if expense.type in INVOICE_TYPES else None,
    }


def _invoice(expense: Expense, day: date) -> Mapping[str, Any]:
    country = SUPPLIERS[expense.supplier].country if expense.supplier else "GB"
    return {
        "invoiceNumber": expense.invoice or f"INV-{expense.key.upper()}",
        "invoiceDate": f"{day.isoformat()}T00:00:00Z",
        "dueDate": f"{(day + timedelta(days=30)).isoformat()}T00:00:00Z",
        "paymentDate": f"{day.isoformat()}T00:00:00Z",
        "status": "paid",
        "supplierBankAccount": {
            "bankName": "Example Bank",
            "country": country,
            "accountNumber": "31926819",
            "bankCode": "601613",
            "bic": "NWBKGB2L",
            "iban": "GB29NWBK60161331926819",
        },
    }
