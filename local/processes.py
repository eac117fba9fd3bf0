"""Child processes that end with us: each server of the local stack (AWS, Pleo, the accounting system) is a `Child`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

stopping = threading.Event()  # set by `interruption.run`: no child starts any more, and nobody waits for one
_running: set[Child] = set()

SUPERVISOR = Path(__file__).with_name("supervisor.py")
LOOPBACK = "127.0.0.1"


class ChildFailed(RuntimeError):
    """A child ended before it was ready, was not ready in time, or ended with an error. Carries the end of its log."""


class Interrupted(Exception):
    """The whole program is being stopped."""


def free_port(host: str = LOOPBACK) -> int:
    """Return a TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> Callable[[], bool]:
    """Return whether an HTTP server is ready: it answers a GET of `url`, with any status below 500."""

    def ready() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 (our own loopback servers)
                return True
        except urllib.error.HTTPError as answer:
            return answer.code < 500
        except OSError:
            return False

    return ready


def end_all() -> None:
    """End every child of this process, all at the same time."""
    children = list(_running)
    for child in children:
        child.let_go()
    for child in children:
        child.stop()


def kill_all() -> None:
    """Kill every child of this process at once, without waiting for them."""
    for child in list(_running):
        child.kill()


class Child:
    """A subprocess with a log file, started by `with` and gone, with all of its own children, when the block ends.

    It also goes when this process is killed, whatever the signal: a supervisor stands between (`local/supervisor.py`).
    `env` is the whole environment of the child (default: ours). `ready` is asked until it is true, for `ready_within`
    seconds at most. Stopping is SIGTERM to the process group, then SIGKILL after `grace` seconds. `scratch` is a folder
    that is removed when the processes are gone.

    Raises `ChildFailed` if the child ends or stays silent while waited for, `Interrupted` if the program is stopped.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        ready: Callable[[], bool] | None = None,
        ready_within: float = 30,
        grace: float = 3,
        scratch: Path | None = None,
    ) -> None:
        self.command = [str(part) for part in command]
        self.log = log
        self._env = dict(os.environ if env is None else env)
        self._cwd = cwd
        self._ready = ready
        self._ready_within = ready_within
        self._grace = grace
        self._scratch = scratch
        self._supervisor: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        _go_on()
        supervise = [sys.executable, "-I", "-S", str(SUPERVISOR), str(self._grace), str(self._scratch or "")]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._supervisor = subprocess.Popen(
                [*supervise, *self.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,  # Ctrl-C is for us; we stop the child in order
            )
        _running.add(self)
        try:
            self._await_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Return whether the child is still alive."""
        return self._supervisor is not None and self._supervisor.poll() is None

    def wait(self, within: float) -> None:
        """Wait for a child that ends by itself.

        Raises `ChildFailed` if its status is not 0, or after `within` seconds.
        """
        assert self._supervisor is not None, "not started"  # noqa: S101
        deadline = time.monotonic() + within
        while (status := self._supervisor.poll()) is None:
            _go_on()
            if time.monotonic() > deadline:
                raise self._failed(f"did not end within {within:g} s")
            time.sleep(0.02)
        if status:
            raise self._failed(f"ended with status {status}")

    def stop(self) -> None:
        """End the child and everything it started. It does nothing the second time."""
        if self._supervisor is None:
            return
        self.let_go()
        self._supervisor.wait(self._grace + 10)
        _running.discard(self)

    def let_go(self) -> None:
        """Ask for the end of the child, without waiting for it."""
        assert self._supervisor is not None  # noqa: S101
        assert self._supervisor.stdin is not None  # noqa: S101 (it is a pipe)
        self._supervisor.stdin.close()

    def kill(self) -> None:
        """Kill every process of the child, without time to end in order, and without waiting."""
        if self._supervisor is not None:
            self._supervisor.send_signal(signal.SIGUSR1)

    def log_tail(self, lines: int = 40) -> str:
        """Return the last lines of the child's output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _await_ready(self) -> None:
        deadline = time.monotonic() + self._ready_within
        while self._ready is not None:
            _go_on()
            if not self.running:
                raise self._failed("ended before it was ready")
            if self._ready():
                return
            if time.monotonic() > deadline:
                raise self._failed(f"was not ready within {self._ready_within:g} s")
            time.sleep(0.02)

    def _failed(self, what: str) -> ChildFailed:
        return ChildFailed(f"{self.command[0]} {what}; the end of {self.log}:\n{self.log_tail()}")


def _go_on() -> None:
    if stopping.is_set():
        raise Interrupted
