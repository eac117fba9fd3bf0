"""CloudWatch as far as template.yaml uses it: the metrics that the functions print and that AWS measures of them, and
what an alarm says of these. All values count as of one period."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pleo_export.workflow.sync_times import SLOT
from tests.system.aws import STACK, client, template
from tests.system.in_process_system import InProcessSystem
from tests.system.log import logged

Json = dict[str, Any]
STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Minimum": min,
    "Maximum": max,
    "SampleCount": len,
    "Average": lambda values: sum(values) / len(values),
}
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}


@dataclass(frozen=True)
class Metric:
    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()


@dataclass
class Measured:
    """The values of all metrics, and our log lines."""

    values: dict[Metric, list[float]] = field(default_factory=dict)
    lines: list[Json] = field(default_factory=list)

    def add(self, metric: Metric, value: float) -> None:
        self.values.setdefault(metric, []).append(value)

    def add_printed(self, printed: str) -> None:
        """Take the metrics that the functions have printed in the embedded metric format."""
        for line in printed.splitlines():
            if '"CloudWatchMetrics"' in line:
                self.lines.append(json.loads(line))
                for metric, values in embedded(self.lines[-1]):
                    self.values.setdefault(metric, []).extend(values)

    def statistic(self, metric: Metric, name: str) -> float | None:
        values = self.values.get(metric)
        return STATISTICS[name](values) if values else None

    def state(self, alarm: Json) -> str:
        """Return what the alarm, as template.yaml defines it, says of these values."""
        value = _calculated(alarm["Metrics"], self) if "Metrics" in alarm else self.statistic(*_asked(alarm))
        if value is None:
            return {"breaching": "ALARM", "notBreaching": "OK"}[alarm["TreatMissingData"]]
        return "ALARM" if COMPARISONS[alarm["ComparisonOperator"]](value, alarm["Threshold"]) else "OK"


def embedded(line: Json) -> Iterator[tuple[Metric, list[float]]]:
    """Yield the metrics of a line in the embedded metric format, with their values."""
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = frozenset((name, str(line[name])) for name in names)
            for each in directive["Metrics"]:
                given = line[each["Name"]]
                values = [float(value) for value in (given if isinstance(given, list) else [given])]
                yield Metric(directive["Namespace"], each["Name"], dimensions), values


def resolved(value: Any) -> str:
    """Return a text of the template, in which a resource goes by its logical id."""
    match value:
        case {"Ref": name}:
            return str(name)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
        case {"Fn::Sub": text}:
            return str(text).replace("${AWS::StackName}", STACK)
        case _:
            return str(value)


def metric_of(definition: Json) -> Metric:
    """Return the metric that an alarm, or one of its queries, names."""
    dimensions = {(each["Name"], resolved(each["Value"])) for each in definition.get("Dimensions", [])}
    return Metric(resolved(definition["Namespace"]), definition["MetricName"], frozenset(dimensions))


def _asked(alarm: Json) -> tuple[Metric, str]:
    return metric_of(alarm), alarm["Statistic"]


def _calculated(queries: Iterable[Json], measured: Measured) -> float | None:
    """Evaluate the one expression of an alarm. A metric without a value leaves it without one."""
    values: dict[str, Any] = {"IF": lambda condition, one, other: one if condition else other, "__builtins__": {}}
    (expression,) = [each["Expression"] for each in queries if "Expression" in each]
    for query in queries:
        if "MetricStat" in query:
            wanted = query["MetricStat"]
            value = measured.statistic(metric_of(wanted["Metric"]), wanted["Stat"])
            if value is None:
                return None
            values[query["Id"]] = value
    return float(eval(expression, values))  # noqa: S307 - our own template


@contextmanager
def measuring(system: InProcessSystem, printed: Callable[[], str]) -> Iterator[Measured]:
    """Measure what happens in the system. `printed` returns what was printed since its last call."""
    measured = Measured()
    for name, handler in system.handlers.items():
        system.handlers[name] = partial(_invoked, measured, name, handler)
    with logged("INFO") as log:
        yield measured
    measured.add_printed(printed())
    measured.lines += [json.loads(line) for line in log.getvalue().splitlines()]
    _measure_aws(system, measured)


def _function(name: str) -> str:
    return "".join(part.title() for part in name.split("_")) + "Function"


def _invoked(measured: Measured, name: str, handler: Any, event: Any, context: Any) -> Any:
    of_function = frozenset({("FunctionName", _function(name))})
    measured.add(Metric("AWS/Lambda", "Invocations", of_function), 1)
    try:
        answer = handler(event, context)
    except Exception:
        measured.add(Metric("AWS/Lambda", "Errors", of_function), 1)
        if name == "webhook":
            measured.add(Metric("AWS/ApiGateway", "5xx", frozenset({("ApiId", "Api")})), 1)
        raise
    measured.add(Metric("AWS/Lambda", "Errors", of_function), 0)
    return answer


def _measure_aws(system: InProcessSystem, measured: Measured) -> None:
    """Add what AWS measures of the state machine and the queues, and what it counts in the log."""
    names = {"TIMED_OUT": "ExecutionsTimedOut", "ABORTED": "ExecutionsAborted"}
    for ended in system.executions.over.values():
        if ended != "SUCCEEDED":
            of_machine = frozenset({("StateMachineArn", "ExportJob")})
            measured.add(Metric("AWS/States", names.get(ended, "ExecutionsFailed"), of_machine), 1)
    for queue, url in (("WakeUpsFailed", system.dead_letters_url), ("SyncsFailed", system.failed_syncs_url)):
        wanted = {"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"]}
        dead = int(client("sqs").get_queue_attributes(**wanted)["Attributes"]["ApproximateNumberOfMessages"])
        of_queue = frozenset({("QueueName", f"{queue}.QueueName")})
        measured.add(Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", of_queue), dead)
    for _, request in system.queued_syncs():
        asked_at = int(request["runId"].partition("-")[0]) * SLOT.total_seconds()  # by the schedule
        of_queue = frozenset({("QueueName", "Syncs.QueueName")})
        age = system.clock.now().timestamp() - asked_at
        measured.add(Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", of_queue), age)
    for resource in template()["Resources"].values():
        if resource["Type"] == "AWS::Logs::MetricFilter":
            pattern = resource["Properties"]["FilterPattern"]
            (counted,) = resource["Properties"]["MetricTransformations"]
            for line in measured.lines:
                if f'{{ $.message = "{line.get("message")}" }}' == pattern:
                    metric = Metric(resolved(counted["MetricNamespace"]), counted["MetricName"])
                    measured.add(metric, float(counted["MetricValue"]))
