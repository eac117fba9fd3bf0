"""What one organisation holds in Xero: settings, lists and documents, under Xero's own names.

Values are Python's (date, Decimal); `answers` writes them as Xero does. Nothing here is a rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from threading import RLock

from ledger_simulators.xero.wire import Json
from pleo_simulator.clock import Clock
from pleo_simulator.seeded_ids import SeededIds

ACCESS_TIME = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class XeroKind:
    """One kind of document. `id` names its identifier, `other` the states in which it counts for nothing."""

    endpoint: str
    id: str
    void: frozenset[str]
    attachable: bool = True


BANK_TRANSACTIONS = XeroKind("BankTransactions", "BankTransactionID", frozenset({"DELETED", "VOIDED"}))
BANK_TRANSFERS = XeroKind("BankTransfers", "BankTransferID", frozenset({"DELETED"}))
MANUAL_JOURNALS = XeroKind("ManualJournals", "ManualJournalID", frozenset({"DELETED", "VOIDED"}))
INVOICES = XeroKind("Invoices", "InvoiceID", frozenset({"DELETED", "VOIDED"}))
CREDIT_NOTES = XeroKind("CreditNotes", "CreditNoteID", frozenset({"DELETED", "VOIDED"}))
PAYMENTS = XeroKind("Payments", "PaymentID", frozenset({"DELETED"}), attachable=False)
KINDS = {each.endpoint: each for each in (BANK_TRANSACTIONS, MANUAL_JOURNALS, INVOICES, CREDIT_NOTES, PAYMENTS)}


@dataclass
class XeroFile:
    """A file of a document. One with the same name takes its place."""

    id: str
    name: str
    media_type: str
    content: bytes


@dataclass
class XeroGrant:
    """A token. `scopes` are what it may; it ends at `ends` (seconds since 1970)."""

    scopes: frozenset[str]
    ends: float


@dataclass
class XeroBooks:
    """One organisation. `rates` are units of a currency for one of the organisation's own, from each day on."""

    tenant: str
    organisation: Json
    clock: Clock
    ids: SeededIds = field(default_factory=SeededIds)
    accounts: list[Json] = field(default_factory=list)
    tax_rates: list[Json] = field(default_factory=list)
    tracking: list[Json] = field(default_factory=list)
    contacts: list[Json] = field(default_factory=list)
    groups: list[Json] = field(default_factory=list)
    currencies: list[str] = field(default_factory=list)
    rates: Mapping[str, Mapping[date, Decimal]] = field(default_factory=dict)
    documents: dict[str, dict[str, Json]] = field(default_factory=lambda: {each: {} for each in KINDS})
    files: dict[str, list[XeroFile]] = field(default_factory=lambda: defaultdict(list))
    history: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    lock: RLock = field(default_factory=RLock)

    @property
    def own_currency(self) -> str:
        return str(self.organisation["BaseCurrency"])

    def account(self, given: Json) -> Json | None:
        """Return the account that a line or a reference names, by id or by code."""
        wanted, code = given.get("AccountID"), given.get("AccountCode") or given.get("Code")
        for each in self.accounts:
            if each["AccountID"] == wanted or (not wanted and code and each.get("Code") == code):
                return each
        return None

    def system_account(self, system: str) -> Json:
        return next(each for each in self.accounts if each["SystemAccount"] == system)

    def tax_rate(self, tax_type: str) -> Json | None:
        return next((each for each in self.tax_rates if each["TaxType"] == tax_type), None)

    def contact(self, contact_id: str) -> Json | None:
        return next((each for each in self.contacts if each["ContactID"] == contact_id), None)

    def rate(self, currency: str, on: date) -> Decimal:
        """Return the day's rate: units of the currency for one of the organisation's own."""
        if currency == self.own_currency:
            return Decimal(1)
        known = self.rates[currency]
        return known[max((day for day in known if day <= on), default=min(known))]

    def all_documents(self) -> Iterator[tuple[XeroKind, Json]]:
        for endpoint, rows in self.documents.items():
            for row in rows.values():
                yield KINDS[endpoint], row

    def touch(self, row: Json) -> None:
        row["UpdatedDateUTC"] = self.clock.now()

    def note(self, document: str, changes: str, details: str, user: str = "System Generated") -> None:
        """Add a line to the history of a document."""
        line = {"Changes": changes, "DateUTC": self.clock.now(), "User": user, "Details": details}
        self.history[document].append(line)
