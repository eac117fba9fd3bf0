"""What the functions are invoked with: the state machine's payloads, the queue's messages, the API's requests.

The first two hold references only: ids, chunk numbers, a deadline; never an expense's content (promise 8).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypedDict

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

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
