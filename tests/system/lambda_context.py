"""What Lambda hands a function with each call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

ENDLESS = timedelta.max // timedelta(milliseconds=1)


@dataclass(frozen=True)
class InvocationContext:
    """The context of one call: all that our functions and Powertools read of it. `left` says how many milliseconds
    the call may still take; without it there is no end."""

    left: Callable[[], float] = lambda: ENDLESS
    function_name: str = "pleo-export-function"
    aws_request_id: str = field(default_factory=lambda: str(uuid4()))
    memory_limit_in_mb: int = 512

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:eu-west-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left())
