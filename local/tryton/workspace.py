"""Where PostgreSQL and Tryton keep what they work on, for as long as they run."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.processes import Child, ChildFailed

_MEMORY = Path("/dev/shm")  # noqa: S108 (a database is thousands of files, and some disks take 2 s for those)
_ROOM = 2**30
_ON_DISK = (Path("/var/tmp"), Path("/tmp"))  # noqa: S108 (for where TMPDIR does not serve)
_LONGEST_SOCKET = 103  # bytes of a Unix socket's name on macOS; 107 on Linux
_SOCKET = "/tryton-xxxxxxxx/.s.PGSQL.5432"


@contextmanager
def workspace() -> Iterator[Path]:
    """Make a private directory that is removed afterwards, also when we are killed.

    Its path is short enough for a Unix socket. For root it lies where another system user, who runs PostgreSQL then,
    may enter and run programs. Raises `ChildFailed` if no folder for temporary files is like that.
    """
    directory = Path(tempfile.mkdtemp(prefix="tryton-", dir=_place()))
    keeper = Child(["sleep", "1000000"], log=directory / "keeper.log", scratch=directory)
    with keeper:
        yield directory


def _place() -> Path:
    places: list[Path] = [Path(tempfile.gettempdir()), *_ON_DISK]
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
        places.insert(0, _MEMORY)
    for place in places:
        if _serves(place):
            return place
    raise ChildFailed(
        f"None of {', '.join(map(str, places))} can hold the books: it takes a folder with a path of at most"
        f" {_LONGEST_SOCKET - len(_SOCKET)} letters{_for_others()}. Name one in TMPDIR, or run this as another user."
    )


def _for_others() -> str:
    """PostgreSQL refuses to run as root."""
    return ", which users other than root may enter and run programs in" if os.geteuid() == 0 else ""


def _serves(place: Path) -> bool:
    if len(os.fsencode(f"{place}{_SOCKET}")) > _LONGEST_SOCKET or not os.access(place, os.W_OK | os.X_OK):
        return False
    return os.geteuid() != 0 or _open_to_others(place)


def _open_to_others(place: Path) -> bool:
    entered = all(folder.stat().st_mode & stat.S_IXOTH for folder in (place, *place.parents))
    return entered and not os.statvfs(place).f_flag & os.ST_NOEXEC
