"""The documents that Business Central holds, as the port names them: found by their keys, drafts and posted ones.

One call asks for all of it: the lines of our own journals, the entries of the general ledger, purchase invoices and
credit memos. A journal entry or payment is known by its document number from its first moment to the end; a purchase
invoice by its Ship-to Contact, a credit memo by its Buy-from Address 2, for their numbers change when they are posted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from pleo_export.accounting.business_central.entry import day
from pleo_export.accounting.business_central.periods import QUESTIONS, BusinessCentralPeriods
from pleo_export.accounting.business_central.postings import PostedDocument, PostedGroup, draft_groups, posted_document
from pleo_export.accounting.business_central.rest import BusinessCentralRest, Listing, Row, any_of, listing, text
from pleo_export.accounting.business_central.settings import BusinessCentralSettings
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import PossibleDuplicate
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.accounting.short_key import short_key
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.bookkeeping.reference import reversal_reference
from pleo_export.failures.ledger import RECORDED_TWICE

REFERENCE_LENGTH = 60
OURS = "PLEO"  # what the codes of our journals begin with
ENTRY_FIELDS = (
    "id,entryNumber,postingDate,documentNumber,documentType,accountNumber,description,debitAmount,creditAmount"
)
_JOURNAL_FIELDS = "id,code,balancingAccountId"
_LINE_FIELDS = (
    "id,journalId,lineNumber,accountType,accountNumber,postingDate,documentNumber,externalDocumentNumber,amount,"
    "description,comment,taxCode"
)
_PAYMENT_FIELDS = "id,journalId,lineNumber,vendorNumber,postingDate,documentNumber,amount,description"
INVOICES, MEMOS = "purchaseInvoices", "purchaseCreditMemos"
KEY_FIELD = {INVOICES: "shipToContact", MEMOS: "buyFromAddressLine2"}
_DRAFTS = frozenset({"Draft", "In Review", "In_x0020_Review"})
_VOID = frozenset({"Canceled", "Corrective"})


@dataclass(slots=True)
class HeldRows:
    """All rows that carry the keys of one reference."""

    drafts: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    bills: list[tuple[str, Row]] = field(default_factory=list)  # with the set that each is in
    reversed: bool = False


class BusinessCentralDocuments:
    """Reads documents. Every method that calls Business Central raises AccountingError."""

    def __init__(
        self, settings: BusinessCentralSettings, rest: BusinessCentralRest, periods: BusinessCentralPeriods
    ) -> None:
        self._rest = rest
        self._periods = periods
        path = f"{str(settings.web_url).rstrip('/')}/{quote(settings.tenant)}/{quote(settings.environment)}/"
        self._template = settings.journal
        self._link = f"{path}?company={quote(settings.company_name)}&page="

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        """Find the document of each reference that has one: one call, which reads the periods as well."""
        held = self.held(references)
        return {reference: _one_document(found) for reference in held if (found := self.refs(reference, held))}

    def held(self, references: Collection[str], *, lines: bool = False) -> Mapping[str, HeldRows]:
        """Read all rows that carry one of the references, or the one of its counter-entry. `lines`: with the lines of
        bills."""
        wanted = [each for each in dict.fromkeys(references) if each]
        if not wanted:
            return {}
        counters = {each: reversal_reference(each, REFERENCE_LENGTH) for each in wanted}
        everything = list(dict.fromkeys([*wanted, *counters.values()]))
        keys = {short_key(each): each for each in everything}
        setup, calendar, *rows = self._rest.list_many(
            [*QUESTIONS, *_questions(keys, everything, self._template, lines=lines)]
        )
        self._periods.read(setup, calendar)
        held: dict[str, HeldRows] = defaultdict(HeldRows)
        journals, payment_journals, entries, invoices, memos = rows
        for line in [*_lines(journals, "journalLines"), *_lines(payment_journals, "vendorPayments")]:
            held[keys[line["documentNumber"]]].drafts.append(line)
        for entry in entries:
            held[keys[entry["documentNumber"]]].entries.append(entry)
        for table, found in ((INVOICES, invoices), (MEMOS, memos)):
            for row in found:
                held[row[KEY_FIELD[table]]].bills.append((table, row))
        return {each: _with_counter(held[each], held.get(counters[each]), counters[each]) for each in wanted}

    def refs(self, reference: str, held: Mapping[str, HeldRows]) -> list[DocumentRef]:
        """Return the documents of one reference, void ones first."""
        rows = held[reference]
        found = [self.bill_ref(reference, table, row, void=rows.reversed) for table, row in rows.bills]
        if rows.entries:
            document = posted_document(rows.entries, reference)
            found += self._posted(reference, document, void=rows.reversed)
        found += [self.draft_ref(reference, group) for group in draft_groups(rows.drafts, reference)]
        return sorted(found, key=lambda ref: ref.state is not DocumentState.VOID)

    def draft_ref(self, reference: str, lines: Sequence[Row]) -> DocumentRef:
        """Return the draft that these lines of a journal are."""
        payment = "vendorNumber" in lines[0]
        kind = DocumentKind.PAYMENT if payment else DocumentKind.JOURNAL_ENTRY
        page = "256" if payment else "39"
        url = self._url(page, "Gen. Journal Line", short_key(reference))
        on = day(lines[0]["postingDate"])
        return DocumentRef(reference, kind, short_key(reference), None, DocumentState.DRAFT, on, url)

    def posted_ref(self, reference: str, group: PostedGroup, *, void: bool = False, copy: int = 0) -> DocumentRef:
        """Return the document that these entries are. `copy`: how many others carry its number before it."""
        kind = DocumentKind.PAYMENT if group.is_payment else DocumentKind.JOURNAL_ENTRY
        state = DocumentState.VOID if void else DocumentState.POSTED
        key = short_key(reference)
        id_ = f"{key}#{group.number}" if copy else key
        return DocumentRef(reference, kind, id_, group.number, state, group.date, self._url("20", "G/L Entry", key))

    def bill_ref(self, reference: str, table: str, row: Row, *, void: bool = False) -> DocumentRef:
        """Return the bill or credit note that this row is."""
        draft = row["status"] in _DRAFTS
        state = DocumentState.DRAFT if draft else DocumentState.POSTED
        if void or row["status"] in _VOID:
            state = DocumentState.VOID
        kind = DocumentKind.BILL if table == INVOICES else DocumentKind.CREDIT_NOTE
        number = None if draft else row["number"]
        return DocumentRef(
            reference, kind, row["id"], number, state, day(row["postingDate"]), self._bill_url(row, kind)
        )

    def _posted(self, reference: str, document: PostedDocument, *, void: bool) -> list[DocumentRef]:
        if document.live:
            return [
                self.posted_ref(reference, group, void=void, copy=number) for number, group in enumerate(document.live)
            ]
        return [self.posted_ref(reference, document.void[0], void=True)] if document.void else []

    def _url(self, page: str, table: str, key: str) -> str:
        query = f"'{table}'.'Document No.' IS '{key}'"
        return f"{self._link}{page}&filter={quote(query)}"

    def _bill_url(self, row: Row, kind: DocumentKind) -> str:
        """Return the link to the document, in the page of all open ones or of all posted ones."""
        pages = ("51", "138") if kind is DocumentKind.BILL else ("52", "140")
        page = pages[row["status"] not in _DRAFTS]
        query = f"'No.' IS '{row['number']}'"
        return f"{self._link}{page}&filter={quote(query)}#{row['id']}"


def our_journals(template: str) -> str:
    """Return the filter for our own journals: those of the default template, unless another is named."""
    ours = f"startswith(code,'{OURS}')"
    return f"{ours} and templateDisplayName eq {text(template)}" if template else ours


def _questions(keys: Mapping[str, str], references: Sequence[str], template: str, *, lines: bool) -> list[Listing]:
    numbers = any_of("documentNumber", list(keys))
    expand = {
        "journalLines": f"journalLines($filter={numbers};$select={_LINE_FIELDS};"
        "$expand=dimensionSetLines($select=code,valueCode),attachments($select=id))",
        "vendorPayments": f"vendorPayments($filter={numbers};$select={_PAYMENT_FIELDS})",
    }
    bills = [
        listing(
            table,
            filter=any_of(KEY_FIELD[table], references),
            **({"expand": f"{table[:-1]}Lines"} if lines else {}),
        )
        for table in (INVOICES, MEMOS)
    ]
    return [
        listing("journals", filter=our_journals(template), select=_JOURNAL_FIELDS, expand=expand["journalLines"]),
        listing(
            "vendorPaymentJournals", filter=our_journals(""), select=_JOURNAL_FIELDS, expand=expand["vendorPayments"]
        ),
        listing("generalLedgerEntries", filter=numbers, select=ENTRY_FIELDS, orderby="entryNumber"),
        *bills,
    ]


def _lines(journals: Iterable[Row], name: str) -> list[Row]:
    return [line | {"contra": journal["balancingAccountId"]} for journal in journals for line in journal[name]]


def _with_counter(rows: HeldRows, counter: HeldRows | None, reference: str) -> HeldRows:
    """Note whether the document has a posted counter-entry."""
    if counter is None:
        return rows
    entries = bool(counter.entries) and bool(posted_document(counter.entries, reference).live)
    memos = any(row["status"] not in _DRAFTS | _VOID for _, row in counter.bills)
    rows.reversed = entries or memos
    return rows


def _one_document(documents: Sequence[DocumentRef]) -> DocumentOutcome:
    """Return a live one rather than a void one; of two live ones a person decides."""
    live = [document for document in documents if document.state is not DocumentState.VOID]
    if len(live) > 1:
        names = " and ".join(document.number or f"draft {document.id}" for document in live)
        return PossibleDuplicate(RECORDED_TWICE.told(ledger=TITLE, names=names))
    return live[0] if live else documents[-1]
