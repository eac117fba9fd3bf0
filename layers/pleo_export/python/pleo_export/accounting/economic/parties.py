"""The suppliers of e-conomic, found by what Pleo holds of a supplier or an employee (R-5a.8, R-5a.16).

e-conomic numbers its suppliers. The number is Pleo's external id where the suppliers were copied from here, and the
code of a supplier at Pleo. Employees have no record of their own: where a company keeps them as suppliers, they are in
the group that the settings name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pleo_export.accounting.economic.filters import MOST_VALUES, among, begins, either, equals
from pleo_export.accounting.economic.lookups import EconomicLookups, EconomicSupplier, supplier_number
from pleo_export.accounting.party_matching import PartyCandidate, first_match, has_role
from pleo_export.bookkeeping.parties import (
    KeyKind,
    Party,
    PartyKey,
    PartyMatch,
    PartyQuery,
    tax_number,
)

_BY_NUMBER = (KeyKind.EXTERNAL_ID, KeyKind.CODE)
_BEGINNING = 2  # characters of a tax number that are searched for: how the others are grouped is not known
_CLAUSES = 40  # conditions in one search


def find_parties(
    lookups: EconomicLookups, wanted: Collection[PartyQuery], employee_group: int | None
) -> Mapping[PartyQuery, PartyMatch]:
    """Find the party of each query: one call for the numbers, and one for 40 other keys. Raises AccountingError."""
    keys = {key for question in wanted for key in question.keys}
    found: dict[int, EconomicSupplier] = {}
    numbers = {number for key in keys if key.kind in _BY_NUMBER and (number := supplier_number(key.value))}
    searches = [
        among("supplierNumber", sorted(numbers)[begin : begin + MOST_VALUES])
        for begin in range(0, len(numbers), MOST_VALUES)
    ]
    clauses = sorted({clause for key in keys if (clause := _clause(key))})
    searches += [either(clauses[begin : begin + _CLAUSES]) for begin in range(0, len(clauses), _CLAUSES)]
    for search in searches:
        found |= {each.number: each for each in lookups.search_suppliers(search)}
    suppliers = [found[number] for number in sorted(found)]
    return {question: _answer(question, suppliers, employee_group) for question in wanted}


def _clause(key: PartyKey) -> str:
    """Return the condition that finds a key which is a text; it may find others too. Empty for one that is none."""
    match key.kind:
        case KeyKind.ACCOUNT:
            return equals("bankAccount", key.value) if key.value.isprintable() else ""
        case KeyKind.TAX_NUMBER if key.value[:_BEGINNING].isprintable():
            return begins("corporateIdentificationNumber", key.value[:_BEGINNING])
    return ""


def _answer(question: PartyQuery, suppliers: Sequence[EconomicSupplier], employee_group: int | None) -> PartyMatch:
    def candidates(key: PartyKey) -> Iterator[PartyCandidate]:
        for each in suppliers:
            if has_role(question.role, key, employee=each.group == employee_group) and _fits(key, each):
                party = Party(str(each.number), each.name, each.account or None)
                yield PartyCandidate(party, each.name, f"{each.name}, number {each.number}", not each.barred)

    return first_match(question, candidates)


def _fits(key: PartyKey, supplier: EconomicSupplier) -> bool:
    match key.kind:
        case KeyKind.EXTERNAL_ID | KeyKind.CODE:
            return supplier_number(key.value) == supplier.number
        case KeyKind.ACCOUNT:
            return key.value == supplier.bank_account
        case KeyKind.TAX_NUMBER:
            return bool(supplier.tax_number) and tax_number(key.value) == tax_number(supplier.tax_number)
