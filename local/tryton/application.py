"""Tryton's server and its admin program: its scripts run as processes, none of its code is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from local.processes import LOOPBACK, Child, free_port
from local.tryton import web_client
from local.tryton.postgres import Postgres

_ACTIVATION_SECONDS = 300.0
_LARGEST_REQUEST = 40 * 2**20  # bytes: a receipt of 25 MB in base64. Tryton's default with an API key is 2 MiB


def activate_modules(postgres: Postgres, database: str, modules: Sequence[str], admin_password: str) -> None:
    """Make the empty database a Tryton one. About 20 s."""
    directory = postgres.directory
    password = directory / "password"
    password.write_text(admin_password)
    options = ["-d", database, "-u", *modules, "--activate-dependencies"]
    admin = [sys.executable, "-m", "trytond.cli.admin", "-c", str(_config(postgres, f"{LOOPBACK}:0")), *options]
    with Child(
        ["/bin/sh", "-c", 'echo | "$@"', "sh", *admin],  # it asks for an e-mail address; the answer is none
        log=directory / "admin.log",
        cwd=directory,
        env={**os.environ, "TRYTONPASSFILE": str(password)},
    ) as program:
        program.wait(_ACTIVATION_SECONDS)


@contextmanager
def running(postgres: Postgres, database: str, port: int | None = None, host: str = LOOPBACK) -> Iterator[str]:
    """Run Tryton at `host`, with the database loaded, and yield its URL. Without `port` a free one is taken."""
    address = f"{host}:{port or free_port(host)}"
    url = f"http://{address}"
    with Child(
        [sys.executable, "-m", "trytond.cli", "-c", str(_config(postgres, address)), "-d", database],
        log=postgres.directory / "trytond.log",
        cwd=postgres.directory,
        ready=_answers(url),
    ):
        yield url


def _config(postgres: Postgres, address: str) -> Path:
    path = postgres.directory / "trytond.conf"
    client = web_client.directory()
    pages = client if client.is_dir() else postgres.directory / "web"  # without the client: nothing
    path.write_text(
        f"[web]\nlisten = {address}\nroot = {pages}\n"
        f"[request]\nmax_size = {_LARGEST_REQUEST}\n"
        f"[database]\nuri = {postgres.uri}\npath = {postgres.directory / 'files'}\n"
    )
    return path


def _answers(url: str) -> Callable[[], bool]:
    body = {"id": 0, "method": "common.server.version", "params": []}

    def ready() -> bool:
        try:
            with requests.Session() as http:
                http.trust_env = False
                return http.post(f"{url}/rpc/", json=body, timeout=5).ok
        except requests.RequestException:
            return False

    return ready
