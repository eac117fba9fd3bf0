"""An installation says how far it is, and shows pip's output where it fails."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from local import install

PIP_PRINTS = [*(f"Collecting package-{number}==1.0 (from -r x)\n" for number in range(30)), "Saved\n"]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_is_written_over_and_over_and_removed_in_the_end() -> None:
    out = Terminal()

    assert install.show(PIP_PRINTS, 30, out) == PIP_PRINTS
    assert "fetched 30 of 30: package-29" in out.getvalue()
    assert "\n" not in out.getvalue()
    assert out.getvalue().endswith("\r\033[K")


def test_in_a_log_a_line_now_and_then_says_how_far_it_is() -> None:
    out = StringIO()

    install.show([*PIP_PRINTS, "Installing collected packages: a, b\n"], 30, out)

    assert out.getvalue().splitlines() == ["  fetched 25 of 30: package-24", "  unpacking all of them"]


def test_given_pip_fails_then_its_status_is_returned_and_its_output_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    locked = tmp_path / "locked.txt"
    locked.write_text("one==1.0 \\\n    --hash=sha256:00\ntwo==2.0\n")
    monkeypatch.setattr(install, "PIP", ["sh", "-c", "echo no such package; exit 3"])

    assert install.main("a thing", ["-r", str(locked)]) == 3
    said = capfd.readouterr()
    assert said.out.splitlines() == ["Installing a thing, once: 2 packages"]
    assert "no such package" in said.err
