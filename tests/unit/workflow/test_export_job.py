"""One export job from the click to the end: what Pleo and the books hold then, and what it cost (promises, budgets)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from math import ceil
from random import Random
from typing import Any

import pytest

from pleo_simulator.demo import CANNOT_BE_BOOKED
from pleo_simulator.sample import HAVN, NORTHGATE, demo_items, sample_items
from tests.system.expenses import FIRST_DAY, entry_id, purchase, purchases, reference, references
from tests.system.in_process_system import InProcessSystem

INTO_WALLET = {"wallet_topup", "refund", "chargeback", "cashback"}
OUT_OF_WALLET = {
    "card_purchase", "fee", "atm_withdrawal", "personal_spend", "direct_reimbursement", "wallet_unload",
}  # fmt: skip
RANKS = {"wallet_topup": 0, "wallet_unload": 0, "invoice": 1, "invoice_payment": 3, "refund": 4, "chargeback": 4}
RANKS |= {"direct_reimbursement": 5, "external_reimbursement": 5}


def wallet_effect(item: dict[str, Any], currency: str) -> int:
    amount = item["amount"]["inWalletCurrency"]
    sign = (item["type"] in INTO_WALLET) - (item["type"] in OUT_OF_WALLET)
    return sign * int(amount["value"]) if amount["currency"] == currency else 0


def booking_order(item: dict[str, Any]) -> tuple[str, int, str]:
    """R-3.7."""
    return item["date"][:10], RANKS.get(item["type"], 2), entry_id(item)


def test_the_demo_books_all_but_the_four_that_cannot_be_booked(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, demo_items(NORTHGATE))
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert system.job(job)["status"] == "completed_with_errors"
    assert system.statuses(job) == {"successful": 36, "failed": 4}
    assert Counter(kind for kind, _ in system.failures(job).values()) == Counter(CANNOT_BE_BOOKED.values())
    successful = {key: item for key, item in system.items(job).items() if item["status"] == "successful"}
    assert Counter(each.reference for each in books.live()) == Counter(f"pleo:{key}" for key in successful)
    by_reference = {each.entry.reference: each for each in books.documents}
    for key, item in successful.items():
        assert item["externalId"] == by_reference[f"pleo:{key}"].id
        assert item["externalUrl"] == f"https://books.example/{item['externalId']}"
        assert item["exportedAt"]


@pytest.mark.parametrize(("currency", "account"), [("GBP", "1900"), ("EUR", "1901")])
def test_given_the_demo_when_it_is_exported_then_the_wallet_s_account_holds_what_the_wallet_holds(
    system: InProcessSystem, currency: str, account: str
) -> None:
    books = system.connect(NORTHGATE, items := demo_items(NORTHGATE))
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    booked = [item for item in items if system.items(job)[entry_id(item)]["status"] == "successful"]
    assert books.balance(account) == sum(wallet_effect(item, currency) for item in booked) != 0


def test_given_a_job_without_items_when_it_runs_then_it_is_completed(system: InProcessSystem) -> None:
    books = system.connect(NORTHGATE)
    job = system.export(NORTHGATE, [])

    system.run(NORTHGATE)

    assert system.job(job)["status"] == "completed"
    assert books.documents == []


def test_given_three_chunks_when_they_are_booked_then_the_ledger_has_the_order_of_the_rules(
    system: InProcessSystem,
) -> None:
    items = [purchase(f"lunch-{n}", day=item_day) for n, item_day in _shuffled_days(120)]
    books = system.connect(NORTHGATE, items)
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert system.statuses(job) == {"successful": 120}
    assert [each.reference for each in books.live()] == references(sorted(items, key=booking_order))


def test_given_all_types_on_one_day_then_a_payment_follows_what_it_pays(
    system: InProcessSystem,
) -> None:
    items = [{**item, "date": "2026-03-02T00:00:00.000Z"} for item in sample_items(NORTHGATE, 22, seed=1)]
    books = system.connect(NORTHGATE, items)
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    booked = [item for item in items if system.items(job)[entry_id(item)]["status"] == "successful"]
    assert len({booking_order(item)[1] for item in booked}) >= 5
    assert [each.reference for each in books.live()] == references(sorted(booked, key=booking_order))


def test_given_one_malformed_item_then_it_fails_by_its_field_and_the_others_are_booked(
    system: InProcessSystem,
) -> None:
    good, bad, other = purchases(3)
    del bad["amount"]["inWalletCurrency"]["value"]
    books = system.connect(NORTHGATE, [good, bad, other])
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    (failure,) = system.failures(job).items()
    assert failure[0] == entry_id(bad)
    assert failure[1][0] == "validation_failure"
    assert "missing or unusable (amount)" in failure[1][1]
    assert [each.reference for each in books.live()] == references([good, other])


def test_given_an_item_listed_without_data_then_only_that_one_fails(
    system: InProcessSystem,
) -> None:
    good, lost = purchases(2)
    books = system.connect(NORTHGATE, [good, lost])
    job = system.export(NORTHGATE)
    del system.service.state._jobs[job].expenses[entry_id(lost)]  # type: ignore[attr-defined]

    system.run(NORTHGATE)

    kind, reason = system.failures(job)[entry_id(lost)]
    assert (kind, "sent no data" in reason) == ("unexpected_failure", True)
    assert [each.reference for each in books.live()] == [reference(good)]


def test_given_an_item_of_another_company_when_it_is_exported_then_it_is_not_booked(system: InProcessSystem) -> None:
    good, foreign = purchases(2)
    foreign["companyId"] = HAVN
    books = system.connect(NORTHGATE, [good, foreign])
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    kind, reason = system.failures(job)[entry_id(foreign)]
    assert (kind, "for another company" in reason) == ("validation_failure", True)
    assert [each.reference for each in books.live()] == [reference(good)]


@pytest.mark.parametrize("count", [1, 3])
def test_given_only_failing_items_then_each_has_its_reason_and_the_job_fails(
    system: InProcessSystem, count: int
) -> None:
    """Open question 5."""
    books = system.connect(NORTHGATE, purchases(count, account=None))
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    at_pleo = system.job(job)
    assert (at_pleo["status"], at_pleo["failureReasonType"]) == ("failed", "missing_configuration")
    assert (
        at_pleo["failureReason"]
        == {
            1: "The only expense of this export failed. Open it to see what to do.",
            3: "All 3 expenses of this export failed. Open each to see what to do.",
        }[count]
    )
    assert {kind for kind, _ in system.failures(job).values()} == {"missing_configuration"}
    assert (system.statuses(job), books.documents) == ({"failed": count}, [])


@pytest.mark.parametrize(("good", "bad"), [(0, 0), (1, 0), (50, 0), (120, 0), (1, 1), (0, 1), (0, 120)])
def test_given_a_job_of_some_size_when_it_runs_then_it_stays_within_its_budgets(
    system: InProcessSystem, good: int, bad: int
) -> None:
    """One more call to Pleo where an item failed: whether all did. Calls to Pleo are taken from the budget in blocks,
    each one write: two or three for a function."""
    failing = (purchase(f"no-category-{n}", account=None) for n in range(bad))
    system.connect(NORTHGATE, [*purchases(good), *failing])
    job = system.export(NORTHGATE)
    count = good + bad

    system.wake(NORTHGATE)
    system.execute(system.executions.started[0])

    assert system.statuses(job) == {key: n for key, n in (("successful", good), ("failed", bad)) if n}
    assert system.transitions <= 14 + 4 * ceil(count / 50)
    assert len(system.service.requests) <= 6 + (bad > 0) + 2 * max(1, ceil(count / 100)) + ceil(count / 50)
    assert system.effects.dynamodb_writes() <= 3 * count + 8 + ceil(count / 50) + _blocks_of_calls(count)


def _blocks_of_calls(count: int) -> int:
    """Dispatch and StartJob one each, FetchItems and CompleteJob two, UpdateItems one a chunk."""
    return 6 + ceil(count / 50)


def test_the_largest_job_s_list_of_chunks_is_a_fraction_of_the_payload_limit(
    system: InProcessSystem,
) -> None:
    """A history of 25,000 events, at some 15 a chunk, ends before the payloads do."""
    chunks = {"chunks": list(range(1_600)), "count": 80_000}
    system.connect(NORTHGATE, [])
    system.export(NORTHGATE, [])
    system.handlers["fetch_items"] = lambda _event, _context: chunks
    system.handlers["record_items"] = lambda _event, _context: {"waitSeconds": 0}
    system.handlers["update_items"] = lambda _event, _context: None

    system.run(NORTHGATE)

    assert system.executions.over == {system.executions.started[0].execution: "SUCCEEDED"}
    assert max(map(len, system.payloads)) < 0.1 * 256 * 1024


def _shuffled_days(count: int) -> Iterator[tuple[int, date]]:
    numbers = list(range(count))
    Random(1).shuffle(numbers)
    return ((number, FIRST_DAY + timedelta(days=number % 40)) for number in numbers)
