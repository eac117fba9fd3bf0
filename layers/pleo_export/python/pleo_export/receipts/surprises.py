"""Contains the exceptions of libraries: what one file raises fails that file's expense alone (promise 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pleo_export.observability import logger
from pleo_export.receipts.errors import ReceiptFailed


@contextmanager
def contained(label: object, failed: Callable[[object, str], ReceiptFailed]) -> Iterator[None]:
    """Turn an unexpected exception into a ReceiptFailed made by `failed`.

    Only its class is kept: its message may hold content or an address.
    """
    try:
        yield
    except ReceiptFailed:
        raise
    except Exception as error:
        fault = type(error).__name__
        logger.error("unexpected error with a receipt", extra={"error": fault})
        raise failed(label, f"an unexpected error ({fault})") from None
