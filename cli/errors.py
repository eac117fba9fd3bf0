"""What the command line refuses by itself, beside the errors of the product (`pleo_export.errors`).

    PleoExportError
    ├── UsageError        the command was given something that does not exist or cannot be used
    │   ├── StackNotFound    no stack of this product has that name
    │   └── NoTerminal       an answer is needed, and there is no terminal to ask at
    ├── NotNow            nothing is wrong: something else is running, and the command has to wait for it
    └── CheckFailed       a check or a step found something that has to be corrected first
        └── ActionNeeded     the same, but exports work meanwhile

Each message is for the operator: it says what to do next.
"""

from __future__ import annotations

from pleo_export.errors import PleoExportError


class UsageError(PleoExportError):
    """The command cannot do what was asked for: an argument, a file or a credential does not fit."""


class StackNotFound(UsageError):
    """There is no stack of this name, or it is not one of this product."""


class NoTerminal(UsageError):
    """A question has no answer, since standard input is no terminal and has ended."""


def not_connected(company_id: str) -> UsageError:
    """Return the error for a company that is not connected."""
    return UsageError(f"company {company_id} is not connected; `pleo-export connections` lists those that are")


class NotNow(PleoExportError):
    """The command would disturb what is running. Nothing was done; the same command works later."""


class CheckFailed(PleoExportError):
    """A check or a step of connecting found something that has to be corrected."""


class ActionNeeded(CheckFailed):
    """Something to correct that does not prevent a connection."""
