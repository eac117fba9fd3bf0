"""The client against Pleo's own OpenAPI documents: what it sends is allowed, what is promised it can read.

The documents are not part of the project. They are looked for in the folder PLEO_SPECS, by default beside the checkout.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import pytest
import responses

from pleo_export.errors import ItemFailure, JobFailure
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import ApiKey, BearerToken, Credential
from pleo_export.pleo.errors import PleoError, PleoNotFound, PleoOutcomeUnknown, PleoRefused, PleoUnavailable
from pleo_export.pleo.models import ItemUpdate, JobEvent
from pleo_export.pleo.webhook_authentication import WebhookAuthentication, subscription_credentials
from pleo_export.pleo.webhook_event import SUBSCRIBED_EVENT
from tests.contract.specified_pleo import ID, PLEO, SPECS, Fields, Specification, SpecifiedPleo, play

DOCUMENTS = ("pleo-export-v3.openapi.yaml", "pleo-webhook-subscriptions.openapi.yaml")
HOOK = "https://hooks.example.com/pleo"

if not (SPECS / DOCUMENTS[0]).exists():
    pytest.skip("Pleo's OpenAPI documents are not here (PLEO_SPECS names their folder)", allow_module_level=True)

SUCCESS = ItemUpdate(ID, "successful", "42", "https://books.example.com/42", datetime(2026, 3, 1, 9, tzinfo=UTC))


def send_each_event(pleo: PleoClient) -> None:
    for event in JobEvent:
        pleo.send_event(ID, event)


def send_each_failure(pleo: PleoClient) -> None:
    for failure in JobFailure:
        pleo.send_event(ID, JobEvent.FAILED, failure, "why")


def subscribe(along: dict[str, Any], pleo: PleoClient) -> None:
    pleo.create_subscription(HOOK, [SUBSCRIBED_EVENT], along)


CALLS: dict[str, Callable[[PleoClient], object]] = {
    "unfinished_jobs": lambda pleo: pleo.unfinished_jobs(ID),
    "jobs": lambda pleo: pleo.jobs(ID, 10),
    "jobs_since": lambda pleo: pleo.jobs_since(ID, datetime(2026, 1, 1, tzinfo=UTC)),
    "job": lambda pleo: pleo.job(ID),
    "create_job": lambda pleo: pleo.create_job(ID, [ID], like=pleo.job(ID)),
    "send_event": send_each_event,
    "send_event failed": send_each_failure,
    "job_items": lambda pleo: list(pleo.job_items(ID)),
    "job_items of a status": lambda pleo: list(pleo.job_items(ID, "abandoned", limit=7)),
    "has_items": lambda pleo: pleo.has_items(ID, "in_progress"),
    "export_item_pages": lambda pleo: list(pleo.export_item_pages(ID)),
    "update_items": lambda pleo: pleo.update_items(ID, [SUCCESS]),
    "update_items failed": lambda pleo: pleo.update_items(
        ID, [ItemUpdate(ID, "failed", failure=failure, reason="why") for failure in ItemFailure]
    ),
    "last_results": lambda pleo: pleo.last_results(ID, ID),
    "subscriptions": lambda pleo: pleo.subscriptions(),
    "subscription": lambda pleo: pleo.subscription(ID),
    "create_subscription": lambda pleo: pleo.create_subscription(HOOK, [SUBSCRIBED_EVENT]),
    "update_subscription": lambda pleo: pleo.update_subscription(ID, HOOK, [SUBSCRIBED_EVENT], active=False),
    **{
        f"create_subscription proven by {proof}": partial(subscribe, subscription_credentials(proof, "token"))
        for proof in WebhookAuthentication
    },
    "delete_subscription": lambda pleo: pleo.delete_subscription(ID),
    "subscription_secret": lambda pleo: pleo.subscription_secret(ID),
}
NOT_IN_THE_DOCUMENTS = {
    "introspect",
    "installation",
    "create_installation",
    "update_installation",
    "activate_installation",
    "delete_installation",
    "export_statuses",  # of another document of Pleo's
}


@cache
def specification() -> Specification:
    return Specification(
        DOCUMENTS,
        strict=("CreateExportJobEvent", "UpdateExportJobItemV3", "SubscriptionRequest"),
        required={"SubscriptionSecretModel": ["secretKey"]},
    )


def specified(fields: Fields = "required", status: int | None = None) -> SpecifiedPleo:
    return SpecifiedPleo(specification(), fields, status)


def client(credential: Credential) -> PleoClient:
    return PleoClient(PLEO, credential, sleep=lambda _: None)


EXPECTED: dict[int, type[PleoError] | tuple[type[PleoError], ...]] = {
    404: PleoNotFound,
    500: (PleoUnavailable, PleoOutcomeUnknown),
}


@pytest.fixture(autouse=True)
def answers(socket_disabled: None) -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def test_every_call_of_the_client_is_held_to_the_documents() -> None:
    public = {name for name in dir(PleoClient) if callable(getattr(PleoClient, name)) and not name.startswith("_")}

    assert {name.split()[0] for name in CALLS} == public - NOT_IN_THE_DOCUMENTS


@pytest.mark.parametrize("credential", [ApiKey("plp_key"), BearerToken("token")], ids=["key", "token"])
@pytest.mark.parametrize("fields", ["required", "all", "null"])
@pytest.mark.parametrize("name", CALLS)
def test_given_what_the_documents_allow_and_promise_when_called_then_it_works(
    answers: responses.RequestsMock, name: str, fields: Fields, credential: Credential
) -> None:
    pleo = specified(fields)
    play(answers, pleo)

    CALLS[name](client(credential))

    assert len(answers.calls) > 0


REFUSED_OPERATIONS = {
    "unfinished_jobs": ("get", "/v3/export-jobs"),
    "job": ("get", f"/v3/export-jobs/{ID}"),
    "send_event": ("post", "/v3/export-job-events"),
    "job_items": ("get", f"/v3/export-jobs/{ID}/items"),
    "export_item_pages": ("get", "/v3/export-items"),
    "update_items": ("put", f"/v3/export-jobs/{ID}/items"),
    "subscriptions": ("get", "/v1/subscriptions"),
    "subscription": ("get", f"/v1/subscriptions/{ID}"),
    "create_subscription": ("post", "/v1/subscriptions"),
    "update_subscription": ("put", f"/v1/subscriptions/{ID}"),
    "delete_subscription": ("delete", f"/v1/subscriptions/{ID}"),
    "subscription_secret": ("get", f"/v1/subscriptions/{ID}/secret"),
}


@pytest.mark.parametrize("name", REFUSED_OPERATIONS)
def test_given_each_declared_refusal_when_called_then_it_is_told_by_its_code(
    answers: responses.RequestsMock, name: str
) -> None:
    pleo = specified()
    play(answers, pleo)
    declared = specification().operation(*REFUSED_OPERATIONS[name])["responses"]

    for status in (int(code) for code in declared if int(code) >= 400):
        pleo.status = status
        with pytest.raises(PleoError) as error:
            CALLS[name](client(ApiKey("plp_key")))

        assert isinstance(error.value, EXPECTED.get(status, PleoRefused))
        example = json.loads(pleo.answer(declared[str(status)]) or "{}")
        assert (error.value.status, error.value.type) == (status, example.get("type", ""))


def test_given_an_entry_that_was_never_exported_when_asked_for_then_the_declared_404_is_an_answer(
    answers: responses.RequestsMock,
) -> None:
    pleo = specified(status=404)
    play(answers, pleo)

    assert client(ApiKey("plp_key")).last_results(ID, ID) is None
