"""The client against Pleo's own OpenAPI documents: what it sends is allowed, what is promised it can read.

The documents are not part of the project. They are looked for in the folder PLEO_SPECS, by default beside the checkout.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import pytest
import requests
import responses
import yaml
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest
from openapi_core.testing import MockResponse

from pleo_export.errors import ItemFailure, JobFailure
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import ApiKey, BearerToken, Credential
from pleo_export.pleo.errors import PleoError, PleoNotFound, PleoOutcomeUnknown, PleoRefused, PleoUnavailable
from pleo_export.pleo.models import ItemUpdate, JobEvent
from pleo_export.pleo.webhook_authentication import WebhookAuthentication, subscription_credentials
from pleo_export.pleo.webhook_event import SUBSCRIBED_EVENT

SPECS = Path(os.environ.get("PLEO_SPECS") or Path(__file__).parents[3] / "shared" / "specs")
DOCUMENTS = ("pleo-export-v3.openapi.yaml", "pleo-webhook-subscriptions.openapi.yaml")
PLEO = "https://external.pleo.io"
ID = "3f0c7c3e-6d5c-4c8e-9a53-0a1f5f2f7b10"
HOOK = "https://hooks.example.com/pleo"
METHODS = ("get", "post", "put", "delete")

if not (SPECS / DOCUMENTS[0]).exists():
    pytest.skip("Pleo's OpenAPI documents are not here (PLEO_SPECS names their folder)", allow_module_level=True)

Fields = Literal["required", "all", "null"]
"""How an answer is made from its schema: required fields only; every field; every field, null where that is allowed."""

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


class Specification:
    """Both documents as one, made fit for validation (their header comments list the oddities)."""

    def __init__(self) -> None:
        first, second = (yaml.safe_load((SPECS / name).read_text()) for name in DOCUMENTS)
        first["paths"] |= second["paths"]
        first["components"]["schemas"] |= second["components"]["schemas"]
        _drop_date_masks(first)
        self.document: dict[str, Any] = first
        for name in ("CreateExportJobEvent", "UpdateExportJobItemV3", "SubscriptionRequest"):
            self.document["components"]["schemas"][name]["additionalProperties"] = False  # a misspelt field shows
        # Left optional by the document; without it the answer says nothing.
        self.document["components"]["schemas"]["SubscriptionSecretModel"]["required"] = ["secretKey"]
        self.openapi = OpenAPI.from_dict(first)

    def operation(self, method: str, path: str) -> dict[str, Any]:
        for template, operations in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                found: dict[str, Any] = operations[method.lower()]
                return found
        raise LookupError(f"{method} {path} is not in the documents")

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            found: dict[str, Any] = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            return found
        return schema

    def example(self, schema: dict[str, Any], fields: Fields) -> Any:
        schema = self.resolve(schema)
        if fields == "null" and schema.get("nullable") and "enum" not in schema:
            return None
        match schema.get("type"):
            case "object":
                chosen = schema.get("required", []) if fields == "required" else schema.get("properties", {})
                return {name: self.example(schema["properties"][name], fields) for name in chosen}
            case "array":
                return [self.example(schema["items"], fields)]
            case "boolean":
                return False  # hasNextPage, above all
            case "integer" | "number":
                return schema.get("example", 1)
        formats = {"uuid": ID, "date-time": "2026-03-01T09:00:00Z"}
        return schema.get("example") or formats.get(schema.get("format", "")) or schema.get("enum", ["text"])[0]


def _drop_date_masks(node: Any) -> None:
    """`YYYY-MM-DDTHH:mi:ssZ` and the like are written as `pattern`, and no real value matches them."""
    if isinstance(node, dict):
        if "yyyy" in str(node.get("pattern", "")).lower():
            del node["pattern"]
        node = list(node.values())
    for each in node if isinstance(node, list) else []:
        _drop_date_masks(each)


@cache
def specification() -> Specification:
    return Specification()


EXPECTED: dict[int, type[PleoError] | tuple[type[PleoError], ...]] = {
    404: PleoNotFound,
    500: (PleoUnavailable, PleoOutcomeUnknown),
}


@dataclass
class SpecifiedPleo:
    """Refuses what the documents do not allow and answers what they promise: `status`, or the operation's 2xx."""

    fields: Fields = "required"
    status: int | None = None

    def __call__(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        spec = specification()
        spec.openapi.validate_request(RequestsOpenAPIRequest(request))
        operation = spec.operation(str(request.method), RequestsOpenAPIRequest(request).path)
        declared = {parameter["name"] for parameter in operation.get("parameters", [])}
        sent = set(RequestsOpenAPIRequest(request).parameters.query)
        assert sent <= declared, f"not in the documents: {sent - declared}"
        status = self.status or next(int(code) for code in operation["responses"] if code.startswith("2"))
        body = self.answer(operation["responses"][str(status)])
        if self.fields != "null":  # nullable and enumerations contradict each other in places
            mime = "application/json;charset=UTF-8" if body else ""
            answer = MockResponse(body.encode(), status_code=status, content_type=mime)
            spec.openapi.validate_response(RequestsOpenAPIRequest(request), answer)
        return status, {"Content-Type": "application/json;charset=UTF-8"}, body

    def answer(self, declared: dict[str, Any]) -> str:
        if "content" not in declared:
            return ""
        (content,) = declared["content"].values()
        return json.dumps(content.get("example") or specification().example(content["schema"], self.fields))

    def client(self, credential: Credential) -> PleoClient:
        return PleoClient(PLEO, credential, sleep=lambda _: None)


@pytest.fixture(autouse=True)
def answers(socket_disabled: None) -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def play(answers: responses.RequestsMock, pleo: SpecifiedPleo) -> None:
    for method in METHODS:
        answers.add_callback(method.upper(), re.compile(re.escape(PLEO)), callback=pleo)


def test_every_call_of_the_client_is_held_to_the_documents() -> None:
    public = {name for name in dir(PleoClient) if callable(getattr(PleoClient, name)) and not name.startswith("_")}

    assert {name.split()[0] for name in CALLS} == public - NOT_IN_THE_DOCUMENTS


@pytest.mark.parametrize("credential", [ApiKey("plp_key"), BearerToken("token")], ids=["key", "token"])
@pytest.mark.parametrize("fields", ["required", "all", "null"])
@pytest.mark.parametrize("name", CALLS)
def test_given_what_the_documents_allow_and_promise_when_called_then_it_works(
    answers: responses.RequestsMock, name: str, fields: Fields, credential: Credential
) -> None:
    pleo = SpecifiedPleo(fields)
    play(answers, pleo)

    CALLS[name](pleo.client(credential))

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
    pleo = SpecifiedPleo()
    play(answers, pleo)
    declared = specification().operation(*REFUSED_OPERATIONS[name])["responses"]

    for status in (int(code) for code in declared if int(code) >= 400):
        pleo.status = status
        with pytest.raises(PleoError) as error:
            CALLS[name](pleo.client(ApiKey("plp_key")))

        assert isinstance(error.value, EXPECTED.get(status, PleoRefused))
        example = json.loads(pleo.answer(declared[str(status)]) or "{}")
        assert (error.value.status, error.value.type) == (status, example.get("type", ""))


def test_given_an_entry_that_was_never_exported_when_asked_for_then_the_declared_404_is_an_answer(
    answers: responses.RequestsMock,
) -> None:
    pleo = SpecifiedPleo(status=404)
    play(answers, pleo)

    assert pleo.client(ApiKey("plp_key")).last_results(ID, ID) is None
