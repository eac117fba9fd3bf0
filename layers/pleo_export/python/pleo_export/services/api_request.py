"""A request as API Gateway hands it to a function."""

from __future__ import annotations

from typing import TypedDict


class RequestContext(TypedDict, total=False):
    """What API Gateway says about a request itself."""

    requestId: str


class ApiRequest(TypedDict, total=False):
    """A request as API Gateway hands it over (payload format 2.0). Nothing of it is checked: anyone may send one."""

    requestContext: RequestContext
    pathParameters: dict[str, str]
    queryStringParameters: dict[str, str]
    headers: dict[str, str]
    cookies: list[str]
    body: str
    isBase64Encoded: bool
