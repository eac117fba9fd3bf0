"""What the functions are invoked with: the state machine's payloads and the queue's messages.

They hold references only: ids, chunk numbers, a deadline. No expense content ever (promise 8).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F-]{36}$", to_lower=True)]


class Event(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


class WebhookPath(Event):
    """Where Pleo sends a company's webhooks: the part of the path that names the company."""

    company_id: Id


class WakeUp(Event):
    """The company may have an export job waiting. A hint, never the truth: Pleo's job list is."""

    company_id: Id
    reason: str


class JobInput(Event):
    """One execution working on one job. `execution` is its name, and the owner of the company's lease."""

    company_id: Id
    job_id: Id
    execution: str


class ItemsInput(JobInput):
    """`deadline`: no new posting after this moment, UTC, so that the job ends before it expires (R-9)."""

    deadline: datetime


class ChunkInput(ItemsInput):
    chunk: int = Field(ge=0)


class StateError(Event):
    """What the state machine caught: an error's name, and a cause that may be the function's JSON error."""

    error: str = Field("", alias="Error")
    cause: str = Field("", alias="Cause")


class FailJobInput(JobInput):
    error: StateError
