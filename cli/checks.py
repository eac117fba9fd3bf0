"""A check is a function with a name: it returns what is right, or raises what is wrong and how to fix it.

`connect` and `doctor` run the same checks; the steps of `connect` run the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from pleo_export.accounting.errors import AccountingError
from pleo_export.errors import Disconnected, InvalidSettings, PleoExportError
from pleo_export.pleo.errors import (
    PleoError,
    PleoForbidden,
    PleoOutcomeUnknown,
    PleoRateLimited,
    PleoUnauthorized,
    PleoUnavailable,
)

Subject_contra = TypeVar("Subject_contra", contravariant=True)


class CheckStatus(StrEnum):
    OK = "right"
    ACTION_NEEDED = "to do"  # wrong, but exports work meanwhile: no reason to refuse a connection
    FAILED = "wrong"
    SKIPPED = "not tried"


class ActionNeeded(InvalidSettings):
    """Something to put right that keeps nobody from connecting."""


@dataclass(frozen=True)
class Check(Generic[Subject_contra]):
    """`needs` are the names of checks without which this one has nothing to say."""

    name: str
    run: Callable[[Subject_contra], str]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    name: str
    status: CheckStatus
    text: str

    @property
    def good(self) -> bool:
        return self.status in (CheckStatus.OK, CheckStatus.SKIPPED)

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


def run(checks: Sequence[Check[Subject_contra]], subject: Subject_contra) -> Iterator[CheckResult]:
    """What each check finds, one after the other."""
    failed: set[str] = set()
    for check in checks:
        finding = _not_tried(check, failed) or _found(check, subject)
        if finding.status in (CheckStatus.FAILED, CheckStatus.SKIPPED):
            failed.add(check.name)
        yield finding


def _not_tried(check: Check[Subject_contra], failed: set[str]) -> CheckResult | None:
    missing = [name for name in check.needs if name in failed]
    return CheckResult(check.name, CheckStatus.SKIPPED, f"not tried without: {missing[0]}") if missing else None


def _found(check: Check[Subject_contra], subject: Subject_contra) -> CheckResult:
    """A fault of ours is no finding: it fails loudly."""
    try:
        return CheckResult(check.name, CheckStatus.OK, check.run(subject))
    except ActionNeeded as error:
        return CheckResult(check.name, CheckStatus.ACTION_NEEDED, str(error))
    except (PleoExportError, BotoCoreError, ClientError) as error:
        return CheckResult(check.name, CheckStatus.FAILED, explained(error))


# What an error of Pleo's means for a person; it follows the evidence.
_ADVICE: Mapping[type[PleoError], str] = {
    PleoUnauthorized: "Pleo does not accept the credential. Make an API key (Settings, API Keys) and connect with it",
    PleoForbidden: "Pleo refuses this to the credential. Make an API key with all scopes, and connect with it",
    PleoRateLimited: "Pleo asks for fewer requests. Try again in a minute",
    PleoUnavailable: "Pleo cannot be reached. Try again later",
    PleoOutcomeUnknown: "Pleo did not answer. Run this again: it goes on where it stopped",
}


def explained(error: Exception) -> str:
    """A sentence for a person; never a secret."""
    if isinstance(error, PleoError):
        return f"{_ADVICE.get(type(error), 'Pleo says no')} ({error})"
    if isinstance(error, Disconnected):
        return f"{error} Let a person authorise again: `pleo-export connect SETTINGS_FILE --oauth`"
    if isinstance(error, AccountingError):
        return f"accounting_system: {error.message}"
    if isinstance(error, (BotoCoreError, ClientError)):
        return f"AWS refuses to say: {error}"
    return str(error)
