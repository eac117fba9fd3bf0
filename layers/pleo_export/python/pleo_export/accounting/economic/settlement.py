"""Matching what suppliers are owed with the payments that settle it, whichever came first (R-5a.12, R-5a.13).

e-conomic matches booked entries of one supplier. It has nothing that undoes a match: a payment that came back after it
was matched stays open, which is what the supplier is owed again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from pleo_export.accounting.economic.documents import BOOKED_ENTRIES, EconomicDocuments
from pleo_export.accounting.economic.filters import MOST_VALUES, among, both
from pleo_export.accounting.economic.rest import EconomicRest, Row
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.economic.vouchers import invoice_field, reference_in, words_in
from pleo_export.accounting.errors import AccountingError
from pleo_export.accounting.matching import (
    OpenItem,
    Unsettled,
    bill_keys,
    left_open,
    returned,
    settled,
    settlement,
)
from pleo_export.accounting.port import DocumentRef
from pleo_export.bookkeeping.documents import DocumentKind, PaymentPurpose
from pleo_export.bookkeeping.reference import MARK
from pleo_export.observability import logger

TEXTS = {
    Unsettled.NO_BILL: "This payment found no bill to settle, so it stays open on account {account} (supplier {party}) "
    "in {ledger}. It is settled when its bill is booked there; if that was booked on another supplier or account, "
    "match them by hand.",
    Unsettled.TOO_MUCH: "This payment is more than the bills that it settles, so they stay open on account {account} "
    "(supplier {party}) in {ledger}. Record what is missing, or match them there by hand.",
    Unsettled.NO_PAYMENT: "This returned payment found no open payment of its amount on supplier {party} in {ledger}. "
    "The supplier is owed it again; match it there with the next payment.",
}
NOT_MATCHED = (
    "Booked, but {ledger} did not match it just now. If it still shows the bill or its payment as open, match the two "
    "there."
)
OPEN = "remainder$ne:0"


class EconomicSettlement:
    """Matches open entries."""

    def __init__(self, rest: EconomicRest, documents: EconomicDocuments) -> None:
        self._economic = rest
        self._documents = documents

    def settle(self, documents: Sequence[DocumentRef], suppliers: Collection[int] = ()) -> Mapping[str, str]:
        """Match what is settled now that these documents are posted, and return the warnings about payments that stay
        open, by reference. `suppliers`: whose they are, if known. A failure is only a warning: they are booked."""
        payable = [each for each in documents if each.kind is not DocumentKind.JOURNAL_ENTRY]
        if not payable:
            return {}
        try:
            return self._settle(payable, suppliers or self._suppliers_of(payable))
        except AccountingError as error:
            evidence = {"error": type(error).__name__, "status": error.status, "documents": len(payable)}
            logger.warning("bills and payments were booked, but not matched", extra=evidence)
            return {each.reference: NOT_MATCHED.format(ledger=TITLE) for each in payable}

    def match(self, entries: Sequence[int]) -> None:
        """Match booked entries of one supplier. Raises AccountingError."""
        self._economic.post(f"{BOOKED_ENTRIES}/match", {"entryIds": list(entries)}, "match")

    def open_rows(self, suppliers: Collection[int]) -> list[Row]:
        """Read the open entries of suppliers: one call for 200. Raises AccountingError."""
        wanted, rows = sorted(suppliers), list[Row]()
        for begin in range(0, len(wanted), MOST_VALUES):
            chosen = among("supplierNumber", wanted[begin : begin + MOST_VALUES])
            rows += self._economic.items(BOOKED_ENTRIES, both(chosen, OPEN))
        return rows

    def _settle(self, documents: Sequence[DocumentRef], suppliers: Collection[int]) -> Mapping[str, str]:
        rows = self.open_rows(suppliers)
        items = [_item(row) for row in rows]
        new = {each.reference for each in documents}
        ours = {row["entryNumber"]: reference_in(row.get("text")) for row in rows}
        stay_open: dict[int, Unsettled] = {}
        for back in [each for each in items if each.purpose is PaymentPurpose.RETURN and ours[each.line] in new]:
            waiting = [each for each in items if each.purpose is PaymentPurpose.PAYMENT and each.keys & back.keys]
            payment = returned(back, waiting)
            if payment is None:
                stay_open[back.line] = Unsettled.NO_PAYMENT
            else:
                self.match([payment.line, back.line])
                items = [each for each in items if each not in (payment, back)]
        items = self._owed_again(items)
        for group in settled(items):
            self.match([each.line for each in group])
            stay_open = {line: why for line, why in stay_open.items() if line not in {each.line for each in group}}
        stay_open |= left_open(items)
        return {
            ours[row["entryNumber"]]: TEXTS[stay_open[row["entryNumber"]]].format(
                account=row["accountNumber"], party=row["supplierNumber"], ledger=TITLE
            )
            for row in rows
            if row["entryNumber"] in stay_open and ours[row["entryNumber"]] in new
        }

    def _owed_again(self, items: Sequence[OpenItem]) -> list[OpenItem]:
        """Return payments that came back after they were matched as bills: the supplier is owed them again. What they
        and payments name by our reference has all keys of that bill, which is matched itself: one call."""
        if all(each.purpose is not PaymentPurpose.RETURN for each in items):
            return list(items)
        named = {key for each in items if each.purpose for key in each.keys if key.startswith(MARK)}
        keys: dict[str, frozenset[str]] = {}
        for held in self._documents.booked(named) if named else ():
            for row in held.rows:
                if row.get("supplierNumber"):
                    found = bill_keys(held.reference, row.get("supplierInvoiceNumber"), words_in(row.get("text")))
                    keys[held.reference] = keys.get(held.reference, frozenset()) | found
        known = [replace(each, keys=each.keys.union(*(keys.get(key, ()) for key in each.keys))) for each in items]
        return [replace(each, purpose=None) if each.purpose is PaymentPurpose.RETURN else each for each in known]

    def _suppliers_of(self, documents: Sequence[DocumentRef]) -> set[int]:
        rows = [row for held in self._documents.whole_of(documents) for row in held.rows]
        return {row["supplierNumber"] for row in rows if row.get("supplierNumber")}


def _item(row: Row) -> OpenItem:
    """Return an open entry; its currency as a number, since only sameness counts."""
    words = words_in(row.get("text"))
    paid = settlement(words)
    number = row.get("supplierInvoiceNumber")
    if paid is None:
        keys = bill_keys(reference_in(row.get("text")), number, words)
    else:
        keys = frozenset(name for key in paid.keys for name in (key, invoice_field(key)))
    remainder = Decimal(row.get("remainder") or 0)
    return OpenItem(
        line=row["entryNumber"],
        account=row["accountNumber"],
        party=str(row["supplierNumber"]),
        keys=keys,
        purpose=paid.purpose if paid else None,
        amount=remainder,
        currency=int.from_bytes(str(row.get("currencyCode")).encode()),
        foreign=remainder,
    )
