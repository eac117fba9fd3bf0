"""The manifest of an audit export: what its files are, and which export came before.

Each manifest names the SHA-256 of each file, and of the manifest before it. A byte of an export that is changed, or an
export that is taken out of the sequence, breaks this chain. Where all later manifests were written again as well, the
records of the stack show it: they keep the hash of each manifest (`store.audit_exports`).
"""

from datetime import date, datetime
from hashlib import sha256
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MANIFEST = "manifest.json"


class _ManifestModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AuditFile(_ManifestModel):
    """A file of the export: its SHA-256 in hex, its size in bytes, and how many records it holds."""

    name: str = Field(pattern=r"^\w[\w.-]*$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int
    records: int


class AuditManifest(_ManifestModel):
    """One audit export of a company: its `number` in the chain, from 1; the period in days of UTC, both included; the
    stack, and the code that made it; who made it and when. `previous_manifest_sha256` is None for the first."""

    format: Literal["pleo-export audit 1"] = "pleo-export audit 1"
    company_id: str
    number: int = Field(ge=1)
    period_from: date
    period_to: date
    stack: str
    code_version: str
    made_at: datetime
    made_by: str
    previous_manifest_sha256: str | None
    files: tuple[AuditFile, ...]

    def as_bytes(self) -> bytes:
        """Return the content of the manifest's file."""
        return self.model_dump_json(indent=2).encode() + b"\n"

    @property
    def sha256(self) -> str:
        """The hash that the next manifest names."""
        return sha256(self.as_bytes()).hexdigest()
