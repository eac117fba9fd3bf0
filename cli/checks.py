"""Run checks. A check is a function with a name: it returns what is right, or raises what is wrong and how to fix it.

`connect` and `doctor` run the same checks; the steps of `connect` run the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from cli.aws_errors import explain_aws
from cli.errors import ActionNeeded
from pleo_export.accounting.errors import AccountingError
from pleo_export.errors import Disconnected, PleoExportError
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
    """What a check came to."""

    OK = "right"
    ACTION_NEEDED = "to do"  # wrong, but exports work meanwhile: no reason to refuse a connection
    FAILED = "wrong"
    SKIPPED = "not tried"


@dataclass(frozen=True)
class Check(Generic[Subject_contra]):
    """A function and its name. `needs` are the names of checks without which this one cannot tell anything."""

    name: str
    run: Callable[[Subject_contra], str]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """What one check found, in a sentence."""

    name: str
    status: CheckStatus
    text: str

    @property
    def good(self) -> bool:
        """Whether nobody has to do anything about it."""
        return self.status in (CheckStatus.OK, CheckStatus.SKIPPED)

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


def run(checks: Sequence[Check[Subject_contra]], subject: Subject_contra) -> Iterator[CheckResult]:
    """Run the checks one after the other and yield what each finds."""
    failed: set[str] = set()
    for check in checks:
        result = _skipped(check, failed) or _result(check, subject)
        if result.status in (CheckStatus.FAILED, CheckStatus.SKIPPED):
            failed.add(check.name)
        yield result


def _skipped(check: Check[Subject_contra], failed: set[str]) -> CheckResult | None:
    missing = [name for name in check.needs if name in failed]
    return CheckResult(check.name, CheckStatus.SKIPPED, f"not tried without: {missing[0]}") if missing else None


def _result(check: Check[Subject_contra], subject: Subject_contra) -> CheckResult:
    """Run one check. A fault of our own code is not a result: it is raised."""
    try:
        return CheckResult(check.name, CheckStatus.OK, check.run(subject))
    except ActionNeeded as error:
        return CheckResult(check.name, CheckStatus.ACTION_NEEDED, str(error))
    except (PleoExportError, BotoCoreError, ClientError) as error:
        return CheckResult(check.name, CheckStatus.FAILED, explained(error))


# What an error of Pleo's means for the operator; the evidence stands behind it in brackets.
_ADVICE: Mapping[type[PleoError], str] = {
    PleoUnauthorized: "Pleo does not accept the credential. Make an API key (Settings, API Keys) and connect with it",
    PleoForbidden: "Pleo refuses this to the credential. Make an API key with all scopes, and connect with it",
    PleoRateLimited: "Pleo asks for fewer requests. Try again in a minute",
    PleoUnavailable: "Pleo cannot be reached. Try again later",
    PleoOutcomeUnknown: "Pleo did not answer. Run this again: it continues where it stopped",
}


def explained(error: Exception) -> str:
    """Return the sentence that tells the operator what is wrong; it holds no secret."""
    if isinstance(error, PleoError):
        return f"{_ADVICE.get(type(error), 'Pleo refuses this')} ({error})"
    if isinstance(error, Disconnected):
        return f"{error} Authorise again: `pleo-export connect SETTINGS_FILE --oauth`"
    if isinstance(error, AccountingError):
        return error.message
    if isinstance(error, (BotoCoreError, ClientError)):
        return explain_aws(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'a file'} cannot be used: {error.strerror}"
    return str(error)
