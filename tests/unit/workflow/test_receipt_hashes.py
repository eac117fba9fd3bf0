"""The posting record keeps the hash of what Pleo served beside that of what was attached."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from pleo_export.accounting.errors import AttachmentRejected
from pleo_export.store.postings import Posting
from pleo_simulator.receipt_files import draw
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem

NAMES = ("pret-18.45.pdf", "till-roll.png")
PDF, PNG = (draw(name) for name in NAMES)


def hash_of(content: bytes) -> str:
    return sha256(content).hexdigest()


def in_the_ledger(books: FakeAccountingSystem) -> list[str]:
    """The hashes of what is attached to the first document there."""
    return [hash_of(content) for _, content in books.documents[0].contents]


def recorded(system: InProcessSystem, item: dict[str, object]) -> Posting:
    posting = system.services.postings.latest(NORTHGATE, entry_id(item))
    assert posting
    return posting


def test_given_files_that_the_accounting_system_takes_then_original_and_attachment_have_one_hash(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [item := purchase(receipts=NAMES)])
    system.export(NORTHGATE)
    system.run(NORTHGATE)

    files = recorded(system, item).files
    assert [(each.name, each.sha256, each.size) for each in files] == [
        ("receipt-1.pdf", hash_of(PDF), len(PDF)),
        ("receipt-2.png", hash_of(PNG), len(PNG)),
    ]
    assert all(each.unchanged for each in files)
    assert [each.sha256 for each in files] == in_the_ledger(books)


def test_given_a_picture_that_has_to_be_converted_then_both_hashes_are_kept_and_differ(system: InProcessSystem) -> None:
    books = system.connect(NORTHGATE, [item := purchase(receipts=NAMES[1:])])
    books.capabilities = replace(books.capabilities, attachment_types=frozenset({"image/jpeg"}))
    system.export(NORTHGATE)
    system.run(NORTHGATE)

    (file,) = recorded(system, item).files
    (original,) = file.originals
    assert (original.number, original.sha256, original.size) == (1, hash_of(PNG), len(PNG))
    assert (original.media_type, file.media_type) == ("image/png", "image/jpeg")
    assert [file.sha256] == in_the_ledger(books)
    assert not file.unchanged


def test_given_two_files_that_are_merged_into_one_then_it_names_both_originals(system: InProcessSystem) -> None:
    books = system.connect(NORTHGATE, [item := purchase(receipts=NAMES)])
    books.capabilities = replace(books.capabilities, max_attachments=1)
    system.export(NORTHGATE)
    system.run(NORTHGATE)

    (file,) = recorded(system, item).files
    assert [each.sha256 for each in file.originals] == [hash_of(PDF), hash_of(PNG)]
    assert [file.sha256] == in_the_ledger(books)


def test_given_a_file_that_could_not_be_attached_then_no_hash_claims_that_it_was(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, [item := purchase(receipts=NAMES)])
    system.effects.on("before books attach", AttachmentRejected("It takes no files today."))
    system.export(NORTHGATE)
    system.run(NORTHGATE)
    assert recorded(system, item).files == ()

    system.export(NORTHGATE, [entry_id(item)])
    system.run(NORTHGATE)
    assert [each.sha256 for each in recorded(system, item).files] == [hash_of(PDF), hash_of(PNG)]


@pytest.mark.parametrize("policy", ["required", "best_effort"])
def test_given_an_export_again_without_the_file_then_the_hashes_of_what_the_document_has_stay(
    system: InProcessSystem, policy: str
) -> None:
    system.connect(NORTHGATE, [item := purchase(receipts=NAMES)], receipts=policy)
    system.export(NORTHGATE)
    system.run(NORTHGATE)
    before = recorded(system, item).files

    system.service.state.put_expenses(NORTHGATE, [{**item, "files": []}])
    system.export(NORTHGATE, [entry_id(item)])
    system.run(NORTHGATE)

    assert before
    assert recorded(system, item).files == before
