"""The result of a check or step, as `--json` prints it."""

from __future__ import annotations

from pydantic import Field

from cli.checks import CheckResult
from cli.output_model import OutputModel


class StepOutput(OutputModel):
    """What one check or step found."""

    name: str
    status: str = Field(description="right, to do, wrong, or not tried.")
    text: str = Field(description="What is right, or what to correct.")


def step_output(result: CheckResult) -> StepOutput:
    """Return the result as `--json` prints it."""
    return StepOutput(name=result.name, status=result.status, text=result.text)
