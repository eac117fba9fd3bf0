"""The connector to Visma e-conomic: each document is a voucher, drafted in the journal of the settings, booked by the
numbers of its entries.

Secret: {"app_secret_token": the app's, "agreement_grant_token": what the customer granted to it}; both are static.

The calls of one `record_many`, besides look-ups that are kept for the life of the connector: one to create up to 500
entries and one to prove it, one for their dimension values, one to book them and one to read them back; for bills and
payments one for the suppliers, one for what is open, and one for each group that is matched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from pleo_export.accounting.batching import payments_without_their_bill, require_batch
from pleo_export.accounting.descriptor import Secret
from pleo_export.accounting.economic.attachments import CONTENT_TYPES, MAX_BYTES, attach
from pleo_export.accounting.economic.booking import EconomicBooking
from pleo_export.accounting.economic.differences import differences
from pleo_export.accounting.economic.documents import REFERENCE_LENGTH, EconomicDocuments, HeldVoucher
from pleo_export.accounting.economic.lists import EconomicLists
from pleo_export.accounting.economic.lookups import EconomicLookups, EconomicSupplier
from pleo_export.accounting.economic.numbers import EconomicNumbers
from pleo_export.accounting.economic.parties import find_parties
from pleo_export.accounting.economic.periods import EconomicPeriods
from pleo_export.accounting.economic.reading import EconomicReader
from pleo_export.accounting.economic.recording import EconomicRecording
from pleo_export.accounting.economic.rest import EconomicRest, EconomicTransport, headers
from pleo_export.accounting.economic.reversal import EconomicReversal
from pleo_export.accounting.economic.settings import EconomicSettings
from pleo_export.accounting.economic.settlement import EconomicSettlement
from pleo_export.accounting.economic.setup import EconomicSetup
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.economic.vouchers import NewVoucher, suppliers_in, voucher_of
from pleo_export.accounting.errors import AccountingError, AuthenticationFailed, Rejected
from pleo_export.accounting.kept_lists import KeptLists, lists_of
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
from pleo_export.bookkeeping.documents import Document, DocumentKind, Payment, PaymentPurpose
from pleo_export.bookkeeping.parties import PartyMatch, PartyQuery
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.failures.connection import TOKENS_REFUSED
from pleo_export.function_time import TimeLeft, unlimited
from pleo_export.number_sequence import NumberSequence, UnsharedSequence


def connect(
    settings: EconomicSettings,
    secret: Secret,
    time_left: TimeLeft = unlimited,
    budget: CallBudget = UNLIMITED,
    numbers: NumberSequence | None = None,
) -> EconomicConnector:
    """Return the accounting system. Raises AuthenticationFailed if the secret lacks a token."""
    lists = lists_of("e-conomic", str(settings.api_url), str(settings.agreement), *tokens_in(secret).values())
    return EconomicConnector(settings, _rest(settings, secret, time_left, budget), lists, numbers)


def set_up(settings: EconomicSettings, secret: Secret, budget: CallBudget = UNLIMITED) -> EconomicSetup:
    """Return what to choose from. Raises AuthenticationFailed if the secret lacks a token."""
    return EconomicSetup(settings, _rest(settings, secret, unlimited, budget))


def open_reader(settings: EconomicSettings, secret: Secret, budget: CallBudget = UNLIMITED) -> EconomicReader:
    """Return what reads the ledger. Raises AuthenticationFailed if the secret lacks a token."""
    return EconomicReader(settings, _rest(settings, secret, unlimited, budget), EconomicConnector.capabilities)


def open_lists(
    settings: EconomicSettings, secret: Secret, time_left: TimeLeft = unlimited, budget: CallBudget = UNLIMITED
) -> EconomicLists:
    """Return what lists the ledger's accounts and suppliers. Raises AuthenticationFailed if the secret lacks a
    token."""
    return EconomicLists(settings, _rest(settings, secret, time_left, budget))


def _rest(settings: EconomicSettings, secret: Secret, time_left: TimeLeft, budget: CallBudget) -> EconomicRest:
    tokens = tokens_in(secret)
    new, old = (
        EconomicTransport(TITLE, str(url), tokens, time_left=time_left, budget=budget)
        for url in (settings.api_url, settings.old_api)
    )
    return EconomicRest(new, old)


def tokens_in(secret: Secret) -> Mapping[str, str]:
    """Return the headers that carry the tokens of the secret. Raises AuthenticationFailed if it lacks one."""
    tokens = [secret.get(name, "").strip() for name in ("app_secret_token", "agreement_grant_token")]
    if not all(tokens):
        raise AuthenticationFailed(TOKENS_REFUSED.told(ledger=TITLE))
    return headers(*tokens)


class EconomicConnector:
    """The port's AccountingSystem for e-conomic; see `AccountingSystem` for what each method promises."""

    capabilities = Capabilities(
        kinds=frozenset(DocumentKind),
        drafts=frozenset(DocumentKind),
        foreign=frozenset(DocumentKind),
        purposes=frozenset(PaymentPurpose),
        settlement=SettlementSupport.OPEN_ITEMS,
        tax_as_given=frozenset(DocumentKind),
        tax_accounts=True,
        max_dimensions=5,
        reference_length=REFERENCE_LENGTH,
        text_length=180,
        max_batch=100,
        max_find=200,
        files=frozenset(DocumentKind),
        max_attachment_bytes=MAX_BYTES,
        max_attachments=1,
        attachment_types=CONTENT_TYPES,
        attach_to_posted=True,
        periods=PeriodSupport.CALENDAR,
        reversal=ReversalSupport.COUNTER_ENTRY,
        shows_void=True,
    )

    def __init__(
        self,
        settings: EconomicSettings,
        rest: EconomicRest,
        lists: KeptLists | None = None,
        sequence: NumberSequence | None = None,
    ) -> None:
        self._settings = settings
        self._economic = rest
        self._lookups = EconomicLookups(settings, rest, lists)
        self._documents = EconomicDocuments(rest)
        self._periods = EconomicPeriods(rest, self._lookups.lists)
        numbers = EconomicNumbers(rest, self._lookups, settings.journal, sequence or UnsharedSequence())
        self._recording = EconomicRecording(rest, self._documents, numbers, self._periods, settings.journal)
        self._booking = EconomicBooking(rest, self._documents, self._periods, self._recording)
        self._settlement = EconomicSettlement(rest, self._documents)
        self._reversal = EconomicReversal(
            self._documents, self._lookups, self._periods, self._recording, self._booking, self._settlement
        )

    def check(self) -> None:
        """Check the tokens, the agreement, the role and the journal: two calls. Raises AccountingError."""
        self._lookups.check()

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        """Find vouchers by the texts of their entries: two calls. Raises AccountingError."""
        return self._documents.find_many(references)

    def differences(self, found: Sequence[tuple[DocumentRef, Document]]) -> Mapping[str, Rejected]:
        """Compare currency, total and VAT. Raises AccountingError."""
        different = differences(self._documents, self._lookups, found) if found else {}
        if different and self._lookups.lists.forget_earlier():
            different = differences(self._documents, self._lookups, found)
        return different

    def find_parties(self, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
        """Find suppliers by number, tax number or bank account: up to three calls. Raises AccountingError."""
        return find_parties(self._lookups, wanted, self._settings.employee_group)

    def refusals(self, documents: Sequence[Document]) -> Mapping[str, AccountingError]:
        """Build the vouchers without sending them. Raises AccountingError."""
        self._periods.forget_unless_open({document.posting_date for document in documents})
        return self._built(documents)[1]

    def reverse(self, document: DocumentRef, on: date) -> DocumentRef | None:
        """Delete a draft; book a counter-voucher. Raises AccountingError."""
        self._lookups.lists.forget_all()
        return self._reversal.reverse(document, on)

    def record_many(self, documents: Sequence[Document], state: DocumentState) -> Mapping[str, DocumentOutcome]:
        """Record bills and journal entries first, then payments, then match. Raises AccountingError while nothing is
        recorded, and ValueError for too many documents or two with one reference."""
        require_batch(documents, self.capabilities)
        self._periods.forget_unless_open({document.posting_date for document in documents})
        built, refused = self._built(documents)
        outcomes: dict[str, DocumentOutcome] = dict(refused)
        payments = {document.reference for document in documents if isinstance(document, Payment)}
        outcomes |= self._record([each for reference, each in built.items() if reference not in payments], state)
        outcomes |= payments_without_their_bill(documents, outcomes)
        waiting = [each for reference, each in built.items() if reference in payments and reference not in outcomes]
        try:
            outcomes |= self._record(waiting, state)
        except AccountingError as error:
            if not any(isinstance(each, DocumentRef) for each in outcomes.values()):
                raise
            outcomes |= {each.reference: error for each in waiting}
        return outcomes | self._matched(outcomes.values(), suppliers_in(documents))

    def post_many(self, documents: Sequence[DocumentRef]) -> Mapping[str, DocumentOutcome]:
        """Book the drafts by the numbers of their entries, then match; what a person has booked already is only
        matched. Raises AccountingError while nothing is booked."""
        drafts = [each for each in documents if each.state is not DocumentState.POSTED]
        outcomes: dict[str, DocumentOutcome] = {
            each.reference: each for each in documents if each.state is DocumentState.POSTED
        }
        outcomes |= self._booking.book_again(drafts)
        return outcomes | self._matched(outcomes.values(), ())

    def attach(self, document: DocumentRef, attachments: Sequence[Attachment]) -> None:
        """Attach the file to the voucher: two calls. Raises AccountingError."""
        attach(self._economic, self._periods, document, attachments, self.capabilities)

    def period_state(self, on: date) -> PeriodState:
        """Return whether that day can be booked on. Raises AccountingError."""
        return self._periods.period_state(on)

    def next_open_date(self, after: date) -> date | None:
        """Return the first later day that can be booked on; None if there is none. Raises AccountingError."""
        return self._periods.next_open_date(after)

    def _built(self, documents: Sequence[Document]) -> tuple[dict[str, NewVoucher], dict[str, AccountingError]]:
        numbers = suppliers_in(documents)
        suppliers: Mapping[int, EconomicSupplier] = self._lookups.suppliers(numbers) if numbers else {}
        built, refused = self._built_from(documents, suppliers)
        if refused and self._lookups.lists.forget_earlier():
            built, refused = self._built_from(documents, suppliers)
        return built, refused

    def _built_from(
        self, documents: Sequence[Document], suppliers: Mapping[int, EconomicSupplier]
    ) -> tuple[dict[str, NewVoucher], dict[str, AccountingError]]:
        built, refused = dict[str, NewVoucher](), dict[str, AccountingError]()
        for document in documents:
            try:
                if refusal := not_taken(document, self.capabilities, ledger=TITLE):
                    raise refusal
                self._periods.require_open(document.posting_date)
                built[document.reference] = voucher_of(document, self._lookups, suppliers)
            except Rejected as error:
                refused[document.reference] = error
        return built, refused

    def _record(self, vouchers: Sequence[NewVoucher], state: DocumentState) -> dict[str, DocumentOutcome]:
        created = self._recording.create(vouchers)
        outcomes: dict[str, DocumentOutcome] = {
            reference: each if isinstance(each, AccountingError) else each.ref() for reference, each in created.items()
        }
        if state is DocumentState.POSTED:
            drafts = [each for each in created.values() if isinstance(each, HeldVoucher)]
            outcomes |= self._booking.book(
                drafts, new=True, invoiced={each.reference: each.invoiced for each in vouchers}
            )
        told = {each.reference: each.warnings for each in vouchers if each.warnings}
        return {
            reference: replace(each, warnings=(*each.warnings, *told[reference]))
            if reference in told and isinstance(each, DocumentRef)
            else each
            for reference, each in outcomes.items()
        }

    def _matched(self, outcomes: Iterable[DocumentOutcome], suppliers: Collection[int]) -> dict[str, DocumentOutcome]:
        """Match the posted documents, and return those that have a warning about it."""
        posted = {
            each.reference: each
            for each in outcomes
            if isinstance(each, DocumentRef) and each.state is DocumentState.POSTED
        }
        warnings = self._settlement.settle(list(posted.values()), suppliers)
        return {
            reference: replace(posted[reference], warnings=(*posted[reference].warnings, text))
            for reference, text in warnings.items()
        }
