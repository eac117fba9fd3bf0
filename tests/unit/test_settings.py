"""What a bookkeeper may write into the settings, and how a mistake is explained."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pleo_export.accounting.lists import LedgerList
from pleo_export.bookkeeping.settings import ClosedPeriod, LegacyVendors, OutflowSign, PostingMode, UnmappedTags
from pleo_export.errors import InvalidSettings
from pleo_export.settings import ReceiptPolicy, Settings, parse_settings

LEAST = {
    "company_id": "11111111-1111-4111-8111-111111111111",
    "accounting_system": {"name": "tryton", "url": "https://books.example.com", "database": "books"},
    "accounts": {},
}


def refused(**changes: Any) -> str:
    with pytest.raises(InvalidSettings) as caught:
        parse_settings(LEAST | changes)
    return str(caught.value)


def test_given_the_least_then_everything_else_has_the_careful_default() -> None:
    settings = parse_settings(LEAST)
    assert settings.posting is PostingMode.DRAFT
    assert settings.closed_period is ClosedPeriod.FAIL
    assert settings.receipts is ReceiptPolicy.BEST_EFFORT
    assert settings.legacy_vendors is LegacyVendors.JOURNAL
    assert settings.outflow_sign is OutflowSign.POSITIVE
    assert settings.unmapped_tags is UnmappedTags.WARN
    assert (settings.time_zone, settings.adjustment_date, settings.accounts.rounding) == ("UTC", None, None)


@pytest.mark.parametrize("written", ["2026-12-31", date(2026, 12, 31)])
def test_given_an_adjustment_date_then_it_survives_being_stored(written: object) -> None:
    settings = parse_settings(LEAST | {"closed_period": "adjustment", "adjustment_date": written})
    assert settings.adjustment_date == date(2026, 12, 31)
    assert parse_settings(settings.model_dump(mode="json")) == settings


def test_given_settings_of_an_earlier_version_then_they_still_fit() -> None:
    stored = parse_settings(LEAST).model_dump(mode="json")
    for added in (
        "closed_period",
        "adjustment_date",
        "receipts",
        "legacy_vendors",
        "outflow_sign",
        "unmapped_tags",
        "sync",
    ):
        del stored[added]
    del stored["accounts"]["rounding"]
    assert parse_settings(stored) == parse_settings(LEAST)


CHOICES = ("posting", "closed_period", "receipts", "legacy_vendors", "outflow_sign", "unmapped_tags")


@pytest.mark.parametrize("field", CHOICES)
def test_given_a_choice_that_does_not_exist_then_the_field_and_the_choices_are_named(field: str) -> None:
    message = refused(**{field: "maybe"})
    assert message.startswith(f"{field}: must be ")
    choices: Any = Settings.model_fields[field].annotation
    for choice in choices:
        assert str(choice) in message


# --- contradictions


def test_given_adjustment_without_a_date_then_the_date_is_asked_for() -> None:
    message = refused(closed_period="adjustment")
    assert message.startswith("adjustment_date: ")
    assert "is missing" in message
    assert "2026-12-31" in message


@pytest.mark.parametrize("strategy", ["fail", "today", "next_open"])
def test_given_an_adjustment_date_that_nothing_uses_then_it_is_refused(strategy: str) -> None:
    message = refused(closed_period=strategy, adjustment_date="2026-12-31")
    assert message.startswith("adjustment_date: ")
    assert "closed_period: adjustment" in message


@pytest.mark.parametrize(
    ("accounts", "field", "other"),
    [
        ({"wallets": {"GBP": "1900", "EUR": "1901"}, "out_of_pocket": "1901"}, "out_of_pocket", "wallets"),
        ({"wallets": {"GBP": "1900"}, "clearing": "1900"}, "clearing", "wallets"),
        ({"wallets": {"GBP": "1900"}, "payables": " 1900 "}, "payables", "wallets"),
        ({"out_of_pocket": "2250", "external_reimbursement": "2250"}, "external_reimbursement", "out_of_pocket"),
        ({"wallets": {"GBP": "1900"}, "rounding": "1900"}, "rounding", "wallets"),
        ({"payables": "2100", "rounding": "2100"}, "rounding", "payables"),
    ],
)
def test_given_one_account_on_both_sides_of_an_entry_then_it_is_refused(
    accounts: dict[str, Any], field: str, other: str
) -> None:
    message = refused(accounts=accounts)
    assert message.startswith(f"accounts.{field}: ")
    assert f"accounts.{other}" in message


def test_given_one_account_for_roles_that_never_meet_then_it_is_accepted() -> None:
    accounts = {"out_of_pocket": "2100", "payables": "2100", "clearing": "2250", "external_reimbursement": "2250"}
    assert parse_settings(LEAST | {"accounts": accounts}).accounts.payables == "2100"
    assert parse_settings(LEAST | {"accounts": {"out_of_pocket": None, "external_reimbursement": None}})


# --- the lists that are kept in step


def test_given_no_selection_then_no_list_is_kept_in_step() -> None:
    assert parse_settings(LEAST).sync.lists == ()


def test_given_a_selection_then_its_lists_survive_being_stored() -> None:
    sync = {"dimensions": ["cost_centre", "Project"], "vendors": True, "foreign_groups": ["old"]}
    settings = parse_settings(LEAST | {"sync": sync})
    assert settings.sync.lists == (LedgerList.TAGS, LedgerList.VENDORS)
    assert parse_settings(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(
    ("sync", "said"),
    [
        ({"dimensions": ["a", "b", "c", "d", "e", "f"]}, "here are 6 dimensions; keep 5 of them"),
        ({"dimensions": ["dept", "team", "DEPT"]}, "numbers 1 and 3 are the same (Pleo does not tell capital letters"),
        ({"foreign_groups": ["old", "old "]}, "numbers 1 and 2 are the same"),
        ({"dimensions": ["team"], "foreign_groups": ["old", "Team"]}, "number 2 is one of sync.dimensions"),
        ({"dimensions": [" "]}, "sync.dimensions.1: is empty"),
        ({"dimensions": ["x" * 256]}, "sync.dimensions.1: must not be longer than 255 characters"),
    ],
)
def test_given_a_selection_that_cannot_be_kept_then_the_fix_is_named(sync: dict[str, Any], said: str) -> None:
    assert said in refused(sync=sync)


# --- the schema


def _fields(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    models = [schema, *schema["$defs"].values()]
    return [(name, field) for model in models for name, field in model.get("properties", {}).items()]


@pytest.mark.parametrize(("name", "field"), _fields(Settings.model_json_schema()), ids=lambda each: str(each)[:20])
def test_every_field_has_a_description_and_an_example(name: str, field: dict[str, Any]) -> None:
    assert field.get("description"), name
    assert field.get("examples"), name


def test_every_example_of_a_choice_can_be_written() -> None:
    for name in CHOICES:
        for example in Settings.model_fields[name].examples or []:
            extra = {"adjustment_date": "2026-12-31"} if example == "adjustment" else {}
            assert getattr(parse_settings(LEAST | {name: example} | extra), name) == example
