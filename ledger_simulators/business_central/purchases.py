"""Purchase invoices and credit memos: drafts with VAT computed from their lines, and what posting makes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ledger_simulators.business_central.general_ledger import GeneralLedger, Posting
from ledger_simulators.business_central.ledger import BusinessCentralLedger, rounded
from ledger_simulators.business_central.refusals import dialog, invalid_relation, localised
from ledger_simulators.business_central.resources import NO_DATE, NO_ID
from ledger_simulators.business_central.store import Row


@dataclass(frozen=True, slots=True)
class DocumentTable:
    """What differs between the two kinds. `sign` is that of the expense in the general ledger."""

    header: str
    lines: str
    date: str
    vendor_number: str
    series: str
    kind: str
    sign: int


INVOICES = DocumentTable(
    "purchaseInvoices", "purchaseInvoiceLines", "invoiceDate", "vendorInvoiceNumber", "108", "Invoice", 1
)
MEMOS = DocumentTable(
    "purchaseCreditMemos",
    "purchaseCreditMemoLines",
    "creditMemoDate",
    "vendorCreditMemoNumber",
    "109",
    "Credit_x0020_Memo",
    -1,
)
TABLES = {each.header: each for each in (INVOICES, MEMOS)}
LINE_TABLES = {each.lines: each for each in (INVOICES, MEMOS)}


class Purchases:
    """Keeps the rules of purchase documents."""

    def __init__(self, ledger: BusinessCentralLedger, general_ledger: GeneralLedger) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._general_ledger = general_ledger

    def insert(self, table: str, row: Row) -> Row:
        """Make a draft."""
        kind = TABLES[table]
        if not row["vendorNumber"] and row["vendorId"] == NO_ID:
            raise dialog('A "vendorNumber" or a "vendorID" must be provided.')
        by_id = self._store.get("vendors", row["vendorId"])
        vendor = by_id or self._store.find("vendors", number=row["vendorNumber"])
        if vendor is None:
            raise dialog("The vendor cannot be found.")
        row |= {"vendorId": vendor["id"], "vendorNumber": vendor["number"], "vendorName": vendor["displayName"]}
        row |= {"payToVendorId": vendor["id"], "payToVendorNumber": vendor["number"], "payToName": row["vendorName"]}
        own = self._ledger.setup["localCurrencyCode"]
        row["currencyCode"] = row["currencyCode"] or own
        if row["currencyCode"] != own and self._store.find("currencies", code=row["currencyCode"]) is None:
            raise dialog('The "currencyCode" does not match to a Currency.')
        today = self._store.clock.now().date().isoformat()
        for name in ("postingDate", kind.date, "dueDate"):
            row[name] = today if row[name] == NO_DATE else row[name]
        self._require_invoice(row)
        row["number"] = f"{kind.series[:2]}{self._store.next_number(kind.header, 7001)}"
        row |= {"status": "Draft", "_remaining": Decimal(0)}
        return self._store.insert(table, row)

    def insert_line(self, table: str, row: Row) -> Row:
        """Add a line to a draft; its VAT is computed from its code."""
        kind = LINE_TABLES[table]
        document = self._store.get(kind.header, row["documentId"])
        if document is None:
            raise dialog("You must specify a document id to get the lines.")
        self._require_draft(document)
        lines = self._store.select(table, documentId=document["id"])
        row["sequence"] = row["sequence"] or max((line["sequence"] for line in lines), default=0) + 10_000
        if row["lineType"] == "Account":
            self._set_account(row)
        elif row["lineType"] != "Comment":
            raise dialog("The line type is not supported by the simulator.")
        self._compute(row)
        inserted = self._store.insert(table, row)
        self.total(document)
        return inserted

    def update_line(self, table: str, row: Row, changes: Row) -> None:
        document = self._store.one(LINE_TABLES[table].header, id=row["documentId"])
        self._require_draft(document)
        for name in ("lineType", "sequence", "lineObjectNumber"):
            if name in changes and changes[name] != row[name]:
                raise dialog(f'The value for "{name}" cannot be modified.')
        changed = row | changes
        self._compute(changed)
        self._store.update(table, row, **changed)
        self.total(document)

    def total(self, document: Row) -> None:
        """Set the totals of a document from its lines."""
        kind = next(each for each in TABLES.values() if self._store.get(each.header, document["id"]))
        lines = self._store.select(kind.lines, documentId=document["id"])
        net = sum((line["netAmount"] for line in lines), Decimal(0))
        tax = sum(self._vat_by_code(document, lines).values(), Decimal(0))
        values = {"totalAmountExcludingTax": net, "totalTaxAmount": tax, "totalAmountIncludingTax": net + tax}
        self._store.update(kind.header, document, **values, _remaining=net + tax)

    def delete(self, table: str, document: Row) -> None:
        self._require_draft(document)
        kind = TABLES[table]
        for line in self._store.select(kind.lines, documentId=document["id"]):
            self.delete_line(kind.lines, line, total=False)
        for file in self._store.select("attachments", parentId=document["id"]):
            self._store.delete("attachments", file)
        self._store.delete(table, document)

    def delete_line(self, table: str, line: Row, *, total: bool = True) -> None:
        document = self._store.one(LINE_TABLES[table].header, id=line["documentId"])
        self._require_draft(document)
        for row in self._store.select("dimensionSetLines", parentId=line["id"]):
            self._store.delete("dimensionSetLines", row)
        self._store.delete(table, line)
        if total:
            self.total(document)

    def post(self, table: str, document: Row) -> None:
        """Post a draft: it gets another number, and keeps its id."""
        kind = TABLES[table]
        self._require_draft(document)
        lines = self._store.select(kind.lines, documentId=document["id"])
        if not any(line["netAmount"] for line in lines):
            raise localised(self._ledger.language, "nothing to post in document")
        self._require_vendor(document)
        self._ledger.require_open(document["postingDate"])
        if not document[kind.vendor_number]:
            raise dialog(f"You need to enter the document number of the document from the vendor in the {kind.kind}.")
        self._require_number(kind, document)
        for line in lines:
            account = self._ledger.account(line["lineObjectNumber"])
            if account is not None and account["blocked"]:
                raise localised(self._ledger.language, "blocked account", account=account["number"])
        number = f"{kind.series}{self._store.next_number(f'posted {kind.header}', 201)}"
        postings = list(self.preview(table, document))
        self._general_ledger.enter(postings, document["postingDate"], number, kind.kind)
        self._store.update(table, document, number=number, status="Open")
        if kind is MEMOS:
            self._apply(document)
        self._store.commit()

    def cancel(self, document: Row) -> None:
        """Cancel a posted credit memo: its entries once more, with the other sign."""
        if document["status"] in ("Draft", "In_x0020_Review"):
            raise dialog("The action can be applied to a posted credit memo only.")
        if document["status"] == "Canceled":
            raise dialog("The credit memo has been canceled already.")
        self._ledger.require_open(document["postingDate"])
        number = f"{INVOICES.series}{self._store.next_number(f'posted {INVOICES.header}', 201)}"
        postings = [
            Posting(each.account, -each.amount, each.description, each.source)
            for each in self.preview(MEMOS.header, document)
        ]
        self._general_ledger.enter(postings, document["postingDate"], number, "Invoice")
        self._store.update(MEMOS.header, document, status="Canceled")

    def preview(self, table: str, document: Row) -> Iterator[Posting]:
        """Return the entries that posting makes; in the company's own currency."""
        kind = TABLES[table]
        rate = self.rate(document)
        lines = self._store.select(kind.lines, documentId=document["id"])
        owed = Decimal(0)
        for line in (each for each in lines if each["lineType"] == "Account"):
            amount = kind.sign * rounded(line["netAmount"] * rate)
            owed -= amount
            yield Posting(line["lineObjectNumber"], amount, line["description"], line)
        for code, vat in self._vat_by_code(document, lines, reverse=True).items():
            setup, amount = self._ledger.vat[code], kind.sign * rounded(vat * rate)
            text = f"{kind.kind} {document['number']}"
            if amount:
                yield Posting(setup.account, amount, text, document)
            if amount and setup.reverse:
                yield Posting(setup.reverse, -amount, text, document)
            else:
                owed -= amount
        account = self._ledger.payables[document["vendorNumber"]]
        yield Posting(account, owed, f"{kind.kind} {document['number']}", document)

    def rate(self, document: Row) -> Decimal:
        """Return what a unit of the document's currency is worth."""
        currency = self._store.find("currencies", code=document["currencyCode"])
        return Decimal(1) if currency is None else currency["_rate"]

    def _apply(self, memo: Row) -> None:
        invoice = self._store.get("purchaseInvoices", memo["invoiceId"])
        if invoice is not None:
            self._store.update("purchaseInvoices", invoice, _remaining=Decimal(0), status="Paid")
            self._store.update(MEMOS.header, memo, _remaining=Decimal(0), status="Paid")

    def _vat_by_code(self, document: Row, lines: list[Row], *, reverse: bool = False) -> dict[str, Decimal]:
        """VAT is computed for all lines of one code together, as for a whole document in the real thing."""
        bases: dict[str, Decimal] = defaultdict(Decimal)
        for line in lines:
            if line["taxCode"] in self._ledger.vat:
                bases[line["taxCode"]] += line["netAmount"]
        return {
            code: self._ledger.vat[code].on(base)
            for code, base in bases.items()
            if reverse or self._ledger.vat[code].reverse is None
        }

    def _set_account(self, row: Row) -> None:
        by_id = self._store.get("accounts", row["accountId"])
        account = by_id or self._ledger.account(row["lineObjectNumber"])
        if account is None:
            raise dialog("Account does not exist.")
        row |= {"accountId": account["id"], "lineObjectNumber": account["number"]}
        if not account["directPosting"]:
            raise dialog(f"Direct Posting must be equal to 'Yes'  in G/L Account: No.={account['number']}.")
        row["taxCode"] = row["taxCode"] or account.get("_taxCode", "")

    def _compute(self, row: Row) -> None:
        if row["taxCode"] and row["taxCode"] not in self._ledger.vat:
            table = "VAT Product Posting Group"
            raise invalid_relation("VAT Prod. Posting Group", "Purchase Line", row["taxCode"], table)
        net = rounded(Decimal(row["unitCost"]) * Decimal(row["quantity"]))
        setup = self._ledger.vat.get(row["taxCode"])
        tax = setup.on(net) if setup and setup.reverse is None else Decimal(0)
        row["taxPercent"] = setup.rate if setup and setup.reverse is None else Decimal(0)
        row |= {"amountExcludingTax": net, "netAmount": net, "totalTaxAmount": tax, "netTaxAmount": tax}
        row |= {"amountIncludingTax": net + tax, "netAmountIncludingTax": net + tax}

    def _require_draft(self, document: Row) -> None:
        if document["status"] != "Draft":
            raise dialog("The action can be applied to a draft invoice only.")

    def _require_invoice(self, row: Row) -> None:
        if row.get("invoiceId", NO_ID) != NO_ID and self._store.get("purchaseInvoices", row["invoiceId"]) is None:
            raise dialog('The "invoiceId" does not match to an Invoice.')

    def _require_vendor(self, document: Row) -> None:
        vendor = self._store.one("vendors", id=document["vendorId"])
        if vendor["blocked"] == "All":
            values = {"vendor": vendor["number"], "kind": "All"}
            raise localised(self._ledger.language, "vendor blocked", **values)

    def _require_number(self, kind: DocumentTable, document: Row) -> None:
        same = self._store.select(kind.header, vendorNumber=document["vendorNumber"])
        number = document[kind.vendor_number]
        if any(each[kind.vendor_number] == number and each["status"] != "Draft" for each in same):
            raise localised(self._ledger.language, "duplicate invoice", number=number)
