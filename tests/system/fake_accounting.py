"""The fake accounting system: a connector to a general ledger in memory, the outer world that tests look at.

`tests/conformance` holds it to the port's contract, beside the real connectors. Each request to the ledger is an effect
that faults can be ordered around: "books check", "books find_many", "books differences", "books find_parties",
"books read <references>", "books list", "books accounts",
"books record <reference>" (a draft is made), "books post <reference>" (it is posted), "books finalise <reference>" (an
older draft is posted), "books read back", "books duplicates", "books discard <reference>", "books attach <reference>",
"books difference <reference>" (an exchange difference is booked), "books reconcile <reference>", "books open again
<reference>", "books refusals", "books find counter-entries", "books reverse <reference>" (the draft of a counter-entry
is made). Those of its lists are in `tests.system.fake_lists`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import TypeVar

from pleo_export.accounting.errors import (
    AccountingError,
    AttachmentTooLarge,
    AuthenticationFailed,
    KeptAsDraft,
    OutcomeUnknown,
    PermissionDenied,
    PossibleDuplicate,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.port import (
    Attachment,
    Capabilities,
    CodeAndName,
    DocumentOutcome,
    DocumentRef,
    DocumentState,
    LedgerDocument,
    LedgerLine,
    PeriodState,
    PeriodSupport,
    ReversalSupport,
    SettlementSupport,
)
from pleo_export.bookkeeping.documents import Bill, DocumentKind, PartyRole, Payment, PaymentPurpose
from pleo_export.bookkeeping.documents import Document as Entry
from pleo_export.bookkeeping.parties import KeyKind, NotFound, PartyKey, PartyMatch, PartyQuery
from pleo_export.bookkeeping.reference import MARK, reversal_reference
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.failures.ledger import NOT_REVERSIBLE
from tests.system import fake_limits
from tests.system.effects import Effects
from tests.system.fake_lists import FakeLists
from tests.system.general_ledger import (
    DIFFERENCE,
    OWN_CURRENCY,
    OWN_TIME_ZONE,
    Document,
    GeneralLedger,
    difference_entry,
    own_payable,
    reference_to,
    totals,
)

T = TypeVar("T")


class NoProof(Exception):
    """What came back does not tell whether the ledger did what it was asked: a gateway's 502, 503 or 504, an empty or
    cut-off answer, a connection that broke off."""


CAPABILITIES = Capabilities(
    kinds=frozenset(DocumentKind),
    drafts=frozenset(DocumentKind),
    foreign=frozenset(DocumentKind),
    purposes=frozenset(PaymentPurpose),
    settlement=SettlementSupport.OPEN_ITEMS,
    tax_as_given=frozenset(DocumentKind),
    tax_accounts=True,
    max_dimensions=None,
    reference_length=64,
    text_length=200,
    max_batch=50,
    max_find=100,
    files=frozenset(DocumentKind),
    max_attachment_bytes=10_000_000,
    max_attachments=None,
    attachment_types=frozenset({"application/pdf", "image/png", "image/jpeg"}),
    attach_to_posted=True,
    periods=PeriodSupport.CALENDAR,
    reversal=ReversalSupport.COUNTER_ENTRY,
    shows_void=True,
)
# Not about one document: the next would meet the same.
CONNECTION = (AuthenticationFailed, PermissionDenied, RateLimited, Unavailable)


@dataclass
class FakeAccountingSystem:
    """A connection to one company's `ledger`."""

    effects: Effects = field(default_factory=Effects)
    ledger: GeneralLedger = field(default_factory=GeneralLedger)
    ledger_id: str = "books"
    capabilities: Capabilities = CAPABILITIES
    budget: CallBudget = UNLIMITED

    # The port

    def check(self) -> None:
        self._ask("books check", lambda: None)

    def unknown_accounts(self, codes: Collection[str]) -> Collection[str]:
        return {code for code in codes if not self.ledger.lists.books_on(code)}

    def unknown_dimensions(self, categories: Collection[str]) -> Collection[str]:
        return set(categories) - self.ledger.lists.values.keys()

    def currency(self) -> str:
        return OWN_CURRENCY

    def time_zone(self) -> str | None:
        return OWN_TIME_ZONE

    def accounts(self) -> Sequence[CodeAndName]:
        chart = self.ledger.lists
        return [CodeAndName(code, chart.accounts[code].name) for code in sorted(chart.accounts) if chart.books_on(code)]

    def dimensions(self) -> Sequence[CodeAndName]:
        return [CodeAndName(code, code.replace("_", " ").title()) for code in sorted(self.ledger.lists.values)]

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        if len(references) > self.capabilities.max_find:
            raise ValueError("a search takes at most max_find references")
        held = self._ask("books find_many", lambda: self._held(references))
        return {reference: _one_of(documents) for reference, documents in held.items()}

    def refusals(self, documents: Sequence[Entry]) -> Mapping[str, AccountingError]:
        def refused() -> Mapping[str, AccountingError]:
            together = {each.reference for each in documents}
            answers = {
                each.reference: fake_limits.refusal(each, self.capabilities, self.ledger, together)
                or self.ledger.refusal(each)
                for each in documents
            }
            return {reference: error for reference, error in answers.items() if error}

        return self._ask("books refusals", refused)

    def reverse(self, document: DocumentRef, on: date) -> DocumentRef | None:
        held = self._ask("books read back", lambda: self.ledger.document(document.id))
        if held is None or held.state is DocumentState.VOID:
            return None
        if self.capabilities.reversal is ReversalSupport.NONE:
            raise Rejected(NOT_REVERSIBLE.told(name=document.number or document.id))
        if held.state is DocumentState.DRAFT:
            self._write(f"books discard {document.reference}", lambda: self.ledger.delete_draft(held.id))
            return None
        if self.capabilities.reversal is ReversalSupport.VOID:
            self._take_apart(held, held.entry.posting_date)
            self._write(f"books discard {document.reference}", lambda: self.ledger.undo(held.id))
            return None
        counters = self._counters(held)
        if not counters and held.reversed:
            return None  # by a person
        if not counters:
            self._take_apart(held, on)
        counter = self._counter(held, on)
        self._even_out(held, counter)
        return reference_to(counter)

    def differences(self, found: Sequence[tuple[DocumentRef, Entry]]) -> Mapping[str, Rejected]:
        def compared() -> Mapping[str, Rejected]:
            return {
                each.reference: Rejected(
                    f"The accounting system holds {each.number or each.id} with another total, tax or currency."
                )
                for each, wanted in found
                if (held := self.ledger.document(each.id)) is not None and totals(held.entry) != totals(wanted)
            }

        return self._ask("books differences", compared)

    def find_parties(self, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
        def answer(question: PartyQuery) -> PartyMatch:
            if DocumentKind.BILL not in self.capabilities.kinds:
                return NotFound()
            known = self.ledger.employees if question.role is PartyRole.EMPLOYEE else self.ledger.suppliers
            return next((known[_plain(key)] for key in question.keys if _plain(key) in known), NotFound())

        return self._ask("books find_parties", lambda: {each: answer(each) for each in wanted})

    def record_many(self, documents: Sequence[Entry], state: DocumentState) -> Mapping[str, DocumentOutcome]:
        if len(documents) > self.capabilities.max_batch or len({each.reference for each in documents}) < len(documents):
            raise ValueError("a batch has at most max_batch documents, each with its own reference")
        outcomes: dict[str, DocumentOutcome] = {}
        for group in _bills_first(documents):
            for entry in group:
                create = partial(self._record, entry, outcomes)
                outcomes[entry.reference] = _outcome(create, first=not outcomes)
            for entry in group if state is DocumentState.POSTED else ():
                made = outcomes[entry.reference]
                if isinstance(made, DocumentRef) and made.state is DocumentState.DRAFT:
                    outcomes[entry.reference] = self._post(made, "post")
        in_order = {each.reference: outcomes[each.reference] for each in documents}
        return self._settled(in_order)

    def post_many(self, documents: Sequence[DocumentRef]) -> Mapping[str, DocumentOutcome]:
        outcomes: dict[str, DocumentOutcome] = {}
        for each in documents:
            outcomes[each.reference] = _outcome(partial(self._post, each, "finalise"), first=False)
        return self._settled(outcomes)

    def discard(self, document: DocumentRef) -> None:
        self._write(f"books discard {document.reference}", lambda: self.ledger.delete_draft(document.id))

    def attach(self, document: DocumentRef, attachments: Sequence[Attachment]) -> None:
        known = self.ledger.document(document.id)
        fake_limits.check_files(document, attachments, self.capabilities, known.files if known else ())
        for attachment in attachments:
            self._check_file(attachment)
        for attachment in attachments:
            self._attach(document, attachment)

    def period_state(self, on: date) -> PeriodState:
        unknown = self.capabilities.periods is PeriodSupport.UNKNOWN
        return PeriodState.UNKNOWN if unknown else self.ledger.period_state(on)

    def next_open_date(self, after: date) -> date | None:
        unknown = self.capabilities.periods is PeriodSupport.UNKNOWN
        return None if unknown else self.ledger.next_open_date(after)

    # The side that reads

    def read(self, references: Collection[str]) -> Mapping[str, Sequence[LedgerDocument]]:
        if len(references) > self.capabilities.max_find:
            raise ValueError("at most max_find references are read at once")
        wanted = sorted(references)
        held = self._ask(f"books read {' '.join(wanted)}", lambda: self._held(wanted))
        return {reference: [_whole(each) for each in documents] for reference, documents in held.items()}

    def ours(self, since: date, until: date) -> Collection[str]:
        def listed() -> Collection[str]:
            """Also what a person or another product books is in the ledger; ours carries the mark."""
            dated = (each for each in self.documents if since <= each.entry.posting_date <= until)
            return {each.entry.reference for each in dated if each.entry.reference.startswith(MARK)}

        return self._ask("books list", listed)

    def account_names(self, codes: Collection[str]) -> Mapping[str, str]:
        chart = self.ledger.lists.accounts
        return self._ask("books accounts", lambda: {code: chart[code].name for code in sorted(codes) if code in chart})

    # The side that lists

    def open_lists(self) -> FakeLists:
        """What it offers to choose from."""
        return FakeLists(self)

    # What tests look at

    @property
    def documents(self) -> list[Document]:
        return self.ledger.documents

    @property
    def closed_until(self) -> date:
        return self.ledger.closed_until

    @closed_until.setter
    def closed_until(self, day: date) -> None:
        self.ledger.closed_until = day

    @property
    def settled(self) -> set[str]:
        """The references of what is reconciled."""
        ids = {each for group in self.ledger.reconciled for each in group}
        return {each.entry.reference for each in self.documents if each.id in ids}

    def post_by_hand(self, reference: str) -> None:
        """What a person does to a draft. Nothing is reconciled by that."""
        (document,) = self.ledger.find([reference])
        assert document.state is DocumentState.DRAFT
        self.ledger.post(document.id)

    def live(self) -> list[Entry]:
        return [each.entry for each in self.documents if each.state is not DocumentState.VOID]

    def void(self, reference: str) -> None:
        self.ledger.void(reference)

    def delete(self, reference: str) -> None:
        self.ledger.delete(reference)

    def balance(self, account: str) -> int:
        return sum(line.amount for entry in self.live() for line in entry.lines if line.account == account)

    # Requests

    def _ask(self, effect: str, request: Callable[[], T]) -> T:
        """One request that changes nothing. Raises what the ledger answers, or Unavailable."""
        try:
            return self._sent(effect, request)
        except NoProof as reason:
            raise Unavailable(f"The accounting system cannot be reached. {reason}") from None

    def _write(self, effect: str, request: Callable[[], T]) -> T:
        """One that changes something. Without proof it may have arrived, or may still arrive: OutcomeUnknown."""
        try:
            return self._sent(effect, request)
        except NoProof as reason:
            raise OutcomeUnknown(f"The accounting system gave no answer. {reason}") from None

    def _sent(self, effect: str, request: Callable[[], T]) -> T:
        """Over the network. Raises NoProof."""
        self.budget.take()
        self.effects.before(effect)
        answer = request()
        self.effects.after(effect)
        return answer

    # Recording

    def _record(self, entry: Entry, before: Mapping[str, DocumentOutcome]) -> DocumentOutcome:
        if without_bill := _without_its_bill(entry, before):
            return without_bill
        if not entry.lines or sum(line.amount for line in entry.lines) != 0:
            return Rejected("The entry does not balance, so it was not sent.")
        if refusal := fake_limits.refusal(entry, self.capabilities, self.ledger):
            return refusal
        final = entry.kind not in self.capabilities.drafts
        sent = entry if self.capabilities.tax_accounts else fake_limits.with_own_tax_account(entry)
        if final and (same := self._ask("books duplicates", lambda: self.ledger.same_as(sent))):
            return PossibleDuplicate(f"{same.number} has the same number from the same party")
        document = self._write(f"books record {entry.reference}", lambda: self.ledger.create(sent, final=final))
        if totals(document.entry) != totals(entry):
            return self._deleted(document)
        return reference_to(document)

    def _deleted(self, document: Document) -> DocumentOutcome:
        message = "The accounting system makes another total or tax of this bill than Pleo, so it was not recorded."
        made = reference_to(document)
        try:
            self.discard(made)
        except AccountingError:
            cause = Rejected(f"{message} Its draft {document.id} is still there: delete it first.")
            return KeptAsDraft(cause.message, document=made, cause=cause)
        return Rejected(message)

    def _post(self, draft: DocumentRef, how: str) -> DocumentOutcome:
        """A refusal leaves the draft, unless a person has posted or deleted it meanwhile."""
        try:
            same = self._ask("books duplicates", lambda: self.ledger.same_bill(draft.id))
            if same is not None and draft.state is DocumentState.DRAFT:
                cause = PossibleDuplicate(
                    f"{same.number or f'draft {same.id}'} has the same number from the same party"
                )
                message = f"Kept as the draft {draft.id}: {cause.message}."
                return KeptAsDraft(message, document=draft, cause=cause)
            document = self._write(f"books {how} {draft.reference}", lambda: self.ledger.post(draft.id))
        except Rejected as refusal:
            return self._not_posted(draft, refusal)
        except AccountingError as error:
            if how == "finalise" and not isinstance(error, OutcomeUnknown):
                return error
            return OutcomeUnknown(f"Recorded as a draft; whether it was posted is not known. {error.message}")
        return reference_to(document)

    def _not_posted(self, draft: DocumentRef, refusal: Rejected) -> DocumentOutcome:
        try:
            held = self._ask("books read back", lambda: self.ledger.document(draft.id))
        except AccountingError as error:
            return OutcomeUnknown(f"Recorded as a draft; whether it was posted is not known. {error.message}")
        if held is None or held.state is DocumentState.VOID:
            return Rejected("The draft is no longer there.")
        if held.state is DocumentState.POSTED:
            return reference_to(held)
        return KeptAsDraft(f"Kept as a draft: {refusal.message}", document=reference_to(held), cause=refusal)

    # Settling

    def _settled(self, outcomes: Mapping[str, DocumentOutcome]) -> Mapping[str, DocumentOutcome]:
        """What cannot be reconciled stays open: it is booked, and an accountant sees both sides."""
        payable = [
            each
            for each in outcomes.values()
            if isinstance(each, DocumentRef)
            and each.kind is not DocumentKind.JOURNAL_ENTRY
            and each.state is DocumentState.POSTED
        ]
        if not payable or self.capabilities.settlement is SettlementSupport.NONE:
            return outcomes
        try:
            self._settle(payable)
        except AccountingError:
            said = {each.reference: replace(each, warnings=("Booked, but not reconciled.",)) for each in payable}
            return {**outcomes, **said}
        return {name: self._warned(each) if each in payable else each for name, each in outcomes.items()}

    def _warned(self, outcome: DocumentOutcome) -> DocumentOutcome:
        """A payment that is still open says why."""
        assert isinstance(outcome, DocumentRef)
        document = self.ledger.document(outcome.id)
        if document is None or not isinstance(document.entry, Payment) or not self.ledger.is_open(document):
            return outcome
        account, left = document.entry.payable.account, self.ledger.left_over(document)
        if left is None:
            return replace(outcome, warnings=(f"There is no bill on account {account} that this payment is for.",))
        return (
            replace(outcome, warnings=(f"It is more than what is open on account {account}.",)) if left > 0 else outcome
        )

    def _settle(self, documents: Iterable[DocumentRef]) -> None:
        """Payments that came back first: what they open again may be paid by another one."""
        held = [each for ref in documents if (each := self.ledger.document(ref.id)) is not None]
        for back in [each for each in held if isinstance(each.entry, Payment)]:
            if back.entry.purpose is PaymentPurpose.RETURN and self.ledger.is_open(back):  # type: ignore[union-attr]
                self._take_back(back)
        parties = {each.entry.party for each in held if isinstance(each.entry, Bill | Payment)}
        for each in held:
            self._drop_spare_differences(each.entry.reference)
        refusals = []
        for group in self.ledger.settled_groups():
            if any(isinstance(each.entry, Bill | Payment) and each.entry.party in parties for each in group):
                try:
                    self._reconcile(group)
                except Rejected as refusal:  # keeps no other group open
                    refusals.append(refusal)
        if refusals:
            raise refusals[0]

    def _take_back(self, back: Document) -> None:
        payment = self.ledger.returned(back)
        if payment is None:
            return
        if not self.ledger.is_open(payment):
            name = f"books open again {payment.entry.reference}"
            self._write(name, partial(self.ledger.open_again, payment.id))
        for difference in self._differences_of(payment.entry.reference)[:1]:
            self._reconcile([difference])  # with its opposite
        self._reconcile([payment, back])

    def _reconcile(self, group: Sequence[Document]) -> None:
        """Known by its last payment, which the rate was of."""
        payments = [each for each in group if isinstance(each.entry, Payment)] or group
        reference = max(each.entry.reference for each in payments)
        if sum(own_payable(each) for each in group):
            group = [*group, self._difference(reference, group)]
        ids = [each.id for each in group]
        self._write(f"books reconcile {reference}", lambda: self.ledger.reconcile(ids))

    def _difference(self, reference: str, group: Sequence[Document]) -> Document:
        """What the documents were worth more or less, booked once: under a reference of its own, looked for first."""
        entry = difference_entry(_derived(reference), group)
        known = self._differences_of(reference)
        if not known:
            made = self._write(f"books difference {reference}", lambda: self.ledger.create(entry))
            known = self._differences_of(reference) or [made]  # two runs may cross each other: the older one counts
        if known[0].state is DocumentState.DRAFT:
            self._write(f"books post {_derived(reference)}", lambda: self.ledger.post(known[0].id))
        return known[0]

    def _drop_spare_differences(self, reference: str) -> None:
        """A request that arrived late may have left a second draft."""
        for spare in self._differences_of(reference)[1:]:
            if spare.state is DocumentState.DRAFT:
                self._write(f"books discard {_derived(reference)}", partial(self.ledger.delete_draft, spare.id))

    def _differences_of(self, reference: str) -> list[Document]:
        """A posted one before a draft."""
        name = _derived(reference)
        known = self._ask("books find difference", lambda: self._held([name])).get(name, [])
        live = [each for each in known if each.standing is not DocumentState.VOID]
        return sorted(live, key=lambda each: (each.state is DocumentState.DRAFT, int(each.id)))

    # Reversing

    def _counters(self, document: Document) -> list[Document]:
        """Ours, a posted one before drafts."""
        name = reversal_reference(document.entry.reference, self.capabilities.reference_length)
        found = self._ask("books find counter-entries", lambda: self.ledger.counter_entries(document.id))
        ours = [each for each in found if each.entry.reference == name and each.state is not DocumentState.VOID]
        return sorted(ours, key=lambda each: (each.state is DocumentState.DRAFT, int(each.id)))

    def _counter(self, document: Document, on: date) -> Document:
        name = reversal_reference(document.entry.reference, self.capabilities.reference_length)
        counters = self._counters(document)
        if not counters:
            create = partial(self.ledger.counter_entry, document.id, name, on)
            self._write(f"books reverse {document.entry.reference}", create)
            counters = self._counters(document)
        first, *spare = counters
        if first.state is DocumentState.DRAFT:
            self._write(f"books post {name}", lambda: self.ledger.post(first.id))
        for each in (each for each in spare if each.state is DocumentState.DRAFT):
            self._write(f"books discard {name}", partial(self.ledger.delete_draft, each.id))
        return first

    def _take_apart(self, document: Document, on: date) -> None:
        """Open it again, and undo the exchange differences of what it was reconciled with."""
        group = next((ids for ids in self.ledger.reconciled if document.id in ids), frozenset())
        fx = [each for each in self.ledger.documents if each.id in group and each.entry.memo == DIFFERENCE]
        known = fx or [
            each
            for each in self._differences_of(document.entry.reference)
            if each.state is DocumentState.POSTED and self.ledger.is_open(each)
        ]
        counters = [self._counter(each, on) for each in known]
        if group:
            name = f"books open again {document.entry.reference}"
            self._write(name, partial(self.ledger.open_again, document.id))
        for each, counter in zip(known, counters, strict=True):
            self._even_out(each, counter)

    def _even_out(self, document: Document, counter: Document) -> None:
        if self.ledger.is_open(document) and self.ledger.is_open(counter):
            ids = [document.id, counter.id]
            self._write(f"books reconcile {counter.entry.reference}", lambda: self.ledger.reconcile(ids))

    # Receipts

    def _check_file(self, file: Attachment) -> None:
        if file.size > self.capabilities.max_attachment_bytes:
            most = self.capabilities.max_attachment_bytes // 2**20
            raise AttachmentTooLarge(f"{file.name} is larger than the {most} MB that are attached.")

    def _attach(self, document: DocumentRef, file: Attachment) -> None:
        held = self.ledger.document(document.id)
        if held is not None and held.state is DocumentState.POSTED and not self.capabilities.attach_to_posted:
            raise Rejected("a posted entry takes no files")

        if held is not None and file.sha256 in held.files:
            return
        with file.open() as opened:
            content = opened.read()
        self._write(
            f"books attach {document.reference}",
            lambda: self.ledger.attach(document.id, file.name, file.sha256, content),
        )

    def _held(self, references: Collection[str]) -> dict[str, list[Document]]:
        held: dict[str, list[Document]] = {}
        for each in self.ledger.find(references):
            held.setdefault(each.entry.reference, []).append(each)
        return held


def _plain(key: PartyKey) -> str:
    """Tax numbers are compared by their letters and digits."""
    return re.sub(r"[^A-Z0-9]", "", key.value.upper()) if key.kind is KeyKind.TAX_NUMBER else key.value


def _derived(reference: str) -> str:
    return f"{reference}:fx"


def _bills_first(documents: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry]]:
    bills = [each for each in documents if isinstance(each, Bill)]
    return bills, [each for each in documents if not isinstance(each, Bill)]


def _one_of(documents: Sequence[Document]) -> DocumentOutcome:
    live = [each for each in documents if each.standing is not DocumentState.VOID]
    if len(live) > 1:
        names = " and ".join(each.number or f"draft {each.id}" for each in live)
        return PossibleDuplicate(f"{len(live)} entries carry {live[0].entry.reference}: {names}.")
    return reference_to((live or documents)[-1])


def _whole(document: Document) -> LedgerDocument:
    """As a ledger shows it: a tax on its line, nothing on the line of what is owed."""
    lines = document.entry.lines
    return LedgerDocument(
        reference_to(document),
        document.entry.currency,
        tuple(LedgerLine(each.account, each.amount, each.tax.code if each.tax else None) for each in lines),
    )


def _without_its_bill(entry: Entry, outcomes: Mapping[str, DocumentOutcome]) -> AccountingError | None:
    """A payment that comes with its bill is not booked without it."""
    bill = outcomes.get(entry.settles.reference or "") if isinstance(entry, Payment) else None
    if isinstance(bill, Rejected):
        return Rejected(f"Not recorded, because its bill was not: {bill.message}")
    if isinstance(bill, AccountingError):
        return Unavailable(f"Not sent, because its bill is not settled: {bill.message}")
    return None


def _outcome(effect: Callable[[], DocumentOutcome], *, first: bool) -> DocumentOutcome:
    """What holds for the whole batch may be raised only while nothing was recorded (see the port)."""
    try:
        return effect()
    except CONNECTION as error:
        if first:
            raise
        return error
    except AccountingError as error:
        return error
