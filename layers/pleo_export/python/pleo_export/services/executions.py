"""Executions of the state machine, named by job and attempt, so that starting one twice starts it once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pleo_export.services.events import JobInput

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient


class Executions:
    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine = state_machine_arn

    def start(self, run: JobInput) -> None:
        """Start the run; one that was started already counts as started."""
        try:
            self._client.start_execution(
                stateMachineArn=self._state_machine,
                name=run.execution,
                input=json.dumps(run.model_dump(by_alias=True)),
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return

    def running(self, name: str) -> bool | None:
        """Whether the execution is at work; None when Step Functions knows no such execution (yet)."""
        arn = self._state_machine.replace(":stateMachine:", ":execution:") + f":{name}"
        try:
            status = self._client.describe_execution(executionArn=arn)["status"]
        except self._client.exceptions.ExecutionDoesNotExist:
            return None
        return status in ("RUNNING", "PENDING_REDRIVE")
