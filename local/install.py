"""Install locked packages by pip, and say how far it is.

    python local/install.py NAME ARGUMENTS-OF-PIP...

Standard library only: it runs in environments that have nothing else yet.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import TextIO

PIP = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
PACKAGE = re.compile(r"^[A-Za-z0-9][\w.\[\]-]*==", re.MULTILINE)
EVERY = 25  # packages, where nobody looks at a terminal


def main(name: str, arguments: list[str]) -> int:
    """Run pip. Returns its exit status; where it fails, what it printed is shown."""
    files = [Path(each) for flag, each in pairwise(arguments) if flag == "-r"]
    total = sum(len(PACKAGE.findall(file.read_text())) for file in files) or 1
    begun = time.monotonic()
    print(f"Installing {name}, once: {total} {'package' if total == 1 else 'packages'}", flush=True)
    with subprocess.Popen([*PIP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None  # noqa: S101 (it is a pipe)
        printed = show(pip.stdout, total, sys.stdout)
    if pip.returncode:
        print("".join(printed), file=sys.stderr)
    else:
        print(f"  {name}: done in {time.monotonic() - begun:.0f} s", flush=True)
    return pip.returncode


def show(lines: Iterable[str], total: int, out: TextIO) -> list[str]:
    """Show how far pip is while it prints, on one line of a terminal. Returns all that it printed."""
    printed: list[str] = []
    found = 0
    for line in lines:
        printed.append(line)
        if line.startswith("Collecting "):
            found += 1
            _show(f"fetched {found} of {total}: {line.split()[1].partition('==')[0]}", out, often=found % EVERY == 0)
        elif line.startswith("Installing collected packages"):
            _show("unpacking all of them", out, often=True)
    if out.isatty():
        out.write("\r\033[K")
    return printed


def _show(text: str, out: TextIO, *, often: bool) -> None:
    if out.isatty():
        out.write(f"\r\033[K  {text[:70]}")
    elif often:
        out.write(f"  {text}\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
