"""The few calls to AWS that the product makes, in memory and fast; faults are injected around each.

What it does not know it refuses. `test_stand_ins.py` holds it to moto: the same operations, the same answers.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, TypeVar

from boto3.dynamodb.table import BatchWriter
from botocore.exceptions import ClientError

from pleo_simulator.clock import Clock
from tests.simulation.fault_injection import FaultInjector

T = TypeVar("T")
Record = dict[str, Any]
DEDUPLICATION = timedelta(minutes=5)
RANGES = {"connected": "pk", "drafts": "pk", "looks": "next_look"}  # the indexes, by what they are sorted by


def _refused(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


def _holds(condition: Any, record: Record) -> bool:
    """Whether one of boto3's conditions is true of a record ({} if there is none)."""
    parts = condition.get_expression()
    operator, values = parts["operator"], parts["values"]
    if operator in ("AND", "OR"):
        return (all if operator == "AND" else any)(_holds(each, record) for each in values)
    name = values[0].name
    if operator == "attribute_not_exists":
        return name not in record
    if operator == "attribute_exists":
        return name in record
    if operator == "=":
        return name in record and bool(record[name] == values[1])
    if operator == "begins_with":
        return name in record and record[name].startswith(values[1])
    if operator in (">", "<="):  # of a key, which is missing in records that a sparse index does not hold
        return name in record and bool((record[name] > values[1]) == (operator == ">"))
    raise NotImplementedError(operator)


def _is_true(condition: str, record: Record, values: Record) -> bool:
    """The written conditions that we use: `attribute_not_exists(a)`, `a = :b`, and several joined by AND or by OR."""
    if not condition:
        return True
    if " OR " in condition:
        return any(_is_true(each, record, values) for each in condition.split(" OR "))
    if " AND " in condition:
        return all(_is_true(each, record, values) for each in condition.split(" AND "))
    if condition.startswith("attribute_not_exists("):
        return condition[len("attribute_not_exists(") : -1] not in record
    name, operator, value = condition.split()
    if operator != "=":
        raise NotImplementedError(condition)
    return name in record and bool(record[name] == values[value])


class Table:
    """The DynamoDB table, by way of boto3's resource."""

    name = "table"

    def __init__(self, injector: FaultInjector) -> None:
        self._fault_injector = injector
        self.records: dict[tuple[str, str], Record] = {}
        self.meta = SimpleNamespace(client=self)

    def get_item(self, *, Key: Record, ConsistentRead: bool = False) -> Record:  # noqa: N803 - AWS's names
        return self._call("GetItem", lambda: self._found(Key))

    def put_item(self, *, Item: Record, ConditionExpression: Any = None) -> Record:  # noqa: N803
        return self._write("PutItem", lambda: self._put(Item, ConditionExpression))

    def delete_item(self, *, Key: Record, ConditionExpression: Any = None) -> Record:  # noqa: N803
        return self._write("DeleteItem", lambda: self._delete(Key, ConditionExpression))

    def update_item(
        self,
        *,
        Key: Record,  # noqa: N803
        UpdateExpression: str,  # noqa: N803
        ExpressionAttributeValues: Record,  # noqa: N803
        ExpressionAttributeNames: Mapping[str, str] | None = None,  # noqa: N803
        ReturnValues: str = "NONE",  # noqa: N803
        ConditionExpression: Any = None,  # noqa: N803
    ) -> Record:
        def work() -> Record:
            self._check(ConditionExpression, Key, "UpdateItem")
            record = self.records.setdefault(_key(Key), dict(Key))
            expression, _, removed = UpdateExpression.partition(" REMOVE ")
            changed = _changes(record, expression, ExpressionAttributeValues, ExpressionAttributeNames or {})
            before = _copy(record)
            record.update(_copy(changed))
            record.pop(removed, None)
            answers = {"ALL_NEW": record, "UPDATED_NEW": changed, "ALL_OLD": before}
            return {"Attributes": _copy(answers.get(ReturnValues, {}))}

        return self._write("UpdateItem", work)

    def query(
        self,
        *,
        KeyConditionExpression: Any,  # noqa: N803
        IndexName: str | None = None,  # noqa: N803
        ScanIndexForward: bool = True,  # noqa: N803
        Limit: int | None = None,  # noqa: N803
        Select: str = "ALL_ATTRIBUTES",  # noqa: N803
        ExclusiveStartKey: Record | None = None,  # noqa: N803
        ConsistentRead: bool = False,  # noqa: N803
    ) -> Record:
        def work() -> Record:
            order = RANGES[IndexName] if IndexName else "sk"
            found = [each for each in self.records.values() if order in each and _holds(KeyConditionExpression, each)]
            found.sort(key=lambda each: _place(each, order))
            if IndexName and found and self._fault_injector.draws(None, 3.0):
                self._fault_injector.note("stale index", IndexName, None)
                found.pop(self._fault_injector.random.randrange(len(found)))
            found = found if ScanIndexForward else found[::-1]
            if ExclusiveStartKey is not None:  # forward only
                found = [each for each in found if _place(each, order) > _place(ExclusiveStartKey, order)]
            page = found[:Limit]
            content: Record = {"Count": len(page)} | ({} if Select == "COUNT" else {"Items": _copy(page)})
            if Limit is None or len(found) < Limit:
                return content
            return content | {"LastEvaluatedKey": {name: page[-1][name] for name in {"pk", "sk", order}}}

        return self._call("Query", work)

    def batch_writer(self) -> BatchWriter:
        return BatchWriter(self.name, self)  # type: ignore[arg-type]

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> Record:  # noqa: N803
        def work() -> Record:
            requests, left = self._part(RequestItems[self.name])
            for request in requests:
                self._put(request["PutRequest"]["Item"], None)
                self._fault_injector.between("dynamodb BatchWriteItem")
            return {"UnprocessedItems": {self.name: left} if left else {}}

        return self._write("BatchWriteItem", work)

    def transact_write_items(self, *, TransactItems: list[Record]) -> Record:  # noqa: N803
        """All or nothing. One that is sent twice carries the same token, and counts once."""

        def work() -> Record:
            actions = [next(iter(each.items())) for each in TransactItems]
            reasons = [
                {"Code": "None" if self._allows(what, how) else "ConditionalCheckFailed"} for what, how in actions
            ]
            if any(reason["Code"] != "None" for reason in reasons):
                refusal = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
                raise ClientError(refusal, "TransactWriteItems")  # type: ignore[arg-type]
            for what, how in actions:
                if what == "Put":
                    self._put(how["Item"], None)
            return {}

        return self._call("TransactWriteItems", work)

    def _allows(self, what: str, how: Record) -> bool:
        record = self.records.get(_key(how["Item"] if what == "Put" else how["Key"]), {})
        values = how.get("ExpressionAttributeValues", {})
        return _is_true(how.get("ConditionExpression", ""), record, values)

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> Record:  # noqa: N803
        keys = RequestItems[self.name]["Keys"]
        if len({_key(each) for each in keys}) < len(keys):
            raise _refused("ValidationException", "BatchGetItem")

        def work() -> Record:
            asked, left = self._part(keys)
            found = [self.records[_key(each)] for each in asked if _key(each) in self.records]
            return {
                "Responses": {self.name: _copy(found)},
                "UnprocessedKeys": {self.name: {"Keys": left}} if left else {},
            }

        return self._call("BatchGetItem", work)

    def _part(self, requests: list[Record]) -> tuple[list[Record], list[Record]]:
        """Those of a batch that DynamoDB carries out at once, and those that it leaves to be asked for again."""
        call = self._fault_injector.call
        if call is None or not self._fault_injector.draws(call.company_id):
            return requests, []
        self._fault_injector.note("left over", "of a batch", call.company_id)
        size = self._fault_injector.random.randrange(len(requests))
        return requests[:size], requests[size:]

    def _found(self, key: Record) -> Record:
        record = self.records.get(_key(key))
        return {} if record is None else {"Item": _copy(record)}

    def _put(self, item: Record, condition: Any) -> Record:
        self._check(condition, item, "PutItem")
        self.records[_key(item)] = _copy(item)
        return {}

    def _delete(self, key: Record, condition: Any) -> Record:
        self._check(condition, key, "DeleteItem")
        self.records.pop(_key(key), None)
        return {}

    def _check(self, condition: Any, key: Record, operation: str) -> None:
        if condition is not None and not _holds(condition, self.records.get(_key(key), {})):
            raise _refused("ConditionalCheckFailedException", operation)

    def _call(self, operation: str, work: Callable[[], T]) -> T:
        return effect(self._fault_injector, f"dynamodb {operation}", work)

    def _write(self, operation: str, work: Callable[[], T]) -> T:
        return effect(self._fault_injector, f"dynamodb {operation}", work, again=True)


def effect(injector: FaultInjector, name: str, work: Callable[[], T], *, again: bool = False) -> T:
    """`again`: botocore repeats a write whose reply was lost, and answers with what came of the second."""
    injector.before(name)
    answer = work()
    if again and injector.repeats(name):
        answer = work()
    injector.after(name)
    return answer


def _copy(value: Any) -> Any:
    """Of what a table can hold; `copy.deepcopy` takes ten times as long."""
    if isinstance(value, dict):
        return {name: _copy(each) if isinstance(each, dict | list) else each for name, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value


def _key(record: Record) -> tuple[str, str]:
    return record["pk"], record["sk"]


def _place(record: Record, order: str) -> tuple[Any, ...]:
    return record[order], record["pk"], record["sk"]


def _changes(record: Record, expression: str, values: Record, names: Mapping[str, str]) -> Record:
    """`ADD a :x SET b = :y, c = :z`."""
    added, _, assigned = expression.partition("SET ")
    changed: Record = {}
    if added:
        _, name, value = added.split()
        changed[name] = record.get(name, 0) + values[value]
    for assignment in assigned.split(", "):
        name, _, value = assignment.partition(" = ")
        changed[names.get(name, name)] = values[value]
    return changed


class Bucket:
    """S3."""

    def __init__(self, injector: FaultInjector) -> None:
        self._fault_injector = injector
        self._objects: dict[str, bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        effect(self._fault_injector, "s3 PutObject", lambda: self._objects.update({Key: Body}), again=True)

    def get_object(self, *, Bucket: str, Key: str) -> Record:  # noqa: N803
        def work() -> Record:
            if Key not in self._objects:
                raise _refused("NoSuchKey", "GetObject")
            return {"Body": io.BytesIO(self._objects[Key])}

        return effect(self._fault_injector, "s3 GetObject", work)


@dataclass
class Message:
    body: str
    group: str
    receives: int = 0
    visible_at: datetime | None = None


@dataclass
class Queue:
    """SQS FIFO: of each group the oldest message only, a cause at most once in five minutes. `arrived` is called with
    the message group of each new message."""

    injector: FaultInjector
    clock: Clock
    arrived: Callable[[str], None]
    messages: list[Message] = field(default_factory=list)
    dead_letters: list[Message] = field(default_factory=list)
    _causes: dict[str, datetime] = field(default_factory=dict)

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MessageBody: str,  # noqa: N803
        MessageGroupId: str,  # noqa: N803
        MessageDeduplicationId: str,  # noqa: N803
    ) -> None:
        def work() -> None:
            self.take(MessageBody, MessageGroupId, MessageDeduplicationId)

        effect(self.injector, "sqs SendMessage", work, again=True)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Record]) -> Record:  # noqa: N803
        def work() -> Record:
            for entry in Entries:
                self.take(entry["MessageBody"], entry["MessageGroupId"], entry["MessageDeduplicationId"])
            return {}

        answer: Record = effect(self.injector, "sqs SendMessageBatch", work, again=True)
        return answer

    def take(self, body: str, group: str, cause: str) -> None:
        now = self.clock.now()
        known = self._causes.get(cause)
        if known is not None and now - known < DEDUPLICATION:
            return
        self._causes[cause] = now
        self.messages.append(Message(body, group))
        self.arrived(group)

    def first(self, group: str) -> Message | None:
        return next((each for each in self.messages if each.group == group), None)


class AlreadyExists(Exception):
    pass


class DoesNotExist(Exception):
    pass


@dataclass
class StepFunctions:
    """`begin` takes the name and the input of a new execution; `status` answers None for one that nobody knows."""

    injector: FaultInjector
    begin: Callable[[str, Record], None]
    status: Callable[[str], str | None]
    exceptions: Any = field(
        default_factory=lambda: SimpleNamespace(
            ExecutionAlreadyExists=AlreadyExists, ExecutionDoesNotExist=DoesNotExist
        )
    )

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: N803
        def work() -> None:
            known = self.status(name)
            if known not in (None, "RUNNING"):  # a running one with the same input counts as this one
                raise AlreadyExists
            if known is None:
                self.begin(name, json.loads(input))

        self.injector.before("states StartExecution")
        if self.injector.arrives_late("states StartExecution", work, by=600):
            raise _refused("ServiceUnavailable", "StartExecution")
        work()
        if self.injector.repeats("states StartExecution"):
            work()
        self.injector.after("states StartExecution")

    def describe_execution(self, *, executionArn: str) -> Record:  # noqa: N803
        def work() -> Record:
            status = self.status(executionArn.rsplit(":", 1)[1])
            if status is None:
                raise DoesNotExist
            return {"status": status}

        return effect(self.injector, "states DescribeExecution", work)
