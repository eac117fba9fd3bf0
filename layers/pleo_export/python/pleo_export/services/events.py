"""What the functions are invoked with by the state machine; `services.messages` has what queues and schedules send.

They hold references only: ids, chunk numbers, a deadline; never an expense's content (promise 8).
"""

from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

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
