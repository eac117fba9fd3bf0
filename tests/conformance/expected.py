"""What the books hold afterwards, as the capabilities and traits of a connector say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pleo_export.accounting.port import DocumentRef, DocumentState, SettlementSupport
from pleo_export.bookkeeping.documents import DocumentKind
from tests.conformance.connector_fixture import Act, Held
from tests.conformance.declared import DeclaredFixture


def comes_to(lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The sum on each account. A ledger may merge or reorder lines."""
    sums: Counter[str] = Counter()
    for account, amount in lines:
        sums[account] += amount
    return {account: amount for account, amount in sums.items() if amount}


def draft_of(fixture: DeclaredFixture, kind: DocumentKind) -> DocumentState:
    """The state of a document that was recorded as a draft: a kind without drafts is posted."""
    return DocumentState.DRAFT if kind in fixture.capabilities.drafts else DocumentState.POSTED


def one_step(fixture: DeclaredFixture, kind: DocumentKind) -> bool:
    """Whether a document is created as posted, without a draft in between."""
    return kind in fixture.traits.one_step or kind not in fixture.capabilities.drafts


def created_as(fixture: DeclaredFixture, kind: DocumentKind) -> DocumentState:
    """The state of a document that is to be posted, right after it is created."""
    return DocumentState.POSTED if one_step(fixture, kind) else DocumentState.DRAFT


def posting_acts(fixture: DeclaredFixture, kind: DocumentKind) -> tuple[Act, ...]:
    """The acts by which a document becomes a posted one."""
    return (Act.CREATE,) if one_step(fixture, kind) else (Act.POST, Act.POST_ALL)


def books_differences(fixture: DeclaredFixture) -> bool:
    """Whether the connector books the exchange difference of what it reconciles."""
    settles = fixture.capabilities.settlement is not SettlementSupport.NONE
    return settles and fixture.traits.books_differences


def check_number(fixture: DeclaredFixture, held: Held, document: DocumentRef) -> None:
    assert held.number == document.number
    assert (document.number is not None) == (document.kind in fixture.traits.numbered)


def check_link(fixture: DeclaredFixture, document: DocumentRef) -> None:
    if document.kind not in fixture.traits.linked:
        assert document.url is None
        return
    assert document.url is not None
    assert document.id in document.url
