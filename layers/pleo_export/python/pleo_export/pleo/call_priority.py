"""How much of Pleo's request limit each kind of work may use: the limit is of the client, so all companies share it."""

from __future__ import annotations

from enum import IntEnum

from pleo_export.call_budget import CallRate

WINDOW = 60  # seconds


class CallPriority(IntEnum):
    """Who calls Pleo, by the calls of all in a minute at which it has to wait. Pleo takes 600, and asks clients to stay
    below 500."""

    EXPORT = 500
    LOOK = 475  # for a job to start: what has begun is finished first
    POLL = 450
    SPARE = 425  # whoever has sent more than its company's share (`services/company_share.py`)
    SYNC = 400

    @property
    def rate(self) -> CallRate:
        """The rate at which it finds the budget used up."""
        return CallRate(calls=self.value, seconds=WINDOW)
