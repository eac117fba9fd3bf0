"""The dashboard and the saved queries show what the functions really write."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pleo_export.accounting.errors import AuthenticationFailed
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import STACK, template
from tests.system.cloudwatch import Measured, Metric, embedded, measuring, resolved
from tests.system.expenses import purchase, purchases
from tests.system.in_process_system import InProcessSystem, in_process_system
from tests.unit.test_alarms import (
    TAGS,
    a_chart_of_accounts_is_emptied,
    a_grant_is_not_used,
    a_run_cannot_even_say_that_it_failed,
    a_sync_fails_three_times,
    the_ledger_is_silent,
    the_topic_is_gone,
)
from tests.unit.test_template import of_type

Json = dict[str, Any]
QUERIES = {name: each["Properties"] for name, each in of_type("AWS::Logs::QueryDefinition").items()}
SEARCH = re.compile(r"""SEARCH\('\{"([^"]+)",([\w,]+)\} MetricName="(\w+)"', 'Sum'\)""")
# What Logs Insights understands itself.
COMMANDS = {"fields", "filter", "stats", "sort", "parse", "by", "as", "and", "or", "in", "desc", "asc"}


def failures_of_every_kind(system: InProcessSystem) -> None:
    """Jobs that end well, with failures and as failed; receipts attached and refused; wake-ups that fail."""
    evil = purchase("elsewhere", receipts=("pret-18.45.pdf",))
    evil["files"][0]["url"] = "https://elsewhere.test/file"
    fine = purchase("receipt", receipts=("pret-18.45.pdf",))
    system.connect(NORTHGATE, [fine, evil, purchase("no-account", account=None)], receipts="required")
    system.export(NORTHGATE)
    system.service.faults.order(Fault(effect="rate_limit", path="/v3/export-job", nth=3))
    system.scheduled_poll()
    system.deliver()
    system.run_executions()
    system.service.state.put_expenses(NORTHGATE, purchases(2))
    for error in (None, AuthenticationFailed("The key has been revoked.")):
        system.export(NORTHGATE)
        if error:
            system.effects.on("before books find_many", error)
        system.run(NORTHGATE)
    system.export(NORTHGATE)
    system.service.faults.order(Fault(effect="status", status=401, count=20))
    system.poll()
    system.deliver()


@pytest.fixture(scope="module")
def written() -> Measured:
    """What the functions write over some scenarios."""
    all_of_it = Measured()
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    with pytest.MonkeyPatch.context() as patch, pytest.MonkeyPatch.context() as out:
        for name, value in variables.items():
            if name.startswith("POWERTOOLS_"):
                patch.setenv(name, resolved(value))
        printed: list[str] = []
        out.setattr("builtins.print", lambda *parts, **_: printed.extend(map(str, parts)))
        for scenario in (
            failures_of_every_kind,
            a_run_cannot_even_say_that_it_failed,
            a_grant_is_not_used,
            a_chart_of_accounts_is_emptied,
            a_sync_fails_three_times,
            the_ledger_is_silent(TAGS, hours=3),
            the_topic_is_gone,
        ):
            with in_process_system() as system, measuring(system, lambda: "\n".join(printed)) as measured:
                scenario(system)
            all_of_it.lines += measured.lines
    return all_of_it


@pytest.fixture(scope="module")
def metrics(written: Measured) -> set[Metric]:
    return {metric for line in written.lines if "_aws" in line for metric, _ in embedded(line)}


def widgets() -> list[Json]:
    text, values = template()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    with_math = values["WithMath"]["Fn::If"][1]["Fn::Sub"]
    body = text.replace("${WithMath}", with_math).replace("${AWS::StackName}", STACK)
    found: list[Json] = json.loads(body)["widgets"]
    return found


def shown() -> list[Any]:
    return [each for widget in widgets() for each in widget["properties"].get("metrics", [])]


def test_the_dashboard_shows_every_alarm() -> None:
    (alarms,) = [each["properties"]["alarms"] for each in widgets() if each["type"] == "alarm"]
    assert sorted(alarms) == sorted(f"${{{name}.Arn}}" for name in of_type("AWS::CloudWatch::Alarm"))


def test_no_part_of_the_dashboard_lies_over_another() -> None:
    places = [
        (x, y)
        for each in widgets()
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24


def test_every_metric_of_the_dashboard_is_one_that_the_functions_write(metrics: set[Metric]) -> None:
    for each in shown():
        if isinstance(each[0], dict):
            named = SEARCH.fullmatch(each[0]["expression"])
            assert named, each
            namespace, dimensions, name = named.groups()
            found = {(one.namespace, one.name, frozenset(key for key, _ in one.dimensions)) for one in metrics}
            assert (namespace, name, frozenset(dimensions.split(","))) in found, each
        else:
            namespace, name, *pairs = [part for part in each if isinstance(part, str)]
            metric = Metric(namespace, name, frozenset(zip(pairs[::2], pairs[1::2], strict=True)))
            assert metric in metrics or ("system", "accounting_system") in metric.dimensions, each


def test_every_metric_that_the_functions_write_is_on_the_dashboard(metrics: set[Metric]) -> None:
    names = {SEARCH.fullmatch(each[0]["expression"])[3] if isinstance(each[0], dict) else each[1] for each in shown()}  # type: ignore[index]
    assert {metric.name for metric in metrics} == names


def test_no_dimension_is_an_id(metrics: set[Metric]) -> None:
    """Each combination of values is paid for as a metric of its own."""
    names = {name for metric in metrics for name, _ in metric.dimensions}
    assert names == {
        "service",
        "outcome",
        "failure",
        "cause",
        "system",
        "trigger",
        "channel",
        "list",
        "action",
        "finding",
    }


def test_there_are_eight_saved_queries() -> None:
    assert len(QUERIES) == 8


@pytest.mark.parametrize("name", QUERIES)
def test_a_saved_query_asks_for_fields_that_our_lines_have(name: str, written: Measured) -> None:
    query = QUERIES[name]["QueryString"]
    assert QUERIES[name]["LogGroupNames"] == [{"Ref": "FunctionLogs"}]
    asked = _fields(query)
    known = {key for line in written.lines for key in line}
    known |= {f"{key}.0" for line in written.lines for key, value in line.items() if isinstance(value, list)}
    assert asked <= known, f"{asked - known}: no line has these"


def _fields(query: str) -> set[str]:
    """The names in a query that are fields of our own: no command, function, text, alias, or field of CloudWatch."""
    bare = re.sub(r'"[^"]*"', "", query)
    aliases = set(re.findall(r"\bas (\w+(?:, \w+)*)", bare))
    named = {alias for group in aliases for alias in group.split(", ")}
    names = set(re.findall(r"(?<![@\w.])[A-Za-z_][\w.]*\b(?!\()", bare))
    return {each for each in names if each not in COMMANDS | named and not re.fullmatch(r"\d+m", each)} - {"15m"}


def test_a_field_that_nobody_writes_would_be_found() -> None:
    assert _fields('filter nonsense = "a b" and @type = 1 | stats sum(items) as n by system') == {
        "nonsense",
        "items",
        "system",
    }
