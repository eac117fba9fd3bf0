"""The lifelong key: derived, the same on every run, always within the field."""

from __future__ import annotations

import pytest

from pleo_export.bookkeeping.reference import reference

COMPANY = "11111111-1111-4111-8111-111111111111"
ENTRY = "22222222-2222-4222-8222-22222222222A"


def test_given_room_then_it_is_readable() -> None:
    assert reference(COMPANY, ENTRY, max_length=41) == f"pleo:{ENTRY.lower()}"
    assert reference(COMPANY, ENTRY, 2, max_length=44) == f"pleo:{ENTRY.lower()}:r2"


@pytest.mark.parametrize(("revision", "length"), [(1, 20), (1, 40), (2, 43)])
def test_given_no_room_then_it_is_twenty_characters_of_base32(revision: int, length: int) -> None:
    short = reference(COMPANY, ENTRY, revision, max_length=length)
    assert len(short) == 20
    assert set(short) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def test_the_short_form_never_changes() -> None:
    assert reference(COMPANY, ENTRY, max_length=20) == "JUNVV4OQFFKPSHATREWU"  # sha256sum | base32


def test_company_entry_and_revision_each_give_another_short_form() -> None:
    keys = [(COMPANY, ENTRY, 1), (COMPANY, ENTRY, 2), (ENTRY, COMPANY, 1), (COMPANY, COMPANY, 1)]
    assert len({reference(*key, max_length=20) for key in keys}) == len(keys)


@pytest.mark.parametrize(("entry", "revision", "length"), [("no uuid", 1, 64), (ENTRY, 0, 64), (ENTRY, 1, 19)])
def test_given_what_cannot_be_a_key_then_it_is_an_error(entry: str, revision: int, length: int) -> None:
    with pytest.raises(ValueError, match=r"UUID|no reference"):
        reference(COMPANY, entry, revision, max_length=length)
