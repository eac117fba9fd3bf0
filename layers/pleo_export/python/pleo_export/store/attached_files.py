"""What the posting record keeps of receipts: hashes and sizes of the originals and of what was attached.

An auditor can show with them that the file in the accounting system is the one that Pleo served, or was made of it. No
content and no name from outside is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

# Of one expense: some 150 bytes each, so that a hundred records fit a transaction of DynamoDB (4 MB).
MOST_FILES = 50


class OriginalFile(NamedTuple):
    """A file as Pleo served it: its `number` in Pleo's order, from 1, the SHA-256 in hex, the size in bytes."""

    number: int
    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file as it was attached, under our name for it, and the originals that it was made of."""

    name: str
    sha256: str
    size: int
    media_type: str
    originals: tuple[OriginalFile, ...]

    @property
    def unchanged(self) -> bool:
        """Whether the original was attached as it is."""
        return [each.sha256 for each in self.originals] == [self.sha256]


def bounded(files: Sequence[AttachedFile]) -> tuple[tuple[AttachedFile, ...], int]:
    """Return the files that fit the record, and how many originals are left out: no expense makes the record too
    large."""
    kept: list[AttachedFile] = []
    room = MOST_FILES
    for each in files:
        if not room:
            break
        originals = each.originals[:room]
        room -= len(originals)
        kept.append(AttachedFile(each.name, each.sha256, each.size, each.media_type, originals))
    return tuple(kept), sum(len(each.originals) for each in files) - (MOST_FILES - room)


def files_record(files: Iterable[AttachedFile]) -> list[dict[str, Any]]:
    """Return the files as an attribute of a record."""
    return [
        {
            "name": each.name,
            **_content(each),
            "originals": [{"number": original.number, **_content(original)} for original in each.originals],
        }
        for each in files
    ]


def files_from(record: Iterable[Mapping[str, Any]]) -> tuple[AttachedFile, ...]:
    """Return the files of such an attribute."""
    return tuple(
        AttachedFile(
            name=str(each["name"]),
            **_known(each),
            originals=tuple(
                OriginalFile(number=int(original["number"]), **_known(original)) for original in each["originals"]
            ),
        )
        for each in record
    )


def _content(file: OriginalFile | AttachedFile) -> dict[str, Any]:
    return {"sha256": file.sha256, "size": file.size, "media_type": file.media_type}


def _known(record: Mapping[str, Any]) -> dict[str, Any]:
    return {"sha256": str(record["sha256"]), "size": int(record["size"]), "media_type": str(record["media_type"])}
