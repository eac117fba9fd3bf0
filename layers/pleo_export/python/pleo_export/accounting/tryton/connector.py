"""The connector to Tryton 8.0 (or later), over REST with an API key: journal entries and payments as moves, bills and
credit notes as supplier invoices, reconciled with their payments.

Secret: {"token": the API key of a user in the group Accounting}, and if wanted the same user's {"user", "password"}.
For payments that come back the user needs the right to delete reconciliations as well.

What one `record_many` costs, besides look-ups that are kept for the life of the connector: one call to create all
moves; for bills one to create, one to compare and two to look for duplicates; one for the parties; four to reconcile.
Posting is one call each, for a key cannot post many at once; with user and password two for all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TypeVar

from pleo_export.accounting.descriptor import Secret
from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    KeptAsDraft,
    PeriodClosed,
    PermissionDenied,
    PossibleDuplicate,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.http import AccountingTransport
from pleo_export.accounting.port import (
    Attachment,
    Capabilities,
    DocumentOutcome,
    DocumentRef,
    DocumentState,
    PeriodState,
)
from pleo_export.accounting.tryton.attachments import CONTENT_TYPES, MAX_BYTES, attach
from pleo_export.accounting.tryton.bill import invoice
from pleo_export.accounting.tryton.differences import bill_totals, differences, same_bill
from pleo_export.accounting.tryton.documents import INVOICE, MOVE, TrytonDocuments, model_of
from pleo_export.accounting.tryton.duplicates import similar_bills
from pleo_export.accounting.tryton.lookups import TrytonLookups
from pleo_export.accounting.tryton.move import LookupTables, move
from pleo_export.accounting.tryton.parties import find_parties
from pleo_export.accounting.tryton.posting import CONNECTION, TrytonPosting, left_as_draft
from pleo_export.accounting.tryton.reconciliation import TrytonReconciliation
from pleo_export.accounting.tryton.rest import Record, TrytonRest, headers
from pleo_export.accounting.tryton.session import TrytonSession
from pleo_export.accounting.tryton.settings import TrytonSettings
from pleo_export.accounting.tryton.setup import TrytonSetup
from pleo_export.bookkeeping.documents import Bill, Document, DocumentKind, JournalEntry, Payment, PaymentPurpose
from pleo_export.bookkeeping.parties import PartyMatch, PartyQuery
from pleo_export.errors import ItemFailure
from pleo_export.function_time import TimeLeft, unlimited
from pleo_export.observability import logger

NOT_RECONCILED = (
    "Booked, but Tryton did not reconcile it just now. If Tryton still shows the bill or its payment as open, "
    "reconcile the two there."
)
AnyDocument = TypeVar("AnyDocument", bound=Document)


def connect(settings: TrytonSettings, secret: Secret, time_left: TimeLeft = unlimited) -> TrytonConnector:
    """Return the accounting system. Raises AuthenticationFailed if the secret has no `token`."""
    session = None
    if "password" in secret:
        login = secret.get("user", ""), secret["password"]
        opened = partial(AccountingTransport, "Tryton", str(settings.url), time_left=time_left)
        session = TrytonSession(opened, settings.database, settings.company, *login)
    return TrytonConnector(settings, _rest(settings, secret, time_left), session)


def set_up(settings: TrytonSettings, secret: Secret) -> TrytonSetup:
    """Return what to choose from. Raises AuthenticationFailed if the secret has no `token`."""
    return TrytonSetup(settings, _rest(settings, secret, unlimited))


def _rest(settings: TrytonSettings, secret: Secret, time_left: TimeLeft) -> TrytonRest:
    key = secret.get("token", "").strip()
    if not key:
        raise AuthenticationFailed("The connection has no API key for Tryton: connect again with its `token`.")
    transport = AccountingTransport("Tryton", str(settings.url), headers(key, settings.company), time_left=time_left)
    return TrytonRest(transport, settings.database, settings.company)


class TrytonConnector:
    capabilities = Capabilities(
        kinds=frozenset(DocumentKind),
        drafts=frozenset(DocumentKind),
        periods_readable=True,
        reference_length=100,
        text_length=500,
        max_batch=50,
        max_find=200,
        max_dimensions_per_line=None,
        max_attachment_bytes=MAX_BYTES,
        max_attachments=None,
        attachment_types=CONTENT_TYPES,
        attach_to_posted=True,
    )

    def __init__(self, settings: TrytonSettings, rest: TrytonRest, session: TrytonSession | None = None) -> None:
        self._settings = settings
        self._tryton = rest
        self._lookups = TrytonLookups(settings, rest)
        self._documents = TrytonDocuments(settings, rest)
        self._register = TrytonPosting(rest, session, self._documents)
        self._open_items = TrytonReconciliation(rest, self._lookups)

    def check(self) -> None:
        self._register.check()
        self._lookups.check()

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        return self._documents.find_many(references)

    def differences(self, found: Sequence[tuple[DocumentRef, Document]]) -> Mapping[str, Rejected]:
        if not found:
            return {}
        return differences(self._tryton, found, self._lookups.books([document for _, document in found]))

    def find_parties(self, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
        return find_parties(self._tryton, wanted)

    def record_many(self, documents: Sequence[Document], state: DocumentState) -> Mapping[str, DocumentOutcome]:
        """Raises ValueError for too many documents, or for two with one reference."""
        references = {document.reference for document in documents}
        if len(documents) > self.capabilities.max_batch or len(references) < len(documents):
            raise ValueError("a batch has at most max_batch documents, each with its own reference")
        self._lookups.forget_periods_unless_open({document.posting_date for document in documents})
        books = self._lookups.books(documents)
        outcomes = self._record_bills([each for each in documents if isinstance(each, Bill)], books, state)
        others = [each for each in documents if not isinstance(each, Bill)]
        outcomes |= _payments_without_their_bill(others, outcomes)
        waiting = [each for each in others if each.reference not in outcomes]
        try:
            outcomes |= self._record_moves(waiting, books, state)
        except CONNECTION as error:
            if not outcomes:
                raise
            outcomes |= {document.reference: error for document in waiting}
        return outcomes | self._reconcile(outcomes.values())

    def post_many(self, documents: Sequence[DocumentRef]) -> Mapping[str, DocumentOutcome]:
        """Those that a person has posted already are reconciled only."""
        drafts: dict[str, dict[str, int]] = {INVOICE: {}, MOVE: {}}
        outcomes: dict[str, DocumentOutcome] = {
            each.reference: each for each in documents if each.state is DocumentState.POSTED
        }
        for document in (each for each in documents if each.state is not DocumentState.POSTED):
            drafts[model_of(document.kind)][document.reference] = int(document.id)
        outcomes |= self._post_bills(drafts[INVOICE], new=False)
        outcomes |= self._register.post(MOVE, drafts[MOVE], new=bool(drafts[INVOICE]))
        return outcomes | self._reconcile(outcomes.values())

    def attach(self, document: DocumentRef, attachments: Sequence[Attachment]) -> None:
        attach(self._tryton, document, attachments, self.capabilities)

    def period_state(self, on: date) -> PeriodState:
        return self._lookups.period_state(on)

    def next_open_date(self, after: date) -> date | None:
        return self._lookups.next_open_date(after)

    # Recording

    def _record_bills(
        self, bills: Sequence[Bill], books: LookupTables, state: DocumentState
    ) -> dict[str, DocumentOutcome]:
        final = state is DocumentState.POSTED
        created, outcomes = self._create(INVOICE, bills, lambda bill, _: invoice(bill, books, final=final))
        unlike = self._with_other_totals(created, bills, books)
        created = {reference: id_ for reference, id_ in created.items() if reference not in unlike}
        outcomes |= unlike
        if not final:
            return outcomes | self._drafts(created, bills)
        try:
            return outcomes | self._post_bills(created, new=True)
        except AccountingError as error:
            return outcomes | dict.fromkeys(created, left_as_draft(error))

    def _record_moves(
        self, documents: Sequence[JournalEntry | Payment], books: LookupTables, state: DocumentState
    ) -> dict[str, DocumentOutcome]:
        created, outcomes = self._create(MOVE, documents, lambda document, period: self._move(document, period, books))
        if state is not DocumentState.POSTED:
            return outcomes | self._drafts(created, documents)
        try:
            return outcomes | self._register.post(MOVE, created, new=True)
        except AccountingError as error:
            return outcomes | dict.fromkeys(created, left_as_draft(error))

    def _move(self, document: JournalEntry | Payment, period: int, books: LookupTables) -> Record:
        back = isinstance(document, Payment) and document.purpose is PaymentPurpose.RETURN
        if back and not self._open_items.may_open_again:
            raise PermissionDenied(
                "The user of the API key may not open a paid bill again, as a returned payment asks for. Give its "
                "group the right to delete the model Account Move Reconciliation in Tryton, then export again."
            )
        return move(document, period, books)

    def _create(
        self, model: str, documents: Sequence[AnyDocument], values: Callable[[AnyDocument, int], Record]
    ) -> tuple[dict[str, int], dict[str, DocumentOutcome]]:
        """The ids of the drafts, and the errors of the others: what Tryton need not be asked, and what it refused."""
        records: dict[str, Record] = {}
        outcomes: dict[str, DocumentOutcome] = {}
        for document in documents:
            try:
                _require_balance(document)
                records[document.reference] = values(document, self._lookups.open_period(document.posting_date))
            except AccountingError as error:
                outcomes[document.reference] = error
            except Exception as fault:  # nobody foresaw it, so that the others must not fail with it
                outcomes[document.reference] = _unforeseen(fault)
        created, refused = self._register.create(model, records)
        return created, outcomes | self._with_closed_periods(refused, documents)

    def _with_closed_periods(
        self, refused: Mapping[str, AccountingError], documents: Iterable[Document]
    ) -> dict[str, DocumentOutcome]:
        """Tryton refuses a closed period in words only; so after a refusal the periods are looked at once more."""
        explained: dict[str, DocumentOutcome] = dict(refused)
        if not any(type(error) is Rejected for error in refused.values()):
            return explained
        self._lookups.forget_periods()
        dates = {document.reference: document.posting_date for document in documents}
        for reference, error in refused.items():
            if type(error) is Rejected:
                try:
                    self._lookups.open_period(dates[reference])
                except PeriodClosed as closed:
                    explained[reference] = closed
        return explained

    def _with_other_totals(
        self, created: Mapping[str, int], bills: Sequence[Bill], books: LookupTables
    ) -> dict[str, DocumentOutcome]:
        """Bills that come to something else in Tryton than at Pleo: deleted, not posted (R-5c.8)."""
        if not created:
            return {}
        try:
            held = bill_totals(self._tryton, created.values())
        except AccountingError as error:
            return dict.fromkeys(created, left_as_draft(error))
        return {
            bill.reference: self._deleted(created[bill.reference], bill)
            for bill in bills
            if (id_ := created.get(bill.reference)) and not (id_ in held and same_bill(held[id_], bill, books))
        }

    def _deleted(self, draft: int, bill: Bill) -> Rejected:
        message = (
            "Tryton makes another total or tax of this bill than Pleo, so it was not recorded. Compare its tax codes "
            "in Pleo with the taxes in Tryton, then export again."
        )
        try:
            self._tryton.delete(INVOICE, draft)
        except AccountingError:
            message += f" Its draft {draft} may still be in Tryton: delete it there first."
            ref = self._documents.ref(bill.reference, bill.kind, draft, None, DocumentState.DRAFT, bill.posting_date)
            return KeptAsDraft(message, document=ref, cause=Rejected(message))
        return Rejected(message)

    def _drafts(self, created: Mapping[str, int], documents: Iterable[Document]) -> dict[str, DocumentOutcome]:
        return {
            each.reference: self._documents.ref(
                each.reference, each.kind, created[each.reference], None, DocumentState.DRAFT, each.posting_date
            )
            for each in documents
            if each.reference in created
        }

    def _post_bills(self, drafts: Mapping[str, int], *, new: bool) -> dict[str, DocumentOutcome]:
        """Raises AccountingError only if none of them was touched."""
        if not drafts:
            return {}
        similar = similar_bills(self._tryton, drafts.values())
        others = {
            reference: found.other for reference, id_ in drafts.items() if (found := similar.get(id_)) and found.other
        }
        outcomes = self._possible_duplicates(others, drafts)
        usual = {reference: id_ for reference, id_ in drafts.items() if id_ not in similar}
        asked_in_vain = {
            reference: id_ for reference, id_ in drafts.items() if id_ in similar and reference not in outcomes
        }
        outcomes |= self._register.post(INVOICE, usual, new=new)
        return outcomes | self._register.post(INVOICE, asked_in_vain, new=new or bool(usual), skip_warnings=True)

    def _possible_duplicates(self, others: Mapping[str, str], drafts: Mapping[str, int]) -> dict[str, DocumentOutcome]:
        """Drafts that are not posted, for there is another bill that is probably the same. Raises AccountingError."""
        if not others:
            return {}
        held = self._documents.read(INVOICE, {reference: drafts[reference] for reference in others})
        return {
            reference: _possible_duplicate(held[reference], other) if reference in held else _GONE
            for reference, other in others.items()
        }

    def _reconcile(self, outcomes: Iterable[DocumentOutcome]) -> dict[str, DocumentOutcome]:
        """The payments of which the bookkeeper should know something. What cannot be reconciled stays open: it is
        booked, and Tryton shows an accountant both sides."""
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
            told = self._open_items.reconcile(list(payable.values()))
        except Exception as error:  # whatever it is, the documents are booked, and that has to be told
            status = error.status if isinstance(error, AccountingError) else None
            evidence = {"error": type(error).__name__, "status": status, "documents": len(payable)}
            logger.warning("bills and payments were booked, but not reconciled", extra=evidence)
            told = dict.fromkeys(payable, NOT_RECONCILED)
        return {reference: replace(payable[reference], warnings=(text,)) for reference, text in told.items()}


_GONE = Rejected("It was deleted in Tryton. Export it again.")


def _unforeseen(fault: Exception) -> Rejected:
    logger.error("a document could not be prepared", extra={"error": type(fault).__name__})
    error = Rejected(
        "The integration met a fault of its own with this item, so it was not sent to Tryton. Tell the integration's "
        "support; the other items are not affected."
    )
    error.failure = ItemFailure.UNEXPECTED_FAILURE
    return error


def _require_balance(document: Document) -> None:
    if not document.lines or sum(line.amount for line in document.lines) != 0:
        raise Rejected("This entry does not balance, so it was not sent to Tryton. Tell the integration's support.")


def _payments_without_their_bill(
    documents: Iterable[Document], outcomes: Mapping[str, DocumentOutcome]
) -> dict[str, DocumentOutcome]:
    """A payment that comes with its bill is not booked without it."""
    kept_back: dict[str, DocumentOutcome] = {}
    for document in documents:
        bill = outcomes.get(document.settles.reference or "") if isinstance(document, Payment) else None
        if isinstance(bill, Rejected):
            kept_back[document.reference] = Rejected(f"Not recorded, because its bill was not: {bill.message}")
        elif isinstance(bill, AccountingError):
            kept_back[document.reference] = Unavailable(f"Not sent, because its bill is not settled: {bill.message}")
    return kept_back


def _possible_duplicate(draft: DocumentRef, other: str) -> DocumentOutcome:
    if draft.state is not DocumentState.DRAFT:  # a person has decided
        return draft
    cause = PossibleDuplicate(
        f"Kept as draft {draft.id}, for Tryton holds {other} with the same number from the same party, within 60 days. "
        "If both are right, post the draft in Tryton; else delete it there and take the item out of the export in Pleo."
    )
    return KeptAsDraft(cause.message, document=draft, cause=cause)
