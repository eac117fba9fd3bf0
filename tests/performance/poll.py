"""What one poll of the schedule costs with many companies: requests to AWS, and seconds without a network.

    python -m tests.performance.poll [companies ...]

Requests are exact. Seconds are those of this machine; the records lie in the simulation's table, which looks through
all of them at each query where DynamoDB reads pages of an index. (Moto does so at each write as well, and would take
hours for 100,000.)
"""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TypeVar

from pleo_export.services.company_queue import BATCH
from pleo_export.services.wake_ups import WakeUps
from pleo_export.store.connected_companies import INTERVAL, TIME
from pleo_export.store.connections import Connection, connection_record
from pleo_export.store.polls import LastPoll
from pleo_export.store.table import iso
from pleo_export.workflow.look_times import next_look
from tests.simulation.fake_aws import Table
from tests.simulation.fault_injection import FaultInjector
from tests.system.in_process_system import NOON, InProcessSystem, in_process_system, settings

T = TypeVar("T")
SIZES = (1_000, 10_000, 100_000)
HEALTHY = timedelta(minutes=40)


class CountedTable(Table):
    """The simulation's table, without faults; its requests are effects of the system."""

    def __init__(self, system: InProcessSystem) -> None:
        super().__init__(FaultInjector(Random(0), system.clock))
        self._effects = system.effects

    def _call(self, operation: str, work: Callable[[], T]) -> T:
        self._effects.before(f"dynamodb {operation}")
        return super()._call(operation, work)

    def _write(self, operation: str, work: Callable[[], T]) -> T:
        self._effects.before(f"dynamodb {operation}")
        return super()._write(operation, work)


class TakingQueue:
    """SQS, which takes every message: moto's compares each with all that wait."""

    def __init__(self, system: InProcessSystem) -> None:
        self._effects = system.effects

    def send_message_batch(self, *, QueueUrl: str, Entries: list[object]) -> dict[str, object]:  # noqa: N803 - AWS's
        self._effects.before("sqs SendMessageBatch")
        assert len(Entries) <= BATCH
        return {}


@dataclass(frozen=True)
class Cost:
    """Of one poll. `requests` by operation; `seconds` is the time it took."""

    woken: int
    left: int
    requests: Counter[str]
    seconds: float


def connect_many(system: InProcessSystem, number: int, *, with_looks: bool = True) -> None:
    """Store so many connections, looked at every 40 minutes; without a next look as an older release stores them."""
    table = system.services.table = CountedTable(system)
    system.services.wake_ups = WakeUps(TakingQueue(system), system.queue_url)  # type: ignore[arg-type]
    for each in range(number):
        company = f"{each:08x}-1111-4111-8111-111111111111"
        record = connection_record(Connection(company, settings(company), f"arn:{company}"), f"ledger of {company}")
        if with_looks:
            record |= {TIME: iso(next_look(company, HEALTHY, NOON)), INTERVAL: 40}
        else:
            del record[TIME]
        table.records[record["pk"], record["sk"]] = record


def polled(system: InProcessSystem) -> Cost:
    """Let the schedule poll once, a minute later."""
    system.sleep(60)
    system.effects.log.clear()
    gc.collect()
    gc.freeze()  # the records of the stand-in are no part of a function's memory
    begin = time.perf_counter()
    answer = system.scheduled_poll()
    seconds = time.perf_counter() - begin
    return Cost(answer["companies"], answer["left"], Counter(system.effects.log), seconds)


def cost(companies: int, *, with_looks: bool = True) -> Cost:
    """Return what a poll costs with so many companies, a minute after the one before it."""
    with in_process_system() as system:
        connect_many(system, companies, with_looks=with_looks)
        checked = NOON if with_looks else None  # when all connections were checked for a next look
        system.services.polls.put(LastPoll(NOON, checked))
        return polled(system)


def main() -> None:
    """Print the costs, by number of companies."""
    write = sys.stdout.write
    for size in [int(each) for each in sys.argv[1:]] or SIZES:
        for with_looks in (True, False):
            found = cost(size, with_looks=with_looks)
            what = "a poll" if with_looks else "the first poll after the upgrade"
            requests = ", ".join(f"{number} {name}" for name, number in sorted(found.requests.items()))
            write(f"{size:,} companies, {what}: {found.woken} woken, {found.left} left, {found.seconds:.1f} s\n")
            write(f"  {sum(found.requests.values())} requests: {requests}\n")


if __name__ == "__main__":
    main()
