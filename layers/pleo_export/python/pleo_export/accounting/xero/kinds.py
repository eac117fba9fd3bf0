"""Where each kind of document is in Xero, and which text of it holds our reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from pleo_export.accounting.port import DocumentState
from pleo_export.accounting.xero.rest import Record, text
from pleo_export.bookkeeping.documents import DocumentKind

SEPARATOR = " | "
LONGEST_FILTER = 5_000  # characters, as they stand in the address


@dataclass(frozen=True, slots=True)
class XeroEndpoint:
    """One kind of Xero's documents. `id` names its identifier, `key` the field whose end is our reference, alone in it
    if `exact`. `page` is what opens it in Xero, `undone` the state that undoes a posted one."""

    name: str
    id: str
    key: str
    exact: bool
    page: str
    undone: str
    kind: DocumentKind

    @property
    def payable(self) -> str:
        """The filter that leaves out what customers owe."""
        return 'Type=="ACCPAY"' if self.kind is DocumentKind.BILL else 'Type=="ACCPAYCREDIT"'

    def clause(self, references: list[str]) -> str:
        """Return the filter that finds these references, and maybe others that begin like them."""
        if self.exact:
            return " OR ".join(f"{self.key}=={text(each)}" for each in references)
        found = " OR ".join(f"{self.key}.Contains({text(each)})" for each in references)
        return f"{self.key}!=null AND ({found})"

    def portions(self, references: Sequence[str]) -> Iterator[list[str]]:
        """Yield the references in portions whose filter fits an address; fifty of ours do."""
        portion: list[str] = []
        for each in references:
            if portion and len(quote(self.clause([*portion, each]))) > LONGEST_FILTER:
                yield portion
                portion = []
            portion.append(each)
        if portion:
            yield portion

    def beginning(self, mark: str) -> str:
        """Return the filter that finds every reference that begins with the mark."""
        method = "StartsWith" if self.exact else "Contains"
        return f"{self.key}!=null AND {self.key}.{method}({text(mark)})"

    def is_gone(self, row: Record) -> bool:
        """Return whether a row is a draft that was deleted: Xero keeps it, and shows it nowhere."""
        return self.undone == "VOIDED" and row.get("Status") == "DELETED"

    def reference(self, row: Record) -> str:
        """Return the reference that a row carries, or whatever a person wrote in its place."""
        held = str(row.get(self.key) or "")
        return held if self.exact else held.rpartition(SEPARATOR)[2]


BANK_TRANSACTIONS = XeroEndpoint(
    "BankTransactions",
    "BankTransactionID",
    "Reference",
    True,
    "/Bank/ViewTransaction.aspx?bankTransactionID=",
    "DELETED",
    DocumentKind.JOURNAL_ENTRY,
)
MANUAL_JOURNALS = XeroEndpoint(
    "ManualJournals",
    "ManualJournalID",
    "Narration",
    False,
    "/Journal/View.aspx?invoiceID=",
    "VOIDED",
    DocumentKind.JOURNAL_ENTRY,
)
INVOICES = XeroEndpoint(
    "Invoices",
    "InvoiceID",
    "InvoiceNumber",
    False,
    "/AccountsPayable/Edit.aspx?InvoiceID=",
    "VOIDED",
    DocumentKind.BILL,
)
CREDIT_NOTES = XeroEndpoint(
    "CreditNotes",
    "CreditNoteID",
    "CreditNoteNumber",
    False,
    "/AccountsPayable/ViewCreditNote.aspx?creditNoteID=",
    "VOIDED",
    DocumentKind.CREDIT_NOTE,
)
PAYMENTS = XeroEndpoint(
    "Payments",
    "PaymentID",
    "Reference",
    True,
    "/Bank/ViewTransaction.aspx?bankTransactionID=",
    "DELETED",
    DocumentKind.PAYMENT,
)
ENDPOINTS = (BANK_TRANSACTIONS, MANUAL_JOURNALS, INVOICES, CREDIT_NOTES, PAYMENTS)
STATES = {
    "DRAFT": DocumentState.DRAFT,
    "SUBMITTED": DocumentState.DRAFT,
    "AUTHORISED": DocumentState.POSTED,
    "POSTED": DocumentState.POSTED,
    "PAID": DocumentState.POSTED,
    "VOIDED": DocumentState.VOID,
    "DELETED": DocumentState.VOID,
    "ARCHIVED": DocumentState.VOID,
}
VOID = ("VOIDED", "DELETED", "ARCHIVED")
ID_SEPARATOR = ","  # a payment of several bills is several payments of Xero's
JOURNAL_MARK = "mj-"  # before the id of a manual journal, which is otherwise like a bank transaction's


def endpoint_of(document_id: str, kind: DocumentKind) -> XeroEndpoint:
    """Return where a document is: a journal entry's id says whether it is a bank transaction or a manual journal."""
    if kind is DocumentKind.JOURNAL_ENTRY:
        return MANUAL_JOURNALS if document_id.startswith(JOURNAL_MARK) else BANK_TRANSACTIONS
    return next(each for each in (INVOICES, CREDIT_NOTES, PAYMENTS) if each.kind is kind)


def document_id(endpoint: XeroEndpoint, xero_id: str) -> str:
    """Return the id by which the port names a document."""
    return f"{JOURNAL_MARK}{xero_id}" if endpoint is MANUAL_JOURNALS else xero_id


def xero_ids(id_: str) -> list[str]:
    """Return Xero's ids of a document: several for a payment of several bills."""
    return id_.removeprefix(JOURNAL_MARK).split(ID_SEPARATOR)


_REPEATED = (
    *("LineItemID", "Description", "Quantity", "UnitAmount", "LineAmount", "AccountCode", "AccountID"),
    *("TaxType", "TaxAmount", "Tracking"),
)


def undoing(endpoint: XeroEndpoint, row: Record) -> Record:
    """Return the body that makes a document void, or deletes a draft. Xero wants what is mandatory once more."""
    status = "DELETED" if row.get("Status") in ("DRAFT", "SUBMITTED") else endpoint.undone
    if endpoint is PAYMENTS:
        return {"Status": status}
    values: Record = {endpoint.id: row[endpoint.id], "Status": status}
    if endpoint is MANUAL_JOURNALS:
        values["Narration"] = row.get("Narration")
    if endpoint is BANK_TRANSACTIONS:
        lines = [{name: line[name] for name in _REPEATED if name in line} for line in row.get("LineItems") or []]
        account = {"AccountID": (row.get("BankAccount") or {}).get("AccountID")}
        values |= {"Type": row.get("Type"), "BankAccount": account, "LineItems": lines}
    return {endpoint.name: [values]}
