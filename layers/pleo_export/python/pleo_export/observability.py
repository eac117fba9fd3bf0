"""Logs and metrics for operators: JSON lines with the ids that join a job's story, never an expense's content.

What may appear at INFO: company, job, execution, entry ids, counts, our error names, HTTP status and Pleo's codes.
What may not: tokens, names, notes, amounts, file addresses (promise 8).

A metric is a line on stdout in CloudWatch's embedded metric format (EMF). Each combination of a name and the values of
its dimensions is a metric of its own and is paid for as one, so dimensions are words of a short list, never ids.
Outside the stack there is no namespace, and nothing is written. docs/operate.md lists the metrics.
"""

from __future__ import annotations

import logging
import os
from collections import Counter

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from pleo_export.call_counter import CALLS

# The HTTP library logs addresses, also those of receipts, which are keys to them.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

logger = Logger(service="pleo-export", utc=True)
_tallied: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()


def count(name: str, number: int = 1, **dimensions: str) -> None:
    """Add `number` to a metric; nothing is written for 0."""
    if number:
        _write(name, number, MetricUnit.Count, dimensions)


def measure(name: str, value: float, **dimensions: str) -> None:
    """Write one value of a metric, 0 too: CloudWatch keeps sum, count, least and largest of them."""
    _write(name, value, MetricUnit.Count, dimensions)


def measure_seconds(name: str, seconds: float, **dimensions: str) -> None:
    """Write one duration."""
    _write(name, round(seconds, 3), MetricUnit.Seconds, dimensions)


def tally(name: str, number: int = 1, **dimensions: str) -> None:
    """Add `number` to a metric that a call of a function counts often: it is written once, at the call's end."""
    _tallied[name, tuple(dimensions.items())] += number


def write_tallies() -> None:
    """Write what the call has counted, and its requests to other systems, and begin again from 0."""
    tallied = dict(_tallied)
    _tallied.clear()
    for (name, dimensions), number in tallied.items():
        count(name, number, **dict(dimensions))
    for system, calls in CALLS.take().items():
        count("Calls", calls.number, system=system)
        count("CallsThrottled", calls.throttled, system=system)
        logger.info(
            "calls",
            extra={
                "system": system,
                "calls": calls.number,
                "throttled": calls.throttled,
                "unanswered": calls.unanswered,
                "seconds": round(calls.seconds, 3),
                "slowest": round(calls.slowest, 3),
            },
        )


def _write(name: str, value: float, unit: MetricUnit, dimensions: dict[str, str]) -> None:
    if os.environ.get("POWERTOOLS_METRICS_NAMESPACE"):
        with single_metric(name=name, unit=unit, value=value, default_dimensions=dimensions):
            pass
