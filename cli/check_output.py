"""The result of a check or step, as `--json` prints it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from cli.checks import CheckResult


class StepOutput(BaseModel):
    """What one check or step found."""

    model_config = ConfigDict(frozen=True)

    name: str
    status: str = Field(description="right, to do, wrong, or not tried.")
    text: str = Field(description="What is right, or what to correct.")


def step_output(result: CheckResult) -> StepOutput:
    """Return the result as `--json` prints it."""
    return StepOutput(name=result.name, status=result.status, text=result.text)
