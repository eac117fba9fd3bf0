"""What one run has cost, as counted; and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.performance.counting.aws import AwsCounts
from tests.performance.counting.door import DoorCounts

BILLED = ("dynamodb", "s3", "sqs", "states", "secretsmanager", "apigateway", "sns", "lambda")
OURS = ("states ListExecutions", "states DescribeExecution", "states GetExecutionHistory")
"""What the benchmark itself asks while it waits."""


@dataclass(frozen=True)
class RunId:
    """`program` is product, naive or floor."""

    program: str
    ledger: str
    items: int
    receipts: bool = False


@dataclass(frozen=True)
class Measurement:
    """One run of a number of items. `refused` names the quota of AWS that ends the run; then nothing else is known.

    `pleo` and `ledger` are the requests that reached them, `files` those for receipts among Pleo's. `aws` are requests
    by service and operation. `peak_mb` is the most that one invocation of any function held (floor: the process),
    `peaks_mb` by function. `emulator_seconds` is the part of the wall time that AWS's
    emulator took for requests."""

    run: RunId
    seconds: float = 0
    pleo: int = 0
    files: int = 0
    ledger: int = 0
    retried: int = 0
    bytes: int = 0
    aws: Mapping[str, int] = field(default_factory=dict)
    items_written: int = 0
    write_units: float = 0
    read_units: float = 0
    transitions: int = 0
    events: int = 0
    invocations: int = 0
    cold_starts: int = 0
    gb_seconds: float = 0
    log_bytes: int = 0
    peak_mb: float = 0
    peaks_mb: Mapping[str, float] = field(default_factory=dict)
    function_seconds: Mapping[str, float] = field(default_factory=dict)
    processor_seconds: float = 0
    emulator_seconds: Mapping[str, float] = field(default_factory=dict)
    refused: str | None = None

    @property
    def per_item(self) -> float:
        """Wall time of an item, in milliseconds."""
        return 1000 * self.seconds / self.run.items

    def as_json(self) -> dict[str, Any]:
        """Return it for a file of JSON."""
        return asdict(self)


def measurement(
    run: RunId,
    seconds: float,
    pleo: DoorCounts,
    ledger: DoorCounts,
    aws: AwsCounts,
    strip: str = "",
) -> Measurement:
    """Put together what was counted during a run. `strip` is the beginning of the names of its functions."""
    requests = {name: count for name, count in aws.requests.items() if name.split()[0] in BILLED and name not in OURS}
    peaks: dict[str, float] = {}
    took: Counter[str] = Counter()
    for each in aws.invocations:
        name = short_name(each.function, strip)
        peaks[name] = max(peaks.get(name, 0), each.peak_kb / 1024)
        took[name] += each.seconds  # type: ignore[assignment]
    return Measurement(
        run=run,
        seconds=seconds,
        pleo=pleo.calls,
        files=sum(count for name, count in pleo.requests.items() if name.startswith("GET /files/")),
        ledger=ledger.calls,
        retried=pleo.statuses[429] + ledger.statuses[429] + ledger.statuses[503],
        bytes=pleo.received + pleo.sent + ledger.received + ledger.sent + aws.received.total() + aws.sent.total(),
        aws=dict(sorted(requests.items())),
        items_written=aws.dynamodb["items written"],
        write_units=aws.dynamodb["write units"],
        read_units=aws.dynamodb["read units"],
        transitions=aws.transitions,
        events=aws.events,
        invocations=len(aws.invocations),
        cold_starts=sum(each.init_seconds > 0 for each in aws.invocations),
        gb_seconds=sum(each.gb_seconds for each in aws.invocations),
        log_bytes=aws.log_bytes,
        peak_mb=max(peaks.values(), default=0),
        peaks_mb=peaks,
        function_seconds={name: round(value, 3) for name, value in took.items()},
        emulator_seconds={name: round(aws.took[name], 3) for name in sorted(requests) if aws.took[name]},
        processor_seconds=sum(each.processor_seconds for each in aws.invocations),
    )


def short_name(function: str, strip: str) -> str:
    """Return the name of a function without the stack's name and what CloudFormation adds."""
    return function.removeprefix(strip).partition("Function")[0].strip("-") or function
