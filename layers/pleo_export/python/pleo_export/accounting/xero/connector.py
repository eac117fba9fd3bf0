"""The connector to Xero, over its Accounting API: card spend as bank transactions of the wallet (a bank account), other
journal entries as manual journals, bills and credit notes with their payments.

Secret: {"access_token"}, which one function renews for all. The calls of one `record_many`, besides look-ups that are
kept for minutes: one for each kind of document in it; one more for bills, and one for credit notes, to look for
duplicates; for payments whose bills are not among the documents one to find these.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import chain

from pleo_export.accounting.batching import CONNECTION, payments_without_their_bill, require_batch
from pleo_export.accounting.descriptor import Secret
from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    InternalFault,
    PeriodClosed,
    PermissionDenied,
    PossibleDuplicate,
    Rejected,
)
from pleo_export.accounting.kept_lists import Held
from pleo_export.accounting.limits import not_taken
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
from pleo_export.accounting.xero.approval import XeroApproval
from pleo_export.accounting.xero.attachments import CONTENT_TYPES, MAX_BYTES, MAX_FILES, attach
from pleo_export.accounting.xero.bodies import XeroBody, body
from pleo_export.accounting.xero.creation import XeroCreated, XeroCreation, by_endpoint
from pleo_export.accounting.xero.differences import differences
from pleo_export.accounting.xero.documents import XeroDocuments
from pleo_export.accounting.xero.duplicates import repeated
from pleo_export.accounting.xero.kinds import CREDIT_NOTES, INVOICES, XeroEndpoint, endpoint_of
from pleo_export.accounting.xero.lists import XeroLists
from pleo_export.accounting.xero.lookups import XeroLookups
from pleo_export.accounting.xero.parties import XeroParties
from pleo_export.accounting.xero.reading import XeroReader
from pleo_export.accounting.xero.rest import Record, XeroRest, XeroTransport, headers, scopes_of
from pleo_export.accounting.xero.reversal import XeroReversal
from pleo_export.accounting.xero.settings import XeroSettings
from pleo_export.accounting.xero.settling import XeroSettling
from pleo_export.accounting.xero.setup import XeroSetup
from pleo_export.accounting.xero.tenants import release, tenants  # noqa: F401  (the descriptor takes them from here)
from pleo_export.accounting.xero.title import SCOPES, TITLE
from pleo_export.bookkeeping.documents import Document, DocumentKind, Payment, PaymentPurpose
from pleo_export.bookkeeping.parties import PartyMatch, PartyQuery
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.failures.connection import CONNECTION_REFUSED, SCOPE_MISSING
from pleo_export.failures.ledger_rules import BILL_THERE_ALREADY, PERIOD_LOCKED
from pleo_export.function_time import TimeLeft, unlimited
from pleo_export.observability import logger

# The lists of each organisation, as long as the function's environment lives: the chunks of a job follow one another in
# it. The check before a job reads them again.
_KEPT: dict[tuple[str, str], Held] = {}
_OWED = (INVOICES, CREDIT_NOTES)
_WIDER = frozenset({"accounting.transactions", "accounting.settings"})  # of apps before March 2026


def connect(
    settings: XeroSettings, secret: Secret, time_left: TimeLeft = unlimited, budget: CallBudget = UNLIMITED
) -> XeroConnector:
    """Return the accounting system. Raises AuthenticationFailed if the secret has no `access_token`."""
    rest = _rest(settings, secret, time_left, budget)
    kept = _KEPT.setdefault((str(settings.api_url), str(settings.tenant)), {})
    return XeroConnector(settings, rest, scopes_of(secret["access_token"]), kept)


def set_up(settings: XeroSettings, secret: Secret, budget: CallBudget = UNLIMITED) -> XeroSetup:
    """Return what to choose from. Raises AuthenticationFailed if the secret has no `access_token`."""
    return XeroSetup(settings, _rest(settings, secret, unlimited, budget))


def open_reader(settings: XeroSettings, secret: Secret, budget: CallBudget = UNLIMITED) -> XeroReader:
    """Return what reads the ledger. Raises AuthenticationFailed if the secret has no `access_token`."""
    return XeroReader(_rest(settings, secret, unlimited, budget), XeroConnector.capabilities)


def open_lists(
    settings: XeroSettings, secret: Secret, time_left: TimeLeft = unlimited, budget: CallBudget = UNLIMITED
) -> XeroLists:
    """Return what lists the ledger's accounts and suppliers. Raises AuthenticationFailed if the secret has no
    `access_token`."""
    return XeroLists(_rest(settings, secret, time_left, budget), settings.employees)


def _rest(settings: XeroSettings, secret: Secret, time_left: TimeLeft, budget: CallBudget) -> XeroRest:
    token = secret.get("access_token", "").strip()
    if not token or settings.tenant is None:
        raise AuthenticationFailed(CONNECTION_REFUSED.told(ledger=TITLE))
    sent = headers(token, str(settings.tenant))
    transport = XeroTransport(TITLE, str(settings.api_url), sent, time_left=time_left, budget=budget)
    return XeroRest(transport)


class XeroConnector:
    """The port's AccountingSystem for Xero; see `AccountingSystem` for what each method promises."""

    capabilities = Capabilities(
        kinds=frozenset(DocumentKind),
        drafts=frozenset({DocumentKind.BILL, DocumentKind.CREDIT_NOTE}),
        foreign=frozenset(DocumentKind),  # a manual journal, without a wallet, is refused by itself
        purposes=frozenset({PaymentPurpose.PAYMENT, PaymentPurpose.REFUND}),
        settlement=SettlementSupport.BILL_FIRST,
        tax_as_given=frozenset(DocumentKind),
        tax_accounts=False,
        max_dimensions=2,
        reference_length=60,
        text_length=500,
        max_batch=50,
        max_find=50,
        files=frozenset({DocumentKind.JOURNAL_ENTRY, DocumentKind.BILL, DocumentKind.CREDIT_NOTE}),
        max_attachment_bytes=MAX_BYTES,
        max_attachments=MAX_FILES,
        attachment_types=CONTENT_TYPES,
        attach_to_posted=True,
        periods=PeriodSupport.LOCK_DATE,
        reversal=ReversalSupport.VOID,
        shows_void=True,
    )

    def __init__(
        self,
        settings: XeroSettings,
        rest: XeroRest,
        scopes: frozenset[str] | None = None,
        kept: Held | None = None,
    ) -> None:
        self._contact = settings.contact
        self._scopes = scopes
        self._rest = rest
        self._lookups = XeroLookups(rest, kept)
        self._documents = XeroDocuments(rest, self._lookups)
        self._approval = XeroApproval(rest, self._documents)
        self._creation = XeroCreation(rest, self._documents)
        self._settling = XeroSettling(rest, self._lookups, self._documents)
        self._parties = XeroParties(rest, self._lookups, settings.employees)
        self._reversal = XeroReversal(rest, self._documents)
        self._without_files: set[str] = set()  # documents made by this object, to which nobody has attached a file

    def check(self) -> None:
        """Check that the organisation can be reached and that the token covers what is needed. Raises
        AccountingError."""
        self._lookups.forget()
        _ = self._lookups.organisation
        if self._scopes is not None and not self._scopes & _WIDER and not self._scopes >= set(SCOPES):
            raise PermissionDenied(SCOPE_MISSING.told(ledger=TITLE))

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        """Find documents by the references in their texts: one call for each kind of document. Raises
        AccountingError."""
        return self._documents.find_many(references)

    def differences(self, found: Sequence[tuple[DocumentRef, Document]]) -> Mapping[str, Rejected]:
        """Compare currency, total and tax. Raises AccountingError."""
        return differences(self._documents, self._lookups, found)

    def find_parties(self, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
        """Find contacts by number, account number, tax number or id. Raises AccountingError."""
        return self._parties.find(wanted)

    def refusals(self, documents: Sequence[Document]) -> Mapping[str, AccountingError]:
        """Check what is checked before anything is sent: balance, lock date, codes, currencies. Raises
        AccountingError."""
        return self._prepared(documents, DocumentState.POSTED)[1]

    def record_many(self, documents: Sequence[Document], state: DocumentState) -> Mapping[str, DocumentOutcome]:
        """Record bills and credit notes, then journal entries, then the payments. Raises AccountingError while nothing
        is recorded, and ValueError for too many documents or two with one reference."""
        require_batch(documents, self.capabilities)
        bodies, refused = self._prepared(documents, state)
        outcomes: dict[str, DocumentOutcome] = dict(refused)
        made: dict[str, Record] = {}
        recorded = False
        for endpoint, chosen in sorted(by_endpoint(bodies).items(), key=lambda each: each[0] not in _OWED):
            try:
                created = self._create(endpoint, chosen, state)
            except CONNECTION as error:
                if not recorded:
                    raise
                created = XeroCreated({each.reference: error for each in chosen}, {})
            outcomes |= created.outcomes
            made |= created.rows if endpoint in _OWED else {}
            recorded = recorded or any(not isinstance(each, CONNECTION) for each in created.outcomes.values())
        payments = [each for each in documents if isinstance(each, Payment) and each.reference not in outcomes]
        outcomes |= payments_without_their_bill(payments, outcomes)
        payments = [each for each in payments if each.reference not in outcomes]
        if payments:
            outcomes |= self._settling.record(payments, made, nothing_yet=not recorded)
        if any(isinstance(each, PeriodClosed) for each in outcomes.values()):
            self._lookups.forget_periods()  # locked since they were read
        self._without_files |= {each.id for each in outcomes.values() if isinstance(each, DocumentRef)}
        return outcomes

    def post_many(self, documents: Sequence[DocumentRef]) -> Mapping[str, DocumentOutcome]:
        """Approve drafts of bills and credit notes: one call for each of the two. Raises AccountingError only while
        nothing is approved."""
        outcomes: dict[str, DocumentOutcome] = {
            each.reference: each for each in documents if each.state is not DocumentState.DRAFT
        }
        drafts = [each for each in documents if each.state is DocumentState.DRAFT]
        for endpoint in _OWED:
            chosen = [each for each in drafts if endpoint_of(each.id, each.kind) is endpoint]
            if chosen:
                outcomes |= self._approval.approve(endpoint, chosen, first=not outcomes)
        return outcomes

    def attach(self, document: DocumentRef, attachments: Sequence[Attachment]) -> None:
        """Attach the files that the document does not have yet. Raises AttachmentRejected, AttachmentTooLarge, or
        another AccountingError."""
        new = document.id in self._without_files
        self._without_files.discard(document.id)
        attach(self._rest, document, attachments, self.capabilities, new=new)

    def reverse(self, document: DocumentRef, on: date) -> DocumentRef | None:
        """Make the document void, on its own day. Raises AccountingError."""
        self._reversal.reverse(document)
        return None

    def period_state(self, on: date) -> PeriodState:
        """Return whether that day is after the lock dates. Raises AccountingError."""
        return self._lookups.period_state(on)

    def next_open_date(self, after: date) -> date | None:
        """Return the first later day after the lock dates. Raises AccountingError."""
        return self._lookups.next_open_date(after)

    # Recording

    def _prepared(
        self, documents: Sequence[Document], state: DocumentState
    ) -> tuple[list[XeroBody], dict[str, AccountingError]]:
        """Return what to send for each document but payments, and the refusals of those that are not sent."""
        self._look_again(documents)
        bodies: list[XeroBody] = []
        refused: dict[str, AccountingError] = {}
        for document in documents:
            try:
                prepared = self._checked(document, state)
            except CONNECTION:
                raise
            except AccountingError as error:
                refused[document.reference] = error
            except Exception as fault:  # unforeseen, so the other documents must not fail with it
                logger.error("a document could not be prepared", extra={"error": type(fault).__name__})
                refused[document.reference] = InternalFault(fault)
            else:
                bodies += [prepared] if prepared else []
        return bodies, refused

    def _checked(self, document: Document, state: DocumentState) -> XeroBody | None:
        """Return what to send for a document, None for a payment. Raises AccountingError for what Xero would refuse."""
        if beyond := not_taken(document, self.capabilities, self._lookups.currency, TITLE):
            raise beyond
        if isinstance(document, Payment):
            self._settling.check(document)
            made = None
        else:
            made = body(document, self._lookups, state, self._contact)
        if self._lookups.period_state(document.posting_date) is not PeriodState.OPEN:
            told = PERIOD_LOCKED.told(ledger=TITLE, on=document.posting_date)
            raise PeriodClosed(told, on=document.posting_date)
        return made

    def _look_again(self, documents: Sequence[Document]) -> None:
        lines = list(chain.from_iterable(document.lines for document in documents))
        self._lookups.forget_if_unknown(
            accounts={line.account for line in lines},
            taxes={line.tax.code for line in lines if line.tax},
            tags={(each.category, each.value) for line in lines for each in line.dimensions},
            days={document.posting_date for document in documents},
        )

    def _create(self, endpoint: XeroEndpoint, bodies: Sequence[XeroBody], state: DocumentState) -> XeroCreated:
        if endpoint not in _OWED or state is not DocumentState.POSTED:
            return self._creation.create(endpoint, bodies)
        others = repeated(self._rest, endpoint, bodies)
        created = self._creation.create(endpoint, [each for each in bodies if each.reference not in others])
        for reference, other in others.items():
            created.outcomes[reference] = PossibleDuplicate(BILL_THERE_ALREADY.told(ledger=TITLE, other=other))
        return created
