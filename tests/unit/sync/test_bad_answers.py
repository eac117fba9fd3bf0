"""A ledger that refuses a list and a Pleo that answers nonsense: a sentence names what to fix, and no other list, group
or tag is lost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    InvalidConfiguration,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.lists import (
    DimensionValue,
    LedgerAccount,
    LedgerList,
    LedgerTaxCode,
    NewSupplier,
    TaxCodeType,
)
from pleo_export.settings import SyncSettings
from pleo_export.sync.plan import FindingKind
from pleo_simulator.fault_queue import Fault
from tests.system.synced_company import TAGS, SyncedCompany

TAGS_OF_A_GROUP = "/v0/tag-groups/.*/tags"
REFUSALS = {
    401: AuthenticationFailed("The key has been revoked."),
    403: PermissionDenied("The key may not read it."),
    404: InvalidConfiguration("There is no such list."),
    429: RateLimited("Too many requests.", retry_after=30),
    500: Unavailable("The ledger cannot be reached."),
    "garbage": Rejected("The answer is not JSON."),
}


@pytest.fixture
def company() -> SyncedCompany:
    """A company with one element of each list, and nothing at Pleo."""
    company = SyncedCompany(SyncSettings(dimensions=("DEPT",), accounts=True, tax_codes=True, vendors=True))
    company.ledger.values["DEPT"] = [DimensionValue("LON", "London", active=True)]
    company.ledger.accounts = [LedgerAccount("a1", "6100", "Stationery", active=True, postable=True)]
    company.ledger.taxes = [LedgerTaxCode("GB20", "Standard", Decimal("0.2"), TaxCodeType.INCLUSIVE, True)]
    company.ledger.enter(NewSupplier("key", "Harbour Print", "GBP"))
    return company


def shown(company: SyncedCompany) -> dict[LedgerList, int]:
    """Return how many elements of each list Pleo shows."""
    return {
        LedgerList.TAGS: len(company.active_tags("DEPT")) if "DEPT" in company.groups() else 0,
        LedgerList.ACCOUNTS: len(company.rows("accounts")),
        LedgerList.TAX_CODES: len(company.rows("tax_codes")),
        LedgerList.VENDORS: len(company.rows("vendors")),
    }


@pytest.mark.parametrize("list_", LedgerList)
@pytest.mark.parametrize("answer", REFUSALS)
def test_a_list_that_the_ledger_refuses_is_told_with_the_cause_and_costs_no_other(
    company: SyncedCompany, answer: int | str, list_: LedgerList
) -> None:
    refusal: AccountingError = REFUSALS[answer]
    company.ledger.fails[list_] = refusal
    result = company.sync()

    (finding,) = result.findings
    is_dimension = list_ is LedgerList.TAGS and isinstance(refusal, InvalidConfiguration)
    assert finding.list is list_
    assert finding.kind is (FindingKind.DIMENSION_GONE if is_dimension else FindingKind.LIST_INCOMPLETE)
    assert ("DEPT" if is_dimension else refusal.message) in finding.told
    assert shown(company) == {each: int(each is not list_) for each in LedgerList}

    company.ledger.fails.clear()
    assert company.sync().findings == ()
    assert set(shown(company).values()) == {1}


@pytest.mark.parametrize(
    ("fault", "kind", "cause"),
    [
        ({"effect": "status", "status": 400}, FindingKind.LIST_INCOMPLETE, "Pleo answered"),
        ({"effect": "status", "status": 404}, FindingKind.LIST_INCOMPLETE, "Pleo answered"),
        ({"effect": "status", "status": 403}, FindingKind.SCOPE_MISSING, "tag-group"),
        ({"effect": "status", "status": 500}, FindingKind.INTERRUPTED, "goes on by itself"),
        ({"effect": "bad_json"}, FindingKind.LIST_INCOMPLETE, "what cannot be read."),
        ({"effect": "missing_field", "field": "data"}, FindingKind.LIST_INCOMPLETE, "what cannot be read."),
        ({"effect": "missing_field", "field": "data.0.id"}, FindingKind.LIST_INCOMPLETE, "what cannot be read."),
        ({"effect": "missing_field", "field": "data.0.code"}, FindingKind.LIST_INCOMPLETE, "what cannot be read."),
    ],
)
def test_tags_that_pleo_does_not_show_properly_are_told_unchanged_and_cost_no_other_list(
    company: SyncedCompany, fault: dict[str, object], kind: FindingKind, cause: str
) -> None:
    company.put_group("DEPT", "GONE")
    company.pleo.faults.order(Fault.model_validate({"path": TAGS_OF_A_GROUP, "method": "GET", "count": 50, **fault}))
    result = company.sync()

    (finding,) = result.findings
    assert (finding.kind, finding.list) == (kind, LedgerList.TAGS)
    assert cause in finding.told
    assert company.active_tags("DEPT") == {"GONE": "GONE"}
    assert shown(company) == dict.fromkeys(LedgerList, 1)

    company.pleo.faults.clear()
    assert company.sync().findings == ()
    assert company.active_tags("DEPT") == {"LON": "London"}


@pytest.mark.parametrize(
    "fault",
    [{"effect": "bad_json"}, {"effect": "missing_field", "field": "data"}],
)
def test_a_tag_whose_answer_cannot_be_read_is_made_once_and_costs_no_other(
    company: SyncedCompany, fault: dict[str, object]
) -> None:
    company.ledger.values["DEPT"].append(DimensionValue("CPH", "Copenhagen", active=True))
    company.pleo.faults.order(Fault.model_validate({"path": TAGS_OF_A_GROUP, "method": "POST", **fault}))
    company.sync_until_finished(*TAGS)

    assert company.active_tags("DEPT") == {"LON": "London", "CPH": "Copenhagen"}
    assert len(company.tags("DEPT")) == 2
