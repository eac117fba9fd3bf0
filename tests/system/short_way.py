"""Moto's short way: a call of a client goes straight into moto's model of the service and its result straight back.

The usual way between them (signing, an HTTP request, matching its address, serializing and parsing the answer) takes
several times as long as the work itself and adds nothing that a test of ours looks at. What botocore does before it
sends (checking the parameters, its events) and all that moto checks happen as ever. `tests/unit/test_short_way.py`
holds one to the other.
"""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from types import SimpleNamespace
from typing import Any
from unittest import mock

from botocore import xform_name
from botocore.model import OperationModel, Shape
from botocore.utils import parse_timestamp
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.core.responses import ActionResult, BaseResponse
from moto.dynamodb import models as dynamodb
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.sqs.responses import SQSResponse

HANDLERS: dict[str, type[BaseResponse]] = {
    "dynamodb": DynamoHandler,
    "secretsmanager": SecretsManagerResponse,
    "sqs": SQSResponse,
}
SHORTENED = {
    *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"),
    *("BatchGetItem", "BatchWriteItem", "TransactWriteItems"),
    *("CreateTable", "CreateQueue"),
    *("GetSecretValue", "CreateSecret", "PutSecretValue"),
    *("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"),
}

_ONE_AT_A_TIME = Lock()  # as the services are, to one record; moto itself is not


@contextmanager
def empty_moto() -> Iterator[None]:
    """Put moto in the place of AWS, and nothing there yet. `mock_aws` also patches `requests`, at the cost of a
    test."""
    BackendDict.reset()
    botocore_stubber.enabled = True
    try:
        yield
    finally:
        botocore_stubber.enabled = False
        BackendDict.reset()
        reset_model_data()


def shorten(client: Any) -> Any:
    """Return the client, whose calls take the short way from now on, as long as moto stands in for AWS."""
    if client.meta.service_model.service_name in HANDLERS:
        client.meta.events.register("before-call", _Way(client.meta.region_name).answer)
    return client


class _Way:
    def __init__(self, region: str) -> None:
        self._region = region

    def answer(self, model: OperationModel, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]] | None:
        """Return the answer as botocore wants it before it sends a request. None lets it send one: what moto
        refuses, having done nothing, it refuses once more in the words of the service."""
        if model.name not in SHORTENED or not botocore_stubber.enabled:
            return None
        handler = self._handler(model, params)
        with _ONE_AT_A_TIME, _cheap_copies(handler):
            try:
                result = getattr(handler, xform_name(model.name))()
            except Exception:
                return None
        content = result.result if isinstance(result, ActionResult) else json.loads(result)
        parsed = _parsed(content, model.output_shape) if model.output_shape and content else {}
        parsed["ResponseMetadata"] = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}
        return SimpleNamespace(status_code=200), parsed

    def _handler(self, model: OperationModel, request: dict[str, Any]) -> Any:
        """Return the handler of one call, as moto makes it from a request."""
        handler: Any = HANDLERS[model.service_model.service_name]()
        handler.region, handler.current_account = self._region, DEFAULT_ACCOUNT_ID
        handler.headers, handler.querystring, handler.uri_match = request["headers"], {}, {}
        handler.uri = request["url"]
        handler.params = json.loads(request["body"])
        handler.body = handler.params if handler.automated_parameter_parsing else request["body"].decode()
        return handler


@contextmanager
def _cheap_copies(handler: Any) -> Iterator[None]:
    """For what it takes back when a condition does not hold, moto copies the whole table, once for each action of the
    transaction. Where none of them changes a record that is there, but puts another in its place or deletes it, the
    records need not be copied with it."""
    actions = getattr(handler, "params", {}).get("TransactItems", [])
    if not actions or any("Update" in each for each in actions):
        yield
        return

    def copied(value: Any) -> Any:
        if not isinstance(value, Table):
            return copy.deepcopy(value)
        same = copy.copy(value)
        same.items = defaultdict(dict, {key: dict(records) for key, records in value.items.items()})
        return same

    with mock.patch.object(dynamodb, "copy", SimpleNamespace(deepcopy=copied)):
        yield


def _parsed(value: Any, shape: Shape) -> Any:
    """Return what a client reads of it: what the service's answer has by its model, and nothing that is None."""
    match shape.type_name:
        case "structure":
            members: Any = shape.members  # type: ignore[attr-defined]
            return {name: _parsed(each, members[name]) for name, each in value.items() if name in members}
        case "map":
            return {name: _parsed(each, shape.value) for name, each in value.items()}  # type: ignore[attr-defined]
        case "list":
            return [_parsed(each, shape.member) for each in value]  # type: ignore[attr-defined]
        case "timestamp":
            return value if isinstance(value, datetime) else parse_timestamp(value)
    return value
