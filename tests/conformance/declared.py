"""The fixture as the tests see it: what is beyond a connector's capabilities has to be refused, and ends the test.

No test is skipped for a ledger that can do less. Each runs until it asks for something that the connector has declared
that it cannot do. That has to be refused cleanly: with the declared reason, for its document only, and with nothing of
it in the books. `RefusedAsDeclared` then ends the test, which has passed; the run counts how many ended so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from pleo_export.accounting.errors import AccountingError, AttachmentRejected, Rejected
from pleo_export.accounting.limits import not_taken
from pleo_export.accounting.lists import (
    DimensionValue,
    LedgerAccount,
    LedgerCompany,
    LedgerList,
    LedgerLists,
    LedgerSupplier,
    LedgerTaxCode,
    NewSupplier,
)
from pleo_export.accounting.port import (
    AccountingSetup,
    AccountingSystem,
    Attachment,
    Capabilities,
    CodeAndName,
    DocumentOutcome,
    DocumentRef,
    DocumentState,
    LedgerReader,
    PeriodState,
    PeriodSupport,
    ReversalSupport,
    SettlementSupport,
)
from pleo_export.bookkeeping.documents import Bill, Document, DocumentKind, Payment
from pleo_export.bookkeeping.parties import NotFound, PartyMatch, PartyQuery
from pleo_export.failures.ledger import NO_BILL_TO_PAY
from pleo_export.failures.ledger_lists import LIST_NOT_OFFERED
from tests.conformance.connector_fixture import OPEN, ConnectorFixture, Held, MasterData, Pages, Plan, Traits, Way

OWN_CURRENCY = "GBP"
T = TypeVar("T")


class RefusedAsDeclared(Exception):
    """What the test asks for is beyond the capabilities, and was refused as it has to be."""


def refusal_of(call: object, *errors: type[AccountingError]) -> AccountingError:
    """What the call raises. Fails where it raises nothing."""
    try:
        answer = call() if callable(call) else None
    except errors as error:
        return error
    raise AssertionError(f"it was done, though declared as not possible: {answer}")


@dataclass(frozen=True)
class DeclaredSystem:
    """A connection of which each answer is held to the capabilities."""

    inner: AccountingSystem
    fixture: DeclaredFixture

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    def check(self) -> None:
        self.inner.check()

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        return self.inner.find_many(references)

    def differences(self, found: Sequence[tuple[DocumentRef, Document]]) -> Mapping[str, Rejected]:
        return self.inner.differences(found)

    def find_parties(self, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
        answers = self.inner.find_parties(wanted)
        if wanted and DocumentKind.BILL not in self.capabilities.kinds:
            assert answers == dict.fromkeys(wanted, NotFound())
            raise RefusedAsDeclared("without bills there are no suppliers")
        return answers

    def refusals(self, documents: Sequence[Document]) -> Mapping[str, AccountingError]:
        refused = self.inner.refusals(documents)
        if beyond := self._beyond(documents):
            for reference, expected in beyond.items():
                assert refused[reference].told.code == expected.told.code, refused[reference]
            raise RefusedAsDeclared("the refusal is foreseen")
        return refused

    def record_many(self, documents: Sequence[Document], state: DocumentState) -> Mapping[str, DocumentOutcome]:
        outcomes = self.inner.record_many(documents, state)
        self.fixture.asked_for |= {each.reference: each for each in documents}
        beyond = self._beyond(documents)
        for each in documents:
            outcome = outcomes[each.reference]
            if each.reference in beyond:
                own_bill = isinstance(each, Payment) and each.settles.reference in beyond  # which is named then
                self._refused(each, outcome, None if own_bill else beyond[each.reference].told.code)
            elif isinstance(outcome, DocumentRef) and each.kind not in self.capabilities.drafts:
                assert outcome.state is DocumentState.POSTED, "a kind without drafts is posted"
        if beyond:
            raise RefusedAsDeclared(next(iter(beyond.values())).message)
        self._bill_first(documents, outcomes)
        return outcomes

    def post_many(self, documents: Sequence[DocumentRef]) -> Mapping[str, DocumentOutcome]:
        return self.inner.post_many(documents)

    def reverse(self, document: DocumentRef, on: date) -> DocumentRef | None:
        if self.capabilities.reversal is not ReversalSupport.NONE:
            return self.inner.reverse(document, on)
        before = self.fixture.held(document.reference)
        refusal_of(lambda: self.inner.reverse(document, on), Rejected)
        assert self.fixture.held(document.reference) == before
        raise RefusedAsDeclared("nothing is reversed")

    def attach(self, document: DocumentRef, attachments: Sequence[Attachment]) -> None:
        if reason := self._takes_no_files(document, attachments):
            before = self.fixture.files(document.reference)
            refusal_of(lambda: self.inner.attach(document, attachments), AttachmentRejected)
            assert self.fixture.files(document.reference) == before
            raise RefusedAsDeclared(reason)
        self.inner.attach(document, attachments)

    def period_state(self, on: date) -> PeriodState:
        return self.inner.period_state(on)

    def next_open_date(self, after: date) -> date | None:
        return self.inner.next_open_date(after)

    def _beyond(self, documents: Sequence[Document]) -> dict[str, Rejected]:
        refused = ((each.reference, not_taken(each, self.capabilities, OWN_CURRENCY)) for each in documents)
        return {reference: refusal for reference, refusal in refused if refusal}

    def _refused(self, document: Document, outcome: DocumentOutcome, code: str | None) -> None:
        assert isinstance(outcome, Rejected), outcome
        assert code in (None, outcome.told.code), outcome
        assert self.fixture.held(document.reference) == []

    def _bill_first(self, documents: Sequence[Document], outcomes: Mapping[str, DocumentOutcome]) -> None:
        if self.capabilities.settlement is not SettlementSupport.BILL_FIRST:
            return
        lonely = [each for each in documents if isinstance(each, Payment) and not self._has_bill(each, outcomes)]
        for each in lonely:
            self._refused(each, outcomes[each.reference], NO_BILL_TO_PAY.code)
        if lonely:
            raise RefusedAsDeclared("a payment needs its bill first")

    def _has_bill(self, payment: Payment, outcomes: Mapping[str, DocumentOutcome]) -> bool:
        """Whether what it settles is posted. One whose own bill failed in this batch is not asked about here."""
        own = outcomes.get(payment.settles.reference or "")
        if own is not None:
            return not isinstance(own, DocumentRef) or own.state is DocumentState.POSTED
        return any(
            held.state is DocumentState.POSTED
            for bill in self.fixture.asked_for.values()
            if isinstance(bill, Bill) and _settles(payment, bill)
            for held in self.fixture.held(bill.reference)
        )

    def _takes_no_files(self, document: DocumentRef, attachments: Sequence[Attachment]) -> str | None:
        takes = self.capabilities
        if document.kind not in takes.files:
            return f"a {document.kind} takes no files"
        if document.state is DocumentState.POSTED and not takes.attach_to_posted:
            return "a posted document takes no files"
        other_types = {each.content_type for each in attachments} - takes.attachment_types
        if takes.max_attachments is None or other_types:
            return None
        contents = {content for _, content in self.fixture.files(document.reference)}
        for each in attachments:
            with each.open() as content:
                contents.add(content.read())
        return f"at most {takes.max_attachments} files" if len(contents) > takes.max_attachments else None


def _settles(payment: Payment, bill: Bill) -> bool:
    target = payment.settles
    if target.reference:
        return target.reference == bill.reference
    named = target.invoice_number == bill.invoice_number or bill.reconciliation_id in target.reconciliation_ids
    return named and bill.party == payment.party


@dataclass(frozen=True)
class DeclaredSetup:
    """The setup of a connection: a kind without drafts is not removed."""

    inner: AccountingSetup
    fixture: DeclaredFixture

    @property
    def ledger_id(self) -> str:
        return self.inner.ledger_id

    def unknown_accounts(self, codes: Collection[str]) -> Collection[str]:
        return self.inner.unknown_accounts(codes)

    def unknown_dimensions(self, categories: Collection[str]) -> Collection[str]:
        return self.inner.unknown_dimensions(categories)

    def currency(self) -> str:
        return self.inner.currency()

    def time_zone(self) -> str | None:
        return self.inner.time_zone()

    def accounts(self) -> Sequence[CodeAndName]:
        return self.inner.accounts()

    def dimensions(self) -> Sequence[CodeAndName]:
        return self.inner.dimensions()

    def discard(self, document: DocumentRef) -> None:
        if document.kind in self.fixture.capabilities.drafts:
            self.inner.discard(document)
            return
        before = self.fixture.held(document.reference)
        refusal_of(lambda: self.inner.discard(document), AccountingError)
        assert self.fixture.held(document.reference) == before
        raise RefusedAsDeclared("a kind without drafts is not removed")


@dataclass(frozen=True)
class DeclaredLists:
    """The lists of a connection: one that is not offered is refused, in the same words for all."""

    inner: LedgerLists

    @property
    def lists(self) -> frozenset[LedgerList]:
        return self.inner.lists

    def company(self) -> LedgerCompany:
        return self.inner.company()

    def dimension_values(self, dimension: str) -> Iterator[DimensionValue]:
        return self._offered(LedgerList.TAGS, lambda: self.inner.dimension_values(dimension))

    def chart(self) -> Iterator[LedgerAccount]:
        return self._offered(LedgerList.ACCOUNTS, self.inner.chart)

    def tax_codes(self) -> Iterator[LedgerTaxCode]:
        return self._offered(LedgerList.TAX_CODES, self.inner.tax_codes)

    def suppliers(self) -> Iterator[LedgerSupplier]:
        return self._offered(LedgerList.VENDORS, self.inner.suppliers)

    def ensure_supplier(self, wanted: NewSupplier) -> LedgerSupplier:
        (made,) = self._offered(LedgerList.VENDORS, lambda: iter((self.inner.ensure_supplier(wanted),)))
        return made

    def _offered(self, wanted: LedgerList, read: Callable[[], Iterator[T]]) -> Iterator[T]:
        if wanted in self.inner.lists:
            return read()
        refused = refusal_of(lambda: list(read()), Rejected)
        assert refused.told.code == LIST_NOT_OFFERED.code
        raise RefusedAsDeclared(f"there is no list of {wanted}")


@dataclass(frozen=True)
class DeclaredWay:
    """A troubled way, held to the capabilities as well."""

    inner: Way
    fixture: DeclaredFixture

    @property
    def system(self) -> AccountingSystem:
        return DeclaredSystem(self.inner.system, self.fixture)

    @property
    def setup(self) -> AccountingSetup:
        return DeclaredSetup(self.inner.setup, self.fixture)

    @property
    def reader(self) -> LedgerReader:
        return self.inner.reader

    @property
    def lists(self) -> LedgerLists:
        return DeclaredLists(self.inner.lists)

    def deliver(self) -> None:
        self.inner.deliver()


@dataclass
class DeclaredFixture:
    """A connector's fixture, and what its connector has declared. `asked_for`: what the test had recorded, or
    refused."""

    inner: ConnectorFixture
    asked_for: dict[str, Document] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.inner.url

    @property
    def traits(self) -> Traits:
        return self.inner.traits

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.connector().capabilities

    def connector(self, *, url: str | None = None) -> AccountingSystem:
        return self._declared(self.inner.connector(url=url))

    def setup(self, *, url: str | None = None) -> AccountingSetup:
        return DeclaredSetup(self.inner.setup(url=url), self)

    def reader(self, *, url: str | None = None) -> LedgerReader:
        return self.inner.reader(url=url)

    def lists(self, *, url: str | None = None) -> LedgerLists:
        return DeclaredLists(self.inner.lists(url=url))

    @property
    def master_data(self) -> MasterData:
        return self.inner.master_data

    @contextmanager
    def misled(self, pages: Pages) -> Iterator[LedgerLists]:
        with self.inner.misled(pages) as lists:
            yield DeclaredLists(lists)

    def with_wrong_key(self) -> AccountingSystem:
        if not self.traits.has_key:
            raise RefusedAsDeclared("there is no key that could be wrong")
        return self._declared(self.inner.with_wrong_key())

    def without_rights(self) -> AccountingSystem:
        return self._declared(self.inner.without_rights())

    def with_missing_journal(self) -> AccountingSystem:
        return self._declared(self.inner.with_missing_journal())

    @contextmanager
    def troubled(self, plan: Plan) -> Iterator[Way]:
        with self.inner.troubled(plan) as way:
            yield DeclaredWay(way, self)

    def held(self, reference: str) -> list[Held]:
        return self.inner.held(reference)

    def files(self, reference: str) -> list[tuple[str, bytes]]:
        return self.inner.files(reference)

    def derived(self, reference: str) -> list[Held]:
        return self.inner.derived(reference)

    def counters(self, reference: str) -> list[Held]:
        return self.inner.counters(reference)

    def close_period(self, on: date) -> None:
        self.inner.close_period(on)
        self._knows_periods(on)

    def reopen_period(self, on: date) -> None:
        self.inner.reopen_period(on)

    def void(self, reference: str) -> None:
        self.inner.void(reference)
        if not self.inner.held(reference):  # a person deletes what is not final
            assert self.inner.connector().find_many([reference]) == {}
            raise RefusedAsDeclared("what a person has deleted is not there")
        if not self.capabilities.shows_void:
            found = self.inner.connector().find_many([reference]).get(reference)
            assert not (isinstance(found, DocumentRef) and found.state is DocumentState.VOID)
            raise RefusedAsDeclared("what a person has voided is not told from what is not")

    def duplicate(self, reference: str) -> None:
        self.inner.duplicate(reference)

    def post_by_hand(self, reference: str) -> None:
        self._needs_draft(reference)
        self.inner.post_by_hand(reference)

    def change_amount(self, reference: str) -> None:
        self._needs_draft(reference)
        self.inner.change_amount(reference)

    def recategorise(self, reference: str, old: str, new: str) -> None:
        self._needs_draft(reference)
        self.inner.recategorise(reference, old, new)

    def clear_document_date(self, reference: str) -> None:
        self.inner.clear_document_date(reference)

    def redate(self, reference: str, to: date) -> None:
        self._needs_draft(reference)
        self.inner.redate(reference, to)

    def delete(self, reference: str) -> None:
        self._needs_draft(reference)
        self.inner.delete(reference)

    def _declared(self, system: AccountingSystem) -> AccountingSystem:
        return DeclaredSystem(system, self)

    def _needs_draft(self, reference: str) -> None:
        """People change drafts; what is posted stays as it is."""
        if self.asked_for[reference].kind not in self.capabilities.drafts:
            assert {each.state for each in self.held(reference)} == {DocumentState.POSTED}
            raise RefusedAsDeclared("there are no drafts that a person could change")

    def _knows_periods(self, on: date = OPEN) -> None:
        """Where periods cannot be read, nothing is said about any day."""
        system = self.inner.connector()
        if system.capabilities.periods is PeriodSupport.UNKNOWN:
            assert system.period_state(on) is PeriodState.UNKNOWN
            assert system.next_open_date(on) is None
            raise RefusedAsDeclared("periods cannot be read")
