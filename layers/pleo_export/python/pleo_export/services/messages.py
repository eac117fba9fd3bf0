"""What the functions that queues and schedules invoke are given: messages, beside the state machine's payloads.

They too hold references only (promise 8).
"""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.services.events import Event, Id


class WakeUpEvent(Event):
    """A `WakeUp`, as dispatch gets it."""

    company_id: Id
    reason: str


class MappingCheck(Event):
    """Whose mapping is to be checked: of all companies whose turn it is, or of one at once, whatever the hour. What the
    schedule sends names none."""

    company_id: Id | None = None


class SyncRequest(Event):
    """One run of a sync of a company's lists, or a part of it: what its function has no time for is sent again with the
    same `run_id` and the next `part`.

    `dimension` names the only dimension to sync, `vendor_id` the only vendor at Pleo; None: all. `confirm` is the hash
    of the plan whose archives a person has confirmed."""

    company_id: Id
    lists: Annotated[tuple[LedgerList, ...], Field(min_length=1)]
    run_id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,64}$")]
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    dimension: str | None = None
    confirm: str | None = None
    vendor_id: Id | None = None
    part: int = Field(0, ge=0)

    def as_message(self) -> dict[str, Any]:
        """Return the message as JSON."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def next_part(self, lists: tuple[LedgerList, ...]) -> Self:
        """Return the request for the lists that this part of the run has left."""
        return self.model_copy(update={"part": self.part + 1, "lists": lists})


class QueueRecord(Event):
    """A message of the queue, as SQS hands it over."""

    body: str


class QueueEvent(Event):
    """One message, since the event source mapping has a batch size of one (template.yaml)."""

    records: tuple[QueueRecord] = Field(alias="Records")
