"""Runs one command for a parent that may vanish: when the parent is gone, the command's processes go too.

    python supervisor.py GRACE SCRATCH COMMAND...     (SCRATCH: a folder to remove afterwards, or "")

The parent holds the other end of our standard input and never writes to it. Its end closes when the parent closes it
or dies, even by SIGKILL; that is the request to stop. SIGUSR1 asks to kill at once. (Linux's PR_SET_PDEATHSIG would
follow the parent's *thread*, miss the grandchildren, and not exist on macOS.) Standard library only: it is started by
path, without site-packages.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading

REQUESTS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""All of them ask for the end."""


def main(grace: float, scratch: str, command: list[str]) -> int:
    """Run the command until it ends or the parent lets go; return the command's exit status.

    The command reacts to signals as usual, whatever our own parent ignores (background shells let it ignore SIGINT).
    """
    for request in REQUESTS:
        signal.signal(request, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    at_once = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=at_once.set, daemon=True).start())
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)

    def signal_group(number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody left; macOS says EPERM for zombies
            os.killpg(child.pid, number)

    def stop() -> None:
        signal_group(signal.SIGTERM)
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            signal_group(signal.SIGKILL)

    def stop_when_parent_lets_go() -> None:
        os.read(0, 1)  # not sys.stdin: its lock, held here, would abort the interpreter's exit
        stop()

    def kill_when_asked() -> None:
        at_once.wait()
        signal_group(signal.SIGKILL)

    for duty in (stop_when_parent_lets_go, kill_when_asked):
        threading.Thread(target=duty, daemon=True).start()
    for request in REQUESTS:
        signal.signal(request, lambda *_: threading.Thread(target=stop, daemon=True).start())
    status = child.wait()
    signal_group(signal.SIGKILL)  # what the command itself left behind
    if scratch:
        shutil.rmtree(scratch, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2], sys.argv[3:]))
