"""A message of the queue of wake-ups, as we send it. Dispatch reads it as `events.WakeUpEvent`.

Apart from the events, whose models need pydantic: the webhook and the poll only send, and start twice as fast without.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WakeUp:
    """The company may have an export job waiting. It is only a hint: Pleo's list of jobs decides."""

    company_id: str
    reason: str

    def as_message(self) -> dict[str, str]:
        """Return the message as JSON."""
        return {"companyId": self.company_id, "reason": self.reason}
