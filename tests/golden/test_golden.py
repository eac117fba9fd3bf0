"""Every golden document still is what its .expected file says, and the cases together reach every decision."""

from __future__ import annotations

import difflib
from collections import Counter

import pytest

from pleo_export.bookkeeping.book import Booking
from pleo_export.bookkeeping.documents import Bill, DocumentKind, JournalEntry, Payment, PaymentPurpose
from pleo_export.bookkeeping.parties import Ambiguous, Blocked, KeyKind, NotFound, Party, PartyMatch, party_query
from pleo_export.bookkeeping.rules import ALWAYS_JOURNAL, JOURNAL_RULES, METHODS, PAYABLE_RULES, PayableRule, Role, Sign
from pleo_export.bookkeeping.taxes import TREATMENTS, Agreement, agreement
from pleo_export.errors import ItemFailure, ItemRejected
from tests.golden.cases import HERE, Case, cases
from tests.golden.guide import GUIDE, guide

CASES = list(cases())
BY_NAME = {case.path.stem: case for case in CASES}
BOOKED = [(case, outcome) for case in CASES if isinstance(outcome := case.outcome(), Booking)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path.stem)
def test_the_entry_is_the_expected_one(case: Case) -> None:
    assert case.expected.exists(), f"{case.path.stem}: run python -m tests.golden generate and read the result"
    expected, actual = case.expected.read_text(), case.as_text()
    difference = difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected", "actual", lineterm="")
    assert expected == actual, "\n" + "\n".join(difference)


def test_every_expectation_has_its_input() -> None:
    assert {path.with_suffix(".json") for path in HERE.glob("*/*.expected")} == {case.path for case in CASES}


def test_every_row_of_the_journal_table_has_an_entry() -> None:
    entries = [case.item() for case, booking in BOOKED if isinstance(booking.documents[0], JournalEntry)]
    assert {(rule.type, rule.sub_type) for rule in JOURNAL_RULES} == {(item.type, item.sub_type) for item in entries}


def _made(rule: PayableRule) -> set[tuple[DocumentKind | None, PaymentPurpose | None]]:
    """What the cases of a row became under accounts payable: kind of the bill, purpose of the payment."""
    made: set[tuple[DocumentKind | None, PaymentPurpose | None]] = set()
    for case, booking in BOOKED:
        if (case.payload["type"], case.payload["subType"]) == (rule.type, rule.sub_type):
            kinds = [each.kind for each in booking.documents if isinstance(each, Bill)]
            purposes = [each.purpose for each in booking.documents if isinstance(each, Payment)]
            made.add((kinds[0] if kinds else None, purposes[0] if purposes else None))
    return made - {(None, None)}


@pytest.mark.parametrize("rule", PAYABLE_RULES, ids=lambda rule: f"{rule.type}-{rule.sub_type}")
def test_every_row_of_the_payables_table_has_its_documents(rule: PayableRule) -> None:
    made = _made(rule)
    assert (rule.bill, rule.payment) in made
    assert made <= {(each.bill, each.payment) for each in (rule, rule.reversed())}


def test_every_type_is_always_a_journal_entry_or_has_a_row_in_the_payables_table() -> None:
    rows = {(rule.type, rule.sub_type) for rule in PAYABLE_RULES}
    assert rows == {(rule.type, rule.sub_type) for rule in JOURNAL_RULES if rule.type not in ALWAYS_JOURNAL}


def test_every_answer_about_a_party_has_a_case_asked_for_and_legacy() -> None:
    seen: set[tuple[type[PartyMatch], bool]] = set()
    kinds: set[KeyKind] = set()
    for case in CASES:
        if case.path.parent.name in {"payables", "legacy"} and case.path.stem[:3] not in {
            "V04",
            "V05",
            "V06",
            "V07",
            "V08",
        }:
            wanted = party_query(case.item(), case.settings)
            if wanted is not None and (party := case.party(case.item())) is not None:
                seen.add((type(party), wanted.required))
                kinds |= {key.kind for key in wanted.keys}
    assert seen == {
        (answer, required) for answer in (Party, NotFound, Ambiguous, Blocked) for required in (True, False)
    }
    assert kinds == set(KeyKind)


@pytest.mark.parametrize("case", [case for case in CASES if case.path.stem[0] == "V"], ids=lambda case: case.path.stem)
def test_a_party_that_cannot_be_told_is_reported_as_vendor_unknown(case: Case) -> None:
    outcome = case.outcome()
    assert isinstance(outcome, ItemRejected)
    assert outcome.failure is ItemFailure.VENDOR_UNKNOWN


def test_every_method_and_every_always_journal_type_has_a_case() -> None:
    items = [case.payload for case in CASES]
    methods = {(item["bookkeeping"] or {}).get("method") for item in items}
    assert set(METHODS) <= methods
    assert {item["type"] for item in items if item["bookkeeping"] and item["type"] in ALWAYS_JOURNAL} == ALWAYS_JOURNAL


def test_every_row_of_the_tax_table_has_an_entry_and_every_other_pair_a_refusal() -> None:
    def pairs(case: Case) -> set[tuple[str, Agreement]]:
        return {(line.tax.type, agreement(line)) for line in case.item().lines if line.tax is not None}

    booked = set().union(*(pairs(case) for case, _ in BOOKED))
    refused = set().union(*(pairs(case) for case in CASES if case.path.stem[:3] in {"X09", "X10", "X11", "X12"}))
    assert booked == set(TREATMENTS)
    assert not refused & booked
    assert refused == {
        ("inclusive", Agreement.NONE),
        ("inclusive", Agreement.OUTSIDE),
        ("exclusive", Agreement.OUTSIDE),
        ("reverse", Agreement.INSIDE),
    }


def test_every_expected_sign_is_seen_with_positive_and_with_negative_amounts() -> None:
    signs = {(rule.type, rule.sub_type): rule.sign for rule in JOURNAL_RULES}
    seen = Counter(
        (signs[item.type, item.sub_type], item.amount.in_wallet_currency.value > 0)
        for case, _ in BOOKED
        for item in [case.item()]
    )
    assert set(seen) == {(sign, positive) for sign in Sign for positive in (True, False)}


def test_every_role_can_be_missing_or_is_named_by_the_expense() -> None:
    reasons = "".join(str(case.outcome()) for case in CASES if case.path.parent.name == "bare")
    named = {role for role in Role if f"accounts.{role}" in reasons}
    assert named == set(Role) - {Role.CATEGORY}


def test_the_guide_for_bookkeepers_is_up_to_date() -> None:
    assert GUIDE.read_text() == guide(), "run python -m tests.golden generate"


def _balances(*names: str) -> Counter[str]:
    """Account -> sum in minor units over several documents."""
    balances: Counter[str] = Counter()
    for name in names:
        outcome = BY_NAME[name].outcome()
        assert isinstance(outcome, Booking)
        for document in outcome.documents:
            for line in document.lines:
                balances[line.account] += line.amount
    return balances


@pytest.mark.parametrize("method", ["", "AP-"])
@pytest.mark.parametrize("paid", ["Reimbursement-from-the-wallet", "Reimbursement-by-payroll"])
def test_given_pocket_spend_when_reimbursed_then_nothing_is_owed_to_the_employee(method: str, paid: str) -> None:
    names = ("E07-{}Out-of-pocket-taxi", "E08-{}Mileage-with-tax-on-the-fuel", "E09-{}Per-diem")
    spend = [name.format(method) for name in names]
    assert _balances(*spend)["2250"] == -129_00
    assert _balances(*spend, f"E10-{method}{paid}")["2250"] == 0


@pytest.mark.parametrize(("method", "payables"), [("", "2100"), ("AP-", "2102")])
def test_given_an_invoice_when_paid_then_settled_and_when_the_payment_returns_then_open_again(
    method: str, payables: str
) -> None:
    invoice, paid, returned = (
        f"E11-{method}{name}" for name in ("Invoice", "Invoice-payment", "Invoice-payment-returned")
    )
    assert _balances(invoice, paid)[payables] == 0
    assert _balances(invoice, paid, returned)[payables] == -1300_00
    assert _balances(invoice, paid, returned)["1900"] == 0


@pytest.mark.parametrize("name", ["E01-AP-Card-purchase-with-tax", "E05-AP-Refund", "E12-AP-Card-invoice-in-EUR"])
def test_given_a_card_item_under_accounts_payable_then_nothing_stays_open(name: str) -> None:
    balances = _balances(name)
    assert [balances[account] for account in ("2100", "2101")] == [0, 0]


def test_given_cash_withdrawn_when_part_of_it_is_spent_then_the_employee_owes_the_rest() -> None:
    assert _balances("E18-Cash-withdrawal", "E18-Cash-spent")["2250"] == 20_00


def test_given_an_employee_with_an_own_account_then_what_they_owe_returns_to_zero_on_that_account() -> None:
    """Personal spend and cash are journal entries, what pays them back is not: both on one account (R-5b.6)."""
    spent = ("P13-Personal-spend-on-the-employees-own-account", "P15-Employee-with-an-own-account-pays-back")
    cash = ("P14-Cash-on-the-employees-own-account", "P16-Employee-with-an-own-account-spends-cash")
    for names in (spent, cash):
        assert _balances(names[0])["2258"] != 0
        assert [_balances(*names)[account] for account in ("2250", "2258")] == [0, 0]


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.path.parent.name == "rounding"], ids=lambda case: case.path.stem
)
def test_given_an_account_for_roundings_then_the_wallet_moves_by_the_items_amount(case: Case) -> None:
    if isinstance(case.outcome(), Booking):
        assert abs(_balances(case.path.stem)["1900"]) == case.item().amount.in_wallet_currency.value


def test_given_an_amendment_when_taken_back_then_wallet_and_clearing_are_as_before() -> None:
    assert set(_balances("E16-Balance-amendment-up", "E16-Balance-amendment-down").values()) == {0}


@pytest.mark.parametrize("method", ["", "AP-"])
def test_given_a_purchase_when_charged_back_then_every_account_is_as_before(method: str) -> None:
    assert set(_balances(f"E01-{method}Card-purchase-with-tax", f"E06-{method}Chargeback").values()) == {0}
