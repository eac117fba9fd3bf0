"""`python -m local.tryton.web_client`: fetch Tryton's own web client (GPL), which then opens the links that Pleo shows.

It is served by Tryton and runs in the browser; nothing of it is part of this repository. npm gets the packages that its
`index.html` loads, all built, and none of their scripts is run; each must have the hash in `web_client.json`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

STATE = Path(__file__).parents[2] / ".local"
PINNED: Mapping[str, str] = json.loads(Path(__file__).with_suffix(".json").read_text())
CLIENT = "tryton-sao"
NODE = STATE / "node" / "bin"  # where `make` puts Node if there is none
_FETCH_SECONDS = 300


class NotFetched(Exception):
    """The web client cannot be had; the text says why."""


def directory(state: Path = STATE, pinned: Mapping[str, str] = PINNED) -> Path:
    """Return where the web client of these packages lies, if it has been fetched."""
    return state / "web-client" / hashlib.sha256(json.dumps(pinned).encode()).hexdigest()[:16]


def fetch(state: Path = STATE, pinned: Mapping[str, str] = PINNED) -> Path:
    """Fetch the web client, unless it is there; return where. Raises NotFetched, and then leaves nothing behind."""
    final = directory(state, pinned)
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=final.parent) as place:
        archives, made = Path(place, "archives"), Path(place, "client")
        archives.mkdir()
        _pack(list(pinned), archives)
        for package, integrity in pinned.items():
            name, _, version = package.rpartition("@")
            archive = archives / f"{name}-{version}.tgz"
            _verify(archive, integrity)
            _unpack(archive, made if name == CLIENT else made / "node_modules" / name)
        made.rename(final)
    return final


def _pack(packages: list[str], into: Path) -> None:
    path = f"{os.environ.get('PATH', '')}{os.pathsep}{NODE}"
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise NotFetched("Tryton's web client needs npm: install Node, or run `make up WEB_CLIENT=1`, which brings it.")
    command = [npm, "pack", *packages, "--pack-destination", str(into), "--silent"]
    done = subprocess.run(
        command, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False
    )
    if done.returncode:
        raise NotFetched(f"npm could not get Tryton's web client: {done.stderr.strip() or done.stdout.strip()}")


def _verify(archive: Path, integrity: str) -> None:
    algorithm, _, expected = integrity.partition("-")
    found = hashlib.new(algorithm, archive.read_bytes()).digest()
    if found != base64.b64decode(expected):
        raise NotFetched(f"{archive.name} is not the package that web_client.json names: its hash differs.")


def _unpack(archive: Path, into: Path) -> None:
    """Unpack the one folder that every package of npm consists of."""
    unpacked = archive.with_suffix("")
    with tarfile.open(archive) as package:
        package.extractall(unpacked, filter="data")
    (folder,) = unpacked.iterdir()
    into.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, into, dirs_exist_ok=True)


def main() -> None:
    """Fetch the web client, or say why not."""
    try:
        fetch()
    except NotFetched as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
