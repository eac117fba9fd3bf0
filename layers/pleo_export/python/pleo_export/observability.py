"""Logs and metrics for operators: JSON lines with the ids that join a job's story, never an expense's content.

What may appear at INFO: company, job, execution, entry ids, counts, our error names, HTTP status and Pleo's codes.
What may not: tokens, names, notes, amounts, file addresses (promise 8).
"""

from __future__ import annotations

import logging
import os

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

# The HTTP library logs addresses, also those of receipts, which are keys to them.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

logger = Logger(service="pleo-export", utc=True)


def count(name: str, number: int = 1, **dimensions: str) -> None:
    """Add `number` to a metric in CloudWatch, by one line on stdout in the embedded metric format (EMF).

    Each combination of values is a metric of its own and is paid for as one, so `dimensions` are words of a short
    list, never ids. Outside the stack there is no namespace, and nothing is written."""
    if number and os.environ.get("POWERTOOLS_METRICS_NAMESPACE"):
        with single_metric(name=name, unit=MetricUnit.Count, value=number, default_dimensions=dimensions):
            pass
