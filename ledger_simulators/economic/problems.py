"""The bodies of refusals: problem details at the new services, an own form at the old API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, jsonify


@dataclass
class Problem(Exception):
    """A refusal of the new services. `code` is one of their published error codes, or empty where none is published."""

    status: int
    message: str
    code: str = ""
    property: str = ""

    def __str__(self) -> str:
        return self.message


TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}
TITLES |= {405: "Method Not Allowed", 413: "Payload Too Large", 415: "Unsupported Media Type"}
TITLES |= {429: "Too Many Requests", 500: "Internal Server Error"}


def problem_details(problem: Problem, trace: str, at: datetime) -> Response:
    """Answer as the services at apis.e-conomic.com do."""
    body: dict[str, Any] = {
        "type": f"https://httpstatuses.io/{problem.status}",
        "title": TITLES.get(problem.status, "Error"),
        "status": problem.status,
        "detail": problem.message,
        "traceId": trace,
        "traceTimeUtc": f"{at:%Y-%m-%dT%H:%M:%S}",
    }
    if problem.code:
        error = {"message": problem.message, "errorCode": problem.code}
        if problem.property:
            error["property"] = problem.property
        body |= {"errorCode": problem.code, "errors": [error]}
    answer = jsonify(body)
    answer.status_code = problem.status
    answer.content_type = "application/problem+json"
    return answer


def old_error(problem: Problem, trace: str, at: datetime) -> Response:
    """Answer as restapi.e-conomic.com does."""
    answer = jsonify(
        {
            "message": problem.message,
            "errorCode": problem.code or "E00000",
            "developerHint": "Inspect the request, and correct it.",
            "logId": f"{trace}-DUB",
            "httpStatusCode": problem.status,
            "logTime": f"{at:%Y-%m-%dT%H:%M:%S}",
            "errorCount": 0,
        }
    )
    answer.status_code = problem.status
    return answer
