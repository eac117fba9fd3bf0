"""No exception of a library is everybody's: what one file raises fails that file's expense alone (promise 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pleo_export.observability import logger
from pleo_export.receipts.errors import ReceiptFailed


@contextmanager
def none_escapes(which: object, failed: Callable[[object, str], ReceiptFailed]) -> Iterator[None]:
    """Makes whatever nobody foresaw a ReceiptFailed by `failed`. Its message may hold content or an address, its class
    does not."""
    try:
        yield
    except ReceiptFailed:
        raise
    except Exception as error:
        fault = type(error).__name__
        logger.error("a receipt met an unforeseen fault", extra={"error": fault})
        raise failed(which, f"an unforeseen fault ({fault})") from None
