"""Whether a tag group takes more active tags.

Pleo refuses one too many with the status 400, and a tag that it does not like with the same. Several refusals in a row,
without one tag that is taken, mean that the group is full: then nothing more is tried there in this run.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pleo_export.failures import sync as sentences
from pleo_export.pleo.errors import PleoRefused
from pleo_export.sync.findings import ListFindings
from pleo_export.sync.plan import FindingKind, SyncStep

FULL_AFTER = 3  # refusals in a row


@dataclass
class ActiveTagLimit:
    """Counts what a group takes and refuses. `missing` are tags that it lacks in the end."""

    findings: ListFindings
    missing: int = 0
    _refused: list[tuple[SyncStep, PleoRefused]] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether nothing more has to be tried."""
        return len(self._refused) >= FULL_AFTER

    def taken(self) -> None:
        """Note that the group has taken a tag: what it refused before was not for its size."""
        for step, refusal in self._refused:
            self.findings.refused(step.action, step.key, refusal)
        self._refused.clear()

    def refused(self, step: SyncStep, refusal: PleoRefused) -> None:
        """Note that the group has refused a tag."""
        self._refused.append((step, refusal))

    def end(self, group: str) -> None:
        """Note what the group lacks, if it was refused to the end."""
        missing = self.missing + len(self._refused)
        if missing:
            told = sentences.TOO_MANY_TAGS
            self.findings.note(FindingKind.TOO_MANY_TAGS, group, told, group=group, missing=missing)
