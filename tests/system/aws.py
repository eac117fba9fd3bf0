"""The stack's resources on moto, read from template.yaml, so that they cannot drift from it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]

from tests.system.short_way import shorten

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
ACCOUNT = "123456789012"  # moto's
STACK = "test-stack"  # as in the names of secrets


@cache
def template() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return parsed


def default_of(parameter: str) -> str:
    """Return the default of one of the template's parameters."""
    return str(template()["Parameters"][parameter]["Default"])


def poll_schedule() -> dict[str, Any]:
    """Return the schedule of the poll, as the template has it."""
    schedule: dict[str, Any] = template()["Resources"]["PollFunction"]["Properties"]["Events"]["Schedule"]["Properties"]
    return schedule


@cache
def _session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)


@cache
def client(service: str) -> Any:
    """Return a client, made once per process: making one takes longer than a test."""
    made = _session().client(service, config=Config(ignore_configured_endpoint_urls=True))  # type: ignore[call-arg, call-overload]
    return shorten(made)


@cache
def resource(service: str) -> Any:
    made = _session().resource(service, config=Config(ignore_configured_endpoint_urls=True))  # type: ignore[call-arg, call-overload]
    shorten(made.meta.client)
    return made


def create_table(name: str = "table") -> str:
    wanted = template()["Resources"]["Table"]["Properties"]
    used = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    client("dynamodb").create_table(TableName=name, **{key: wanted[key] for key in used})
    return name


def create_bucket(name: str = "payloads") -> str:
    client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def create_topic() -> str:
    """Create the topic of notifications. Returns its ARN."""
    return str(client("sns").create_topic(Name="notifications")["TopicArn"])


def create_queues(queue: str = "WakeUps") -> tuple[str, str]:
    """Create the queue of that name in the template and the one of its dead letters. Returns their addresses."""
    name = {"WakeUps": "wake-ups", "Syncs": "syncs"}[queue]
    failed = _create_queue(f"{name}-failed.fifo")
    wanted = template()["Resources"][queue]["Properties"]["RedrivePolicy"]
    policy = {
        "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-failed.fifo",
        "maxReceiveCount": wanted["maxReceiveCount"],
    }
    return _create_queue(f"{name}.fifo", RedrivePolicy=json.dumps(policy)), failed


def _create_queue(name: str, **attributes: str) -> str:
    url: str = client("sqs").create_queue(QueueName=name, Attributes={"FifoQueue": "true", **attributes})["QueueUrl"]
    return url
