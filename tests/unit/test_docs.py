"""What the pages show is what the product takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pleo_export.settings import Settings, parse_settings
from tests.docs import connectors, procedure

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "layers/pleo_export/python/pleo_export"


def test_the_example_settings_are_accepted() -> None:
    settings = parse_settings(yaml.safe_load((DOCS / "settings.example.yaml").read_text()))

    assert settings.accounting_system.name == "tryton"


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_explained_to_whoever_connects_a_company(field: str) -> None:
    assert f"`{field}" in (DOCS / "connect.md").read_text()


@pytest.mark.parametrize("page", ["security.md", "reliability.md"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    named = re.findall(r"`([\w/]+/\w+\.py)`", (DOCS / page).read_text())
    assert named
    assert [name for name in named if not ((ROOT / name).exists() or (PACKAGE / name).exists())] == []


def test_the_table_of_connectors_is_made_from_their_descriptors() -> None:
    assert connectors.page() == connectors.PAGE.read_text(), "run python -m tests.docs.connectors"


def test_the_tables_of_the_procedure_are_made_from_the_code_and_the_template() -> None:
    assert procedure.page() == procedure.PAGE.read_text(), "run python -m tests.docs.procedure"


def test_the_procedure_says_of_every_record_how_long_it_is_kept() -> None:
    assert [name for name, _, _ in procedure.record_kinds()] == list(procedure.KEPT)
