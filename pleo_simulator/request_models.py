"""The request bodies of Pleo's documents, checked strictly.

An unknown field is a client's mistake, and a field that the document does not call nullable may be absent, not null:
hence defaults that nobody reads. `sent()` gives back what was sent, by Pleo's names.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

JobStatus = Literal["pending", "in_progress", "failed", "completed", "completed_with_errors"]
ItemStatus = Literal["pending", "in_progress", "failed", "successful", "abandoned"]
JobEvent = Literal["started", "failed", "completed", "completed_with_errors"]
JobFailureType = Literal[
    "invalid_configuration",
    "missing_configuration",
    "authentication_failure",
    "accounting_system_authentication_failure",
    "pleo_rate_limit",
    "accounting_system_rate_limit",
    "service_unreachable",
    "accounting_system_unreachable",
    "validation_failure",
    "authorization_failure",
    "integration_unusable",
    "job_expired",
    "service_timeout",
    "accounting_system_timeout",
    "canceled_by_user",
]
ItemFailureType = Literal[
    "receipt_upload_failure",
    "receipt_download_failure",
    "receipt_file_size_limit_exceeded",
    "receipt_conversion_failure",
    "unexpected_failure",
    "invalid_configuration",
    "missing_configuration",
    "accounting_system_authentication_failure",
    "accounting_system_rate_limit",
    "accounting_system_unreachable",
    "validation_failure",
    "accounting_system_validation_failure",
    "authorization_failure",
    "accounting_system_timeout",
    "vendor_unknown",
    "account_unknown",
    "tax_code_unknown",
    "tag_unknown",
]

InstallationStatus = Literal["ACTIVATED", "INACTIVE", "AUTHORIZED", "PENDING_INTEGRATION", "ERROR"]


class Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=False, extra="forbid")

    def sent(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class JobOptions(Body):
    vendor_based_bookkeeping: bool | None = False


class CreateExportJob(Body):
    company_id: UUID
    accounting_entry_ids: list[UUID]
    employee_id: UUID | None = None
    is_interactive: bool | None = True
    options: JobOptions | None = None


class CreateExportJobEvent(Body):
    job_id: UUID
    event: JobEvent
    failure_reason: str = ""
    failure_reason_type: JobFailureType = "validation_failure"


class UpdateExportJobItem(Body):
    accounting_entry_id: UUID
    status: ItemStatus
    exported_at: AwareDatetime = datetime.min.replace(tzinfo=UTC)
    external_id: str = ""
    external_url: str = ""
    failure_reason: str = ""
    failure_reason_type: ItemFailureType = "unexpected_failure"


class SearchExportJobItems(Body):
    accounting_entry_ids: list[UUID]
    status: ItemStatus = "pending"


class AuthCredential(Body):
    username: str = ""
    password: str = ""
    token: str = ""


class EndpointAuth(Body):
    type: Literal["NONE", "BASIC"] = "NONE"
    credentials: AuthCredential = Field(default_factory=AuthCredential)


class SubscriptionRequest(Body):
    endpoint_url: str
    event_types: list[str]
    custom_headers: dict[str, str] = {}
    endpoint_auth: EndpointAuth = Field(default_factory=EndpointAuth)
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"


class CreateInstallation(Body):
    status: InstallationStatus = "AUTHORIZED"  # question 29
    metadata: dict[str, Any] = {}


class UpdateInstallation(Body):
    status: InstallationStatus
    error_code: Literal["NOT_ENTITLED", "AUTH_ERROR"] = "NOT_ENTITLED"
    metadata: dict[str, Any] = {}
