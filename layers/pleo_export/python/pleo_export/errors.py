"""What can go wrong, each error named for the decision it leads to.

    PleoExportError
    ├── JobRejected       the job cannot run: tell Pleo `failed`, with this type and sentence
    ├── ItemRejected      this item cannot be booked: tell Pleo, go on with the others
    ├── TryAgain          nothing is wrong with the data: wait, then run the same state again
    ├── RetryAfter        Pleo limits its requests: wait as long as it says, then run the same state again
    ├── NotOurs           the job is another run's, or over: stop, touch nothing
    ├── Disconnected      a grant has ended: stop, nothing goes on before a person has connected again
    ├── InvalidSettings   refused when entered; names the field
    ├── InvalidEvent      refused before anything is done: the caller has to send another; names the field
    ├── Misconfigured     the installation lacks something: the operator has to deploy or store it; names what
    └── Unexpected        a fault of ours: the operator reads the log, Pleo gets an honest failure

The clients' own errors (`pleo.errors`, `accounting.errors`) keep the evidence of a call; the use cases
translate them into one of these. The state machine knows only these names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pleo_export.failures.entry import SUPPORT, FailureText
from pleo_export.failures.kinds import ItemFailure, JobFailure

__all__ = ["ItemFailure", "JobFailure"]


class PleoExportError(Exception):
    """Base of every error that this product raises on purpose."""


def _carried(failure: ItemFailure | JobFailure, told: FailureText) -> str:
    """Return the message in which the state machine carries a failure to FailJob, which reads it again
    (`fail_job.explain`). Whom to ask for help is filled in there."""
    return f"{failure}/{told.code}: {told.text(SUPPORT)}"


class JobRejected(PleoExportError):
    """The job as a whole cannot run. `told` says what to fix and where (R-2.1, R-2.2)."""

    def __init__(self, failure: JobFailure, told: FailureText) -> None:
        super().__init__(_carried(failure, told))
        self.failure = failure
        self.told = told


class ItemRejected(PleoExportError):
    """One item cannot be booked. `told` names the field or setting to fix (R-6.4)."""

    def __init__(self, failure: ItemFailure, told: FailureText) -> None:
        super().__init__(_carried(failure, told))
        self.failure = failure
        self.told = told

    @property
    def reason(self) -> str:
        """The full text, for where the company's support contact is not known."""
        return self.told.text()


class TryAgain(PleoExportError):
    """A fault that passes by itself. The state machine runs the state again; all states are idempotent.

    `failure` and `told` are what Pleo is told if it does not pass.
    """

    def __init__(self, failure: JobFailure, told: FailureText) -> None:
        super().__init__(_carried(failure, told))
        self.failure = failure
        self.told = told


class RetryAfter(PleoExportError):
    """Pleo's request limit is reached, and Pleo has named the seconds. The state machine waits for so long, then runs
    the state again; it reads the seconds from the message, between the two bars."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Pleo asks to wait |{seconds}| seconds")
        self.seconds = seconds


class NotOurs(PleoExportError):
    """The job or the company's lease belongs to another run, or the job is over. Touch nothing (R-1.12, R-7.4)."""


class Disconnected(PleoExportError):
    """An OAuth grant is revoked or has expired. Where it was Pleo's, Pleo cannot be told: the run stops, and the job
    is left to the person who connects again (R-10.6)."""


@dataclass(frozen=True)
class SettingsFault:
    """One fault of the settings: the names that lead to the field (none for the whole), and what to write instead."""

    path: tuple[str, ...]
    sentence: str

    def __str__(self) -> str:
        return f"{'.'.join(self.path) or 'settings'}: {self.sentence}"


class InvalidSettings(PleoExportError):
    """Settings that cannot work. The message names the field and gives an example; `faults` are its lines apart, where
    they are known."""

    def __init__(self, message: str, faults: Sequence[SettingsFault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


class InvalidEvent(PleoExportError):
    """The event of a function that does not fit its model: nothing was done. The message names each wrong field."""


class Misconfigured(PleoExportError):
    """The installation itself cannot work: an environment variable, a template parameter or our OAuth client. It is
    the operator's to correct, for all companies at once; the message names what is missing."""


class Unexpected(PleoExportError):
    """An error that nobody foresaw, by its class only: its message may hold an expense's content."""
