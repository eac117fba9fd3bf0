"""What a person reads who has written something wrong into the settings: the field, what is wrong, what to write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from pleo_export.accounting.named_settings import named_model
from pleo_export.errors import InvalidSettings, SettingsFault
from pleo_export.settings import Settings, parse_settings
from pleo_export.settings_errors import _SENTENCES, PATTERNS, refusal

SYSTEM = {"name": "tryton", "url": "https://books.example.com", "database": "books"}
LEAST = {"company_id": "11111111-1111-4111-8111-111111111111", "accounting_system": SYSTEM, "accounts": {}}


NOT_A_LIST = "must be a list, in square brackets or each on a line after a hyphen"


def refused(data: Any) -> InvalidSettings:
    with pytest.raises(InvalidSettings) as caught:
        parse_settings(data)
    return caught.value


def accounts(**changes: Any) -> dict[str, Any]:
    return {"accounts": changes}


def system(**changes: Any) -> dict[str, Any]:
    return {"accounting_system": SYSTEM | changes}


SENTENCES: dict[str, tuple[dict[Any, Any], str]] = {
    "digits without quotes": (
        accounts(clearing=1950),
        'accounts.clearing: a value of digits must be in quotes; for example "1950"',
    ),
    "digits without quotes in a mapping": (
        accounts(wallets={"GBP": 1900}),
        'accounts.wallets.GBP: a value of digits must be in quotes; for example "1900"',
    ),
    "digits without quotes as a name": (
        {"tax_accounts": {3: "2209"}},
        "tax_accounts.3: a name of digits must be in quotes; for example TRAVEL9",
    ),
    "a word that YAML takes for true or false": (
        {"dimensions": {"country": False}},
        "dimensions.country: a value like yes, no, true or false must be in quotes; for example CC",
    ),
    "a list for a text": (
        {"time_zone": ["Europe/London"]},
        "time_zone: must be a text, in quotes if it looks like something else; for example Europe/Copenhagen",
    ),
    "a setting without a value": (
        {"dimensions": {"team": None}},
        "dimensions.team: is empty; for example CC",
    ),
    "an empty text": (accounts(clearing=" "), 'accounts.clearing: is empty; for example "1950"'),
    "a long text": (
        accounts(clearing="1" * 41),
        'accounts.clearing: must not be longer than 40 characters; for example "1950"',
    ),
    "a text for a list": (
        {"sync": {"dimensions": "cost_centre"}},
        f"sync.dimensions: {NOT_A_LIST}; for example [cost_centre]",
    ),
    "digits without quotes in a list": (
        {"sync": {"dimensions": ["department", 4]}},
        "sync.dimensions.2: a value of digits must be in quotes; for example cost_centre",
    ),
    "a misspelt list of the ledger": (
        {"sync": {"taxcodes": True}},
        "sync.taxcodes: there is no such setting; did you mean tax_codes?",
    ),
    "a misspelt setting": ({"dimension": {}}, "dimension: there is no such setting; did you mean dimensions?"),
    "a misspelt role": (accounts(wallet={}), "accounts.wallet: there is no such setting; did you mean wallets?"),
    "a setting that nothing resembles": (
        system(q=1),
        "accounting_system.q: there is no such setting; those here are name, url, database, company, journal, web_url",
    ),
    "a setting whose name is not text": ({4: "x"}, "4: the names of settings must be text"),
    "a misspelt choice": ({"posting": "postd"}, "posting: must be draft or posted; did you mean posted?"),
    "no choice at all": (
        {"closed_period": "maybe"},
        "closed_period: must be fail, today, next_open or adjustment",
    ),
    "another connector": (
        system(name="sap"),
        "accounting_system: name must be business-central, e-conomic, tryton or xero",
    ),
    "a currency in small letters": (
        accounts(wallets={"gbp": "1900"}),
        "accounts.wallets.gbp: must be three capital letters; for example GBP",
    ),
    "a database with a space": (
        system(database="my books"),
        "accounting_system.database: may have letters, digits, - and _ only; for example books",
    ),
    "no id": (
        {"company_id": "northgate"},
        "company_id: must be an id as Pleo shows it; for example 11111111-1111-4111-8111-111111111111",
    ),
    "an id that is a number": (
        {"company_id": 5},
        "company_id: must be an id as Pleo shows it; for example 11111111-1111-4111-8111-111111111111",
    ),
    "no whole number": (
        system(company="one"),
        "accounting_system.company: must be a whole number; for example 1",
    ),
    "a number with a fraction": (
        system(company=1.5),
        "accounting_system.company: must be a whole number; for example 1",
    ),
    "a number without a value": (
        system(company=None),
        "accounting_system.company: must be a whole number; for example 1",
    ),
    "a number with too many digits": (system(company="9" * 5000), "accounting_system.company: is too large"),
    "a number that is too small": (
        system(company=0),
        "accounting_system.company: must not be less than 1; for example 1",
    ),
    "an address without a scheme": (
        system(url="books.example.com"),
        "accounting_system.url: must be a web address with https:// or http://; for example https://books.example.com",
    ),
    "an address of another kind": (
        system(url="ftp://books.example.com"),
        "accounting_system.url: must be a web address with https:// or http://; for example https://books.example.com",
    ),
    "an address that is a number": (
        system(url=5),
        "accounting_system.url: must be a web address with https:// or http://; for example https://books.example.com",
    ),
    "an address that is too long": (
        system(url="https://" + "a" * 3000),
        "accounting_system.url: is too long for an address; for example https://books.example.com",
    ),
    "no date": (
        {"closed_period": "adjustment", "adjustment_date": "soon"},
        "adjustment_date: must be a date, written as year-month-day; for example 2026-12-31",
    ),
    "a date with a time": (
        {"closed_period": "adjustment", "adjustment_date": datetime(2026, 12, 31, 12)},  # noqa: DTZ001 - as YAML has it
        "adjustment_date: must be a date, written as year-month-day; for example 2026-12-31",
    ),
    "a list for a date": (
        {"closed_period": "adjustment", "adjustment_date": []},
        "adjustment_date: must be a date, written as year-month-day; for example 2026-12-31",
    ),
    "an unknown time zone": (
        {"time_zone": "Europe/Nowhere"},
        "time_zone: not a time zone of the IANA database; write for example Europe/Copenhagen",
    ),
    "settings without their own lines": (
        {"accounts": "1900"},
        "accounts: must hold settings of its own, each on a line `name: value`; for example "
        '{wallets: {GBP: "1900"}, out_of_pocket: "2250", payables: "2100"}',
    ),
    "a list for a mapping": (
        {"dimensions": ["CC"]},
        "dimensions: must hold settings of its own, each on a line `name: value`; for example {cost_centre: CC}",
    ),
    "settings left empty": (
        {"dimensions": None},
        "dimensions: is empty; for example {cost_centre: CC}",
    ),
}


@pytest.mark.parametrize(("changes", "said"), SENTENCES.values(), ids=SENTENCES)
def test_each_fault_is_explained_in_a_sentence_of_ours(changes: dict[str, Any], said: str) -> None:
    assert str(refused(LEAST | changes)).startswith(said)


@pytest.mark.parametrize(("missing", "path"), [("company_id", "company_id"), ("accounts", "accounts")])
def test_what_is_missing_is_named_with_an_example(missing: str, path: str) -> None:
    assert str(refused({name: value for name, value in LEAST.items() if name != missing})).startswith(
        f"{path}: is missing; for example "
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "settings: the file is empty"),
        ("posting", "settings: must hold settings of its own, each on a line `name: value`"),
        ([], "settings: must hold settings of its own, each on a line `name: value`"),
    ],
)
def test_what_is_not_settings_at_all_is_explained(data: object, said: str) -> None:
    assert str(refused(data)) == said


def test_all_faults_are_told_at_once_each_with_the_names_that_lead_to_it() -> None:
    error = refused(LEAST | {"posting": "maybe", **accounts(clearing=1950, wallets={"gbp": "1"})})

    assert [each.path for each in error.faults] == [
        ("accounts", "wallets", "gbp"),
        ("accounts", "clearing"),
        ("posting",),
    ]
    assert str(error).splitlines() == [str(each) for each in error.faults]


def test_no_value_is_repeated_since_it_may_be_a_secret() -> None:
    secret = "plp_secret"
    error = refused(
        LEAST | system(url=secret, company=secret, token=secret) | {"company_id": secret, secret[:3]: secret}
    )

    assert secret not in str(error)


# --- nothing of pydantic's is left


ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    5,
    1.5,
    0,
    -1,
    float("inf"),
    "",
    "maybe",
    "9" * 5000,
    "a" * 3000,
    [],
    ["x"],
    {},
    {3: 4},
    datetime(2026, 12, 31, 12),  # noqa: DTZ001 - as YAML has it
)
PLACES = (
    *((name,) for name in Settings.model_fields),
    *(("accounts", name) for name in ("wallets", "clearing", "rounding")),
    ("accounts", "wallets", "GBP"),
    ("dimensions", "team"),
    ("tax_accounts", "GB20"),
    *(("sync", name) for name in ("dimensions", "accounts", "foreign_groups")),
    *(("accounting_system", name) for name in ("name", "url", "database", "company", "journal", "web_url")),
)


def with_value(data: dict[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    first, *rest = path
    return data | {first: with_value(data.get(first, {}), tuple(rest), value) if rest else value}


@pytest.mark.parametrize("path", PLACES, ids=".".join)
def test_whatever_is_written_anywhere_then_the_sentence_is_ours(path: tuple[str, ...]) -> None:
    met = 0
    for value in ODD_VALUES:
        given = with_value(LEAST, path, value)
        try:
            Settings.model_validate(given)
        except ValidationError as error:
            met += 1
            shown = str(refusal(error, Settings, {"accounting_system": named_model(given["accounting_system"])}))
            for each in error.errors():
                assert each["type"] in _SENTENCES, (path, value, each)
                assert each["type"] == "value_error" or each["msg"] not in shown
    assert met, "no value was refused: nothing is tested"


def test_every_pattern_that_is_put_into_words_is_one_of_the_settings() -> None:
    def patterns(schema: Any) -> Iterator[str]:
        if isinstance(schema, dict):
            if isinstance(schema.get("pattern"), str):
                yield schema["pattern"]
            yield from schema.get("patternProperties", {})
            for each in schema.values():
                yield from patterns(each)
        elif isinstance(schema, list):
            for each in schema:
                yield from patterns(each)

    assert set(patterns(Settings.model_json_schema())) >= PATTERNS.keys()


# --- several connectors


class Red(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Literal["red"]
    size: int = Field(gt=1, lt=9, examples=[3])
    fast: bool = Field(False, examples=[True])
    tags: list[str] = Field(default_factory=list)


class Blue(BaseModel):
    name: Literal["blue"]
    size: Annotated[int, Field(le=5)] = 1
    place: str = Field("", pattern="^[a-z]*$", examples=["north"])


SYSTEMS: dict[str, type[BaseModel]] = {"red": Red, "blue": Blue}


def named_system(given: Any) -> BaseModel:
    return SYSTEMS[given["name"]].model_validate(given)


class Choice(BaseModel):
    system: Annotated[BaseModel, PlainValidator(named_system)] = Field(examples=[{"name": "red", "size": 3}])


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ({"name": "red"}, ["system.size: is missing; for example 3"]),
        ({"name": "red", "size": 1}, ["system.size: must be more than 1; for example 3"]),
        ({"name": "red", "size": 9}, ["system.size: must be less than 9; for example 3"]),
        ({"name": "blue", "size": 6}, ["system.size: must not be more than 5"]),
        ({"name": "blue", "place": "N"}, ["system.place: is not written like the example; for example north"]),
        ({"name": "red", "size": 3, "tag": []}, ["system.tag: there is no such setting; did you mean tags?"]),
        ({"name": "red", "size": 3, "fast": "maybe"}, ["system.fast: must be true or false; for example true"]),
        ({"name": "red", "size": 3, "fast": []}, ["system.fast: must be true or false; for example true"]),
        ({"name": "red", "size": 3, "tags": "x"}, [f"system.tags: {NOT_A_LIST}"]),
    ],
)
def test_given_a_choice_of_connectors_then_the_path_is_as_it_is_written(
    system: dict[str, Any], said: list[str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        Choice.model_validate({"system": system})

    assert [str(each) for each in refusal(caught.value, Choice, {"system": SYSTEMS[system["name"]]}).faults] == said


def test_a_fault_of_the_whole_is_one_of_the_settings() -> None:
    assert str(SettingsFault((), "the file is empty")) == "settings: the file is empty"
