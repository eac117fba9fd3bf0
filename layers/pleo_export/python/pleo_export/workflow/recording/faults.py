"""Unforeseen exceptions while one item or batch is processed: they concern no other."""

from __future__ import annotations

import traceback

from pleo_export.accounting.errors import Rejected
from pleo_export.errors import ItemFailure
from pleo_export.observability import logger


def internal_fault(error: Exception) -> str:
    """What the bookkeeper reads: the class only, since the message may hold an expense's content."""
    return f"Internal fault ({type(error).__name__}); the operator has been told."


def log_fault(what: str, error: Exception, **ids: object) -> None:
    """Class and place, for the same reason."""
    stack = traceback.format_tb(error.__traceback__)
    logger.error(what, extra={"error": type(error).__name__, "stack": stack, **ids})


class InternalFault(Rejected):
    """A fault of ours or of a connector, as the outcome of the one document that it concerns."""

    failure = ItemFailure.UNEXPECTED_FAILURE

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{internal_fault(error)} Export it again later.")
