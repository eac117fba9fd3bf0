"""The connector to Business Central online, API v2.0: journal entries and payments as lines of journals, bills and
credit notes as purchase documents.

Secret: {"access_token": a token of the client that the company has registered under Microsoft Entra applications}.

The calls of one `record_many`, besides look-ups that are kept for the life of the connector: for entries one to make a
journal, one for up to a hundred lines, one to post, one to read back; for bills one to make them, one to compare, one
to look for duplicates, one each to post, one to read back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from pleo_export.accounting.batching import CONNECTION, payments_without_their_bill, require_batch
from pleo_export.accounting.business_central.attachments import CONTENT_TYPES, MAX_BYTES, BusinessCentralFiles
from pleo_export.accounting.business_central.batches import GENERAL, BusinessCentralJournals
from pleo_export.accounting.business_central.bills import BusinessCentralBills
from pleo_export.accounting.business_central.checks import BusinessCentralChecks
from pleo_export.accounting.business_central.documents import REFERENCE_LENGTH, BusinessCentralDocuments
from pleo_export.accounting.business_central.entries import BusinessCentralEntries
from pleo_export.accounting.business_central.entry import line_bodies, rows_of
from pleo_export.accounting.business_central.journal_lines import BusinessCentralLines
from pleo_export.accounting.business_central.lists import BusinessCentralLists
from pleo_export.accounting.business_central.lookups import BusinessCentralLookups
from pleo_export.accounting.business_central.parties import find_parties
from pleo_export.accounting.business_central.payments import BusinessCentralPayments
from pleo_export.accounting.business_central.periods import BusinessCentralPeriods
from pleo_export.accounting.business_central.rates import require_tax_of_rate
from pleo_export.accounting.business_central.reading import BusinessCentralReader
from pleo_export.accounting.business_central.rest import BusinessCentralRest, Row
from pleo_export.accounting.business_central.reversal import BusinessCentralReversal
from pleo_export.accounting.business_central.settings import BusinessCentralSettings
from pleo_export.accounting.business_central.setup import BusinessCentralSetup
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.descriptor import Secret
from pleo_export.accounting.errors import AccountingError, AuthenticationFailed, Rejected
from pleo_export.accounting.http import AccountingTransport
from pleo_export.accounting.port import (
    Attachment,
    Capabilities,
    DocumentOutcome,
    DocumentRef,
    DocumentState,
    PeriodState,
    PeriodSupport,
    ReversalSupport,
    SettlementSupport,
)
from pleo_export.bookkeeping.documents import Bill, Document, DocumentKind, JournalEntry, Payment, PaymentPurpose
from pleo_export.bookkeeping.parties import PartyMatch, PartyQuery
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.failures.business_central import ACCESS_REFUSED
from pleo_export.function_time import TimeLeft, unlimited

BILLS = frozenset({DocumentKind.BILL, DocumentKind.CREDIT_NOTE})
CAPABILITIES = Capabilities(
    kinds=frozenset(DocumentKind),
    drafts=BILLS | {DocumentKind.JOURNAL_ENTRY},
    foreign=BILLS,
    purposes=frozenset({PaymentPurpose.PAYMENT}),
    settlement=SettlementSupport.BILL_FIRST,
    tax_as_given=frozenset(),
    tax_accounts=False,
    max_dimensions=None,
    reference_length=REFERENCE_LENGTH,
    text_length=100,
    max_batch=50,
    max_find=100,
    files=BILLS | {DocumentKind.JOURNAL_ENTRY, DocumentKind.PAYMENT},
    max_attachment_bytes=MAX_BYTES,
    max_attachments=None,
    attachment_types=CONTENT_TYPES,
    attach_to_posted=True,
    periods=PeriodSupport.CALENDAR,
    reversal=ReversalSupport.COUNTER_ENTRY,
    shows_void=True,
)


def connect(
    settings: BusinessCentralSettings,
    secret: Secret,
    time_left: TimeLeft = unlimited,
    budget: CallBudget = UNLIMITED,
) -> BusinessCentralConnector:
    """Return the accounting system. Raises AuthenticationFailed if the secret has no `access_token`."""
    return BusinessCentralConnector(settings, _rest(settings, secret, time_left, budget))


def set_up(settings: BusinessCentralSettings, secret: Secret, budget: CallBudget = UNLIMITED) -> BusinessCentralSetup:
    """Return what to choose from. Raises as `connect` does."""
    return BusinessCentralConnector(settings, _rest(settings, secret, unlimited, budget)).setup()


def open_reader(
    settings: BusinessCentralSettings, secret: Secret, budget: CallBudget = UNLIMITED
) -> BusinessCentralReader:
    """Return what reads the ledger. Raises as `connect` does."""
    return BusinessCentralConnector(settings, _rest(settings, secret, unlimited, budget)).reader()


def open_lists(
    settings: BusinessCentralSettings,
    secret: Secret,
    time_left: TimeLeft = unlimited,
    budget: CallBudget = UNLIMITED,
) -> BusinessCentralLists:
    """Return what lists the ledger's accounts and suppliers. Raises as `connect` does."""
    return BusinessCentralLists(settings, _rest(settings, secret, time_left, budget))


def _rest(
    settings: BusinessCentralSettings, secret: Secret, time_left: TimeLeft, budget: CallBudget
) -> BusinessCentralRest:
    token = secret.get("access_token", "").strip()
    if not token:
        raise AuthenticationFailed(ACCESS_REFUSED.told(ledger=TITLE))
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    transport = AccountingTransport(TITLE, str(settings.api_url), headers, time_left=time_left, budget=budget)
    return BusinessCentralRest(transport, settings)


class BusinessCentralConnector:
    """The port's AccountingSystem for Business Central; see `AccountingSystem` for what each method promises."""

    capabilities = CAPABILITIES

    def __init__(self, settings: BusinessCentralSettings, rest: BusinessCentralRest) -> None:
        self._settings = settings
        self._rest = rest
        self._lookups = BusinessCentralLookups(rest)
        self._periods = BusinessCentralPeriods(rest)
        self._documents = BusinessCentralDocuments(settings, rest, self._periods)
        self._journals = BusinessCentralJournals(rest, settings.journal)
        self._files = BusinessCentralFiles(rest, self._documents, CAPABILITIES)
        lines = BusinessCentralLines(rest)
        self._entries = BusinessCentralEntries(self._journals, lines, self._documents, self._files)
        self._bills = BusinessCentralBills(rest, self._documents, settings.tax_code_without_vat)
        self._payments = BusinessCentralPayments(rest, self._lookups, self._entries)
        self._checks = BusinessCentralChecks(self._lookups, self._periods, self._documents, CAPABILITIES)
        self._reversal = BusinessCentralReversal(
            rest, self._lookups, self._documents, self._periods, self._entries, self._bills
        )

    def setup(self) -> BusinessCentralSetup:
        """Return the face of the port that sets up, over the same connection."""
        return BusinessCentralSetup(self._settings, self._rest, self._lookups, self._documents, self._entries)

    def reader(self) -> BusinessCentralReader:
        """Return the face of the port that compares, over the same connection."""
        return BusinessCentralReader(self._settings, self._rest, self._documents, self._lookups, CAPABILITIES)

    def check(self) -> None:
        """Check the company, and the right to write journals. Raises AccountingError."""
        self._rest.company()
        self._journals.check()

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        """Find documents by their keys: one call. Raises AccountingError."""
        return self._documents.find_many(references)

    def differences(self, found: Sequence[tuple[DocumentRef, Document]]) -> Mapping[str, Rejected]:
        """Compare currency, total and, for bills, tax: one call. Raises AccountingError."""
        return self._checks.differences(found)

    def find_parties(self, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
        """Find vendors by number, id or tax number: one call. Raises AccountingError."""
        return find_parties(self._rest, wanted)

    def refusals(self, documents: Sequence[Document]) -> Mapping[str, AccountingError]:
        """Check what is checked before anything is sent. Raises AccountingError."""
        self._periods.refresh(for_recording=False)
        refused: dict[str, AccountingError] = {}
        for document in documents:
            try:
                self._prepared(document)
            except Rejected as refusal:
                refused[document.reference] = refusal
        return refused

    def record_many(self, documents: Sequence[Document], state: DocumentState) -> Mapping[str, DocumentOutcome]:
        """Record bills first, then the payments that settle them and the journal entries. Raises AccountingError while
        nothing is recorded, and ValueError for too many documents or two with one reference."""
        require_batch(documents, CAPABILITIES)
        self._periods.refresh()
        outcomes: dict[str, DocumentOutcome] = {}
        lines: dict[str, Sequence[Row]] = {}
        for document in documents:
            try:
                lines[document.reference] = self._prepared(document)
            except Rejected as refusal:
                outcomes[document.reference] = refusal
        bills = [each for each in documents if isinstance(each, Bill) and each.reference not in outcomes]
        outcomes |= self._bills.record(bills, self._lookups.currency, state)
        outcomes |= payments_without_their_bill(
            [each for each in documents if each.reference not in outcomes], outcomes
        )
        waiting = [each for each in documents if each.reference not in outcomes]
        recorded = any(each.reference in outcomes for each in bills)
        try:
            entries = {each.reference: lines[each.reference] for each in waiting if isinstance(each, JournalEntry)}
            outcomes |= self._entries.record(GENERAL, entries, state)
            recorded = recorded or bool(entries)
            outcomes |= self._payments.record([each for each in waiting if isinstance(each, Payment)])
        except CONNECTION as error:
            if not recorded:
                raise
            outcomes |= {each.reference: error for each in waiting if each.reference not in outcomes}
        return outcomes

    def post_many(self, documents: Sequence[DocumentRef]) -> Mapping[str, DocumentOutcome]:
        """Post drafts of bills, then those in journals; what a person has posted already stays as it is. Raises
        AccountingError while nothing is posted."""
        outcomes: dict[str, DocumentOutcome] = {
            each.reference: each for each in documents if each.state is DocumentState.POSTED
        }
        drafts = [each for each in documents if each.state is not DocumentState.POSTED]
        bills = [each for each in drafts if each.kind in BILLS]
        outcomes |= self._bills.post_drafts(bills)
        others = [each for each in drafts if each.kind not in BILLS]
        try:
            outcomes |= self._entries.post_drafts(others)
        except AccountingError as error:
            if not bills:
                raise
            outcomes |= {each.reference: error for each in others}
        return outcomes

    def attach(self, document: DocumentRef, attachments: Sequence[Attachment]) -> None:
        """Attach the files that the document does not have yet. Raises AttachmentRejected, AttachmentTooLarge, or
        another AccountingError."""
        self._files.attach(document, attachments)

    def period_state(self, on: date) -> PeriodState:
        """Return whether that day can be booked on. Raises AccountingError."""
        return self._periods.period_state(on)

    def next_open_date(self, after: date) -> date | None:
        """Return the first later day that can be booked on; None where there is none. Raises AccountingError."""
        return self._periods.next_open_date(after)

    def reverse(self, document: DocumentRef, on: date) -> DocumentRef | None:
        """Delete a draft, or make and post what undoes the document. Raises AccountingError."""
        return self._reversal.reverse(document, on)

    def _prepared(self, document: Document) -> Sequence[Row]:
        """Check a document, and return its lines if it is a journal entry. Raises Rejected."""
        self._checks.require(document)
        if isinstance(document, Payment):
            self._payments.require_wallet(document)
        if not isinstance(document, JournalEntry):
            return ()
        rows = rows_of(document)
        require_tax_of_rate(rows, self._settings.tax_rates)
        types = {row.account: self._lookups.account(row.account).type for row in rows}
        return list(line_bodies(document, rows, types, self._settings.tax_code_without_vat))
