"""The operator's commands on the town: the same AWS, found by the outputs of a stack."""

from __future__ import annotations

import pytest

from cli.stack import Stack
from tests.harness.aws import client, resource
from tests.harness.pleo import URL
from tests.harness.town import Town

LOG_GROUP = "/pleo-export/town/functions"


@pytest.fixture
def stack(world: Town, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The town as it would be deployed."""
    outputs = {
        "TableName": world.environment["TABLE_NAME"],
        "QueueUrl": world.queue_url,
        "FailedQueueUrl": world.dead_letters_url,
        "FunctionLogGroup": LOG_GROUP,
        "PleoApiUrl": URL,
    }
    client("logs").create_log_group(logGroupName=LOG_GROUP)
    monkeypatch.setattr("boto3.client", client)
    monkeypatch.setattr("boto3.resource", resource)
    monkeypatch.setattr(Stack, "outputs", outputs)
    return Stack("town")
