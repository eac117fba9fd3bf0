"""The short way into moto (tests/system/short_way.py), held to the way that it cuts short."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from tests.system import short_way
from tests.system.aws import client, create_queues, create_table, resource
from tests.system.short_way import SHORTENED, empty_moto

ONE, TWO = {"pk": "A", "sk": "1"}, {"pk": "A", "sk": "2"}
CHANGE = {"Update": {"TableName": "table", "Key": TWO, "UpdateExpression": "SET n = :n"}}
VOLATILE = {"ReceiptHandle", "MessageId", "SequenceNumber", "CreationDateTime", "TableId", "VersionId", "CreatedDate"}
VOLATILE |= {"ResponseMetadata", "ARN", "TableArn", "LatestStreamArn"}


def new(record: dict[str, Any], **condition: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "table", "Item": record, **condition}}


TABLE = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
}
ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}
RECORD: dict[str, Any] = {
    **ONE,
    "n": 1,
    "text": "é\U0001f600",
    "none": None,
    "list": ["a", {"b": True}],
    "map": {},
    "empty": "",
}
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("dynamodb", "create_table", {"TableName": "other", **TABLE}),
    ("table", "get_item", {"Key": ONE}),
    ("table", "put_item", {"Item": RECORD}),
    ("table", "put_item", {"Item": RECORD, **ABSENT}),
    ("table", "get_item", {"Key": ONE, "ConsistentRead": True}),
    ("dynamodb", "transact_write_items", {"TransactItems": [new(TWO, **ABSENT), new({**ONE, "n": 9})]}),
    ("dynamodb", "transact_write_items", {"TransactItems": [new({**TWO, "n": 5}), new(ONE, **ABSENT)]}),
    ("dynamodb", "batch_get_item", {"RequestItems": {"table": {"Keys": [ONE, TWO, {"pk": "B", "sk": "0"}]}}}),
    (
        "dynamodb",
        "transact_write_items",
        {
            "TransactItems": [
                {"Update": {**CHANGE["Update"], "ExpressionAttributeValues": {":n": 7}}},
                {"Delete": {"TableName": "table", "Key": ONE, "ConditionExpression": "attribute_not_exists(pk)"}},
            ]
        },
    ),
    (
        "dynamodb",
        "transact_write_items",
        {"TransactItems": [{"Delete": {"TableName": "table", "Key": TWO}}, new(ONE, **ABSENT)]},
    ),
    (
        "table",
        "update_item",
        {
            "Key": TWO,
            "UpdateExpression": "ADD n :one SET note = :note",
            "ExpressionAttributeValues": {":one": 1, ":note": "x"},
            "ReturnValues": "ALL_NEW",
        },
    ),
    ("dynamodb", "batch_write_item", {"RequestItems": {"table": [{"PutRequest": {"Item": {"pk": "A", "sk": "3"}}}]}}),
    (
        "table",
        "query",
        {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": "A"}, "ScanIndexForward": False},
    ),
    ("table", "delete_item", {"Key": TWO, "ReturnValues": "ALL_OLD"}),
    ("table", "delete_item", {"Key": TWO, "ConditionExpression": "attribute_exists(pk)"}),
    ("table", "put_item", {"Item": {"pk": "", "sk": "1"}}),
    ("secretsmanager", "create_secret", {"Name": "s", "SecretString": "é1"}),
    ("secretsmanager", "create_secret", {"Name": "s", "SecretString": "again"}),
    ("secretsmanager", "get_secret_value", {"SecretId": "s"}),
    ("secretsmanager", "put_secret_value", {"SecretId": "s", "SecretString": "2"}),
    ("secretsmanager", "get_secret_value", {"SecretId": "s"}),
    ("secretsmanager", "get_secret_value", {"SecretId": "none"}),
    ("sqs", "send_message", {"MessageBody": "é", "MessageGroupId": "g", "MessageDeduplicationId": "1"}),
    ("sqs", "send_message", {"MessageBody": "é", "MessageGroupId": "g", "MessageDeduplicationId": "1"}),
    (
        "sqs",
        "send_message_batch",
        {"Entries": [{"Id": "1", "MessageBody": "b", "MessageGroupId": "h", "MessageDeduplicationId": "2"}]},
    ),
    ("sqs", "receive_message", {"MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["MessageGroupId"]}),
    ("sqs", "receive_message", {}),
    ("sqs", "delete_message", {"ReceiptHandle": "nobody's"}),
    ("sqs", "change_message_visibility", {"ReceiptHandle": "nobody's", "VisibilityTimeout": 0}),
]


@pytest.fixture
def long_way() -> Iterator[None]:
    """Nothing is cut short."""
    with mock.patch.object(short_way, "SHORTENED", frozenset[str]()):
        yield


def _answers() -> list[Any]:
    """What a fresh AWS answers to all of it."""
    with empty_moto():
        queue, dead_letters = create_queues()
        create_table()
        dynamodb = resource("dynamodb").meta.client
        clients = {"table": resource("dynamodb").Table("table"), "dynamodb": dynamodb}
        answers = [queue, dead_letters, dynamodb.describe_table(TableName="table")]
        for service, operation, given in CALLS:
            called = getattr(clients.get(service) or client(service), operation)
            answers.append(_answer(called, {"QueueUrl": queue, **given} if service == "sqs" else given))
        return [_comparable(each) for each in answers]


def _answer(called: Any, given: dict[str, Any]) -> Any:
    try:
        return called(**given)
    except ClientError as error:
        return [type(error).__name__, error.response["ResponseMetadata"]["HTTPStatusCode"], error.response]


def _comparable(answer: Any) -> Any:
    """Of what is another each time, only its type."""
    if isinstance(answer, dict):
        return {name: type(each).__name__ if name in VOLATILE else _comparable(each) for name, each in answer.items()}
    return [_comparable(each) for each in answer] if isinstance(answer, list) else answer


def test_the_short_way_answers_like_the_long_one(request: pytest.FixtureRequest) -> None:
    ours = _answers()
    request.getfixturevalue("long_way")
    theirs = _answers()

    assert ours == theirs
    assert any("ConditionalCheckFailed" in json.dumps(each, default=str) for each in theirs)


def test_each_operation_that_is_cut_short_is_compared() -> None:
    compared = {operation.replace("_", "") for _, operation, _ in CALLS} | {"createqueue"}
    assert {each.lower() for each in SHORTENED} == compared
