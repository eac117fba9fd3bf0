"""`pleo-export logs`: the log lines of all functions that worked on a job, in order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from pydantic import Field

from cli.job_lookup import find_job
from cli.options import DEFAULT_STACK, AsJson, JobId, StackName
from cli.output_model import OutputModel
from cli.printing import print_json, print_line, print_next
from cli.stack import Stack

LATE = timedelta(seconds=15)  # how much later CloudWatch may show a line
BETWEEN_LOOKS = 2.0  # seconds
LONGEST = timedelta(days=7)  # back, where nobody knows when the job was exported
SHOWN_APART = ("level", "message", "timestamp", "function_name", "error")
NOT_SHOWN = (
    *("location", "service", "cold_start", "function_memory_size", "function_arn", "function_request_id"),
    *("correlation_id", "company_id", "job_id", "execution", "xray_trace_id", "stack"),
)


class LogLine(OutputModel):
    """One line of a function."""

    at: datetime = Field(description="UTC.")
    function: str | None = None
    level: str | None = None
    message: str
    error: str | None = Field(None, description="The name of an error, and its place.")
    details: Mapping[str, Any] = Field(description="What else the line holds: ids and counts.")


class LogsOutput(OutputModel):
    """The log lines of a job, oldest first."""

    stack: str
    job_id: str
    lines: tuple[LogLine, ...]


def command(
    job_id: JobId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job is over, or Ctrl-C.")] = False,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Show what all functions logged about a job, oldest first; times are UTC. CloudWatch shows lines seconds later."""
    deployed = Stack.named(stack)
    begin, finished = _since(deployed, job_id)
    if as_json:
        lines = tuple(each for _, each in _lines(deployed, job_id, begin))
        print_json(LogsOutput(stack=deployed.name, job_id=job_id, lines=lines))
        return
    seen: set[str] = set()
    try:
        while True:
            for identity, line in _lines(deployed, job_id, begin):
                if identity not in seen:
                    seen.add(identity)
                    print_line(_told(line))
            if not follow or finished:
                break
            deployed.sleep(BETWEEN_LOOKS)
            _, finished = _since(deployed, job_id)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if not seen:
        print_line("no function has logged anything about this job, or its log lines have expired")
    print_next(f"pleo-export job {job_id}")


def _since(stack: Stack, job_id: str) -> tuple[datetime, bool]:
    """Return from when on there may be lines, and whether none will follow. Raises UsageError for an unknown job."""
    found = find_job(stack, job_id)
    if found.at_pleo is None:
        return stack.now() - LONGEST, True
    return found.at_pleo.created_at - LATE, found.at_pleo.finished


def _lines(stack: Stack, job_id: str, begin: datetime) -> Iterator[tuple[str, LogLine]]:
    """Yield each line with what tells it from all others, oldest first."""
    pages = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=stack.outputs["FunctionLogGroup"],
            filterPattern=f'"{job_id}"',
            startTime=int(begin.timestamp() * 1000),
        )
    )
    events = [event for page in pages for event in page["events"]]
    for event in sorted(events, key=lambda each: each["timestamp"]):
        yield f"{event['logStreamName']} {event['timestamp']} {event['message']}", _line(event)


def _line(event: Mapping[str, Any]) -> LogLine:
    at, text = datetime.fromtimestamp(event["timestamp"] / 1000, UTC), str(event["message"]).rstrip()
    try:
        logged = json.loads(text)
    except ValueError:
        logged = None
    if not isinstance(logged, dict) or "message" not in logged:
        return LogLine(at=at, message=text, details={})  # the platform's own
    return LogLine(
        at=at,
        function=logged.get("function_name"),
        level=logged.get("level"),
        message=str(logged["message"]),
        error=str(logged["error"]) if "error" in logged else None,
        details={name: value for name, value in logged.items() if name not in (*SHOWN_APART, *NOT_SHOWN)},
    )


def _told(line: LogLine) -> str:
    details = " ".join(f"{name}={value}" for name, value in line.details.items())
    parts = (f"{line.at:%Y-%m-%d %H:%M:%S}Z", line.level, line.function, line.message, line.error, details)
    return "  ".join(filter(None, parts))
