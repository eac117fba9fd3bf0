"""A client that holds the simulator to one of Pleo's own OpenAPI documents, which are not part of this project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import requests
import yaml
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

Json = dict[str, Any]

FOLDER = Path(os.environ.get("PLEO_SPECS") or Path(__file__).parents[2].parent / "shared" / "specs")
UNKNOWN = "99999999-9999-4999-8999-999999999999"
KEY = "plp_contract"


def _without_date_masks(node: Any) -> Any:
    """`pattern: YYYY-MM-DD...` in the documents is a date mask, not a regular expression."""
    if isinstance(node, dict):
        return {
            key: _without_date_masks(value)
            for key, value in node.items()
            if not (key == "pattern" and isinstance(value, str) and value[:4] in ("YYYY", "yyyy"))
        }
    return [_without_date_masks(each) for each in node] if isinstance(node, list) else node


def read_document(path: Path, url: str) -> Json:
    document: Json = _without_date_masks(yaml.safe_load(path.read_text()))
    document["servers"] = [{"url": url}]
    return document


class ContractClient:
    """A client that checks each request and answer against the document, and notes what it has seen."""

    def __init__(self, document: Json, url: str, key: str = KEY) -> None:
        self.document = document
        self.answers: set[tuple[str, str]] = set()
        self.fields: set[str] = set()
        self._openapi = OpenAPI.from_dict(document)
        self._url = url
        self._session = requests.Session()
        self._session.auth = (key, "")
        self._session.headers["Content-Type"] = "application/json;charset=UTF-8"

    def __call__(self, method: str, path: str, template: str | None = None, **given: Any) -> Any:
        """`template` is the document's path, where it differs."""
        request = requests.Request(method, self._url + path, **given)
        prepared = self._session.prepare_request(request)
        self._openapi.validate_request(RequestsOpenAPIRequest(prepared))
        answer = self._session.send(prepared, timeout=10)
        self._openapi.validate_response(RequestsOpenAPIRequest(prepared), RequestsOpenAPIResponse(answer))
        operation = self.document["paths"][template or path][method.lower()]
        self.answers.add((operation["operationId"], str(answer.status_code)))
        content = answer.json() if answer.content else None
        declared = operation["responses"][str(answer.status_code)].get("content", {})
        for media_type in declared.values():
            self._note(media_type["schema"], content, "")
        body = operation.get("requestBody", {}).get("content", {})
        for media_type in body.values():
            self._note(media_type["schema"], given.get("json"), "")
        return content

    def _note(self, schema: Json, value: Any, name: str) -> None:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = self.document["components"]["schemas"][name]
        if isinstance(value, list):
            for each in value:
                self._note(schema["items"], each, name)
        elif isinstance(value, dict):
            unknown = set(value) - set(schema.get("properties", value))
            assert not unknown, f"{name} has no {unknown}"
            for key in value.keys() & schema.get("properties", {}).keys():
                self.fields.add(f"{name}.{key}")
                self._note(schema["properties"][key], value[key], name)
            if isinstance(of_any_name := schema.get("additionalProperties"), dict):
                for each in value.values():
                    self._note(of_any_name, each, name)
