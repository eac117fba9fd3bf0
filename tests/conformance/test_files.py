"""The port's contract for files of a document (R-5d)."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from typing import BinaryIO

import pytest

from pleo_export.accounting.errors import AttachmentRejected, AttachmentTooLarge, OutcomeUnknown, Unavailable
from pleo_export.accounting.port import AccountingSystem, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Document
from tests.conformance.connector_fixture import NORTHWIND, Act, ConnectorFixture, Trouble
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


RECEIPT = File("ryman 63.66 “copy”.pdf", b"%PDF-1.4 a receipt")


def documents(system: AccountingSystem) -> list[Document]:
    bill = a_bill(party(system, NORTHWIND))
    return [an_entry(), bill, a_payment(bill)]


@pytest.mark.with_login
@pytest.mark.parametrize("state", [DocumentState.DRAFT, DocumentState.POSTED])
def test_given_documents_of_each_kind_when_a_file_is_attached_then_it_is_theirs(
    fixture: ConnectorFixture, state: DocumentState
) -> None:
    system = fixture.connector()
    for document in recorded(system, documents(system), state):
        system.attach(document, [RECEIPT])

        assert fixture.files(document.reference) == [(RECEIPT.name, RECEIPT.content)]


def test_given_a_file_that_is_there_when_attached_again_then_it_is_there_once(fixture: ConnectorFixture) -> None:
    system = fixture.connector()
    (document,) = recorded(system, [an_entry()])
    other, empty = replace(RECEIPT, content=b"another"), File("empty.txt", b"", "text/plain")
    system.attach(document, [RECEIPT, replace(RECEIPT, name="same.pdf")])

    fixture.connector().attach(document, [RECEIPT, other, empty])

    assert sorted(content for _, content in fixture.files(document.reference)) == sorted(
        [b"", b"another", RECEIPT.content]
    )


@pytest.mark.parametrize("size", [1, 3 * 2**16 - 1, 3 * 2**16, 3 * 2**16 + 1, 5_000_000])
def test_given_a_file_of_any_size_when_attached_then_every_byte_arrives(fixture: ConnectorFixture, size: int) -> None:
    system = fixture.connector()
    (document,) = recorded(system, [an_entry()])
    content = bytes(number % 251 for number in range(size))

    system.attach(document, [File("a.pdf", content)])

    assert fixture.files(document.reference) == [("a.pdf", content)]


def test_given_a_file_of_another_type_when_attached_then_it_is_rejected_and_none_is_there(
    fixture: ConnectorFixture,
) -> None:
    system = fixture.connector()
    (document,) = recorded(system, [an_entry()])

    with pytest.raises(AttachmentRejected, match=r"virus\.exe"):
        system.attach(document, [RECEIPT, File("virus.exe", b"MZ", "application/x-msdownload")])
    assert fixture.files(document.reference) == []


def test_given_a_file_that_is_too_large_when_attached_then_it_is_said_so(fixture: ConnectorFixture) -> None:
    system = fixture.connector()
    (document,) = recorded(system, [an_entry()])
    most = system.capabilities.max_attachment_bytes

    with pytest.raises(AttachmentTooLarge, match="25 MB"):
        system.attach(document, [replace(RECEIPT, size_said=most + 1)])


def test_given_a_lost_answer_when_attached_again_then_it_is_there_once(fixture: ConnectorFixture) -> None:
    (document,) = recorded(fixture.connector(), [an_entry()])
    with (
        fixture.troubled(lambda act, _: Trouble.LOST if act is Act.OTHER else None) as way,
        pytest.raises(OutcomeUnknown),
    ):
        way.system.attach(document, [RECEIPT])

    fixture.connector().attach(document, [RECEIPT])

    assert fixture.files(document.reference) == [(RECEIPT.name, RECEIPT.content)]


def test_given_no_server_when_attached_then_it_is_unavailable(fixture: ConnectorFixture) -> None:
    (document,) = recorded(fixture.connector(), [an_entry()])
    assert isinstance(document, DocumentRef)

    with pytest.raises(Unavailable):
        fixture.connector(url="http://127.0.0.1:9").attach(document, [RECEIPT])
