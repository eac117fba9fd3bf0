"""Pleo's objects as we read and write them. Unknown fields and values are accepted (open question 27).

Times are aware datetimes in UTC. Money is not here: export items are handed on as JSON (see `pleo.export_items`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from pleo_export import text
from pleo_export.errors import ItemFailure

T = TypeVar("T")

REASON_LENGTH = 500  # Pleo states no limit; a bookkeeper reads this in a list
MAX_UPDATES = 100  # items of one call; more are refused with 413
ACTIVATED = "ACTIVATED"  # the only status of an installation that works (API-8)


class JobStatus(StrEnum):
    """The statuses of an export job (API-3)."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    FAILED = "failed"
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"


UNFINISHED = (JobStatus.PENDING, JobStatus.IN_PROGRESS)
FINISHED = (JobStatus.FAILED, JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_ERRORS)


class JobEvent(StrEnum):
    """What an integration may tell Pleo about a job (API-3)."""

    STARTED = "started"
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"
    FAILED = "failed"


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _several(value: Any) -> Any:
    """Return several event types: the specification calls `eventTypes` an array and shows a string as its example."""
    return (value,) if isinstance(value, str) else value


Moment = Annotated[datetime, AfterValidator(_utc)]
Identifier = Annotated[str, Field(min_length=1)]


class _PleoModel(BaseModel):
    model_config = ConfigDict(
        defer_build=True,  # a function reads some of them
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        hide_input_in_errors=True,
    )


class ExportJob(_PleoModel):
    """One click on Export by a bookkeeper (API-3). `expires_in` is in seconds."""

    id: Identifier
    company_id: Identifier
    status: str
    created_at: Moment
    created_by: str | None = None
    is_interactive: bool
    number_of_items: int
    vendor_based_bookkeeping: bool
    started_at: Moment | None = None
    last_updated_at: Moment | None = None
    expires_in: int  # seconds, counted from the last action
    expired_at: Moment | None = None
    completed_at: Moment | None = None
    failure_reason: str | None = None
    failure_reason_type: str | None = None

    @property
    def finished(self) -> bool:
        """Whether events and item updates are no longer possible. False for a status that we do not know."""
        return self.status in FINISHED


class JobItem(_PleoModel):
    """The status of one accounting entry of a job (control layer, API-4).

    An id may be of any form: an invalid one is an error of its item alone.
    """

    accounting_entry_id: str
    export_job_id: str | None = None
    status: str
    external_id: str | None = None
    external_url: str | None = None
    failure_reason: str | None = None
    failure_reason_type: str | None = None
    exported_at: Moment | None = None


class AccountingEntry(_PleoModel):
    """Pleo's own view of an expense: CREATED, QUEUED, EXPORTING, EXPORTED, NOT_CREATED or NOT_EXPORTED."""

    id: Identifier
    export_status: str | None = None


@dataclass(frozen=True, slots=True)
class ItemUpdate:
    """The result of one item, as it is reported to Pleo.

    `exported_at`: when the accounting system made the entry (R-6.8). A failed item has a `failure` and a `reason` that
    says what to fix (R-6.4), a successful one has neither. Raises ValueError if status and failure contradict each
    other.
    """

    entry_id: str
    status: Literal["successful", "failed"]
    external_id: str | None = None
    external_url: str | None = None
    exported_at: datetime | None = None
    failure: ItemFailure | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.status == "failed") != (self.failure is not None):
            raise ValueError(f"item {self.entry_id}: {self.status} {'with' if self.failure else 'without'} a failure")
        if self.exported_at is not None and self.exported_at.tzinfo is None:
            raise ValueError(f"item {self.entry_id}: exported_at without a time zone")

    def as_json(self) -> dict[str, str]:
        """Return the JSON object, without absent fields: none of them is nullable (API-4)."""
        fields = {
            "accountingEntryId": self.entry_id,
            "status": self.status,
            "externalId": self.external_id,
            "externalUrl": self.external_url,
            "exportedAt": self.exported_at and self.exported_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "failureReasonType": self.failure and self.failure.value,
            "failureReason": self.reason and shorten(self.reason),
        }
        return {name: value for name, value in fields.items() if value}


def shorten(reason: str) -> str:
    """Return a reason of a length that people read, at most REASON_LENGTH characters."""
    return text.shorten(reason, REASON_LENGTH)


class ItemUpdateError(_PleoModel):
    """One update of a call that Pleo did not take, although it answered 200 (R-6.5)."""

    accounting_entry_id: Identifier
    type: str
    message: str = ""


class UpdateAnswer(_PleoModel):
    """The result of each update of a call. An entry in neither list was not answered."""

    updated: tuple[JobItem, ...] = Field(alias="data")
    errors: tuple[ItemUpdateError, ...]


class Subscription(_PleoModel):
    """Where Pleo sends which events. The credentials that Pleo sends with them are not read: they are secret."""

    id: Identifier
    endpoint_url: str
    event_types: Annotated[tuple[str, ...], BeforeValidator(_several)]
    status: str
    created_at: Moment
    updated_at: Moment

    @property
    def active(self) -> bool:
        """Whether Pleo sends the events at present."""
        return self.status == "ACTIVE"


class SubscriptionSecret(_PleoModel):
    """The signing secret of a subscription (`whsec_…`)."""

    secret_key: Identifier = Field(repr=False)


class Introspection(_PleoModel):
    """What a credential is and what it permits (API-1)."""

    auth_method: str
    client_id: str | None = None
    scope: str = ""
    application_name: str | None = None
    subject_urn: str | None = Field(None, alias="subjectURN")

    @property
    def company_id(self) -> str | None:
        """Return the credential's company; None for one of an organisation."""
        return _company_of(self.subject_urn)


class Installation(_PleoModel):
    """The installation of an application for a company (API-8), as Pleo's marketplace shows it.

    Pleo's document shows it without the `data` that encloses every other answer; both are read (open question 29).
    """

    status: str
    resource: str | None = None
    error_code: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _unwrapped(cls, answer: Any) -> Any:
        wrapped = isinstance(answer, dict) and isinstance(answer.get("data"), dict)
        return answer["data"] if wrapped else answer

    @property
    def activated(self) -> bool:
        """Whether the installation works."""
        return self.status == ACTIVATED

    @property
    def company_id(self) -> str | None:
        """Return the company it is installed for; None for an organisation."""
        return _company_of(self.resource)


def _company_of(urn: str | None) -> str | None:
    kind, _, identifier = (urn or "").rpartition(":")
    return identifier.lower() if kind == "urn:pleo:company" else None


class Pagination(_PleoModel):
    """Whether a list goes on, and the cursor of its next page."""

    has_next_page: bool
    end_cursor: str | None = None


class Page(_PleoModel, Generic[T]):
    """One page of a list."""

    data: list[T]
    pagination: Pagination


class Data(_PleoModel, Generic[T]):
    """The envelope of a single object."""

    data: T


def updates_as_json(updates: Sequence[ItemUpdate]) -> list[dict[str, str]]:
    """Return the body of one call. Raises ValueError for more than MAX_UPDATES."""
    if len(updates) > MAX_UPDATES:
        raise ValueError(f"{len(updates)} updates in one call; Pleo takes at most {MAX_UPDATES}")
    return [update.as_json() for update in updates]
