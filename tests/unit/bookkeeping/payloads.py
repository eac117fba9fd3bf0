"""Synthetic export items as Pleo sends them (`ExportItemV3`), complete, so that a test names only what matters."""

from __future__ import annotations

from typing import Any
from uuid import UUID

COMPANY = "11111111-1111-4111-8111-111111111111"

# The types whose items carry the account of the Pleo wallet (API-5).
MOVES_WALLET = frozenset(
    {"card_purchase", "fee", "cashback", "refund", "chargeback", "direct_reimbursement", "invoice_payment"}
    | {"card_invoice", "atm_withdrawal", "personal_spend", "wallet_topup", "wallet_unload"}
)
WALLETS = {"GBP": "1900", "EUR": "1901"}
Payload = dict[str, Any]


def uuid(number: int) -> str:
    return str(UUID(int=(0x4 << 76) | (0x8 << 60) | number))


def money(value: object, currency: str = "GBP", paid: object = None, paid_in: str | None = None) -> Payload:
    """An amount in hundredths of the wallet's currency; `paid` in `paid_in` where the merchant's differs."""
    return {
        "inSupplierCurrency": {"currency": paid_in or currency, "value": value if paid is None else paid},
        "inWalletCurrency": {"currency": currency, "value": value},
    }


def account(code: str | None, name: str = "Office supplies") -> Payload:
    return {"id": uuid(0xA000 + int(code or 0)), "name": name, "code": code, "identifier": None}


def tag(group: str, code: str) -> Payload:
    return {"id": uuid(0x7A6), "groupCode": group, "code": code}


def tax(value: object, code: str | None = "VAT20", type: str = "inclusive", currency: str = "GBP") -> Payload:
    return {"id": uuid(0x7A8), "code": code, "rate": 0.2, "type": type, "amount": money(value, currency)}


def line(
    amount: Any,
    net: Any = None,
    tax: Payload | None = None,
    code: str | None = "6100",
    currency: str = "GBP",
    **more: Any,
) -> Payload:
    return {
        "accountingEntryLineId": uuid(0x11E),
        "lineAmount": money(amount, currency),
        "netAmount": money(amount if net is None else net, currency),
        "account": account(code) if code else None,
        "tags": [],
        "tax": tax,
    } | more


def item(type: str = "card_purchase", lines: list[Payload] | None = None, **more: Any) -> Payload:
    """An item whose amount is the sum of its lines, in the currency of the first. `more` replaces fields."""
    lines = [line(1000)] if lines is None else lines
    amounts = [each["lineAmount"]["inWalletCurrency"] for each in lines]
    currency = amounts[0]["currency"] if amounts else "GBP"
    wallet = WALLETS.get(currency)
    return {
        "accountingEntryId": uuid(1),
        "companyId": COMPANY,
        "type": type,
        "subType": None,
        "date": "2026-05-12T00:00:00Z",
        "amount": money(sum(each["value"] for each in amounts), currency),
        "accountingEntryLines": lines,
        "additionalInformation": {
            "reconciliationId": "B-1001",
            "attendees": None,
            "reconciledEntries": None,
            "invoiceInformation": None,
        },
        "bookkeeping": None,
        "contraAccount": account(wallet, f"Pleo {currency}") if type in MOVES_WALLET and wallet else None,
        "files": [],
        "note": "Printer ink",
        "servicePeriod": None,
        "supplier": {
            "name": "Paper & Pens",
            "code": None,
            "account": None,
            "categoryCode": "5943",
            "country": "GB",
        },
        "team": None,
        "user": {"id": uuid(0x05E), "name": "Ada Example", "code": "E7"},
        "vendor": None,
        "_links": {
            "web": {"exportItem": "https://example.com/1"},
            "mobile": {"exportItem": "https://example.com/1"},
            "api": {"exportItem": "https://example.com/1"},
        },
    } | more


def vendor(name: str = "Paper & Pens Ltd", **keys: Any) -> Payload:
    """A vendor with the given keys only: `externalId`, `code`, `taxRegistrationNumber`."""
    return {
        "id": uuid(0x5E),
        "name": name,
        "defaultCurrency": "GBP",
        "code": None,
        "externalId": None,
        "country": "GB",
        "registrationNumber": None,
        "taxRegistrationNumber": None,
    } | keys


def invoice(number: str = "INV-204", date: str = "2026-04-30", due: str | None = "2026-05-30T00:00:00Z") -> Payload:
    """`additionalInformation.invoiceInformation`."""
    return {
        "invoiceNumber": number,
        "invoiceDate": date,
        "dueDate": due,
        "paymentDate": None,
        "status": "paid",
        "supplierBankAccount": None,
    }


def additional(reconciliation_id: str = "B-1001", **more: Any) -> Payload:
    return {
        "reconciliationId": reconciliation_id,
        "attendees": None,
        "reconciledEntries": None,
        "invoiceInformation": None,
    } | more
