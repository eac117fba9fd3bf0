"""The simulated organisation as tests and people meet it: what it holds, and what a person does in Xero."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from datetime import date
from decimal import Decimal

from ledger_simulators.xero.books import INVOICES, KINDS, XeroBooks, XeroFile, XeroKind
from ledger_simulators.xero.documents import update
from ledger_simulators.xero.identity import XeroIdentity
from ledger_simulators.xero.limits import XeroKeys, XeroLimits
from ledger_simulators.xero.payments import delete_payment
from ledger_simulators.xero.postings import XeroPosting, balances, postings
from ledger_simulators.xero.wire import Json, money

TEXTS = ("Reference", "Narration", "InvoiceNumber", "CreditNoteNumber")


class XeroLedger:
    """One organisation with its app. `books` is all that it holds."""

    def __init__(self, books: XeroBooks, limits: XeroLimits | None = None) -> None:
        self.books = books
        self.limits = limits or XeroLimits(books.clock)
        self.keys = XeroKeys(self.limits)
        self.identity = XeroIdentity(books.clock, books)

    def with_key(self, key: str) -> list[tuple[XeroKind, Json]]:
        """Return the documents whose own text holds the key, at its end."""
        return [
            (kind, row)
            for kind, row in self.books.all_documents()
            if any(str(row.get(name) or "").rpartition(" | ")[2] == key for name in TEXTS)
        ]

    def postings(self, kind: XeroKind, row: Json) -> list[XeroPosting]:
        """Return what a document is on the accounts."""
        return postings(self.books, kind, row)

    def balances(self) -> dict[str, int]:
        """Return what is on each account, in minor units of the organisation's own currency."""
        return dict(balances(self.books))

    def files(self, id_: str) -> Sequence[XeroFile]:
        """Return the files of a document."""
        return self.books.files[id_]

    def lock(self, until: date | None) -> None:
        """Lock the books up to a day, as an adviser does under Financial settings."""
        self.books.organisation["PeriodLockDate"] = until

    def set_status(self, kind: XeroKind, row: Json, status: str) -> None:
        """A person approves, voids or deletes a document; payments are taken off it first."""
        for each in list(row.get("_paid", ())):
            delete_payment(self.books, each, {"Status": "DELETED"})
        if kind.endpoint == "Payments":
            delete_payment(self.books, row, {"Status": status})
        else:
            update(self.books, kind.endpoint, row, {"Status": status})

    def remove(self, kind: XeroKind, row: Json) -> None:
        """A draft is gone for good, as after `Delete` of something that Xero no longer lists."""
        del self.books.documents[kind.endpoint][row[kind.id]]

    def copy(self, kind: XeroKind, row: Json) -> Json:
        """A person copies a document, text and all."""
        made = deepcopy({name: value for name, value in row.items() if not name.startswith("_")})
        if "_paid" in row:
            made |= {"_paid": [], "_allocated": []}
        made[kind.id] = self.books.ids.uuid("copy")
        self.books.documents[kind.endpoint][made[kind.id]] = made
        return made

    def add_to_first_line(self, row: Json, amount: Decimal) -> None:
        """A person changes the amount of a document, which still balances."""
        lines = row.get("JournalLines") or row["LineItems"]
        lines[0]["LineAmount"] = money(lines[0]["LineAmount"] + amount)
        if "Total" in row:
            row["SubTotal"] += amount
            row["Total"] += amount
        else:
            lines[-1]["LineAmount"] = money(lines[-1]["LineAmount"] - amount)
        if "AmountDue" in row:
            row["AmountDue"] += amount

    def recategorise(self, row: Json, old: str, new: str) -> None:
        """A person moves lines to another account."""
        account = self.books.account({"Code": new}) or {}
        for line in row.get("JournalLines") or row["LineItems"]:
            if line["AccountCode"] == old:
                line |= {"AccountCode": new, "AccountID": account["AccountID"]}


__all__ = ["INVOICES", "KINDS", "XeroLedger"]
