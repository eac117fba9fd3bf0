"""A small interpreter for the part of the Amazon States Language that the export job uses; no clock, no threads.

It runs the real definition with Python callables as its tasks, to the end (`run`) or state by state (`steps`). It draws
the jitter of retries as AWS does, from a seeded source. What it does not know it refuses, so that the definition cannot
use more than is tested.
`tests/emulators/test_interpreters_agree.py` holds it to moto's interpreter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tests.system.aws import ROOT

DEFINITION = ROOT / "statemachine" / "export_job.asl.json"
PAYLOAD_LIMIT = 256 * 1024
FIELDS = {
    "Task": {"Resource", "Parameters", "ResultPath", "Retry", "Catch"},
    "Pass": {"Parameters", "ResultPath"},
    "Map": {"ItemsPath", "MaxConcurrency", "ItemSelector", "ItemProcessor", "ResultPath", "Catch"},
    "Choice": {"Choices", "Default"},
    "Wait": {"SecondsPath"},
    "Succeed": set(),
}
# What `States.ALL` does not catch; an execution that is stopped or out of time is over as well.
FATAL = frozenset({"States.DataLimitExceeded", "States.Runtime", "Stopped"})
Task = Callable[[Any], Any]
Steps = Generator[float, None, Any]


class StateFailed(Exception):
    """A state's error as Step Functions names it."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"{name}: {cause}")
        self.name = name
        self.cause = cause


@dataclass
class Machine:
    """`tasks` by the name in `${...}` of the state's resource; `wait` is told how many seconds a state waits. `random`
    draws from 0 to 1: the share of its interval that a retry with jitter waits."""

    tasks: Mapping[str, Task]
    wait: Callable[[float], None]
    substitutions: Mapping[str, str] = field(default_factory=dict)
    definition: Path = DEFINITION
    random: Callable[[], float] = field(default_factory=lambda: Random(0).random)
    entered: list[tuple[str, Any]] = field(default_factory=list)  # each state, with its input
    payloads: list[str] = field(default_factory=list)  # all that passed through the machine, as JSON

    @property
    def transitions(self) -> int:
        return len(self.entered)

    def run(self, payload: Any) -> Any:
        """Run to the end, and return the output. Raises StateFailed when the execution would fail."""
        steps = self.steps(payload)
        while True:
            try:
                seconds = next(steps)
            except StopIteration as end:
                return end.value
            if seconds:
                self.wait(seconds)

    def steps(self, payload: Any) -> Steps:
        """Run one state at a time: yield before each state, with the seconds to wait until then."""
        return self._run(_parsed(self.definition), deepcopy(payload), {})

    def _run(self, machine: dict[str, Any], data: Any, context: dict[str, Any]) -> Steps:
        name = machine["StartAt"]
        while True:
            yield 0
            self.entered.append((name, data))
            state = machine["States"][name]
            try:
                data, following = yield from self._state(state, data, context)
                self._pass(data)
            except StateFailed as error:
                data, following = _caught(state, data, error)
            if following is None:
                return data
            name = following

    def _state(self, state: dict[str, Any], data: Any, context: dict[str, Any]) -> Steps:
        kind = state["Type"]
        following = state.get("Next")
        if kind == "Succeed":
            return data, None
        if kind == "Choice":
            return data, _choice(state, data)
        if kind == "Wait":
            yield _seconds(_path(state["SecondsPath"], data, context))
            return data, following
        if kind == "Task":
            result = yield from self._retrying(state, _input(state, data, context))
            return _placed(state, data, result), following
        if kind == "Pass":
            return _placed(state, data, _build(state["Parameters"], data, context)), following
        if kind == "Map":
            results = []
            for item in self._items(state, data, context):
                results.append((yield from self._run(state["ItemProcessor"], item, context)))  # noqa: PERF401 - it yields
            self._pass(results)
            return _placed(state, data, results), following
        raise NotImplementedError(kind)

    def _items(self, state: dict[str, Any], data: Any, context: dict[str, Any]) -> list[Any]:
        items = _path(state["ItemsPath"], data, context)
        return [
            _build(state["ItemSelector"], data, {**context, "Map": {"Item": {"Index": index, "Value": value}}})
            for index, value in enumerate(items)
        ]

    def _retrying(self, state: dict[str, Any], payload: Any) -> Steps:
        tried: dict[int, int] = {}
        while True:
            try:
                return self._invoke(state["Resource"], payload)
            except StateFailed as error:
                number, retrier = _retrier(state, error)
                if retrier is None or tried.get(number, 0) >= retrier["MaxAttempts"]:
                    raise
                pause = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** tried.get(number, 0)
                tried[number] = tried.get(number, 0) + 1
                pause = min(pause, retrier.get("MaxDelaySeconds", pause))
                yield pause * self.random() if retrier.get("JitterStrategy") == "FULL" else pause

    def _invoke(self, resource: str, payload: Any) -> Any:
        name = re.sub(r"\$\{(\w+)\}", lambda found: self.substitutions.get(found[1], found[1]), resource)
        payload = json.loads(self._pass(payload))
        try:
            return json.loads(self._pass(self.tasks[name](payload)))
        except StateFailed:
            raise
        except Exception as error:
            cause = {"errorType": type(error).__name__, "errorMessage": str(error)}
            self._pass(cause)
            raise StateFailed(type(error).__name__, json.dumps(cause)) from error

    def _pass(self, value: Any) -> str:
        text = json.dumps(value)
        self.payloads.append(text)
        if len(text.encode()) > PAYLOAD_LIMIT:
            raise StateFailed("States.DataLimitExceeded", "the payload is larger than 256 KiB")
        return text


@cache
def _parsed(definition: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(definition.read_text())
    _check(parsed)
    return parsed


def _check(machine: dict[str, Any]) -> None:
    """Raise NotImplementedError for what this interpreter would overlook."""
    for name, state in machine["States"].items():
        unknown = state.keys() - FIELDS[state["Type"]] - {"Type", "Comment", "Next", "End"}
        errors = {error for each in state.get("Retry", []) for error in each["ErrorEquals"]}
        errors |= {error for each in state.get("Catch", []) for error in each["ErrorEquals"]} - {"States.ALL"}
        reserved = {error for error in errors if error.startswith("States.")}
        if unknown or reserved or state.get("MaxConcurrency", 1) != 1:
            raise NotImplementedError(f"{name}: {unknown or reserved or 'MaxConcurrency'}")
        if "ItemProcessor" in state:
            _check(state["ItemProcessor"])


def _retrier(state: dict[str, Any], error: StateFailed) -> tuple[int, dict[str, Any] | None]:
    for number, retrier in enumerate(state.get("Retry", [])):
        if error.name in retrier["ErrorEquals"]:
            return number, retrier
    return -1, None


def _caught(state: dict[str, Any], data: Any, error: StateFailed) -> tuple[Any, str]:
    for catcher in state.get("Catch", []):
        if error.name in catcher["ErrorEquals"] or ("States.ALL" in catcher["ErrorEquals"] and error.name not in FATAL):
            return _placed(catcher, data, {"Error": error.name, "Cause": error.cause}), catcher["Next"]
    raise error


def _input(state: dict[str, Any], data: Any, context: dict[str, Any]) -> Any:
    return _build(state["Parameters"], data, context) if "Parameters" in state else data


def _build(template: Any, data: Any, context: dict[str, Any]) -> Any:
    if not isinstance(template, dict):
        return template
    return {
        key.removesuffix(".$"): _value(value, data, context) if key.endswith(".$") else _build(value, data, context)
        for key, value in template.items()
    }


def _value(expression: str, data: Any, context: dict[str, Any]) -> Any:
    """Evaluate a path, a literal, or an intrinsic function of such."""
    if call := re.fullmatch(r"States\.(\w+)\((.*)\)", expression):
        arguments = [_value(each, data, context) for each in _arguments(call[2])]
        try:
            return INTRINSICS[call[1]](*arguments)
        except (ValueError, IndexError, TypeError) as error:
            raise StateFailed("States.IntrinsicFailure", str(error)) from error
    if expression.startswith("'"):
        return expression.strip("'")
    return int(expression) if expression.isdecimal() else _path(expression, data, context)


def _arguments(text: str) -> list[str]:
    """Split at the commas that stand neither in quotes nor in brackets."""
    tokens = re.findall(r"'[^']*'|[(),]|[^'(),]+", text)
    arguments, depth = [""], 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == "," and depth == 0:
            arguments.append("")
        else:
            arguments[-1] += token
    return [each.strip() for each in arguments]


def _split(text: str, delimiters: str) -> list[str]:
    return [part for part in re.split(f"[{re.escape(delimiters)}]", text) if part]


INTRINSICS: Mapping[str, Callable[..., Any]] = {
    "Format": lambda text, value: text.replace("{}", str(value)),
    "StringToJson": json.loads,
    "StringSplit": _split,
    "ArrayGetItem": lambda array, index: array[index],
}


def _path(path: str, data: Any, context: dict[str, Any]) -> Any:
    value = context if path.startswith("$$.") else data
    for part in filter(None, path.lstrip("$").split(".")):
        if not isinstance(value, dict) or part not in value:
            raise StateFailed("States.Runtime", f"{path} is not in the input")
        value = value[part]
    return value


def _seconds(value: Any) -> int:
    if not isinstance(value, int):
        raise StateFailed("States.Runtime", f"{value} is not a whole number of seconds")
    return value


def _placed(state: dict[str, Any], data: Any, result: Any) -> Any:
    if "ResultPath" not in state:
        return result
    if state["ResultPath"] is None:
        return data
    return {**data, state["ResultPath"].removeprefix("$."): result}


def _choice(state: dict[str, Any], data: Any) -> str:
    for choice in state["Choices"]:
        value = _path(choice["Variable"], data, {})
        if isinstance(value, int | float) and value > choice["NumericGreaterThan"]:
            return str(choice["Next"])
    return str(state["Default"])
