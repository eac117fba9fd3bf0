"""Dollars from counts, by the dated table of prices."""

from __future__ import annotations

import pytest

from tests.performance.counting.aws import AwsCounts, Invocation
from tests.performance.measurement import Measurement, RunId
from tests.performance.prices import SERVICES, Price, PriceTable, billed

RUN = RunId("product", "xero", 500)
PRICES = PriceTable.read()


def test_a_price_is_for_so_many() -> None:
    assert Price(0.25, 1_000, "", "").of(4_000) == 1.0


def test_each_thing_that_is_counted_has_a_price_and_each_price_a_page_and_something_counted() -> None:
    assert set(billed(Measurement(RUN))) == set(PRICES.prices)
    assert {name.partition(" ")[0] for name in PRICES.prices} == set(SERVICES)
    assert all(price.page.startswith("https://aws.amazon.com/") for price in PRICES.prices.values())


def test_the_sum_is_of_all_services_for_a_thousand_items() -> None:
    run = Measurement(RUN, transitions=1_000, write_units=1_000_000)

    assert PRICES.costs(run)["states"] == pytest.approx(0.025)
    assert PRICES.costs(run)["dynamodb"] == pytest.approx(0.705)
    assert PRICES.per_thousand(run) == pytest.approx(2 * (0.025 + 0.705))


def test_reading_and_writing_objects_have_prices_of_their_own() -> None:
    run = Measurement(RUN, aws={"s3 GET": 3, "s3 PUT": 2, "sqs SendMessage": 5, "sqs ReceiveMessage": 1})

    found = billed(run)

    assert (found["s3 get"], found["s3 put"], found["sqs request"]) == (3, 2, 6)


def test_an_invocation_is_billed_by_its_memory_and_with_its_start() -> None:
    warm = Invocation("f", 512, seconds=2, processor_seconds=1, peak_kb=1, init_seconds=0)
    cold = Invocation("f", 1_024, seconds=2, processor_seconds=1, peak_kb=1, init_seconds=1)

    assert (warm.gb_seconds, cold.gb_seconds) == (1.0, 3.0)


def test_transitions_are_states_entered_and_retries_and_events_are_those_of_the_history() -> None:
    counts = AwsCounts()
    counts.states.update({"Task": 5, "Choice": 2, "Map": 1, "iterations": 2, "attempts": 6})

    assert counts.transitions == 9
    assert counts.events == 2 * 8 + 3 * 6 + 2 * (1 + 2 + 1)
    assert AwsCounts().events == 0
