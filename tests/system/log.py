"""What the functions log."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager

from pleo_export.observability import logger


@contextmanager
def logged(level: str = "INFO") -> Iterator[io.StringIO]:
    """Return the functions' log lines from that level on, each a JSON object."""
    stream, handler = io.StringIO(), logger.registered_handler
    usual = logger.log_level, handler.setStream(stream)  # type: ignore[attr-defined]
    logger.setLevel(level)
    try:
        yield stream
    finally:
        logger.setLevel(usual[0])
        handler.setStream(usual[1])  # type: ignore[attr-defined]
    assert all(json.loads(line)["service"] for line in stream.getvalue().splitlines())
