from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from pleo_export.errors import ItemFailure
from pleo_export.pleo.models import (
    ExportJob,
    Introspection,
    ItemUpdate,
    Subscription,
    SubscriptionSecret,
    updates_as_json,
)
from tests.unit.pleo.pleo_answers import COMPANY, JOB, job_json

ENTRY = "77777777-7777-4777-8777-777777777777"


def test_given_unknown_fields_and_values_then_the_job_is_read_all_the_same() -> None:
    job = ExportJob.model_validate(job_json(status="paused", mood="good", failureReasonType="brand_new"))

    assert (job.id, job.company_id, job.status, job.failure_reason_type) == (JOB, COMPANY, "paused", "brand_new")


@pytest.mark.parametrize(
    ("status", "finished"),
    [
        ("pending", False),
        ("in_progress", False),
        ("failed", True),
        ("completed", True),
        ("completed_with_errors", True),
        ("paused", False),
    ],
)
def test_only_the_three_final_statuses_are_finished(status: str, finished: bool) -> None:
    assert ExportJob.model_validate(job_json(status=status)).finished is finished


@pytest.mark.parametrize("text", ["2026-03-01T09:00:00Z", "2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00"])
def test_given_a_time_in_any_zone_or_none_when_read_then_it_is_utc(text: str) -> None:
    assert ExportJob.model_validate(job_json(createdAt=text)).created_at == datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_a_job_is_frozen() -> None:
    with pytest.raises(ValidationError):
        ExportJob.model_validate(job_json()).status = "completed"  # type: ignore[misc]


def test_given_a_success_when_written_then_only_what_is_there_is_sent() -> None:
    update = ItemUpdate(
        ENTRY,
        "successful",
        external_id="42",
        exported_at=datetime(2026, 3, 1, 10, 0, 0, 999, tzinfo=timezone(timedelta(hours=1))),
    )

    assert update.as_json() == {
        "accountingEntryId": ENTRY,
        "status": "successful",
        "externalId": "42",
        "exportedAt": "2026-03-01T09:00:00Z",
    }


def test_given_a_failure_when_written_then_it_carries_type_and_reason() -> None:
    update = ItemUpdate(ENTRY, "failed", failure=ItemFailure.TAX_CODE_UNKNOWN, reason="Tax code V25 is not in Tryton.")

    assert update.as_json() == {
        "accountingEntryId": ENTRY,
        "status": "failed",
        "failureReasonType": "tax_code_unknown",
        "failureReason": "Tax code V25 is not in Tryton.",
    }


def test_given_an_endless_reason_when_written_then_it_is_cut_to_what_people_read() -> None:
    update = ItemUpdate(ENTRY, "failed", failure=ItemFailure.UNEXPECTED_FAILURE, reason="x" * 10_000)

    assert len(update.as_json()["failureReason"]) == 500
    assert update.as_json()["failureReason"].endswith("x…")


@pytest.mark.parametrize(
    "contradiction",
    [
        {"status": "failed"},
        {"status": "failed", "reason": "why"},
        {"status": "successful", "failure": ItemFailure.UNEXPECTED_FAILURE},
        {"status": "successful", "exported_at": datetime(2026, 3, 1)},  # noqa: DTZ001 - that is the mistake
    ],
)
def test_given_a_result_that_contradicts_itself_when_made_then_it_is_refused(contradiction: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=ENTRY):
        ItemUpdate(ENTRY, **contradiction)


@pytest.mark.parametrize(("count", "fits"), [(0, True), (1, True), (100, True), (101, False)])
def test_a_call_carries_at_most_a_hundred_updates(count: int, fits: bool) -> None:
    updates = [ItemUpdate(ENTRY, "successful")] * count

    if fits:
        assert len(updates_as_json(updates)) == count
    else:
        with pytest.raises(ValueError, match="at most 100"):
            updates_as_json(updates)


@pytest.mark.parametrize(
    ("subject", "company"),
    [(f"urn:pleo:company:{COMPANY}", COMPANY), (f"urn:pleo:organisation:{COMPANY}", None), (None, None)],
)
def test_a_credential_names_its_company_unless_it_is_an_organisations(subject: str | None, company: str | None) -> None:
    read = Introspection.model_validate(
        {"authMethod": "API_KEY", "clientId": "c", "scope": "export-items:read", "subjectURN": subject}
    )

    assert read.company_id == company


@pytest.mark.parametrize("event_types", ["v1.export-job.created", ["v1.export-job.created"]])
def test_given_event_types_as_a_string_or_a_list_when_read_then_they_are_the_same(event_types: Any) -> None:
    read = Subscription.model_validate(
        {
            "id": ENTRY,
            "endpointUrl": "https://example.com",
            "eventTypes": event_types,
            "status": "ACTIVE",
            "createdAt": "2026-03-01T09:00:00Z",
            "updatedAt": "2026-03-01T09:00:00Z",
        }
    )

    assert read.event_types == ("v1.export-job.created",)
    assert read.active


def test_no_text_of_a_subscriptions_secret_shows_it() -> None:
    secret = SubscriptionSecret(secret_key="whsec_never-to-be-seen")

    assert "never" not in f"{secret!r} {secret}"
