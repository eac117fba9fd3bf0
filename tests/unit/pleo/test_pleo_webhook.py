from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleo_export.pleo.webhook_event import Ignored, JobCreated, VendorCreated, parse_event

COMPANY = "11111111-1111-4111-8111-111111111111"
JOB = "3f0c7c3e-6d5c-4c8e-9a53-0a1f5f2f7b10"


def event(**changed: Any) -> dict[str, Any]:
    data = {"id": JOB, "companyId": COMPANY, "status": "pending", "expiresIn": 3600}
    return {"eventType": "v1.export-job.created", "eventId": "an id", "data": data} | changed


def parsed(value: Any) -> JobCreated | VendorCreated | Ignored:
    return parse_event(json.dumps(value).encode())


@pytest.mark.parametrize(
    "name", ["v1.export-job.created", "v1.export.job-created", "v2.export-job.created", "export-job.created"]
)
def test_given_the_event_in_any_of_its_spellings_when_parsed_then_a_job_was_created(name: str) -> None:
    assert parsed(event(eventType=name)) == JobCreated(company_id=COMPANY, job_id=JOB)


def test_given_a_vendor_that_was_created_when_parsed_then_it_is_told_with_its_company() -> None:
    assert parsed(event(eventType="v1.vendor.created")) == VendorCreated(company_id=COMPANY, vendor_id=JOB)


def test_given_the_body_under_payload_when_parsed_then_it_is_the_same() -> None:
    assert parsed({"headers": {}, "payload": event()}) == parsed(event())


def test_given_ids_in_upper_case_when_parsed_then_they_are_in_lower_case() -> None:
    assert parsed(event(data={"id": JOB.upper(), "companyId": COMPANY})) == parsed(event())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"eventType": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not an event"),
        (b'"v1.export-job.created"', "not an event"),
        (b"{}", "no event type"),
        (b'{"eventType": ["v1.export-job.created"]}', "no event type"),
        (b'{"eventType": "Dinner with the board"}', "no event type"),
        (b'{"eventType": "v1.vendor.updated"}', "event type 'v1.vendor.updated'"),
        (b'{"eventType": "v1.vendor.created"}', "data.companyId, data.id: not a UUID"),
        (b'{"eventType": "export-job.completed"}', "event type 'export-job.completed'"),
        (b'{"eventType": "v1.export-job.created"}', "data.companyId, data.id: not a UUID"),
        (b'{"eventType": "v1.export-job.created", "data": [1]}', "data.companyId, data.id: not a UUID"),
    ],
)
def test_given_nothing_for_us_when_parsed_then_it_is_ignored_and_says_why(body: bytes, reason: str) -> None:
    assert parse_event(body) == Ignored(reason)


@pytest.mark.parametrize("wrong", [None, 7, "", "1", "{" + JOB + "}", JOB.replace("-", ""), "urn:uuid:" + JOB, [JOB]])
def test_given_an_id_that_is_not_a_uuid_when_parsed_then_the_field_is_named(wrong: Any) -> None:
    assert parsed(event(data={"id": wrong, "companyId": COMPANY})) == Ignored("data.id: not a UUID")
    assert parsed(event(data={"id": JOB, "companyId": wrong})) == Ignored("data.companyId: not a UUID")


def test_given_an_endless_event_type_when_ignored_then_the_reason_is_short() -> None:
    ignored = parsed(event(eventType="x" * 10_000))

    assert isinstance(ignored, Ignored)
    assert len(ignored.reason) < 100


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([JOB, "v1.export-job.created"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["payload", "eventType", "eventId", "data", "id", "companyId"]), inner)
    ),
    max_leaves=10,
)


@given(ANY_JSON.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_whatever_pleo_signs_is_read_without_an_error(body: bytes) -> None:
    assert isinstance(parse_event(body), JobCreated | Ignored)
