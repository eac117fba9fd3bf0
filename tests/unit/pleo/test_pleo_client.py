from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pleo_export.errors import ItemFailure, JobFailure
from pleo_export.pleo.errors import PleoProtocolError, PleoRefused
from pleo_export.pleo.models import ItemUpdate, JobEvent
from tests.unit.pleo.pleo_answers import COMPANY, JOB, Pleo, item_json, job_json, page_json

ITEMS = f"/v3/export-jobs/{JOB}/items"
SUBSCRIPTION = {
    "id": "99999999-9999-4999-8999-999999999999",
    "endpointUrl": "https://hooks.example.com/pleo",
    "eventTypes": ["v1.export-job.created"],
    "status": "ACTIVE",
    "createdAt": "2026-03-01T09:00:00Z",
    "updatedAt": "2026-03-01T09:00:00Z",
    "endpointAuth": {"type": "BASIC", "credentials": {"username": "u", "password": "p"}},
}


def query(pleo: Pleo, index: int) -> dict[str, list[str]]:
    return parse_qs(urlsplit(str(pleo.asked()[index].url)).query)


def body(pleo: Pleo, index: int = -1) -> Any:
    return json.loads(pleo.asked()[index].body or b"null")


def test_given_jobs_in_any_order_over_pages_when_listed_then_the_oldest_comes_first(pleo: Pleo) -> None:
    late = job_json("c", createdAt="2026-03-01T11:00:00Z")
    tie = job_json("b", createdAt="2026-03-01T10:00:00+01:00", status="in_progress")
    first = job_json("a", createdAt="2026-03-01T09:00:00Z")
    pleo.will("GET", "/v3/export-jobs", json=page_json([late, tie], next_cursor="NEXT="))
    pleo.will("GET", "/v3/export-jobs", json=page_json([first]))

    assert [job.id for job in pleo.client.unfinished_jobs(COMPANY)] == ["a", "b", "c"]


def test_only_unfinished_jobs_of_the_company_are_asked_for_a_hundred_at_a_time(pleo: Pleo) -> None:
    pleo.will("GET", "/v3/export-jobs", json=page_json([]))

    assert pleo.client.unfinished_jobs(COMPANY) == []
    assert query(pleo, 0) == {"company_id": [COMPANY], "statuses": ["pending", "in_progress"], "limit": ["100"]}


def test_given_a_server_that_ignores_the_filters_when_listed_then_other_jobs_are_left_out(pleo: Pleo) -> None:
    others = job_json("a", companyId="22222222-2222-4222-8222-222222222222")
    over = job_json("b", status="completed")
    ours = job_json("c", companyId=COMPANY.upper())
    pleo.will("GET", "/v3/export-jobs", json=page_json([others, over, ours]))

    assert [job.id for job in pleo.client.unfinished_jobs(COMPANY)] == ["c"]


def test_given_short_and_empty_pages_when_items_are_read_then_all_pages_are(pleo: Pleo) -> None:
    pleo.will("GET", ITEMS, json=page_json([item_json("1")], next_cursor="A"))
    pleo.will("GET", ITEMS, json=page_json([], next_cursor="B"))
    pleo.will("GET", ITEMS, json=page_json([item_json("2"), item_json("3")]))

    assert [item.accounting_entry_id for item in pleo.client.job_items(JOB)] == ["1", "2", "3"]
    assert [query(pleo, index).get("after") for index in range(3)] == [None, ["A"], ["B"]]


def test_given_a_caller_that_stops_early_when_items_are_read_then_no_further_page_is_asked_for(pleo: Pleo) -> None:
    pleo.will("GET", ITEMS, json=page_json([item_json("1")], next_cursor="A"))

    assert next(pleo.client.job_items(JOB, status="failed")).accounting_entry_id == "1"
    assert len(pleo.asked()) == 1
    assert query(pleo, 0)["status"] == ["failed"]


def test_given_a_limit_when_items_are_read_then_no_more_come(pleo: Pleo) -> None:
    pleo.will("GET", ITEMS, json=page_json([item_json("1"), item_json("2")], next_cursor="A"))
    pleo.will("GET", ITEMS, json=page_json([item_json("3"), item_json("4")]))

    assert [item.accounting_entry_id for item in pleo.client.job_items(JOB, limit=3)] == ["1", "2", "3"]


@pytest.mark.parametrize(("found", "answer"), [([item_json("1")], True), ([], False)])
def test_one_call_for_one_item_tells_whether_there_are_any(pleo: Pleo, found: list[Any], answer: bool) -> None:
    pleo.will("GET", ITEMS, json=page_json(found, next_cursor="A" if found else None))

    assert pleo.client.has_items(JOB, "pending") is answer
    assert [query(pleo, 0)] == [{"status": ["pending"], "limit": ["1"]}]
    assert len(pleo.asked()) == 1


def test_given_a_cursor_that_repeats_when_pages_are_read_then_it_ends_in_an_error(pleo: Pleo) -> None:
    for cursor in ("A", "B", "A"):
        pleo.will("GET", ITEMS, json=page_json([item_json("1")], next_cursor=cursor))

    with pytest.raises(PleoProtocolError, match="cursor repeats") as error:
        list(islice(pleo.client.job_items(JOB), 10))  # else it would go on for ever

    assert (error.value.method, error.value.path, error.value.status) == ("GET", ITEMS, 200)


def test_given_a_next_page_without_a_cursor_when_pages_are_read_then_it_ends_in_an_error(pleo: Pleo) -> None:
    answer = page_json([item_json("1")], next_cursor="A")
    del answer["pagination"]["endCursor"]
    pleo.will("GET", ITEMS, json=answer)

    with pytest.raises(PleoProtocolError, match="without endCursor"):
        list(pleo.client.job_items(JOB))


def test_given_export_items_when_read_then_they_are_the_json_as_pleo_sent_it_with_exact_numbers(pleo: Pleo) -> None:
    first = b'{"accountingEntryId": "1", "amount": {"value": 89696}, "rate": 0.1, "unknown": [1, null]}'
    pleo.will(
        "GET",
        "/v3/export-items",
        body=b'{"data": [' + first + b'], "pagination": {"hasNextPage": true, "endCursor": "A"}}',
    )
    pleo.will("GET", "/v3/export-items", json=page_json([{"accountingEntryId": "2"}]))

    pages = list(pleo.client.export_item_pages(JOB))

    assert pages == [
        [{"accountingEntryId": "1", "amount": {"value": 89696}, "rate": Decimal("0.1"), "unknown": [1, None]}],
        [{"accountingEntryId": "2"}],
    ]
    assert query(pleo, 1) == {"job_id": [JOB], "limit": ["100"], "after": ["A"]}


def test_given_missing_contra_accounts_when_export_items_are_read_then_pleos_sentence_is_kept(pleo: Pleo) -> None:
    refusal = {"type": "missing_contra_accounts", "message": "Contra accounts are missing for: SEK, EUR"}
    pleo.will("GET", "/v3/export-items", json=refusal, status=400)

    with pytest.raises(PleoRefused) as error:
        list(pleo.client.export_item_pages(JOB))

    assert (error.value.type, error.value.message) == (
        "MISSING_CONTRA_ACCOUNTS",
        "Contra accounts are missing for: SEK, EUR",
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>It works</html>",
        b"null",
        b"[]",
        b'{"data": {}}',
        b'{"data": {"id": "1"}, "pagination": {"hasNextPage": false}}',
        b'{"data": [{"id": "1", "status": "pending"}], "pagination": {"hasNextPage": false}}',
        b'{"data": []}',
        b'{"data": [], "pagination": {}}',
        b'{"data": [NaN], "pagination": {"hasNextPage": false}}',
        b'{"data": [1e99999999999999999999], "pagination": {"hasNextPage": false}}',
        b'{"data": ' + b"[" * 100_000,
    ],
)
def test_given_an_answer_that_the_specification_does_not_know_when_read_then_it_is_a_protocol_error(
    pleo: Pleo, answer: bytes
) -> None:
    pleo.will("GET", "/v3/export-jobs", body=answer)

    with pytest.raises(PleoProtocolError):
        pleo.client.unfinished_jobs(COMPANY)


def test_given_a_job_with_a_wrong_field_when_read_then_the_error_names_the_field_and_not_its_value(pleo: Pleo) -> None:
    pleo.will("GET", f"/v3/export-jobs/{JOB}", json={"data": job_json(numberOfItems="Jane Doe's dinner")})

    with pytest.raises(PleoProtocolError, match=r"data\.numberOfItems") as error:
        pleo.client.job(JOB)

    assert "Jane" not in f"{error.value} {error.value!r}"
    assert error.value.__context__ is None


def test_an_event_holds_only_what_was_given(pleo: Pleo) -> None:
    pleo.will("POST", "/v3/export-job-events", status=202)

    pleo.client.send_event(JOB, JobEvent.STARTED)
    assert body(pleo) == {"jobId": JOB, "event": "started"}

    pleo.client.send_event(JOB, JobEvent.FAILED, JobFailure.MISSING_CONFIGURATION, "No journal is chosen.")
    assert body(pleo) == {
        "jobId": JOB,
        "event": "failed",
        "failureReasonType": "missing_configuration",
        "failureReason": "No journal is chosen.",
    }


@pytest.mark.parametrize("event", [JobEvent.STARTED, JobEvent.COMPLETED, JobEvent.COMPLETED_WITH_ERRORS])
def test_given_a_failure_with_any_other_event_when_sent_then_it_is_refused_here(pleo: Pleo, event: JobEvent) -> None:
    with pytest.raises(ValueError, match="carries no failure"):
        pleo.client.send_event(JOB, event, JobFailure.VALIDATION_FAILURE, "why")

    assert pleo.asked() == []


def test_given_a_200_that_holds_failures_when_items_are_updated_then_both_lists_are_told(pleo: Pleo) -> None:
    pleo.will(
        "PUT",
        ITEMS,
        json={
            "data": [item_json("1", status="successful", externalId="42", exportedAt="2026-03-01T09:00:00Z")],
            "errors": [{"accountingEntryId": "2", "type": "ACCOUNTING_ENTRY_DOES_NOT_EXIST", "message": "gone"}],
        },
    )
    updates = [
        ItemUpdate("1", "successful", external_id="42"),
        ItemUpdate("2", "failed", failure=ItemFailure.VENDOR_UNKNOWN, reason="Vendor 7 is blocked."),
    ]

    answer = pleo.client.update_items(JOB, updates)

    assert [(item.accounting_entry_id, item.external_id) for item in answer.updated] == [("1", "42")]
    assert answer.updated[0].exported_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert [(error.accounting_entry_id, error.type) for error in answer.errors] == [
        ("2", "ACCOUNTING_ENTRY_DOES_NOT_EXIST")
    ]
    assert [update["accountingEntryId"] for update in body(pleo)] == ["1", "2"]


def test_given_no_results_when_items_are_updated_then_pleo_is_not_bothered(pleo: Pleo) -> None:
    assert pleo.client.update_items(JOB, []).updated == ()
    assert pleo.asked() == []


def test_given_more_than_a_hundred_results_when_items_are_updated_then_nothing_is_sent(pleo: Pleo) -> None:
    with pytest.raises(ValueError, match="at most 100"):
        pleo.client.update_items(JOB, [ItemUpdate("1", "successful")] * 101)

    assert pleo.asked() == []


def test_given_an_entry_that_was_exported_before_then_its_last_result_is_returned(pleo: Pleo) -> None:
    pleo.will("GET", "/v3/export-job-items", json={"data": item_json("1", status="successful", externalId="42")})

    result = pleo.client.last_results(COMPANY, "1")

    assert result is not None
    assert (result.export_job_id, result.status, result.external_id) == (JOB, "successful", "42")
    assert query(pleo, 0) == {"company_id": [COMPANY], "accounting_entry_id": ["1"]}


def test_given_an_entry_that_was_never_exported_when_asked_then_there_is_no_result(pleo: Pleo) -> None:
    pleo.will("GET", "/v3/export-job-items", json={"type": "EXPORT_ENTRY_NOT_FOUND"}, status=404)

    assert pleo.client.last_results(COMPANY, "1") is None


def test_given_a_credential_when_introspected_then_its_company_and_scope_are_told(pleo: Pleo) -> None:
    data = {"authMethod": "API_KEY", "clientId": "c", "scope": "s", "subjectURN": f"urn:pleo:company:{COMPANY}"}
    pleo.will("GET", "/v1/introspect", json={"data": data})

    assert pleo.client.introspect().company_id == COMPANY


INSTALLATION = {"id": "1", "resource": f"urn:pleo:company:{COMPANY.upper()}", "status": "AUTHORIZED", "metadata": {}}


@pytest.mark.parametrize("answer", [INSTALLATION, {"data": INSTALLATION}], ids=["bare", "wrapped"])
def test_an_installation_is_read_made_activated_and_removed(pleo: Pleo, answer: dict[str, Any]) -> None:
    path = "/v1/installations/me"
    for method in ("GET", "POST", "PUT"):
        pleo.will(method, path, json=answer)
    pleo.will("POST", f"{path}:activate", json=INSTALLATION | {"status": "ACTIVATED"})
    pleo.will("DELETE", path, status=204)
    client = pleo.client

    found = client.installation()
    assert (found.status, found.activated, found.company_id) == ("AUTHORIZED", False, COMPANY)
    for write in (client.create_installation, client.update_installation):
        assert write().status == "AUTHORIZED"
        assert body(pleo) == {"status": "ACTIVATED"}
    assert client.activate_installation().activated
    client.delete_installation()
    assert pleo.asked()[-1].method == "DELETE"


def test_given_an_installation_of_an_organisation_when_read_then_it_has_no_company(pleo: Pleo) -> None:
    answer = {"status": "NEW_ONE", "resource": "urn:pleo:organization:1", "errorCode": "NOT_ENTITLED"}
    pleo.will("GET", "/v1/installations/me", json=answer)

    found = pleo.client.installation()

    assert (found.company_id, found.status, found.error_code) == (None, "NEW_ONE", "NOT_ENTITLED")


def test_subscriptions_are_listed_made_paused_and_removed(pleo: Pleo) -> None:
    identifier = SUBSCRIPTION["id"]
    url, events = "https://hooks.example.com/pleo", ["v1.export-job.created"]
    pleo.will("GET", "/v1/subscriptions", json=page_json([SUBSCRIPTION]))
    pleo.will("GET", f"/v1/subscriptions/{identifier}", json={"data": SUBSCRIPTION})
    pleo.will("POST", "/v1/subscriptions", json={"data": SUBSCRIPTION})
    pleo.will("PUT", f"/v1/subscriptions/{identifier}", json={"data": SUBSCRIPTION | {"status": "INACTIVE"}})
    pleo.will("DELETE", f"/v1/subscriptions/{identifier}", status=204)
    pleo.will("GET", f"/v1/subscriptions/{identifier}/secret", json={"data": {"secretKey": "whsec_secret"}})
    client = pleo.client

    assert [each.id for each in client.subscriptions()] == [identifier]
    assert client.subscription(str(identifier)).active
    assert client.create_subscription(url, events).endpoint_url == url
    assert body(pleo) == {"endpointUrl": url, "eventTypes": events, "status": "ACTIVE"}
    assert not client.update_subscription(str(identifier), url, events, active=False).active
    assert body(pleo) == {"endpointUrl": url, "eventTypes": events, "status": "INACTIVE"}
    along = {"customHeaders": {"x-token": "t"}}
    client.create_subscription(url, events, along)
    assert body(pleo) == {"endpointUrl": url, "eventTypes": events, "status": "ACTIVE", **along}
    client.update_subscription(str(identifier), url, events, along)
    assert body(pleo) == {"endpointUrl": url, "eventTypes": events, "status": "ACTIVE", **along}
    assert client.subscription_secret(str(identifier)) == "whsec_secret"
    client.delete_subscription(str(identifier))
    assert pleo.asked()[-1].method == "DELETE"


@pytest.mark.parametrize("answer", [{}, {"secretKey": ""}, {"secretKey": None}])
def test_given_a_subscription_without_a_secret_when_asked_then_it_is_a_protocol_error(
    pleo: Pleo, answer: dict[str, Any]
) -> None:
    pleo.will("GET", "/v1/subscriptions/1/secret", json={"data": answer})

    with pytest.raises(PleoProtocolError, match="secretKey"):
        pleo.client.subscription_secret("1")


def test_given_an_id_with_a_slash_when_put_into_a_path_then_it_stays_one_id(pleo: Pleo) -> None:
    pleo.will("GET", "/v3/export-jobs/..%2F1%3Fx", json={"data": job_json("1")})

    assert pleo.client.job("../1?x").id == "1"
