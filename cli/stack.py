"""The deployed stack that a command works on, found by its outputs; on AWS or the local one (`AWS_ENDPOINT_URL`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from pleo_export.errors import InvalidSettings
from pleo_export.state.connections import Connections
from pleo_export.state.jobs import Jobs, Results
from pleo_export.state.postings import Postings
from pleo_export.workflow.runtime import Runtime
from pleo_export.workflow.wake_ups import WakeUps


@dataclass(frozen=True)
class Stack:
    name: str

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Raises InvalidSettings when there is no such stack, or AWS cannot be asked."""
        try:
            (stack,) = boto3.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        except (BotoCoreError, ClientError) as error:
            raise InvalidSettings(
                f"stack {self.name!r} cannot be read ({error}); "
                "deploy it with `sam deploy`, or name another with --stack"
            ) from None
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    @cached_property
    def table(self) -> Any:
        return boto3.resource("dynamodb").Table(self.outputs["TableName"])

    @property
    def connections(self) -> Connections:
        return Connections(self.table)

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.table)

    @property
    def results(self) -> Results:
        return Results(self.table)

    @property
    def postings(self) -> Postings:
        return Postings(self.table)

    @property
    def wake_ups(self) -> WakeUps:
        return WakeUps(boto3.client("sqs"), self.outputs["QueueUrl"])

    @property
    def runtime(self) -> Runtime:
        """What the functions work with, as far as a command needs it."""
        return Runtime({"TABLE_NAME": self.outputs["TableName"], "PLEO_API_URL": self.outputs["PleoApiUrl"]})

    def secret_name(self, company_id: str) -> str:
        """The functions may read what is under this path; see template.yaml."""
        return f"{self.name}/connections/{company_id}"
