"""Logs for operators: JSON lines with the ids that join a job's story together, never an expense's content.

What may appear at INFO: company, job, execution, entry ids, counts, our error names, HTTP status and Pleo's codes.
What may not: tokens, names, notes, amounts, file addresses (promise 8).
"""

from __future__ import annotations

from aws_lambda_powertools import Logger

logger = Logger(service="pleo-export", utc=True)
