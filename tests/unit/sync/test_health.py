"""What single findings say, and that what stays is the same finding the night after."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from pleo_export.accounting.lists import LedgerAccount
from pleo_export.accounting.port import PeriodState
from pleo_export.sync.health import GrantFact, MappedKind, MappedUse, MappingFacts, MappingFinding, findings

USE = MappedUse(MappedKind.ACCOUNT, "6100", "a category in Pleo")


def found(*used: MappedUse, **facts: object) -> tuple[MappingFinding, ...]:
    return findings(used, MappingFacts("Tryton", **facts), "Ada")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "code"), [(PeriodState.CLOSED, "mapped_day_closed"), (PeriodState.NONE, "mapped_day_without_period")]
)
def test_a_day_that_is_locked_is_one_finding_for_its_whole_month(state: PeriodState, code: str) -> None:
    (first,), (second,) = (found(periods={date(2026, 11, day): state}) for day in (27, 28))

    assert first.code == code
    assert first.key == second.key
    assert "2026-11-27" in first.told


@pytest.mark.parametrize("state", [PeriodState.OPEN, PeriodState.UNKNOWN])
def test_a_day_that_is_open_or_not_known_is_none(state: PeriodState) -> None:
    assert found(periods={date(2026, 11, 27): state}) == ()


def test_a_grant_is_told_of_when_it_has_ended_or_is_unused_for_long() -> None:
    assert found(grants=[GrantFact("Pleo"), GrantFact("Tryton", unused_for=timedelta(days=45))]) == ()
    codes = [
        each.code for each in found(grants=[GrantFact("a", ended=True), GrantFact("b", False, timedelta(days=46))])
    ]
    assert codes == ["mapped_access_ended", "mapped_access_unused"]


def test_an_account_that_the_ledger_takes_is_none_whatever_its_list_says() -> None:
    listed = [LedgerAccount("1", "6100", "Bank", True, postable=False)]

    assert found(USE, accounts=listed, bookable={"6100": True}) == ()
    (finding,) = found(USE, accounts=listed, bookable={"6100": False})
    assert finding.code == "mapped_account_takes_no_entries"


def test_a_code_that_was_closed_and_made_again_is_in_use() -> None:
    closed, open_ = (LedgerAccount(id_, "6100", "", active, True) for id_, active in (("1", False), ("2", True)))

    assert found(USE, accounts=[closed, open_]) == ()
    assert [each.code for each in found(USE, accounts=[open_, open_])] == ["mapped_account_ambiguous"]


def test_many_places_are_shown_as_a_few_and_a_number() -> None:
    used = [MappedUse(MappedKind.ACCOUNT, "6100", f"the setting accounts.{role}") for role in "abcde"]

    (finding,) = found(*used, accounts=[])
    assert "accounts.a, the setting accounts.b, the setting accounts.c and 2 more." in finding.told
