"""What a function's cold start pays for: the modules that it imports, by name, and the models that it builds.

`make bench` measures the time. It is not asserted here, since it depends on what else the machine does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pleo_export.accounting.registry import CONNECTORS

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(each.parent.name for each in (ROOT / "functions").glob("*/app.py"))

# Imported, if at all, by the first call that needs them.
BY_NONE = {
    "PIL": "a picture that is too large",
    "pypdf": "receipts that are merged",
    "aws_lambda_powertools.utilities.batch": "nothing: ADR-0011",
    "aws_lambda_powertools.utilities.data_classes": "nothing: ADR-0011",
    "aws_lambda_powertools.utilities.parser": "nothing: ADR-0011",
    "pleo_export.operations": "commands",
    "pleo_export.receipts.fetch": "an expense with files",
    "pleo_export.services.notifications": "a job with failures",
    "pleo_export.settings_errors": "settings that do not fit",
    **{each.module: f"a company with {each.title}" for each in CONNECTORS.values()},
    **{each.settings_name.partition(":")[0]: f"a company with {each.title}" for each in CONNECTORS.values()},
}
# A third of a start each. The others check their events with the one, and call Pleo or a sign-in service by the other.
WITHOUT_PYDANTIC = {"webhook", "poll", "oauth_connect", "oauth_callback", "reconcile_drafts", "schedule_syncs"}
CALLS_AT_ONCE = {"start_job", "fetch_items", "update_items", "complete_job", "fail_job"}
WITHOUT_REQUESTS = set(FUNCTIONS) - CALLS_AT_ONCE - {"oauth_connect", "oauth_callback", "refresh_tokens"}
# What a function imports where a call of it has something to do, which most have not.
BY_FEW = {
    "check_mapping": ("pleo_export.sync.health", "pleo_export.sync.mapping_facts", "pleo_export.bookkeeping.documents"),
    "schedule_syncs": ("pleo_export.settings", "pleo_export.services.events", "pleo_export.services.messages"),
    "record_items": (
        *("pleo_export.sync.health", "pleo_export.accounting.lists"),
        *("pleo_export.services.messages", "pleo_export.store.looks", "pleo_export.store.settings_history"),
    ),
    "complete_job": ("pleo_export.accounting.lists", "pleo_export.settings"),
    "fail_job": ("pleo_export.accounting.lists", "pleo_export.settings"),
    "update_items": ("pleo_export.accounting.lists", "pleo_export.settings"),
    "dispatch": ("pleo_export.settings",),
}

PROGRAM = """
import gc, json, sys
sys.path.insert(0, sys.argv[1])
import app

def models(base):
    for each in base.__subclasses__():
        yield each
        yield from models(each)

base = getattr(sys.modules.get("pydantic"), "BaseModel", None)
built = [each.__qualname__ for each in models(base) if each.__pydantic_complete__] if base else []
print(json.dumps({
    "modules": sorted(sys.modules), "built": built, "collecting": gc.isenabled(), "kept": gc.get_freeze_count()
}))
"""


@cache
def start_of(function: str) -> dict[str, Any]:
    """Import the function as Lambda does, in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, str(ROOT / "functions" / function)]
    env = os.environ | {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}
    done = subprocess.run(command, env=env, capture_output=True, check=True, text=True, timeout=120)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_without_what_only_some_calls_need(function: str) -> None:
    loaded = BY_NONE.keys() & set(start_of(function)["modules"])

    assert {name: f"only for {BY_NONE[name]}" for name in loaded} == {}


@pytest.mark.parametrize("function", sorted(WITHOUT_PYDANTIC))
def test_the_api_and_the_schedules_start_without_pydantic(function: str) -> None:
    assert "pydantic" not in start_of(function)["modules"]


@pytest.mark.parametrize("function", sorted(WITHOUT_REQUESTS))
def test_a_function_that_may_have_nothing_to_send_starts_without_requests(function: str) -> None:
    assert "requests" not in start_of(function)["modules"]


@pytest.mark.parametrize("function", sorted(BY_FEW))
def test_a_function_starts_without_what_most_of_its_calls_do_not_need(function: str) -> None:
    assert set(BY_FEW[function]) & set(start_of(function)["modules"]) == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_model_is_built_before_it_is_used(function: str) -> None:
    """Building one takes longer than defining it, and most calls use few of those that a function can."""
    assert start_of(function)["built"] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_when_a_function_has_started_then_garbage_is_collected_again_but_not_among_what_the_start_has_made(
    function: str,
) -> None:
    start = start_of(function)

    assert start["collecting"]
    assert start["kept"] > 10_000


WITHOUT_CHARSETS = """
import sys
sys.modules["charset_normalizer"] = sys.modules["chardet"] = None  # as in the layer, which leaves them out
import pleo_export
from pleo_export.pleo.transport import PleoResponse, Request
import requests

response = requests.Response()
response._content = '{"name": "Løn"}'.encode()
print(PleoResponse(Request("GET", "/"), response).read(type("Model", (), {"model_validate": lambda raw: raw})))
"""


def test_without_the_package_that_guesses_encodings_answers_are_read_and_no_warning_is_logged() -> None:
    command = [sys.executable, "-W", "default", "-c", WITHOUT_CHARSETS]

    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120)

    assert (done.stdout.strip(), done.stderr) == ("{'name': 'Løn'}", "")
