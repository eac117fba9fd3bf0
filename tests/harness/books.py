"""An accounting system in memory that keeps its own ledger: the outer world that tests look at.

It speaks the port like a connector. Its effects ("books check", "books find_many", "books record <reference>",
"books finalise <reference>", "books discard <reference>", "books find_parties", "books attach <reference>") are what
faults can be ordered around.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import product

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    PeriodClosed,
    PermissionDenied,
    PossibleDuplicate,
    RateLimited,
    Rejected,
    Unavailable,
    UnknownAccount,
    UnknownDimension,
)
from pleo_export.accounting.port import Attachment, Capabilities, Choice, DocumentRef, Outcome, PeriodState, State
from pleo_export.bookkeeping.documents import Document as Entry
from pleo_export.bookkeeping.documents import Kind, Payment
from pleo_export.bookkeeping.parties import NotFound, PartyAnswer, PartyKeys
from tests.harness.effects import Effects

CAPABILITIES = Capabilities(
    kinds=frozenset(Kind),
    drafts=frozenset(Kind),
    periods_readable=True,
    reference_length=64,
    text_length=200,
    max_batch=50,
    max_find=100,
    max_dimensions_per_line=None,
    max_attachment_bytes=10_000_000,
    max_attachments=None,
    attachment_types=frozenset({"application/pdf", "image/png", "image/jpeg"}),
    attach_to_posted=True,
)

BALANCE_SHEET = (1200, 1900, 1901, 1950, 2100, 2101, 2102, 2200, 2201, 2202, 2250, 2251)
INCOME_STATEMENT = (4900, 6100, 6200, 6210, 6300, 6400, 6500, 6900)
DIMENSIONS = frozenset({"LON", "CPH", "MAD", "P-100", "P-200"})
CHART = frozenset(str(account) for account in (*BALANCE_SHEET, *INCOME_STATEMENT))
CATEGORIES = frozenset({"cost_centre", "project"})


@dataclass
class Document:
    """`files` are the digests of what is attached."""

    id: str
    entry: Entry
    state: State
    files: list[str] = field(default_factory=list)


@dataclass
class Books:
    """One company's books. `documents` are in the order in which they were recorded; `parties` by any of their keys.
    `settled` are the references of bills and payments that were reconciled with each other."""

    effects: Effects = field(default_factory=Effects)
    documents: list[Document] = field(default_factory=list)
    settled: set[str] = field(default_factory=set)
    closed_until: date = date(2025, 12, 31)
    parties: dict[str, PartyAnswer] = field(default_factory=dict)
    identity: str = "books"
    capabilities: Capabilities = CAPABILITIES

    def check(self) -> None:
        self.effects.before("books check")

    def unknown_accounts(self, codes: Collection[str]) -> Collection[str]:
        return set(codes) - CHART

    def unknown_dimensions(self, categories: Collection[str]) -> Collection[str]:
        return set(categories) - CATEGORIES

    def currency(self) -> str:
        return "GBP"

    def accounts(self) -> Sequence[Choice]:
        return [Choice(code, f"Account {code}") for code in sorted(CHART)]

    def dimensions(self) -> Sequence[Choice]:
        return [Choice(code, code.replace("_", " ").title()) for code in sorted(CATEGORIES)]

    def find_many(self, references: Collection[str]) -> Mapping[str, Outcome]:
        self.effects.before("books find_many")
        found: dict[str, Outcome] = {}
        for reference in references:
            documents = [each for each in self.documents if each.entry.reference == reference]
            live = [each for each in documents if each.state is not State.VOID]
            if len(live) > 1:
                found[reference] = PossibleDuplicate(f"{len(live)} entries carry {reference}")
            elif documents:
                found[reference] = self._ref((live or documents)[-1])
        return found

    def differences(self, found: Sequence[tuple[DocumentRef, Entry]]) -> Mapping[str, Rejected]:
        self.effects.before("books differences")
        different: dict[str, Rejected] = {}
        for reference, wanted in found:
            held = next((each.entry for each in self.documents if each.id == reference.id), None)
            if held is not None and (held.currency, _gross(held)) != (wanted.currency, _gross(wanted)):
                different[reference.reference] = Rejected(
                    f"The accounting system holds {reference.number or reference.id} with another amount."
                )
        return different

    def find_parties(self, wanted: Collection[PartyKeys]) -> Mapping[PartyKeys, PartyAnswer]:
        self.effects.before("books find_parties")
        return {
            each: next((self.parties[key.value] for key in each.keys if key.value in self.parties), NotFound())
            for each in wanted
        }

    def record_many(self, documents: Sequence[Entry], state: State) -> Mapping[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        for entry in documents:
            outcomes[entry.reference] = _outcome(partial(self._record, entry, state), first=not outcomes)
        self._settle(outcomes.values())
        return outcomes

    def finalise_many(self, documents: Sequence[DocumentRef]) -> Mapping[str, Outcome]:
        outcomes = {each.reference: _outcome(partial(self._finalise, each), first=False) for each in documents}
        self._settle(outcomes.values())
        return outcomes

    def discard(self, document: DocumentRef) -> None:
        self.effects.before(f"books discard {document.reference}")
        held = [each for each in self.documents if each.id == document.id]
        if any(each.state is not State.DRAFT for each in held):
            raise Rejected(f"{document.id} is no draft")
        self.documents = [each for each in self.documents if each not in held]
        self.effects.after(f"books discard {document.reference}")

    def attach(self, document: DocumentRef, attachments: Sequence[Attachment]) -> None:
        held = next(each for each in self.documents if each.id == document.id)
        for attachment in attachments:
            self.effects.before(f"books attach {document.reference}")
            if held.state is State.POSTED and not self.capabilities.attach_to_posted:
                raise Rejected("a posted entry takes no files")
            if attachment.sha256 not in held.files:
                held.files.append(attachment.sha256)
            self.effects.after(f"books attach {document.reference}")

    def period_state(self, on: date) -> PeriodState:
        return PeriodState.CLOSED if on <= self.closed_until else PeriodState.OPEN

    def next_open_date(self, after: date) -> date | None:
        return max(after, self.closed_until) + timedelta(days=1)

    # What tests look at

    def live(self) -> list[Entry]:
        return [each.entry for each in self.documents if each.state is not State.VOID]

    def post_by_hand(self, reference: str) -> None:
        """What a person does to a draft. Nothing is reconciled by that."""
        (document,) = (each for each in self.documents if each.entry.reference == reference)
        assert document.state is State.DRAFT
        document.state = State.POSTED

    def void(self, reference: str) -> None:
        for document in self.documents:
            if document.entry.reference == reference:
                document.state = State.VOID

    def delete(self, reference: str) -> None:
        self.documents = [each for each in self.documents if each.entry.reference != reference]

    def balance(self, account: str) -> int:
        return sum(line.amount for entry in self.live() for line in entry.lines if line.account == account)

    def _record(self, entry: Entry, state: State) -> Outcome:
        self.effects.before(f"books record {entry.reference}")
        if refusal := self._refusal(entry):
            return refusal
        document = Document(str(len(self.documents) + 1), entry, state)
        self.documents.append(document)
        self.effects.after(f"books record {entry.reference}")
        return self._ref(document)

    def _finalise(self, wanted: DocumentRef) -> Outcome:
        self.effects.before(f"books finalise {wanted.reference}")
        document = next(each for each in self.documents if each.id == wanted.id)
        document.state = State.POSTED
        self.effects.after(f"books finalise {wanted.reference}")
        return self._ref(document)

    def _settle(self, outcomes: Iterable[Outcome]) -> None:
        """Reconcile the posted ones among them with their counterparts, where those are posted as well."""
        asked = {each.id for each in outcomes if isinstance(each, DocumentRef)}
        posted = [each for each in self.documents if each.state is State.POSTED]
        for one, other in product(posted, posted):
            paid = one.entry.settles.reference if isinstance(one.entry, Payment) else None
            if paid == other.entry.reference and asked & {one.id, other.id}:
                self.settled |= {one.entry.reference, other.entry.reference}

    def _refusal(self, entry: Entry) -> Rejected | None:
        if unknown := next((line.account for line in entry.lines if line.account not in CHART), None):
            return UnknownAccount(f"account {unknown} is not in the chart of accounts")
        values = {dimension.value for line in entry.lines for dimension in line.dimensions}
        if unknown := next(iter(values - DIMENSIONS), None):
            return UnknownDimension(f"tag {unknown} is not a dimension of the accounting system")
        if self.period_state(entry.posting_date) is PeriodState.CLOSED:
            return PeriodClosed(f"the period of {entry.posting_date} is closed", on=entry.posting_date)
        if sum(line.amount for line in entry.lines):
            return Rejected("the entry does not balance")
        return None

    def _ref(self, document: Document) -> DocumentRef:
        return DocumentRef(
            reference=document.entry.reference,
            kind=document.entry.kind,
            id=document.id,
            number=f"J{document.id}" if document.state is State.POSTED else None,
            state=document.state,
            date=document.entry.posting_date,
            url=f"https://books.example/{document.id}",
        )


def _gross(entry: Entry) -> int:
    return sum(line.amount for line in entry.lines if line.amount > 0)


def _outcome(effect: Callable[[], Outcome], *, first: bool) -> Outcome:
    """What holds for the whole batch may be raised only while nothing was recorded (see the port)."""
    try:
        return effect()
    except (AuthenticationFailed, PermissionDenied, RateLimited, Unavailable) as error:
        if first:
            raise
        return error
    except AccountingError as error:
        return error
