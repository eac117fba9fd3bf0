"""What the pages show is what the product takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pleo_export.settings import Settings, parse_settings

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_example_settings_are_accepted() -> None:
    settings = parse_settings(yaml.safe_load((DOCS / "settings.example.yaml").read_text()))

    assert settings.accounting_system.name == "tryton"


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_explained_to_whoever_connects_a_company(field: str) -> None:
    assert f"`{field}" in (DOCS / "connect.md").read_text()
