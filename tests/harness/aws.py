"""The stack's resources on moto, read from template.yaml, so that they cannot drift from it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import boto3
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-west-1"


@cache
def template() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return parsed


def create_table(name: str = "table") -> str:
    wanted = template()["Resources"]["Table"]["Properties"]
    used = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    boto3.client("dynamodb").create_table(TableName=name, **{key: wanted[key] for key in used})
    return name


def create_bucket(name: str = "payloads") -> str:
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return name


def create_queue() -> str:
    url: str = boto3.client("sqs").create_queue(QueueName="wake-ups.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    return url
