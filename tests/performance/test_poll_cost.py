"""A poll's requests to AWS follow from the companies that it wakes, not from those that are connected."""

from __future__ import annotations

from tests.performance.poll import cost, polled
from tests.system.aws import default_of
from tests.system.in_process_system import in_process_system

LOOKS = int(default_of("LooksPerMinute"))


def test_given_ten_times_the_companies_then_a_poll_sends_no_more_requests_than_its_limit_needs() -> None:
    few, many = cost(1_200), cost(12_000)

    assert few.woken < 100
    assert (many.woken, many.left > 0) == (LOOKS, True)
    for each in (few, many):
        per_company = each.woken + -(-each.woken // 10)  # the next look of each, and ten wake-ups a message
        assert sum(each.requests.values()) <= per_company + 7


def test_given_no_company_is_due_then_a_poll_reads_the_index_once() -> None:
    with in_process_system() as system:
        polled(system)
        assert sum(polled(system).requests.values()) <= 3
