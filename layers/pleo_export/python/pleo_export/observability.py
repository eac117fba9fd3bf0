"""Logs for operators: JSON lines with the ids that join a job's story together, never an expense's content.

What may appear at INFO: company, job, execution, entry ids, counts, our error names, HTTP status and Pleo's codes.
What may not: tokens, names, notes, amounts, file addresses (promise 8).
"""

from __future__ import annotations

import logging

from aws_lambda_powertools import Logger

# The HTTP library logs addresses, also those of receipts, which are keys to them.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

logger = Logger(service="pleo-export", utc=True)
