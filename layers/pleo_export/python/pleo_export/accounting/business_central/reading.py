"""What Business Central holds of our documents, whole: for a comparison with what was booked. Nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from pleo_export.accounting.business_central.bill import bill_lines
from pleo_export.accounting.business_central.documents import (
    INVOICES,
    KEY_FIELD,
    MEMOS,
    BusinessCentralDocuments,
    HeldRows,
    our_journals,
)
from pleo_export.accounting.business_central.entry import draft_lines, minor, tax_code_in
from pleo_export.accounting.business_central.lookups import BusinessCentralLookups
from pleo_export.accounting.business_central.postings import (
    PostedGroup,
    draft_groups,
    entry_amount,
    posted_document,
    reference_in,
)
from pleo_export.accounting.business_central.rest import BusinessCentralRest, Row, any_of, listing, text
from pleo_export.accounting.business_central.settings import BusinessCentralSettings
from pleo_export.accounting.port import Capabilities, LedgerDocument, LedgerLine
from pleo_export.accounting.short_key import BEGINNING
from pleo_export.bookkeeping.reference import MARK


class BusinessCentralReader:
    """The port's LedgerReader for Business Central; see `LedgerReader` for what each method promises."""

    def __init__(
        self,
        settings: BusinessCentralSettings,
        rest: BusinessCentralRest,
        documents: BusinessCentralDocuments,
        lookups: BusinessCentralLookups,
        capabilities: Capabilities,
    ) -> None:
        self.capabilities = capabilities
        self._settings = settings
        self._rest = rest
        self._documents = documents
        self._lookups = lookups

    def read(self, references: Collection[str]) -> Mapping[str, Sequence[LedgerDocument]]:
        """Read everything under the keys of the references: one call, and one for all codes. Raises AccountingError,
        and ValueError for more than `capabilities.max_find` references."""
        if len(references) > self.capabilities.max_find:
            raise ValueError("at most max_find references are read at once")
        held = self._documents.held(references, lines=True)
        found = {reference: list(self._documents_of(reference, rows)) for reference, rows in held.items()}
        return {reference: documents for reference, documents in found.items() if documents}

    def ours(self, since: date, until: date) -> Collection[str]:
        """Find what carries our mark: one call. Raises AccountingError."""
        period = f"postingDate ge {since.isoformat()} and postingDate le {until.isoformat()}"
        marked = f"startswith(description,{text(MARK)}) and {period}"
        expand = "($filter=" + marked + ";$select=id,description)"
        questions = [
            listing("generalLedgerEntries", filter=f"startswith(documentNumber,'{BEGINNING}') and {marked}"),
            listing("journals", filter=our_journals(self._settings.journal), expand=f"journalLines{expand}"),
            listing("vendorPaymentJournals", filter=our_journals(""), expand=f"vendorPayments{expand}"),
            *(
                listing(table, filter=f"startswith({KEY_FIELD[table]},{text(MARK)}) and {period}")
                for table in (INVOICES, MEMOS)
            ),
        ]
        entries, journals, payments, invoices, memos = self._rest.list_many(questions)
        lines = [line for journal in journals for line in journal["journalLines"]]
        lines += [line for journal in payments for line in journal["vendorPayments"]]
        found = {reference_in(row["description"], MARK) for row in [*entries, *lines]}
        found |= {row[KEY_FIELD[table]] for table, rows in ((INVOICES, invoices), (MEMOS, memos)) for row in rows}
        return {reference for reference in found if reference}

    def account_names(self, codes: Collection[str]) -> Mapping[str, str]:
        """Read the accounts by their numbers, blocked ones and bank accounts included: one call. Raises
        AccountingError."""
        if not codes:
            return {}
        wanted = any_of("number", sorted(codes))
        tables = ("bankAccounts", "accounts")
        found = self._rest.list_many(
            [listing(table, filter=wanted, select="id,number,displayName") for table in tables]
        )
        return {row["number"]: row["displayName"] for rows in found for row in rows}

    def _documents_of(self, reference: str, rows: HeldRows) -> Iterator[LedgerDocument]:
        for table, row in rows.bills:
            ref = self._documents.bill_ref(reference, table, row, void=rows.reversed)
            yield LedgerDocument(ref, row["currencyCode"], tuple(bill_lines(table, row)))
        if rows.entries:
            posted = posted_document(rows.entries, reference)
            groups = [(group, rows.reversed) for group in posted.live] + [(group, True) for group in posted.void]
            for number, (group, void) in enumerate(groups):
                ref = self._documents.posted_ref(reference, group, void=void, copy=number)
                yield LedgerDocument(ref, self._lookups.currency, tuple(self._posted_lines(group)))
        for lines in draft_groups(rows.drafts, reference):
            ref = self._documents.draft_ref(reference, lines)
            yield LedgerDocument(ref, self._lookups.currency, tuple(_draft_lines(lines)))

    def _posted_lines(self, group: PostedGroup) -> Iterator[LedgerLine]:
        for entry in group.entries:
            code = tax_code_in(entry["description"], self._lookups.tax_codes)
            yield LedgerLine(entry["accountNumber"], entry_amount(entry), code)


def _draft_lines(lines: Sequence[Row]) -> Iterator[LedgerLine]:
    for line in lines:
        if "vendorNumber" in line:  # its payables account is that of the vendor's posting group
            yield LedgerLine(line["vendorNumber"], minor(line["amount"]))
        else:
            yield from draft_lines(line)
