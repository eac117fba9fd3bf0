"""AWS's runtime client, which notes each invocation: what Lambda's REPORT line tells, measured where Lambda does.

    python -S noting_runtime.py LOG HANDLER

Run in place of `python -S -m awslambdaric HANDLER`; appends one line of JSON for each invocation to the file LOG.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path[0] = str(Path.cwd())  # the function's code, as with `-m`; not the folder of this file

from awslambdaric import __main__ as client  # type: ignore[import-not-found]  # noqa: E402 - found by that path only
from awslambdaric import bootstrap  # noqa: E402

PROC = Path("/proc/self")


def _seconds_since_start() -> float:
    """Return the age of this process; 0 where it cannot be known."""
    try:
        started = int((PROC / "stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        return float(Path("/proc/uptime").read_text().split()[0]) - started
    except OSError:
        return 0.0


def _forget_peak() -> None:
    """Begin a new peak of memory for this invocation. Where that cannot be done, it stays that of the process."""
    with suppress(OSError):
        (PROC / "clear_refs").write_text("5")


def _peak_kb() -> int:
    try:
        status = (PROC / "status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Serve invocations until the process ends."""
    log, handler = sys.argv[1:3]
    invoke = bootstrap.handle_event_request
    initialised: list[float] = []
    invoked = 0

    def measured(*given: Any) -> None:
        nonlocal invoked
        invoked += 1
        _forget_peak()
        begun, worked = time.perf_counter(), time.process_time()
        try:
            invoke(*given)
        finally:
            line = {
                "function": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
                "memory_mb": int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]),
                "seconds": time.perf_counter() - begun,
                "processor_seconds": time.process_time() - worked,
                "peak_kb": _peak_kb(),
                "init_seconds": initialised[0] if invoked == 1 else 0,
            }
            with Path(log).open("a") as file:
                file.write(json.dumps(line) + "\n")

    found = bootstrap._get_handler

    def timed(name: str) -> Any:
        handler = found(name)
        initialised.append(_seconds_since_start())
        return handler

    bootstrap.handle_event_request = measured
    bootstrap._get_handler = timed
    client.main([sys.argv[0], handler])


if __name__ == "__main__":
    main()
