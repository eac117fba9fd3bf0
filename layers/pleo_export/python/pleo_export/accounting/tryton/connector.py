"""The connector to Tryton 8.0 (or later), over REST with an API key: journal entries and payments as moves, bills and
credit notes as supplier invoices, reconciled with their payments.

Secret: {"token": the API key of a user in the group Accounting}, and if wanted the same user's {"user", "password"}.
For payments that come back the user needs the right to delete reconciliations as well.

The calls of one `record_many`, besides look-ups that are kept for the life of the connector: one call to create all
moves; for bills one to create, one to compare and two to look for duplicates; one for the parties; four to reconcile.
Posting takes one call each, since a key cannot post many at once; with user and password two for all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from pleo_export.accounting.batching import CONNECTION, payments_without_their_bill, require_batch
from pleo_export.accounting.descriptor import Secret
from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    PermissionDenied,
    Rejected,
)
from pleo_export.accounting.http import AccountingTransport
from pleo_export.accounting.kept_lists import KeptLists, lists_of
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
from pleo_export.accounting.tryton.attachments import CONTENT_TYPES, MAX_BYTES, attach
from pleo_export.accounting.tryton.bill import invoice
from pleo_export.accounting.tryton.bills import TrytonBills
from pleo_export.accounting.tryton.differences import differences
from pleo_export.accounting.tryton.documents import INVOICE, MOVE, TrytonDocuments, model_of
from pleo_export.accounting.tryton.drafts import TrytonDrafts
from pleo_export.accounting.tryton.lists import TrytonLists
from pleo_export.accounting.tryton.lookups import TrytonLookups
from pleo_export.accounting.tryton.move import LookupTables, move
from pleo_export.accounting.tryton.parties import find_parties
from pleo_export.accounting.tryton.periods import TrytonPeriods
from pleo_export.accounting.tryton.posting import TrytonPosting, left_as_draft
from pleo_export.accounting.tryton.reading import TrytonReader
from pleo_export.accounting.tryton.reconciliation import TrytonReconciliation
from pleo_export.accounting.tryton.rest import Record, TrytonRest, headers
from pleo_export.accounting.tryton.reversal import TrytonReversal
from pleo_export.accounting.tryton.session import TrytonSession
from pleo_export.accounting.tryton.settings import TrytonSettings
from pleo_export.accounting.tryton.setup import TrytonSetup
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.bookkeeping.documents import Bill, Document, DocumentKind, JournalEntry, Payment, PaymentPurpose
from pleo_export.bookkeeping.parties import PartyMatch, PartyQuery
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.failures.connection import KEY_REFUSED, REOPEN_RIGHT_MISSING
from pleo_export.function_time import TimeLeft, unlimited
from pleo_export.observability import logger

NOT_RECONCILED = (
    "Booked, but Tryton did not reconcile it just now. If Tryton still shows the bill or its payment as open, "
    "reconcile the two there."
)


def connect(
    settings: TrytonSettings, secret: Secret, time_left: TimeLeft = unlimited, budget: CallBudget = UNLIMITED
) -> TrytonConnector:
    """Return the accounting system. Raises AuthenticationFailed if the secret has no `token`."""
    session = None
    if "password" in secret:
        login = secret.get("user", ""), secret["password"]
        opened = partial(AccountingTransport, "Tryton", str(settings.url), time_left=time_left, budget=budget)
        session = TrytonSession(opened, settings.database, settings.company, *login)
    lists = lists_of("tryton", str(settings.url), settings.database, str(settings.company), *sorted(secret.values()))
    return TrytonConnector(settings, _rest(settings, secret, time_left, budget), session, lists)


def set_up(settings: TrytonSettings, secret: Secret, budget: CallBudget = UNLIMITED) -> TrytonSetup:
    """Return what to choose from. Raises AuthenticationFailed if the secret has no `token`."""
    return TrytonSetup(settings, _rest(settings, secret, unlimited, budget))


def open_reader(settings: TrytonSettings, secret: Secret, budget: CallBudget = UNLIMITED) -> TrytonReader:
    """Return what reads the ledger. Raises AuthenticationFailed if the secret has no `token`."""
    return TrytonReader(settings, _rest(settings, secret, unlimited, budget), TrytonConnector.capabilities)


def open_lists(
    settings: TrytonSettings, secret: Secret, time_left: TimeLeft = unlimited, budget: CallBudget = UNLIMITED
) -> TrytonLists:
    """Return what lists the ledger's accounts and suppliers. Raises AuthenticationFailed if the secret has no
    `token`."""
    return TrytonLists(_rest(settings, secret, time_left, budget))


def _rest(settings: TrytonSettings, secret: Secret, time_left: TimeLeft, budget: CallBudget) -> TrytonRest:
    key = secret.get("token", "").strip()
    if not key:
        raise AuthenticationFailed(KEY_REFUSED.told(ledger=TITLE))
    key_and_company = headers(key, settings.company)
    transport = AccountingTransport("Tryton", str(settings.url), key_and_company, time_left=time_left, budget=budget)
    return TrytonRest(transport, settings.database, settings.company)


class TrytonConnector:
    """The port's AccountingSystem for Tryton; see `AccountingSystem` for what each method promises."""

    capabilities = Capabilities(
        kinds=frozenset(DocumentKind),
        drafts=frozenset(DocumentKind),
        foreign=frozenset(DocumentKind),
        purposes=frozenset(PaymentPurpose),
        settlement=SettlementSupport.OPEN_ITEMS,
        tax_as_given=frozenset(DocumentKind),
        tax_accounts=True,
        max_dimensions=None,
        reference_length=100,
        text_length=500,
        max_batch=50,
        max_find=200,
        files=frozenset(DocumentKind),
        max_attachment_bytes=MAX_BYTES,
        max_attachments=None,
        attachment_types=CONTENT_TYPES,
        attach_to_posted=True,
        periods=PeriodSupport.CALENDAR,
        reversal=ReversalSupport.COUNTER_ENTRY,
        shows_void=True,
    )

    def __init__(
        self,
        settings: TrytonSettings,
        rest: TrytonRest,
        session: TrytonSession | None = None,
        lists: KeptLists | None = None,
    ) -> None:
        self._tryton = rest
        self._lookups = TrytonLookups(settings, rest, lists)
        self._documents = TrytonDocuments(settings, rest)
        self._periods = TrytonPeriods(rest, self._lookups.lists)
        self._posting = TrytonPosting(rest, session, self._documents)
        self._drafts = TrytonDrafts(self._documents, self._periods, self._posting)
        self._bills = TrytonBills(rest, self._documents, self._posting)
        self._reconciliation = TrytonReconciliation(rest, self._periods)
        self._reversal = TrytonReversal(rest, self._documents, self._periods)

    def check(self) -> None:
        """Check the rights of the user, the login if there is one, the company and the journal. Raises
        AccountingError."""
        self._posting.check()
        self._lookups.check()

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        """Find moves and invoices by their descriptions: two calls. Raises AccountingError."""
        return self._documents.find_many(references)

    def differences(self, found: Sequence[tuple[DocumentRef, Document]]) -> Mapping[str, Rejected]:
        """Compare currency, total and, for bills, each tax account. Raises AccountingError."""
        if not found:
            return {}
        documents = [document for _, document in found]
        different = differences(self._tryton, found, self._lookups.tables(documents))
        if different and self._lookups.lists.forget_earlier():
            return differences(self._tryton, found, self._lookups.tables(documents))
        return different

    def find_parties(self, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
        """Find parties by code, tax number or account number, employees among them: two calls. Raises
        AccountingError."""
        return find_parties(self._tryton, wanted)

    def record_many(self, documents: Sequence[Document], state: DocumentState) -> Mapping[str, DocumentOutcome]:
        """Record bills first, then the payments that come with them and the journal entries, then reconcile. Raises
        AccountingError while nothing is recorded, and ValueError for too many documents or two with one reference."""
        require_batch(documents, self.capabilities)
        tables = self._tables(documents)
        outcomes = self._record_bills([each for each in documents if isinstance(each, Bill)], tables, state)
        others = [each for each in documents if not isinstance(each, Bill)]
        outcomes |= payments_without_their_bill(others, outcomes)
        waiting = [each for each in others if each.reference not in outcomes]
        try:
            outcomes |= self._record_moves(waiting, tables, state)
        except CONNECTION as error:
            if not outcomes:
                raise
            outcomes |= {document.reference: error for document in waiting}
        return outcomes | self._reconcile(outcomes.values())

    def post_many(self, documents: Sequence[DocumentRef]) -> Mapping[str, DocumentOutcome]:
        """Post drafts of bills, then of moves, then reconcile; what a person has posted already is only reconciled.
        Raises AccountingError while nothing is posted."""
        drafts: dict[str, dict[str, int]] = {INVOICE: {}, MOVE: {}}
        outcomes: dict[str, DocumentOutcome] = {
            each.reference: each for each in documents if each.state is DocumentState.POSTED
        }
        for document in (each for each in documents if each.state is not DocumentState.POSTED):
            drafts[model_of(document.kind)][document.reference] = int(document.id)
        outcomes |= self._bills.post(drafts[INVOICE], new=False)
        outcomes |= self._posting.post(MOVE, drafts[MOVE], new=bool(drafts[INVOICE]))
        return outcomes | self._reconcile(outcomes.values())

    def attach(self, document: DocumentRef, attachments: Sequence[Attachment]) -> None:
        """Attach the files that the document does not have yet. Raises AttachmentRejected, AttachmentTooLarge, or
        another AccountingError."""
        attach(self._tryton, document, attachments, self.capabilities)

    def period_state(self, on: date) -> PeriodState:
        """Return whether the period of that day is open. Raises AccountingError."""
        return self._periods.period_state(on)

    def next_open_date(self, after: date) -> date | None:
        """Return the first later day in an open period; None where there is none. Raises AccountingError."""
        return self._periods.next_open_date(after)

    def refusals(self, documents: Sequence[Document]) -> Mapping[str, AccountingError]:
        """Check what is checked before anything is sent: balance, period, codes, currencies. Raises AccountingError."""
        return self._refused(documents, self._tables(documents))

    def reverse(self, document: DocumentRef, on: date) -> DocumentRef | None:
        """Delete a draft, cancel a bill, or make and post a counter-move. Raises AccountingError."""
        self._lookups.lists.forget_all()
        return self._reversal.reverse(document, on)

    def _tables(self, documents: Sequence[Document]) -> LookupTables:
        """Return the tables, read again where a document would be refused for what another connector has read."""
        self._periods.forget_unless_open({document.posting_date for document in documents})
        tables = self._lookups.tables(documents)
        if self._refused(documents, tables) and self._lookups.lists.forget_earlier():
            tables = self._lookups.tables(documents)
        return tables

    def _refused(self, documents: Sequence[Document], tables: LookupTables) -> dict[str, AccountingError]:
        def record(each: Document, period: int) -> Record:
            return invoice(each, tables, final=True) if isinstance(each, Bill) else self._move(each, period, tables)

        return self._drafts.records(documents, record)[1]

    def _record_bills(
        self, bills: Sequence[Bill], tables: LookupTables, state: DocumentState
    ) -> dict[str, DocumentOutcome]:
        final = state is DocumentState.POSTED
        created, outcomes = self._drafts.create(INVOICE, bills, lambda bill, _: invoice(bill, tables, final=final))
        deleted = self._bills.delete_with_other_totals(created, bills, tables)
        created = {reference: id_ for reference, id_ in created.items() if reference not in deleted}
        outcomes |= deleted
        if not final:
            return outcomes | self._drafts.refs(created, bills)
        try:
            return outcomes | self._bills.post(created, new=True)
        except AccountingError as error:
            return outcomes | dict.fromkeys(created, left_as_draft(error))

    def _record_moves(
        self, documents: Sequence[JournalEntry | Payment], tables: LookupTables, state: DocumentState
    ) -> dict[str, DocumentOutcome]:
        created, outcomes = self._drafts.create(
            MOVE, documents, lambda document, period: self._move(document, period, tables)
        )
        if state is not DocumentState.POSTED:
            return outcomes | self._drafts.refs(created, documents)
        try:
            return outcomes | self._posting.post(MOVE, created, new=True)
        except AccountingError as error:
            return outcomes | dict.fromkeys(created, left_as_draft(error))

    def _move(self, document: JournalEntry | Payment, period: int, tables: LookupTables) -> Record:
        back = isinstance(document, Payment) and document.purpose is PaymentPurpose.RETURN
        if back and not self._reconciliation.may_open_again:
            raise PermissionDenied(REOPEN_RIGHT_MISSING.told(ledger=TITLE))
        return move(document, period, tables)

    def _reconcile(self, outcomes: Iterable[DocumentOutcome]) -> dict[str, DocumentOutcome]:
        """Reconcile the posted documents, and return the payments that have a warning for the bookkeeper. What cannot
        be reconciled stays open: it is booked, and Tryton shows an accountant both sides."""
        payable = {
            each.reference: each
            for each in outcomes
            if isinstance(each, DocumentRef)
            and each.kind is not DocumentKind.JOURNAL_ENTRY
            and each.state is DocumentState.POSTED
        }
        if not payable:
            return {}
        try:
            warnings = self._reconciliation.reconcile(list(payable.values()))
        except Exception as error:  # of any kind: the documents are booked, and that has to be reported
            status = error.status if isinstance(error, AccountingError) else None
            evidence = {"error": type(error).__name__, "status": status, "documents": len(payable)}
            logger.warning("bills and payments were booked, but not reconciled", extra=evidence)
            warnings = dict.fromkeys(payable, NOT_RECONCILED)
        return {reference: replace(payable[reference], warnings=(text,)) for reference, text in warnings.items()}
