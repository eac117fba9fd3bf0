"""What the functions are invoked with: the state machine's payloads, and the queue's messages.

They hold references only: ids, chunk numbers, a deadline; never an expense's content (promise 8).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.errors import InvalidEvent

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F-]{36}$", to_lower=True)]


class Event(BaseModel):
    """The base of the events that are checked. Names are in camel case outside; fields that we do not use are left."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore", defer_build=True
    )


EventT = TypeVar("EventT", bound=Event)


def parse_event(model: type[EventT], event: Any) -> EventT:
    """Read an event as `model`: the state machine's, a sample, or a queue's message, which is text.

    Raises InvalidEvent, which names each wrong field."""
    try:
        return model.model_validate_json(event) if isinstance(event, str) else model.model_validate(event)
    except ValidationError as error:
        fields = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'all'}: {each['msg']}" for each in error.errors())
        raise InvalidEvent(f"the function's event does not fit: {fields}") from None


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

    def next_part(self, lists: tuple[LedgerList, ...]) -> SyncRequest:
        """Return the request for the lists that this part of the run has left."""
        return self.model_copy(update={"part": self.part + 1, "lists": lists})


class QueueRecord(Event):
    """A message of the queue, as SQS hands it over."""

    body: str


class QueueEvent(Event):
    """One message, since the event source mapping has a batch size of one (template.yaml)."""

    records: tuple[QueueRecord] = Field(alias="Records")


class JobInput(Event):
    """One execution that works on one job. `execution` is its name, and the owner of the company's lease."""

    company_id: Id
    job_id: Id
    execution: str


class ItemsInput(JobInput):
    """A job whose items are worked on. After `deadline`, UTC, nothing new is posted, so that the job ends before it
    expires (R-9)."""

    deadline: datetime


class ChunkInput(ItemsInput):
    """One chunk of a job, by its number, counted from 0."""

    chunk: int = Field(ge=0)


class StateError(Event):
    """What the state machine caught: an error's name, and a cause that may be the function's JSON error."""

    error: str = Field("", alias="Error")
    cause: str = Field("", alias="Cause")


class FailJobInput(JobInput):
    """A job that cannot go on, and the error that the state machine caught."""

    error: StateError
