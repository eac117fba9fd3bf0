"""Bills and credit notes as purchase invoices and credit memos, and back. Pure: no I/O.

Business Central computes the tax of each line from its code, and takes no amount of tax. So lines are sent without
their tax, and what comes of it is compared with Pleo's. Lines of type Comment hold what it has no place for: the memo,
and which accounts Pleo's tax and debt are on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pleo_export.accounting.business_central.documents import INVOICES, KEY_FIELD, MEMOS
from pleo_export.accounting.business_central.entry import LONGEST_TEXT, minor, units
from pleo_export.accounting.business_central.rest import Row
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.port import LedgerLine
from pleo_export.bookkeeping.documents import Bill, DocumentKind, TaxRole
from pleo_export.bookkeeping.reference import reference_parts
from pleo_export.failures.ledger import NOT_BALANCED
from pleo_export.text import shorten

NUMBER_FIELD = {INVOICES: "vendorInvoiceNumber", MEMOS: "vendorCreditMemoNumber"}
DATE_FIELD = {INVOICES: "invoiceDate", MEMOS: "creditMemoDate"}
LINES = {INVOICES: "purchaseInvoiceLines", MEMOS: "purchaseCreditMemoLines"}
LONGEST_NUMBER = 35
_TAX = re.compile(r"Pleo VAT: (\S+) \[(.+)\] (-?\d+)")
_ROUNDING = "VAT rounding"
_PAYABLES = re.compile(r"Pleo payables: (\S+)")


@dataclass(frozen=True, slots=True)
class BillTotals:
    """What a bill comes to, in minor units of its currency; positive for what is owed, and for a credit memo's too."""

    currency: str
    total: int
    tax: int

    def rounded(self, other: BillTotals) -> int:
        """Return what is missing to the other's tax and total, if that is the last digit only; else 0. Tax of a net
        amount and tax in a gross amount are rounded otherwise."""
        missing = other.tax - self.tax
        same = self.currency == other.currency and other.total - self.total == missing
        return missing if same and abs(missing) == 1 else 0

    def comes_to(self, other: BillTotals) -> bool:
        """Return whether both are the same, but for the last digit of the tax in the total."""
        return (self.currency, self.total) == (other.currency, other.total) and abs(self.tax - other.tax) <= 1


def table_of(kind: DocumentKind) -> str:
    """Return the set that documents of this kind are in."""
    return INVOICES if kind is DocumentKind.BILL else MEMOS


def bill_body(bill: Bill, own_currency: str, without_vat: str) -> Row:
    """Return the document as the API takes it. Raises Rejected for one that does not balance."""
    if sum(line.amount for line in bill.lines) != 0:
        raise Rejected(NOT_BALANCED.told(ledger=TITLE))
    table = table_of(bill.kind)
    body: dict[str, Any] = {
        "vendorNumber": bill.party.id,
        NUMBER_FIELD[table]: vendor_number(bill),
        DATE_FIELD[table]: bill.document_date.isoformat(),
        "postingDate": bill.posting_date.isoformat(),
        "dueDate": (bill.due_date or bill.document_date).isoformat(),
        KEY_FIELD[table]: bill.reference,
    }
    if table == INVOICES:
        body["shipToAddressLine2"] = bill.reconciliation_id[:50]
    if bill.currency != own_currency:
        body["currencyCode"] = bill.currency
    return body | {LINES[table]: list(_lines(bill, _sign(bill.kind), without_vat))}


def vendor_number(bill: Bill) -> str:
    """Return the vendor's number of a document. Business Central takes a number once for each vendor, even if the
    document was undone; so the number of a later revision says which one it is."""
    parts = reference_parts(bill.reference)
    end = f"/R{parts.revision}" if parts is not None and parts.revision > 1 else ""
    return bill.invoice_number[: LONGEST_NUMBER - len(end)] + end


def rounding_line(bill: Bill, missing: int) -> Row:
    """Return the line that adds the last digit to a document's total: on the account of its first taxed line."""
    line = next(each for each in bill.lines if each.tax is not None)
    code = line.tax.code if line.tax else ""
    return {
        "lineType": "Account",
        "lineObjectNumber": line.account,
        "description": f"{_ROUNDING} [{code}]",
        "quantity": missing,
        "unitCost": units(1),
    }


def expected_totals(bill: Bill) -> BillTotals:
    """Return what a bill comes to at Pleo."""
    sign = _sign(bill.kind)
    tax = sum(line.amount for line in bill.lines[:-1] if line.tax and line.tax.role is TaxRole.TAX)
    return BillTotals(bill.currency, -sign * bill.payable.amount, sign * tax)


def totals_of(row: Row) -> BillTotals:
    """Return what a document of Business Central comes to."""
    return BillTotals(row["currencyCode"], minor(row["totalAmountIncludingTax"]), minor(row["totalTaxAmount"]))


def bill_lines(table: str, row: Row) -> Iterator[LedgerLine]:
    """Yield the lines of a document of Business Central as Pleo books them: lines, taxes, what is owed."""
    sign = 1 if table == INVOICES else -1
    lines = row[LINES[table]]
    computed: dict[str, int] = defaultdict(int)
    for line in lines:
        if line["description"].startswith(f"{_ROUNDING} ["):  # by us: it is what Pleo books as tax
            computed[_code(line["description"]) or ""] += minor(line["netAmount"])
        elif line["lineType"] == "Account":
            computed[line["taxCode"]] += minor(line["totalTaxAmount"])
            yield LedgerLine(line["lineObjectNumber"], sign * minor(line["netAmount"]), _code(line["description"]))
    noted = [found.groups() for line in lines if (found := _TAX.fullmatch(line["description"]))]
    for account, code, amount in noted:
        alone = sum(1 for _, other, _ in noted if other == code) == 1
        yield LedgerLine(account, sign * computed[code] if alone else int(amount), code)
    accounts = [found[1] for line in lines if (found := _PAYABLES.fullmatch(line["description"]))]
    yield LedgerLine(next(iter(accounts), ""), -sign * minor(row["totalAmountIncludingTax"]))


def counter_body(row: Row, reference: str, key: str, on: str) -> Row:
    """Return the credit memo that undoes an invoice: its lines, applied to it while it is open."""
    lines = [
        {
            **{name: line[name] for name in ("lineType", "lineObjectNumber") if line[name]},
            **{name: line[name] for name in ("description", "quantity", "unitCost", "taxCode") if line[name]},
            **_dimensions_of(line),
        }
        for line in row[LINES[INVOICES]]
    ]
    body: dict[str, Any] = {
        "vendorNumber": row["vendorNumber"],
        NUMBER_FIELD[MEMOS]: key,
        DATE_FIELD[MEMOS]: on,
        "postingDate": on,
        "dueDate": on,
        KEY_FIELD[MEMOS]: reference,
        "currencyCode": row["currencyCode"],
        LINES[MEMOS]: lines,
    }
    return body | ({"invoiceId": row["id"]} if row["status"] == "Open" else {})


def _dimensions_of(line: Row) -> Row:
    rows = [{"code": each["code"], "valueCode": each["valueCode"]} for each in line.get("dimensionSetLines", ())]
    return {"dimensionSetLines": rows} if rows else {}


def _lines(bill: Bill, sign: int, without_vat: str) -> Iterator[Row]:
    yield _comment(bill.memo)
    for line in bill.lines[:-1]:
        if line.tax is not None and line.tax.role is TaxRole.TAX:
            yield _comment(f"Pleo VAT: {line.account} [{line.tax.code}] {line.amount}")
            continue
        code = line.tax.code if line.tax else without_vat
        end = f" [{line.tax.code}]" if line.tax else ""
        body: dict[str, Any] = {
            "lineType": "Account",
            "lineObjectNumber": line.account,
            "description": shorten(line.text, LONGEST_TEXT - len(end)) + end,
            "quantity": 1 if sign * line.amount >= 0 else -1,
            "unitCost": units(abs(line.amount)),
        }
        if code:
            body["taxCode"] = code
        if line.dimensions:
            body["dimensionSetLines"] = [{"code": each.category, "valueCode": each.value} for each in line.dimensions]
        yield body
    yield _comment(f"Pleo payables: {bill.payable.account}")


def _comment(text: str) -> Row:
    return {"lineType": "Comment", "description": shorten(text, LONGEST_TEXT)}


def _code(description: str) -> str | None:
    found = re.search(r" \[([^\]]{1,20})\]$", description)
    return found[1] if found else None


def _sign(kind: DocumentKind) -> int:
    return 1 if kind is DocumentKind.BILL else -1
