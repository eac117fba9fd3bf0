"""Journal batches, their lines, and what posting makes of them: entries of the general ledger."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ledger_simulators.business_central.ledger import CENT, GENERAL, PAYMENTS, BusinessCentralLedger
from ledger_simulators.business_central.refusals import (
    dialog,
    invalid_relation,
    localised,
    record_not_found,
    same_key,
)
from ledger_simulators.business_central.resources import NO_ID
from ledger_simulators.business_central.store import Row

GL, BANK = "G_x002F_L_x0020_Account", "Bank_x0020_Account"
FIRST_ENTRY = 100_001
_DIGITS = re.compile(r"\d+(?!.*\d)")


@dataclass(frozen=True, slots=True)
class Posting:
    """One entry that posting makes. `source`: the line or document that it comes from."""

    account: str
    amount: Decimal
    description: str
    source: Row


class GeneralLedger:
    """Keeps the rules of general journals."""

    def __init__(self, ledger: BusinessCentralLedger) -> None:
        self._ledger = ledger
        self._store = ledger.store

    def insert_batch(self, table: str, row: Row) -> Row:
        """Make a journal batch; a code is unique in its template."""
        template = (row["templateDisplayName"] or GENERAL) if table == "journals" else PAYMENTS
        if template not in self._ledger.templates:
            raise invalid_relation("Journal Template Name", "Gen. Journal Batch", template, "Gen. Journal Template")
        if not row["code"]:
            raise dialog("Name must be filled in. Enter a value.")
        row["code"] = row["code"].upper()
        for each in ("journals", "vendorPaymentJournals"):
            if any(b["code"] == row["code"] and b["_template"] == template for b in self._store.rows(each)):
                fields = f"Journal Template Name='{template}',Name='{row['code']}'"
                raise same_key("Gen. Journal Batch", fields)
        if row["balancingAccountId"] != NO_ID:
            account = self._store.get("accounts", row["balancingAccountId"])
            if account is None:
                raise dialog('The "balancingAccountId" does not match to an Account.')
            row["balancingAccountNumber"] = account["number"]
        row["_template"] = template
        if table == "journals":
            row["templateDisplayName"] = template
        return self._store.insert(table, row)

    def insert_line(self, table: str, row: Row) -> Row:
        """Add a line to a batch."""
        batch = self.batch(row["journalId"])
        lines = self.lines(batch)
        row["lineNumber"] = row["lineNumber"] or max((line["lineNumber"] for line in lines), default=0) + 10_000
        if any(line["lineNumber"] == row["lineNumber"] for line in lines):
            fields = f"Journal Template Name='{batch['_template']}',Journal Batch Name='{batch['code']}',"
            raise same_key("Gen. Journal Line", f"{fields}Line No.='{row['lineNumber']}'")
        row["journalDisplayName"] = batch["code"]
        row["postingDate"] = self._date(row["postingDate"])
        self._check_text(row)
        (self._check_payment if table == "vendorPayments" else self._check_line)(row)
        row["amount"] = Decimal(row["amount"]).quantize(CENT)
        row["_template"] = batch["_template"]
        return self._store.insert(table, row)

    def batch(self, id_: str) -> Row:
        found = self._store.get("journals", id_) or self._store.get("vendorPaymentJournals", id_)
        if found is None:
            raise record_not_found("Gen. Journal Batch", id_)
        return found

    def lines(self, batch: Row) -> list[Row]:
        rows = [*self._store.select("journalLines", journalId=batch["id"])]
        rows += self._store.select("vendorPayments", journalId=batch["id"])
        return sorted(rows, key=lambda row: int(row["lineNumber"]))

    def delete_batch(self, table: str, batch: Row) -> None:
        """Delete a batch with its lines, as its page does."""
        for line in self.lines(batch):
            self.delete_line(line)
        self._store.delete(table, batch)

    def delete_line(self, line: Row) -> None:
        for table in ("dimensionSetLines", "attachments"):
            for row in self._store.select(table, parentId=line["id"]):
                self._store.delete(table, row)
        self._store.delete("vendorPayments" if "vendorNumber" in line else "journalLines", line)

    def post(self, batch_id: str) -> None:
        """Post all lines of the batch, whoever entered them."""
        batch = self.batch(batch_id)
        lines = self.lines(batch)
        if not lines:
            raise localised(self._ledger.language, "nothing to post")
        for line in lines:
            where = {"template": batch["_template"], "batch": batch["code"], "line": line["lineNumber"]}
            self._ledger.require_open(line["postingDate"], "posting date", **where)
            self._require_usable(line)
        self._require_balance(batch, lines)
        for line in lines:
            self._post_line(batch, line)
        for line in lines:
            self.delete_line(line)
        self._rename(batch)
        self._store.commit()

    def preview(self, batch: Row, line: Row) -> list[Posting]:
        """Return the entries that posting would make of a line, as the page Preview Posting shows them."""
        return list(self._postings(batch, line))

    def enter(self, postings: Sequence[Posting], on: str, document: str, kind: str) -> list[Row]:
        """Make the entries of one line or document."""
        return [self._entry(each, on, document, kind) for each in postings]

    def reverse(self, document: str) -> None:
        """Do what Reverse Transaction does in the page of the entries: all entries of a document once more, with the
        other sign, under the same number and date."""
        for entry in self._store.select("generalLedgerEntries", documentNumber=document):
            amount = entry["creditAmount"] - entry["debitAmount"]
            posting = Posting(entry["accountNumber"], amount, entry["description"], entry)
            self._entry(posting, entry["postingDate"], document, entry["documentType"])

    def _post_line(self, batch: Row, line: Row) -> None:
        kind = "Payment" if "vendorNumber" in line else "_x0020_"
        entries = self.enter(list(self._postings(batch, line)), line["postingDate"], line["documentNumber"], kind)
        # The files of a line follow it to the entry on the line's own account.
        for file in self._store.select("attachments", parentId=line["id"]):
            self._store.update("attachments", file, parentId=entries[0]["id"])
        if kind == "Payment":
            self._apply(line)

    def _apply(self, payment: Row) -> None:
        """Settle the invoice that a payment is applied to; what is more stays open."""
        invoice = self._store.get("purchaseInvoices", payment["appliesToInvoiceId"])
        left = payment["amount"]
        if invoice is not None:
            applied = min(left, invoice["_remaining"])
            left -= applied
            remaining = invoice["_remaining"] - applied
            status = "Open" if remaining else "Paid"
            self._store.update("purchaseInvoices", invoice, _remaining=remaining, status=status)
        self._store.insert("openPayments", {"documentNumber": payment["documentNumber"], "open": left})

    def _postings(self, batch: Row, line: Row) -> Iterator[Posting]:
        if "vendorNumber" in line:
            yield Posting(self._ledger.payables[line["vendorNumber"]], line["amount"], line["description"], line)
        else:
            yield from self._account_postings(line)
        contra = line.get("balancingAccountNumber") or batch["balancingAccountNumber"]
        if contra:
            yield Posting(contra, -line["amount"], line["description"], line)

    def _account_postings(self, line: Row) -> Iterator[Posting]:
        text, number = line["description"], line["accountNumber"]
        if line["accountType"] == BANK:
            bank = self._store.one("bankAccounts", number=number)
            yield Posting(bank["_account"], line["amount"], text, line)
            return
        account = self._store.one("accounts", number=number)
        setup = self._ledger.vat.get(line["taxCode"] or account.get("_taxCode", ""))
        if setup is None:
            yield Posting(number, line["amount"], text, line)
            return
        net, vat = setup.split(line["amount"])
        yield Posting(number, net, text, line)
        if vat:
            yield Posting(setup.account, vat, text, line)
        if vat and setup.reverse:
            yield Posting(setup.reverse, -vat, text, line)

    def _entry(self, posting: Posting, on: str, document: str, kind: str) -> Row:
        account = self._store.one("accounts", number=posting.account)
        entry = self._ledger.add(
            "generalLedgerEntries",
            entryNumber=self._store.next_number("entry", FIRST_ENTRY),
            postingDate=on,
            documentNumber=document,
            documentType=kind,
            accountId=account["id"],
            accountNumber=posting.account,
            description=posting.description,
            debitAmount=max(posting.amount, Decimal(0)),
            creditAmount=max(-posting.amount, Decimal(0)),
        )
        for row in self._store.select("dimensionSetLines", parentId=posting.source["id"]):
            values = {key: row[key] for key in ("code", "valueCode", "valueId", "valueDisplayName", "displayName")}
            self._ledger.add("dimensionSetLines", parentId=entry["id"], parentType="General_x0020_Ledger", **values)
        return entry

    def _require_usable(self, line: Row) -> None:
        if "vendorNumber" in line:
            vendor = self._store.one("vendors", number=line["vendorNumber"])
            if vendor["blocked"] != "_x0020_":
                values = {"vendor": vendor["number"], "kind": vendor["blocked"]}
                raise localised(self._ledger.language, "vendor blocked", **values)
        elif line["accountType"] == GL:
            account = self._store.one("accounts", number=line["accountNumber"])
            if account["blocked"]:
                raise localised(self._ledger.language, "blocked account", account=account["number"])

    def _require_balance(self, batch: Row, lines: Sequence[Row]) -> None:
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for line in lines:
            contra = line.get("balancingAccountNumber") or batch["balancingAccountNumber"]
            sums[line["documentNumber"], line["postingDate"]] += Decimal(0) if contra else line["amount"]
        for (document, _), amount in sums.items():
            if amount:
                raise localised(self._ledger.language, "balance", document=document, amount=amount)

    def _rename(self, batch: Row) -> None:
        """A batch whose name holds a number gets the next one once it is posted, so that it can be told apart."""
        found = _DIGITS.search(batch["code"])
        if found:
            number = str(int(found[0]) + 1).rjust(len(found[0]), "0")
            code = batch["code"][: found.start()] + number + batch["code"][found.end() :]
            table = "journals" if "templateDisplayName" in batch else "vendorPaymentJournals"
            self._store.update(table, batch, code=code)

    def _check_text(self, row: Row) -> None:
        if "\0" in f"{row['description']}{row['comment']}":
            raise dialog("The value contains characters that cannot be stored in the database.")

    def _check_line(self, row: Row) -> None:
        if row["accountType"] not in (GL, BANK, "G/L Account", "Bank Account"):
            raise dialog("The account type is not supported.")
        table = "bankAccounts" if row["accountType"].startswith("Bank") else "accounts"
        row["accountType"] = BANK if table == "bankAccounts" else GL
        self._resolve(row, table)
        if row["taxCode"] and row["taxCode"] not in self._ledger.vat:
            table_name = "VAT Product Posting Group"
            raise invalid_relation("VAT Prod. Posting Group", "Gen. Journal Line", row["taxCode"], table_name)

    def _resolve(self, row: Row, table: str) -> None:
        account = None
        if row["accountId"] != NO_ID:
            account = self._store.get(table, row["accountId"])
            if account is None:
                raise dialog('The "accountId" does not match to an Account.')
        elif row["accountNumber"]:
            account = self._store.find(table, number=row["accountNumber"])
            if account is None:
                raise dialog('The "accountNumber" does not match to an Account.')
        if account is None:
            raise dialog("Account No. must have a value.")
        if table == "accounts" and not account["directPosting"]:
            text = f"Direct Posting must be equal to 'Yes'  in G/L Account: No.={account['number']}. "
            raise dialog(f"{text}Current value is 'No'.")
        row |= {"accountId": account["id"], "accountNumber": account["number"]}

    def _check_payment(self, row: Row) -> None:
        vendor = self._store.find("vendors", number=row["vendorNumber"])
        if vendor is None:
            raise dialog('The "vendorNumber" does not match to a Vendor.')
        row["vendorId"] = vendor["id"]
        if row["appliesToInvoiceId"] == NO_ID:
            return
        invoice = self._store.get("purchaseInvoices", row["appliesToInvoiceId"])
        if invoice is None or invoice["status"] not in ("Open", "Paid", "Corrective", "Canceled"):
            text = 'The "appliesToInvoiceId" should be the ID of an Open, Paid, Corrective, or Canceled Invoice.'
            raise dialog(text)
        row["appliesToInvoiceNumber"] = invoice["number"]

    def _date(self, text: str) -> str:
        return self._store.clock.now().date().isoformat() if text == "0001-01-01" else text
