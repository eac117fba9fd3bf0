"""The port's contract for files of a document (R-5d)."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from typing import BinaryIO

import pytest

from pleo_export.accounting.errors import AttachmentRejected, AttachmentTooLarge, OutcomeUnknown, Unavailable
from pleo_export.accounting.port import DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Document, DocumentKind
from tests.conformance.connector_fixture import NORTHWIND, Act, Trouble
from tests.conformance.declared import DeclaredFixture
from tests.conformance.test_connector import an_entry
from tests.conformance.test_payables import a_bill, a_payment, party, recorded


@dataclass(frozen=True)
class File:
    name: str
    content: bytes
    content_type: str = "application/pdf"
    size_said: int | None = None

    @property
    def size(self) -> int:
        return len(self.content) if self.size_said is None else self.size_said

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def open(self) -> BinaryIO:
        return io.BytesIO(self.content)


DRAFT = DocumentState.DRAFT  # where there are drafts: some ledgers take files for these only
RECEIPT = File("ryman 63.66 “copy”.pdf", b"%PDF-1.4 a receipt")


def a_document(fixture: DeclaredFixture, kind: DocumentKind) -> list[Document]:
    """What has to be recorded for a document of the kind, which comes last."""
    if kind is DocumentKind.JOURNAL_ENTRY:
        return [an_entry()]
    bill = a_bill(party(fixture.connector(), NORTHWIND))
    return [bill] if kind is DocumentKind.BILL else [bill, a_payment(bill)]


@pytest.mark.with_login
@pytest.mark.parametrize("state", [DocumentState.DRAFT, DocumentState.POSTED])
@pytest.mark.parametrize("kind", [DocumentKind.JOURNAL_ENTRY, DocumentKind.BILL, DocumentKind.PAYMENT])
def test_given_a_document_of_each_kind_when_a_file_is_attached_then_it_is_its_own(
    fixture: DeclaredFixture, kind: DocumentKind, state: DocumentState
) -> None:
    system = fixture.connector()
    *_, document = recorded(system, a_document(fixture, kind), state)

    system.attach(document, [RECEIPT])

    assert fixture.files(document.reference) == [(RECEIPT.name, RECEIPT.content)]


def test_given_a_file_that_is_there_when_attached_again_then_it_is_there_once(fixture: DeclaredFixture) -> None:
    system = fixture.connector()
    (document,) = recorded(system, [an_entry()], DRAFT)
    system.attach(document, [RECEIPT, replace(RECEIPT, name="same.pdf")])

    fixture.connector().attach(document, [RECEIPT])

    assert [content for _, content in fixture.files(document.reference)] == [RECEIPT.content]


def test_given_a_further_file_when_attached_then_both_are_there(fixture: DeclaredFixture) -> None:
    system = fixture.connector()
    (document,) = recorded(system, [an_entry()], DRAFT)
    other = replace(RECEIPT, name="other.pdf", content=b"%PDF-1.4 another")
    system.attach(document, [RECEIPT])

    fixture.connector().attach(document, [RECEIPT, other])

    held = sorted(content for _, content in fixture.files(document.reference))
    assert held == sorted([other.content, RECEIPT.content])


def test_given_more_files_than_a_document_takes_when_attached_then_none_is_there(fixture: DeclaredFixture) -> None:
    system = fixture.connector()
    (document,) = recorded(system, [an_entry()], DRAFT)
    count = system.capabilities.max_attachments or 20
    files = [File(f"{number}.pdf", b"%%PDF-1.4 %d" % number) for number in range(count + 1)]

    system.attach(document, files)  # ends the test where there is a limit

    assert len(fixture.files(document.reference)) == len(files)


def test_given_an_empty_file_when_attached_then_it_is_there_or_rejected(fixture: DeclaredFixture) -> None:
    system = fixture.connector()
    (document,) = recorded(system, [an_entry()], DRAFT)
    try:
        system.attach(document, [File("empty.pdf", b"")])
    except AttachmentRejected as error:
        assert "empty.pdf" in error.message
        assert fixture.files(document.reference) == []
    else:
        assert fixture.files(document.reference) == [("empty.pdf", b"")]


@pytest.mark.parametrize("size", [1, 3 * 2**16 - 1, 3 * 2**16, 3 * 2**16 + 1, 5_000_000])
def test_given_a_file_of_any_size_when_attached_then_every_byte_arrives(fixture: DeclaredFixture, size: int) -> None:
    system = fixture.connector()
    (document,) = recorded(system, [an_entry()], DRAFT)
    size = min(size, system.capabilities.max_attachment_bytes or size)
    content = bytes(number % 251 for number in range(size))

    system.attach(document, [File("a.pdf", content)])

    assert fixture.files(document.reference) == [("a.pdf", content)]


def test_given_a_file_of_another_type_when_attached_then_it_is_rejected_and_none_is_there(
    fixture: DeclaredFixture,
) -> None:
    system = fixture.connector()
    (document,) = recorded(system, [an_entry()], DRAFT)

    with pytest.raises(AttachmentRejected, match=r"virus\.exe"):
        system.attach(document, [RECEIPT, File("virus.exe", b"MZ", "application/x-msdownload")])
    assert fixture.files(document.reference) == []


def test_given_a_file_that_is_too_large_when_attached_then_it_is_said_so(fixture: DeclaredFixture) -> None:
    system = fixture.connector()
    (document,) = recorded(system, [an_entry()], DRAFT)
    most = system.capabilities.max_attachment_bytes

    with pytest.raises(AttachmentTooLarge, match=r"\d MB"):
        system.attach(document, [replace(RECEIPT, size_said=most + 1)])


def test_given_a_lost_answer_when_attached_again_then_it_is_there_once(fixture: DeclaredFixture) -> None:
    (document,) = recorded(fixture.connector(), [an_entry()], DRAFT)
    with (
        fixture.troubled(lambda act, _: Trouble.LOST if act is Act.OTHER else None) as way,
        pytest.raises(OutcomeUnknown),
    ):
        way.system.attach(document, [RECEIPT])

    fixture.connector().attach(document, [RECEIPT])

    assert fixture.files(document.reference) == [(RECEIPT.name, RECEIPT.content)]


def test_given_no_server_when_attached_then_it_is_unavailable(fixture: DeclaredFixture) -> None:
    (document,) = recorded(fixture.connector(), [an_entry()], DRAFT)
    assert isinstance(document, DocumentRef)

    with pytest.raises(Unavailable):
        fixture.connector(url="http://127.0.0.1:9").attach(document, [RECEIPT])
