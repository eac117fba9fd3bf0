"""Whether a code can be booked with, apart from what finds it out: an export without refusals asks nothing."""

from __future__ import annotations

from enum import StrEnum


class Standing(StrEnum):
    """Whether a code can be booked with."""

    USABLE = "usable"
    MISSING = "missing"
    CLOSED = "closed"
    NOT_POSTABLE = "not postable"
    SEVERAL = "several"
