"""The settings file: what is wrong in it is told with its line, and what is written can be read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import settings_file
from cli.errors import UsageError
from pleo_export.errors import InvalidSettings
from pleo_export.settings import parse_settings
from pleo_simulator.sample import NORTHGATE
from tests.system.in_process_system import settings

GOOD = f"""\
company_id: {NORTHGATE}
accounting_system:
  name: tryton
  url: https://books.example.com
  database: books
accounts:
  wallets:
    GBP: "1900"
  clearing: "1950"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("settings.yaml")


def refusal(file: Path, text: str) -> str:
    file.write_text(text)
    with pytest.raises((InvalidSettings, UsageError)) as caught:
        settings_file.read(file)
    return str(caught.value)


def test_a_good_file_is_read(file: Path) -> None:
    file.write_text(GOOD)

    assert settings_file.read(file).accounts.clearing == "1950"


def test_each_fault_is_told_with_its_line(file: Path) -> None:
    text = GOOD.replace('"1950"', "1950").replace("GBP", "gbp") + "posting: maybe\ndimension:\n  team: CC\n"

    assert refusal(file, text).splitlines() == [
        "settings.yaml, line 8: accounts.wallets.gbp: must be three capital letters; for example GBP",
        'settings.yaml, line 9: accounts.clearing: a value of digits must be in quotes; for example "1950"',
        "settings.yaml, line 10: posting: must be draft or posted",
        "settings.yaml, line 11: dimension: there is no such setting; did you mean dimensions?",
    ]


def test_what_is_missing_is_told_with_the_line_of_what_surrounds_it(file: Path) -> None:
    without = GOOD.replace("  database: books\n", "")

    assert refusal(file, without).startswith("settings.yaml, line 2: accounting_system.database: is missing")
    assert refusal(file, "posting: draft").startswith("settings.yaml: company_id: is missing")


def test_a_name_of_digits_has_its_line_too(file: Path) -> None:
    assert refusal(file, GOOD + "dimensions:\n  5: CC\n").startswith("settings.yaml, line 11: dimensions.5: a name of")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "settings.yaml: settings: the file is empty"),
        ("# nothing yet\n", "settings.yaml: settings: the file is empty"),
        ("- a\n", "settings.yaml: settings: must hold settings of its own"),
        ("accounts:\n\tclearing: x\n", "settings.yaml, line 2: indent with spaces, not with tabs"),
        ("posting: draft\nposting: posted\n", "settings.yaml, line 2: this setting is there twice"),
        ("posting: a: b\n", "settings.yaml, line 1: there is one colon too many"),
        ("posting: draft\ntime_zone\nreceipts: required\n", "settings.yaml, line 3: a colon is missing"),
        ('posting: "draft\n', "settings.yaml, line 2: a quote is opened and not closed"),
        ("dimensions: {a: b\n", "settings.yaml, line 2: a bracket is opened and not closed"),
        ("accounts:\n   a: b\n  c: d\n", "settings.yaml, line 3: the indentation does not fit the lines above"),
        ("posting: draft\n---\nposting: draft\n", "settings.yaml, line 2: the file holds more than one document"),
        ("posting: *there\n", "settings.yaml, line 1: this is not YAML (found undefined alias"),
        ("posting: \x07\n", "settings.yaml is not YAML: "),
    ],
)
def test_what_is_not_yaml_is_told_in_one_sentence_with_its_line(file: Path, text: str, said: str) -> None:
    told = refusal(file, text)

    assert told.startswith(said)
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_given_a_file_in_another_encoding_then_utf_8_is_asked_for(file: Path, encoding: str) -> None:
    file.write_text(GOOD + "# Ærø\n", encoding=encoding)

    with pytest.raises(UsageError, match=r"settings\.yaml is not text in UTF-8"):
        settings_file.read(file)


def test_a_byte_order_mark_does_not_matter(file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8-sig")

    assert settings_file.read(file).posting == "draft"


def test_given_no_such_file_then_that_is_said(file: Path) -> None:
    with pytest.raises(UsageError, match=r"settings\.yaml cannot be read: No such file"):
        settings_file.read(file)


def test_given_a_place_where_nothing_can_be_written_then_that_is_said(file: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        settings_file.write(Path("missing") / file, parse_settings(settings(NORTHGATE)))


@pytest.mark.parametrize(
    "code", ["1900", "0900", "6E1", "0o17", "yes", "1:30", "2026-01-01", "null", "~", "a: b", "Løn"]
)
def test_what_was_written_is_read_again_whatever_a_code_looks_like(file: Path, code: str) -> None:
    wanted = parse_settings(settings(NORTHGATE, accounts={"clearing": code}, tax_accounts={code: code}))

    settings_file.write(file, wanted)

    assert settings_file.read(file) == wanted
    assert file.read_text().startswith("# Change something, then: pleo-export connect settings.yaml\n")


def test_lines_that_are_shared_by_an_anchor_are_read(file: Path) -> None:
    file.write_text(GOOD + "dimensions: &groups\n  team: CC\n")

    assert settings_file.read(file).dimensions == {"team": "CC"}
