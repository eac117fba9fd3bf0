"""The file: read as a whole, and added to wholly or not at all."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from pleo_export.accounting.port import DocumentRef, DocumentState, LedgerDocument, LedgerLine
from pleo_export.bookkeeping.documents import DocumentKind, JournalEntry

TRANSACTION = re.compile(r'^(\d{4}-\d\d-\d\d) [*!] .*\n  pleo: "(.*)"\n((?:[ \t]+.*\n?)+)', re.MULTILINE)
POSTING = re.compile(r'^  [A-Z][\w:-]*?:(\w+) +(-?[\d.]+) ([A-Z]{3})(?:\n    (?:tax: "(.*)"|.*))*', re.MULTILINE)


class Refused(Exception):
    """The check did not pass, and nothing was written. The message is what it printed."""


@dataclass(frozen=True)
class LedgerFile:
    """One ledger. Raises OSError; BlockingIOError where another program is writing, and nothing was done."""

    path: Path
    check: str | None = None

    def read(self) -> str:
        return self.path.read_text()

    def append(self, text: str) -> None:
        """Write a copy with more text, check it, and let it take the file's place. Raises Refused."""
        copy = self.path.with_suffix(".new")
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with copy.open("w") as file:
                file.write(self.path.read_text() + text)
                file.flush()
                os.fsync(file.fileno())
            if problem := self.problem(copy):
                raise Refused(problem)
            copy.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def problem(self, copy: Path) -> str | None:
        """Return what the check has to say about a copy; None where it passes."""
        if self.check is None:
            return None
        done = subprocess.run([*shlex.split(self.check), copy], capture_output=True, text=True, timeout=60, check=False)
        return done.stdout + done.stderr if done.returncode else None


def entries(text: str) -> Iterator[LedgerDocument]:
    """Yield the transactions with our reference, as they are now. A copy of one gets an id of its own."""
    seen: list[str] = []
    for on, reference, body in TRANSACTION.findall(text):
        seen.append(reference)
        ref, postings = as_ref(reference, date.fromisoformat(on), seen.count(reference)), POSTING.findall(body)
        lines = (LedgerLine(code, int(Decimal(amount) * 100), tax or None) for code, amount, _, tax in postings)
        yield LedgerDocument(ref, postings[0][2], tuple(lines))


def as_ref(reference: str, on: date, copy: int = 1) -> DocumentRef:
    id_ = reference if copy == 1 else f"{reference} ({copy})"
    return DocumentRef(reference, DocumentKind.JOURNAL_ENTRY, id_, None, DocumentState.POSTED, on, url=None)


def as_text(entry: JournalEntry, accounts: dict[str, str]) -> str:
    """Return an entry in beancount's syntax. `accounts` are full names by code."""
    rows = [f"\n{entry.posting_date} * {_quoted(entry.memo)}", f"  pleo: {_quoted(entry.reference)}"]
    for line in entry.lines:
        rows.append(f"  {accounts[line.account]}  {Decimal(line.amount) / 100:.2f} {entry.currency}")
        keys = {each.category: each.value for each in line.dimensions}
        keys |= {"text": line.text, "tax": line.tax.code if line.tax else ""}
        rows += [f"    {name}: {_quoted(value)}" for name, value in keys.items() if value]
    return "\n".join(rows) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "/").replace('"', "'").replace("\n", " ") + '"'
