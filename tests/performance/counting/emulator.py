"""The emulator of AWS, with its requests counted at its door; run in the emulator's own process.

`GET /_counts` answers what has come in so far. Requests are counted in front of the emulator's application; units of
DynamoDB where the emulator carries an operation out, so that those of Step Functions itself are among them; states
where it runs them, since its history leaves out those of a Map's iterations.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

PATH = "/_counts"
READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"})
OPERATIONS = {
    "PutItem": "_put_item",
    "GetItem": "_get_item",
    "DeleteItem": "_delete_item",
    "UpdateItem": "_update_item",
    "Query": "_query",
    "BatchGetItem": "_batch_get_item",
    "BatchWriteItem": "_batch_write_item",
    "TransactWriteItems": "_transact_write_items",
    "TransactGetItems": "_transact_get_items",
}

STATES = ("Pass", "Task", "Choice", "Wait", "Parallel", "Map")

requests: Counter[str] = Counter()
received: Counter[str] = Counter()
sent: Counter[str] = Counter()
took: Counter[str] = Counter()
dynamodb: Counter[str] = Counter()
states: Counter[str] = Counter()


def operation_of(method: str, path: str, headers: dict[str, str]) -> tuple[str, str]:
    """Return the service and the operation that a request is for."""
    target = headers.get("x-amz-target", "")
    if target:
        prefix, _, operation = target.rpartition(".")
        service = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "AWSStepFunctions": "states"}
        return service.get(prefix, prefix.lower()), operation
    if path.startswith("/_aws/execute-api/"):
        return "apigateway", method
    credential = headers.get("authorization", "").partition("Credential=")[2].split(",")[0].split("/")
    return (credential[3] if len(credential) > 3 else "other"), method


def items_written(operation: str, data: dict[str, Any]) -> int:
    """Return how many items an operation of DynamoDB writes or deletes."""
    if operation in READS:
        return 0
    if operation == "BatchWriteItem":
        return sum(len(each) for each in data["RequestItems"].values())
    if operation == "TransactWriteItems":
        return sum("ConditionCheck" not in each for each in data["TransactItems"])
    return 1


def units_of(answer: Any) -> float:
    """Return the capacity units that an answer names: of one table, or of several."""
    found = answer.get("ConsumedCapacity") or []
    return sum(float(each["CapacityUnits"]) for each in (found if isinstance(found, list) else [found]))


def counted(operation: str, work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return an operation of the emulator's DynamoDB that counts what it consumes."""

    def count(data: Any) -> Any:
        given = data.get("ReturnConsumedCapacity")
        answer = work({**data, "ReturnConsumedCapacity": "TOTAL"})
        status, headers, body = answer
        decoded = json.loads(body) if body else {}
        items = items_written(operation, data)
        dynamodb["items written"] += items
        dynamodb["read units" if operation in READS else "write units"] += (  # type: ignore[assignment]
            units_of(decoded) if status == 200 else items * (2 if operation.startswith("Transact") else 1)
        )
        if given is None and status == 200 and isinstance(decoded, dict) and decoded.pop("ConsumedCapacity", None):
            return status, headers, json.dumps(decoded, ensure_ascii=False).encode()
        return answer

    return count


def count_dynamodb(service: Any) -> None:
    """Count in the emulator's module `dynamodb`."""
    for operation, name in OPERATIONS.items():
        setattr(service, name, counted(operation, getattr(service, name)))


def count_states(service: Any) -> None:
    """Count states by type, attempts of tasks, and a Map's iterations, in the emulator's module `stepfunctions`."""
    for kind in STATES:
        _count_calls(service, f"_execute_{kind.lower()}", kind)
    _count_calls(service, "_run_sub_machine", "iterations")
    invoke = service._invoke_resource

    def attempt(resource: str, given: Any) -> Any:
        states["attempts"] += 1
        service_, _, operation = resource.rpartition(":::")[2].partition(":")
        if service_ in ("dynamodb", "sqs"):
            requests[f"{service_} {operation[:1].upper()}{operation[1:]}"] += 1  # sent by Step Functions itself
        return invoke(resource, given)

    service._invoke_resource = attempt


def _count_calls(service: Any, function: str, name: str) -> None:
    work = getattr(service, function)

    def count(*given: Any) -> Any:
        states[name] += 1
        return work(*given)

    setattr(service, function, count)


class CountingDoor:
    """An ASGI application that counts the requests to another one."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Count a request and its bytes, and hand it on."""
        if scope["type"] != "http" or scope["path"].startswith("/_ministack"):
            await self._app(scope, receive, send)
        elif scope["path"] == PATH:
            await _answer(send)
        else:
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            service, operation = operation_of(scope["method"], scope["path"], headers)
            requests[f"{service} {operation}"] += 1

            async def taken() -> Any:
                message = await receive()
                received[service] += len(message.get("body", b""))
                return message

            async def given(message: Any) -> None:
                sent[service] += len(message.get("body", b""))
                await send(message)

            begun = time.perf_counter()
            await self._app(scope, taken, given)
            took[f"{service} {operation}"] += time.perf_counter() - begun  # type: ignore[assignment]


async def _answer(send: Any) -> None:
    counts = {
        "requests": requests,
        "received": received,
        "sent": sent,
        "dynamodb": dynamodb,
        "states": states,
        "took": took,
    }
    body = json.dumps(counts).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
