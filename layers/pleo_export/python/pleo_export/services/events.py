"""What the functions are invoked with: the state machine's payloads, the queue's messages, the API's requests.

The first two hold references only: ids, chunk numbers, a deadline; never an expense's content (promise 8).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypedDict

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from pleo_export.accounting.lists import LedgerList

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F-]{36}$", to_lower=True)]


class Event(BaseModel):
    """The base of the events that are checked. Names are in camel case outside; fields that we do not use are left."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore", defer_build=True
    )


class WebhookPath(Event):
    """Where Pleo sends a company's webhooks: the part of the path that names the company."""

    company_id: Id


class WakeUp(Event):
    """The company may have an export job waiting. It is only a hint: Pleo's list of jobs decides."""

    company_id: Id
    reason: str


class PollRequest(Event):
    """What the poll is to look at: only the companies that are due, as its schedule wants, or all that it can."""

    due_only: bool = False


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

    def next_part(self, lists: tuple[LedgerList, ...]) -> SyncRequest:
        """Return the request for the lists that this part of the run has left."""
        return self.model_copy(update={"part": self.part + 1, "lists": lists})


class QueueRecord(Event):
    """A message of the queue, as SQS hands it over."""

    body: str


class QueueEvent(Event):
    """One message, since the event source mapping has a batch size of one (template.yaml)."""

    records: tuple[QueueRecord] = Field(alias="Records")


class RequestContext(TypedDict, total=False):
    """What API Gateway says about a request itself."""

    requestId: str


class ApiRequest(TypedDict, total=False):
    """A request as API Gateway hands it over (payload format 2.0). Nothing of it is checked: anyone may send one."""

    requestContext: RequestContext
    pathParameters: dict[str, str]
    queryStringParameters: dict[str, str]
    headers: dict[str, str]
    cookies: list[str]
    body: str
    isBase64Encoded: bool


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
