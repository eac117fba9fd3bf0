"""Ctrl-C, and SIGTERM, for a command that starts children: they set an event, and everybody who waits looks at it.

Raising KeyboardInterrupt wherever the program happens to be is not enough: Python drops it in callbacks of the garbage
collector, and then nothing stops.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import NoReturn

from local import processes

INTERRUPTED = 130
_A_MOMENT = 0.1  # seconds
_AT_ONCE = 1


def run(work: Callable[[], int], in_order: float = 3) -> int:
    """The status that `work` returns. Its errors are raised.

    On Ctrl-C it says so at once. Work that still goes on after `in_order` seconds loses its children; the process exits
    when these are gone. For the main thread.
    """
    over = threading.Event()

    def stop(*_: object) -> None:
        processes.stopping.set()
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    outcome: list[int | BaseException] = []

    def worker() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            outcome.append(error)
        over.set()

    thread = threading.Thread(target=worker, daemon=True)
    thread.start()
    while not over.wait(_A_MOMENT):
        pass  # Python carries out what a signal asks for between two waits: one without a limit can miss it
    if processes.stopping.is_set():
        _stop(thread, in_order, outcome)
    thread.join()
    (result,) = outcome
    if isinstance(result, BaseException):
        raise result
    return result


def _stop(thread: threading.Thread, in_order: float, outcome: list[int | BaseException]) -> NoReturn:
    _say("\nstopping …")
    thread.join(in_order)
    processes.end_all()
    thread.join(_AT_ONCE)
    _say("Stopped. Nothing is left running.")
    # Work that ends by itself when it is told to (a server's) says how it ended.
    status = next((each for each in outcome if isinstance(each, int)), INTERRUPTED)
    os._exit(status)  # an ordinary exit would wait for threads that wait for what is gone


def _say(line: str) -> None:
    """Past whatever stands in the place of `sys.stdout` (a progress bar), which may be held by the work."""
    os.write(1, f"{line}\n".encode())
