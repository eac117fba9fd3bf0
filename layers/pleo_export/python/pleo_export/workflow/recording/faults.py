"""Logging of unforeseen exceptions while one item or batch is processed. They concern no other item or batch."""

from __future__ import annotations

import traceback

from pleo_export.observability import logger


def log_fault(what: str, error: Exception, **ids: object) -> None:
    """Log the class of an exception and its place, never its message, which may hold an expense's content."""
    stack = traceback.format_tb(error.__traceback__)
    logger.error(what, extra={"error": type(error).__name__, "stack": stack, **ids})
