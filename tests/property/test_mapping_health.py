"""Mapping health is told of every element that is used and cannot be booked with, once, and of nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pleo_export.accounting.lists import DimensionValue, LedgerAccount, LedgerTaxCode, TaxCodeType
from pleo_export.accounting.port import PeriodState
from pleo_export.failures.catalogue import ENTRIES
from pleo_export.sync.health import (
    MappedKind,
    MappedUse,
    MappingFacts,
    MappingFinding,
    findings,
)
from pleo_export.sync.standing import Standing

CODES = st.sampled_from(["6100", "6200", "6300", "CC", "VAT20", "Ünïcode", "\u202ertl", "x" * 300, "{where}"])
PLACES = st.sampled_from(["a category in Pleo", "the setting accounts.payables", "expenses that wait", "a tag group"])
uses = st.builds(MappedUse, st.sampled_from(MappedKind), CODES, PLACES, st.sampled_from(["", "CC", "6100"]))
accounts = st.builds(LedgerAccount, CODES, CODES, st.text(max_size=5), st.booleans(), st.booleans())
values = st.builds(DimensionValue, CODES, st.text(max_size=5), st.booleans())
tax_codes = st.builds(
    LedgerTaxCode,
    CODES,
    st.text(max_size=5),
    st.none(),
    st.sampled_from(TaxCodeType),
    st.booleans(),
    allowed_accounts=st.none() | st.frozensets(CODES, max_size=3),
)
facts_of_any_kind = st.builds(
    MappingFacts,
    st.just("Tryton"),
    accounts=st.none() | st.lists(accounts, max_size=6),
    tax_codes=st.none() | st.lists(tax_codes, max_size=6),
    dimensions=st.dictionaries(st.sampled_from(["CC", "6100"]), st.none() | st.lists(values, max_size=5)),
    parties=st.dictionaries(
        st.tuples(st.sampled_from([MappedKind.SUPPLIER, MappedKind.EMPLOYEE]), CODES), st.sampled_from(Standing)
    ),
    periods=st.dictionaries(st.dates(date(2026, 1, 1), date(2027, 1, 1)), st.sampled_from(PeriodState), max_size=2),
    subscription=st.none() | st.just("missing"),
)


def _found(used: list[MappedUse], facts: MappingFacts) -> tuple[MappingFinding, ...]:
    return findings(used, facts, "Ada")


@given(st.lists(uses, max_size=12), facts_of_any_kind, st.randoms(use_true_random=False))
def test_the_same_is_found_in_whatever_order_it_is_read(
    used: list[MappedUse], facts: MappingFacts, random: Random
) -> None:
    mixed = [*used, *used]
    random.shuffle(mixed)

    assert _found(mixed, facts) == _found(used, facts)


@given(st.lists(uses, max_size=12), facts_of_any_kind)
def test_a_finding_has_a_key_of_its_own_and_a_sentence_of_the_catalogue(
    used: list[MappedUse], facts: MappingFacts
) -> None:
    found = _found(used, facts)

    assert len({each.key for each in found}) == len(found)
    for each in found:
        assert each.who is ENTRIES[each.code].who
        assert len(each.told) <= 700
        assert not re.search(r"\{(?!where)", each.told)
        assert each.told.endswith(".")


@given(st.lists(uses, max_size=12))
def test_nothing_is_found_of_what_is_not_known(used: list[MappedUse]) -> None:
    assert _found(used, MappingFacts("Tryton")) == ()


@given(st.lists(uses, max_size=12), facts_of_any_kind)
def test_what_nobody_uses_is_never_told(used: list[MappedUse], facts: MappingFacts) -> None:
    without_elements = replace(facts, subscription=None, periods={})

    assert _found([], without_elements) == ()


@given(st.lists(uses, min_size=1, max_size=8), st.data())
def test_an_account_is_told_of_if_and_only_if_it_cannot_be_booked_on(
    used: list[MappedUse], data: st.DataObject
) -> None:
    chart = data.draw(st.lists(accounts, max_size=8))
    found = _found(used, MappingFacts("Tryton", accounts=chart))

    wanted = {each.code for each in used if each.kind is MappedKind.ACCOUNT}
    bookable = {
        code for code in wanted if sum(each.code == code and each.active and each.postable for each in chart) == 1
    }
    assert len(found) == len(wanted - bookable)


@given(st.lists(uses, min_size=1, max_size=8), st.data())
def test_a_tag_is_told_of_if_its_value_is_closed_and_no_more_once_it_is_open(
    used: list[MappedUse], data: st.DataObject
) -> None:
    tags = {(each.within, each.code) for each in used if each.kind is MappedKind.TAG}
    closed = {
        name: [DimensionValue(code, code, active=False) for within, code in tags if within == name] for name, _ in tags
    }
    opened = {name: [replace(each, active=True) for each in found] for name, found in closed.items()}

    assert len(_found(used, MappingFacts("Tryton", dimensions=closed))) == len(tags)
    assert _found(used, MappingFacts("Tryton", dimensions=opened)) == ()


@given(CODES, CODES, st.frozensets(CODES, max_size=3), st.booleans())
def test_a_tax_code_that_is_not_allowed_on_the_account_is_told_of(
    code: str, account: str, allowed: frozenset[str], active: bool
) -> None:
    tax = LedgerTaxCode(code, "", None, TaxCodeType.INCLUSIVE, active, allowed_accounts=allowed)
    use = MappedUse(MappedKind.TAX_CODE, code, "a category in Pleo", account)

    found = _found([use], MappingFacts("Tryton", tax_codes=[tax]))
    if active and account in allowed:
        assert found == ()
    else:
        assert [each.code for each in found] == [
            "mapped_tax_code_not_allowed" if active else "mapped_tax_code_archived"
        ]
