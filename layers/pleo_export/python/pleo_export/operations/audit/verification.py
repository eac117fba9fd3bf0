"""Checking audit exports: each file against its manifest, each manifest against the next, and all against our records.

| What was done to the exports                           | Found by                                              |
|--------------------------------------------------------|-------------------------------------------------------|
| a byte of a file was changed, or a file removed        | its SHA-256 in the manifest                           |
| a file was added                                       | the manifest does not name it                         |
| a manifest was changed                                 | `previous_manifest_sha256` of the next; our records   |
| an export was removed                                  | a number is missing; of the last one: our records     |
| all manifests from some point on were written again    | our records                                           |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from pleo_export.operations.audit.files import sha256_of
from pleo_export.operations.audit.manifest import MANIFEST, AuditManifest
from pleo_export.store.audit_exports import AuditLink


@dataclass(frozen=True)
class AuditVerification:
    """The exports whose files and links are in order, by their numbers, up to the first broken link."""

    sound: tuple[int, ...]
    broken: str | None


@dataclass(frozen=True)
class _Export:
    folder: Path
    manifest: AuditManifest
    sha256: str


class BrokenLink(Exception):
    """Something of an export is not what it was; the message names it."""


def verify_audit(folders: Sequence[Path], links: Sequence[AuditLink] | None = None) -> AuditVerification:
    """Check the exports of one company, all from the first on, in any order. `links` are our records of them; None:
    not compared."""
    sound: list[int] = []
    try:
        exports = sorted(map(_read, folders), key=lambda each: each.manifest.number)
        previous: _Export | None = None
        for export in exports:
            _follows(export, previous)
            _whole(export)
            if links is not None:
                _recorded(export, links)
            sound.append(export.manifest.number)
            previous = export
        if links is not None and len(links) > len(exports):
            made = links[len(exports)]
            raise BrokenLink(f"export {made.number} is missing: it was made on {made.made_at:%Y-%m-%d %H:%M} UTC")
    except BrokenLink as broken:
        return AuditVerification(tuple(sound), str(broken))
    return AuditVerification(tuple(sound), None)


def company_of(folder: Path) -> str:
    """Return the company that the export is about. Raises BrokenLink."""
    return _read(folder).manifest.company_id


def _read(folder: Path) -> _Export:
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        return _Export(folder, AuditManifest.model_validate_json(content), sha256(content).hexdigest())
    except OSError:
        raise BrokenLink(f"{path} is missing: {folder} is not an audit export, or not a whole one") from None
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, each["loc"])) or "all" for each in error.errors())
        raise BrokenLink(f"{path} is not a manifest of an audit export ({wrong})") from None


def _follows(export: _Export, previous: _Export | None) -> None:
    manifest = export.manifest
    if previous is None:
        if manifest.number != 1:
            raise BrokenLink(f"export 1 is missing: the first of those given is export {manifest.number}")
        if manifest.previous_manifest_sha256 is not None:
            raise BrokenLink(f"export 1 ({export.folder}) claims that another came before it")
        return
    before = previous.manifest
    if manifest.company_id != before.company_id:
        raise BrokenLink(f"{export.folder} is of company {manifest.company_id}, {previous.folder} of another")
    if manifest.number == before.number:
        raise BrokenLink(f"{previous.folder} and {export.folder} are both export {manifest.number}")
    if manifest.number != before.number + 1:
        raise BrokenLink(f"export {before.number + 1} is missing: export {manifest.number} follows {before.number}")
    if manifest.previous_manifest_sha256 != previous.sha256:
        raise BrokenLink(
            f"export {manifest.number} ({export.folder}) does not follow the manifest in {previous.folder}: one of the "
            "two manifests was changed"
        )


def _whole(export: _Export) -> None:
    number, folder = export.manifest.number, export.folder
    for file in export.manifest.files:
        path = folder / file.name
        if not path.is_file():
            raise BrokenLink(f"export {number}: {path} is missing")
        if sha256_of(path) != file.sha256:
            raise BrokenLink(f"export {number}: {path} was changed: its hash is not the one in the manifest")
    named = {MANIFEST, *(file.name for file in export.manifest.files)}
    if strange := sorted(path.name for path in folder.iterdir() if path.name not in named):
        raise BrokenLink(f"export {number}: {folder / strange[0]} is not named by the manifest")


def _recorded(export: _Export, links: Sequence[AuditLink]) -> None:
    number = export.manifest.number
    kept = next((each for each in links if each.number == number), None)
    if kept is None:
        raise BrokenLink(f"export {number} ({export.folder}) is not in the records of the stack")
    if kept.manifest_sha256 != export.sha256:
        raise BrokenLink(f"export {number}: its manifest is not the one in the records of the stack; it was changed")
