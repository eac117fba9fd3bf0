"""The local books know whom the Pleo simulator names."""

from __future__ import annotations

import re

from local.tryton.company import ACCOUNTS
from local.tryton.parties import EMPLOYEES, PARTIES
from pleo_export.bookkeeping.parties import tax_number
from pleo_simulator.sample_catalogue import PEOPLE, SUPPLIERS


def test_the_books_have_each_vendor_of_the_simulator_by_code_and_tax_number() -> None:
    known = {party.code: party for party in PARTIES if party.code}

    for supplier in SUPPLIERS.values():
        if supplier.vendor:
            party = known[supplier.vendor]
            number = re.sub(r"\W", "", party.tax_number or "")  # one is written in groups, as people do
            assert (party.name, number) == (supplier.name, supplier.tax_identifier or "")
            assert party.active


def test_given_a_person_of_the_simulator_when_looked_up_then_the_books_have_the_employee() -> None:
    assert {employee.code: employee.name for employee in EMPLOYEES} == {
        person.code: person.name for person in PEOPLE.values()
    }


def test_some_parties_have_own_accounts_one_is_blocked_and_two_share_a_number() -> None:
    numbers = [tax_number(party.tax_number) for party in PARTIES if party.tax_number]

    assert {party.account for party in PARTIES if party.account} == {"2101", "2102"} <= set(ACCOUNTS)
    assert [party.code for party in PARTIES if not party.active] == ["V-2003"]
    assert len(numbers) == len(set(numbers)) + 1
    assert any(supplier.tax_identifier not in numbers for supplier in SUPPLIERS.values())
