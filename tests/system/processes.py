"""Processes that a test starts, and that never keep it waiting."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def killed_in_the_end(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Run a process for the `with` block, which must see to its end: one that is still there is killed without a word.

    `Popen` as a context manager would wait for it, without a limit.
    """
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)
