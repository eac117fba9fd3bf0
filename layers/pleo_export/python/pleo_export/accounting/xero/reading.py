"""What Xero holds of our documents, whole: for a comparison with what was booked. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from pleo_export.accounting.port import Capabilities, LedgerDocument, LedgerLine
from pleo_export.accounting.xero.documents import Found, XeroDocuments
from pleo_export.accounting.xero.kinds import CREDIT_NOTES, ENDPOINTS, MANUAL_JOURNALS, PAYMENTS
from pleo_export.accounting.xero.lines import NO_TAX, minor
from pleo_export.accounting.xero.lookups import XeroLookups
from pleo_export.accounting.xero.rest import Record, XeroRest, moment
from pleo_export.bookkeeping.reference import MARK


class XeroReader:
    """The port's LedgerReader for Xero; see `LedgerReader` for what each method promises."""

    def __init__(self, rest: XeroRest, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self._rest = rest
        self._lookups = XeroLookups(rest)
        self._documents = XeroDocuments(rest, self._lookups)

    def read(self, references: Collection[str]) -> Mapping[str, Sequence[LedgerDocument]]:
        """Read documents by our reference: one call for each kind. Raises AccountingError, and ValueError for more than
        `capabilities.max_find` references."""
        if len(references) > self.capabilities.max_find:
            raise ValueError("at most max_find references are read at once")
        read: dict[str, list[LedgerDocument]] = defaultdict(list)
        for reference, found in self._documents.rows(references).items():
            for each in found:
                read[reference].append(self._document(reference, each))
        return dict(read)

    def ours(self, since: date, until: date) -> Collection[str]:
        """Find the references that begin with our mark: one call for each kind of document. Raises AccountingError."""
        days = f"Date>={moment(since)} AND Date<={moment(until)}"
        return {
            reference
            for endpoint in ENDPOINTS
            for row in self._rest.pages(endpoint.name, {"where": f"{days} AND {endpoint.beginning(MARK)}"})
            if (reference := endpoint.reference(row)).startswith(MARK) and not endpoint.is_gone(row)
        }

    def account_names(self, codes: Collection[str]) -> Mapping[str, str]:
        """Read the accounts: one call. Raises AccountingError."""
        if not codes:
            return {}
        accounts = self._lookups.accounts
        return {code: accounts[code][0].name for code in codes if code in accounts}

    def _document(self, reference: str, found: Found) -> LedgerDocument:
        endpoint, rows = found
        first = rows[0]
        if endpoint is PAYMENTS:
            currency = str((first.get("Invoice") or {}).get("CurrencyCode"))
            lines = list(self._payment_lines(rows))
        else:
            currency = self._lookups.currency if endpoint is MANUAL_JOURNALS else str(first.get("CurrencyCode"))
            lines = list(self._lines(found))
        return LedgerDocument(self._documents.ref(endpoint, rows, reference), currency, tuple(lines))

    def _lines(self, found: Found) -> Iterator[LedgerLine]:
        """Yield the lines of a document, its tax on Xero's own account, and the other side."""
        endpoint, (row, *_) = found
        sign = -1 if row.get("Type") == "RECEIVE" or endpoint is CREDIT_NOTES else 1
        own = self._lookups.system_account("GST")
        for line in row.get("LineItems") or row.get("JournalLines") or []:
            tax_code = str(line.get("TaxType") or NO_TAX)
            code = None if tax_code == NO_TAX else tax_code
            tax = minor(line.get("TaxAmount"))
            inside = tax if row.get("LineAmountTypes") == "Inclusive" else 0
            yield LedgerLine(self._code(line), sign * (minor(line.get("LineAmount")) - inside), code)
            if tax:
                yield LedgerLine(own.code if own else "", sign * tax, code)
        if endpoint is MANUAL_JOURNALS:
            return
        wallet = row.get("BankAccount")
        owed = self._lookups.payables
        other = self._code(wallet) if wallet else owed.code if owed else ""
        yield LedgerLine(other, -sign * minor(row.get("Total")))

    def _payment_lines(self, rows: Sequence[Record]) -> Iterator[LedgerLine]:
        refund = str(rows[0].get("PaymentType")) == "APCREDITPAYMENT"
        amount = sum(minor(row.get("Amount")) for row in rows) * (-1 if refund else 1)
        owed = self._lookups.payables
        yield LedgerLine(owed.code if owed else "", amount)
        yield LedgerLine(self._code(rows[0].get("Account") or {}), -amount)

    def _code(self, named: Record) -> str:
        """Return the code of an account that a row names, else its id."""
        return str(named.get("AccountCode") or named.get("Code") or named.get("AccountID") or "")
