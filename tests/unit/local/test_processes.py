"""Nothing that the local stack starts outlives it.

The witness is a named pipe as the child's log: it ends only when the last process that has it open is gone.
"""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import processes
from local.processes import Child, ChildFailed, Interrupted, answers, free_port
from tests.system.processes import killed_in_the_end

WITH_GRANDCHILD = ["sh", "-c", "sleep 600 & echo up; wait"]
DEAF_TO_SIGTERM = ["sh", "-c", "trap '' TERM; echo up; sleep 600; sleep 600"]


class Witness:
    """Reads what a process group writes, and sees it end."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def next(self, within: float = 20) -> bytes:
        """The next words; b"" once every process is gone."""
        readable, _, _ = select.select([self.reader], [], [], within)
        assert readable, "the processes are still alive and silent"
        return os.read(self.reader, 1000)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    witness = Witness(tmp_path / "log")
    yield witness
    os.close(witness.reader)


@pytest.mark.parametrize("command", [WITH_GRANDCHILD, DEAF_TO_SIGTERM])
def test_given_a_running_child_when_the_block_ends_then_every_process_of_it_is_gone(
    witness: Witness, command: list[str]
) -> None:
    with Child(command, log=witness.path, grace=0.2) as child:
        assert witness.next() == b"up\n"
        assert child.running
    assert witness.next() == b""
    assert not child.running


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_given_a_running_child_when_its_parent_is_killed_then_it_and_its_scratch_folder_are_gone(
    witness: Witness, tmp_path: Path, how: signal.Signals
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    parent_code = f"""
import pathlib, signal
from local.processes import Child
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a background shell lets us ignore
with Child({WITH_GRANDCHILD}, log=pathlib.Path({str(witness.path)!r}), scratch=pathlib.Path({str(scratch)!r})):
    signal.pause()
"""
    with killed_in_the_end([sys.executable, "-c", parent_code], stderr=subprocess.DEVNULL) as parent:
        assert witness.next() == b"up\n"
        parent.send_signal(how)
        assert witness.next() == b""
    assert not scratch.exists()


def test_given_a_shell_that_ignores_signals_when_a_child_starts_then_it_reacts_to_them_as_usual(tmp_path: Path) -> None:
    report = "import signal; print(*(signal.getsignal(each).name for each in (1, 15)), signal.pthread_sigmask(0, []))"
    usual = signal.signal(signal.SIGHUP, signal.SIG_IGN), signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Child([sys.executable, "-c", report], log=tmp_path / "log") as child:
            child.wait(within=20)
    finally:
        signal.signal(signal.SIGHUP, usual[0])
        signal.signal(signal.SIGTERM, usual[1])

    assert child.log_tail() == "SIG_DFL SIG_DFL set()"


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_given_work_that_hangs_when_it_is_to_stop_then_it_says_so_and_leaves_no_process(
    witness: Witness, request_to_stop: signal.Signals
) -> None:
    program = f"""
import pathlib, threading
from local import interruption
from local.processes import Child
def work():
    with Child({DEAF_TO_SIGTERM}, log=pathlib.Path({str(witness.path)!r}), grace=0.2):
        threading.Event().wait()
interruption.run(work, in_order=0.1)
"""
    with killed_in_the_end([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as stopped:
        assert witness.next() == b"up\n"
        stopped.send_signal(request_to_stop)
        said, _ = stopped.communicate(timeout=20)
        assert witness.next() == b""

    assert said.split("\n") == ["", "Stopping … (Ctrl-C once more: at once)", "Stopped. Nothing is left running.", ""]
    assert stopped.returncode == 130


def test_given_work_that_ends_slowly_when_it_is_told_twice_to_stop_then_it_is_killed_at_once(witness: Witness) -> None:
    program = f"""
import pathlib, threading
from local import interruption
from local.processes import Child
def work():
    with Child({DEAF_TO_SIGTERM}, log=pathlib.Path({str(witness.path)!r}), grace=600):
        threading.Event().wait()
interruption.run(work, in_order=600)
"""
    with killed_in_the_end([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as stopped:
        assert witness.next() == b"up\n"
        stopped.send_signal(signal.SIGINT)
        assert stopped.stdout
        assert [stopped.stdout.readline() for _ in range(2)] == ["\n", "Stopping … (Ctrl-C once more: at once)\n"]
        stopped.send_signal(signal.SIGINT)
        said, _ = stopped.communicate(timeout=20)
        assert witness.next() == b""

    assert said.split("\n") == ["", "Stopping at once …", "Stopped. Nothing is left running.", ""]
    assert stopped.returncode == 130


def test_given_interruptions_at_any_moment_then_the_work_is_stopped_once() -> None:
    program = """
import signal, threading
from local import interruption
from local.processes import stopping
main_thread = threading.main_thread().ident
def work():
    while not stopping.wait(0.001):
        signal.pthread_kill(main_thread, signal.SIGINT)
    return 0
interruption.run(work, in_order=600)
"""
    with killed_in_the_end([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as stopped:
        said, _ = stopped.communicate(timeout=20)

    assert said.splitlines()[1].startswith("Stopping …")
    assert said.count("Stopped. Nothing is left running.") == 1
    assert stopped.returncode == 0


def test_given_a_child_is_waited_for_when_all_is_to_stop_then_the_waiting_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = threading.Event()
    monkeypatch.setattr(processes, "stopping", stopping)
    child = Child(["sleep", "600"], log=tmp_path / "log", ready=lambda: stopping.set() or False)  # type: ignore[func-returns-value]

    with pytest.raises(Interrupted), child:
        pass
    with pytest.raises(Interrupted), Child(["true"], log=tmp_path / "log"):
        pass
    assert not child.running


def test_given_a_child_that_ends_before_it_is_ready_then_the_error_shows_the_end_of_its_log(tmp_path: Path) -> None:
    child = Child(["sh", "-c", "echo port taken; exit 3"], log=tmp_path / "log", ready=lambda: False)
    with pytest.raises(ChildFailed, match=r"ended before it was ready(.|\n)*port taken"), child:
        pass


def test_given_a_child_that_never_gets_ready_then_it_is_stopped_at_the_deadline(witness: Witness) -> None:
    child = Child(["sleep", "600"], log=witness.path, ready=lambda: False, ready_within=0)
    child.log_tail = lambda lines=40: ""  # type: ignore[method-assign]
    with pytest.raises(ChildFailed, match="not ready within 0 s"), child:
        pass
    assert witness.next() == b""


def test_given_a_command_that_ends_by_itself_then_wait_tells_success_from_failure(tmp_path: Path) -> None:
    with Child(["true"], log=tmp_path / "log") as child:
        child.wait(within=20)
    failing = Child(["sh", "-c", "echo no such stack; exit 2"], log=tmp_path / "log")
    with pytest.raises(ChildFailed, match=r"ended with status 2(.|\n)*no such stack"), failing:
        failing.wait(within=20)


@pytest.mark.enable_socket
def test_given_a_server_when_it_listens_then_it_answers_and_before_that_it_does_not(tmp_path: Path) -> None:
    port = free_port()
    answering = answers(f"http://127.0.0.1:{port}/")
    assert not answering()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    with Child(command, log=tmp_path / "log", ready=answering):
        assert answers(f"http://127.0.0.1:{port}/missing")()
    assert not answering()
