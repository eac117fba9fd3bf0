"""Whether Pleo's company and the owner of the ledger are one customer."""

from __future__ import annotations

import pytest

from cli.company_identity import SameCompany, compare, confirms
from pleo_export.accounting.lists import LedgerCompany
from pleo_export.pleo.list_models import PleoCompany

ID = "11111111-1111-4111-8111-111111111111"


def compared(
    at_pleo: str | None, ledger: str | None, tax: str | None = None, confirmed: str | None = None
) -> SameCompany:
    pleo = PleoCompany(id=ID, name="Northgate Ltd", registration_number=at_pleo)
    return compare(pleo, LedgerCompany("Northgate Ltd", ledger, tax), confirmed).result


@pytest.mark.parametrize(
    ("at_pleo", "ledger"),
    [
        ("12345678", "12345678"),
        ("12 34 56 78", "12.345.678"),
        ("DK12345678", "12345678"),
        ("dk-12345678", "DK 12345678"),
        ("01234567", "1234567"),
        ("SC123456", "sc 123456"),
    ],
)
def test_given_one_number_in_two_spellings_then_it_is_the_same_company(at_pleo: str, ledger: str) -> None:
    assert compared(at_pleo, ledger) is SameCompany.YES


@pytest.mark.parametrize(
    ("at_pleo", "ledger"), [("12345678", "12345679"), ("SC123456", "123456"), ("DK12345678", "8765")]
)
def test_given_two_numbers_then_it_is_another_company_though_the_names_are_alike(at_pleo: str, ledger: str) -> None:
    assert compared(at_pleo, ledger) is SameCompany.NO


@pytest.mark.parametrize(
    ("at_pleo", "ledger", "tax"),
    [
        (None, "1", None),
        ("1", None, None),
        (None, None, "1"),
        ("", " ", None),
        ("12345678", None, "GB999999973"),
        ("-", "12345678", None),
    ],
)
def test_given_a_number_is_missing_then_nothing_is_known(
    at_pleo: str | None, ledger: str | None, tax: str | None
) -> None:
    assert compared(at_pleo, ledger, tax) is SameCompany.UNKNOWN


def test_given_the_tax_number_is_pleos_number_then_it_is_the_same_company() -> None:
    assert compared("12345678", None, "DK12345678") is SameCompany.YES


def test_given_a_person_has_confirmed_the_ledgers_number_then_that_holds_for_this_number_only() -> None:
    assert compared("12345678", "8765", confirmed="87 65") is SameCompany.YES
    assert compared("12345678", "8766", confirmed="87 65") is SameCompany.NO


def test_given_no_number_then_no_answer_confirms_it() -> None:
    assert not confirms("", None)
    assert not confirms("-", "")
    assert confirms("DK 8765", "8765")


def test_both_companies_are_named_with_their_numbers() -> None:
    pleo = PleoCompany(id=ID, name="Northgate Ltd", registration_number="1")

    told = compare(pleo, LedgerCompany("Havn ApS", "2"), None).told

    assert told == "Pleo's company is Northgate Ltd (1), the ledger's is Havn ApS (2)"
