"""Ctrl-C, and SIGTERM, for a command that starts children: the work goes on in a thread that looks at an event.

Raising KeyboardInterrupt wherever the program happens to be is not enough: Python drops it in callbacks of the garbage
collector, and then nothing stops. Nor does the handler touch a lock, which the interrupted code may hold: it writes its
line and counts.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from local import processes

INTERRUPTED = 130
_A_MOMENT = 0.1  # seconds
_AT_ONCE = 1


class _Requests:
    """How often we were asked to stop. Each is answered at once, by the handler itself."""

    def __init__(self) -> None:
        self.count = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._add)

    def _add(self, *_: object) -> None:
        self.count += 1
        if self.count == 1:
            _say("\nStopping … (Ctrl-C once more: at once)")
        elif self.count == 2:
            _say("\nStopping at once …")

    @property
    def urgent(self) -> bool:
        return self.count > 1


def run(work: Callable[[], int], in_order: float = 3) -> int:
    """Return the status that `work` returns. Its errors are raised.

    On Ctrl-C it says so at once. Work that still goes on after `in_order` seconds loses its children; the process exits
    when these are gone. A second Ctrl-C kills them without waiting. For the main thread.
    """
    requests = _Requests()
    outcome: list[int | BaseException] = []

    def worker() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=worker, daemon=True)
    thread.start()
    _wait(thread, lambda: requests.count > 0)
    if requests.count:
        _stop(thread, requests, in_order, outcome)
    (result,) = outcome
    if isinstance(result, BaseException):
        raise result
    return result


def _wait(thread: threading.Thread, unless: Callable[[], bool], within: float = float("inf")) -> None:
    """Python carries out what a signal asks for between two waits: one without a limit can miss it."""
    deadline = time.monotonic() + within
    while thread.is_alive() and not unless() and time.monotonic() < deadline:
        thread.join(_A_MOMENT)


def _stop(
    thread: threading.Thread, requests: _Requests, in_order: float, outcome: list[int | BaseException]
) -> NoReturn:
    processes.stopping.set()
    _wait(thread, lambda: requests.urgent, in_order)
    ending = threading.Thread(target=processes.end_all, daemon=True)
    ending.start()
    _wait(ending, lambda: requests.urgent)
    if requests.urgent:
        processes.kill_all()
        ending.join()
    thread.join(_AT_ONCE)
    _say("Stopped. Nothing is left running.")
    # Work that ends by itself when it is told to (a server's) says how it ended.
    status = next((each for each in outcome if isinstance(each, int)), INTERRUPTED)
    os._exit(status)  # an ordinary exit would wait for threads that wait for what is gone


def _say(line: str) -> None:
    """Past whatever stands in the place of `sys.stdout` (a progress bar), which may be held by the work."""
    with contextlib.suppress(OSError):  # the terminal is gone
        os.write(1, f"{line}\n".encode())
