"""Packs files into one ZIP."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

_UNIX, _READABLE = 3, 0o100644 << 16


def pack(files: Iterable[tuple[str, Path]], path: Path) -> None:
    """Write the named files to the ZIP `path`, in their order. The same files always give the same bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, source in files:
            entry = zipfile.ZipInfo(name)  # dated 1980, whenever it is made
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = _READABLE
            with source.open("rb") as content, archive.open(entry, "w") as packed:
                shutil.copyfileobj(content, packed)
