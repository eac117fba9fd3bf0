"""Tryton on PostgreSQL as an accounting system to run beside the product: `with Books(root) as books`.

The first start sets up a company (25 s) and keeps the result below `root` as a template; every start, the first
included, works on a fresh copy of it that is gone afterwards. So books always begin empty, several can be open
at once, and an interrupted set-up leaves nothing that a later start would trust: the template gets its name, a
hash of what it was made from, only by the last step.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from local.processes import LOOPBACK
from local.tryton import application
from local.tryton.ledger import Ledger
from local.tryton.postgres import Postgres
from local.tryton.rpc import find_databases_again
from local.tryton.template import PRISTINE, template
from local.tryton.workspace import workspace


class TrytonServer(Ledger):
    """A running Tryton with fresh books in the database `books`. Templates are kept below `root`."""

    def __init__(self, root: Path, port: int | None = None, host: str = LOOPBACK) -> None:
        self._root = root
        self._port = port
        self._host = host
        self._stack = ExitStack()
        self._fresh = itertools.count(1)

    def __enter__(self) -> Self:
        with self._stack:
            self._origin = template(self._root)
            directory = self._stack.enter_context(workspace())
            shutil.copytree(self._origin.data, directory / "data")
            self._postgres = Postgres(directory)
            self._stack.enter_context(self._postgres.running())
            url = self._stack.enter_context(application.running(self._postgres, "books", self._port, self._host))
            super().__init__(url, "books", self._origin)
            self._stack.callback(self.close)
            self.admin_password = self._origin.admin_password
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @contextmanager
    def fresh(self) -> Iterator[Ledger]:
        """Open other books, as new as these were, in the same server; gone at the end."""
        database = f"fresh_{next(self._fresh)}"
        self._postgres.execute(f"create database {database} template {PRISTINE}")
        try:
            find_databases_again(self.url, database)
            ledger = Ledger(self.url, database, self._origin)
            yield ledger
            ledger.close()
        finally:
            self._postgres.execute(f"drop database {database} with (force)")
