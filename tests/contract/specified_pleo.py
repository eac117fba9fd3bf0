"""A Pleo that is made of its own OpenAPI documents: it refuses what they do not allow, and answers what they promise.

The documents are not part of the project. They are looked for in the folder PLEO_SPECS, by default beside the checkout.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import requests
import responses
import yaml
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest
from openapi_core.testing import MockResponse

SPECS = Path(os.environ.get("PLEO_SPECS") or Path(__file__).parents[3] / "shared" / "specs")
PLEO = "https://external.pleo.io"
ID = "3f0c7c3e-6d5c-4c8e-9a53-0a1f5f2f7b10"
METHODS = ("get", "post", "put", "delete")

Fields = Literal["required", "all", "null"]
"""How an answer is made from its schema: required fields only; every field; every field, null where that is allowed."""


class Specification:
    """Documents as one, made fit for validation (their header comments list the oddities). `strict` are the schemas of
    bodies, in which a misspelt field shows; `required` are fields without which an answer says nothing."""

    def __init__(self, names: Sequence[str], strict: Sequence[str], required: Mapping[str, list[str]]) -> None:
        first, *others = (yaml.safe_load((SPECS / name).read_text()) for name in names)
        for other in others:
            first["paths"] |= other["paths"]
            first["components"]["schemas"] |= other["components"]["schemas"]
        _drop_date_masks(first)
        self.document: dict[str, Any] = first
        schemas = self.document["components"]["schemas"]
        for name in strict:
            schemas[name]["additionalProperties"] = False
        for name, fields in required.items():
            schemas[name]["required"] = fields
        self.openapi = OpenAPI.from_dict(first)

    def operation(self, method: str, path: str) -> dict[str, Any]:
        exact = {path: self.document["paths"][path]} if path in self.document["paths"] else {}
        for template, operations in (exact or self.document["paths"]).items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/:]+", template), path):
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


@dataclass
class SpecifiedPleo:
    """Refuses what the documents do not allow and answers what they promise: `status`, or the operation's 2xx."""

    specification: Specification
    fields: Fields = "required"
    status: int | None = None

    def __call__(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        spec = self.specification
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
        return json.dumps(content.get("example") or self.specification.example(content["schema"], self.fields))


def play(answers: responses.RequestsMock, pleo: SpecifiedPleo) -> None:
    for method in METHODS:
        answers.add_callback(method.upper(), re.compile(re.escape(PLEO)), callback=pleo)
