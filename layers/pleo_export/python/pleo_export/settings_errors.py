"""Explain what is wrong with settings, in sentences for the person who writes them.

pydantic knows the field and the kind of each error; the words are ours. A sentence never repeats a value: a token that
was written into the wrong field must not reach a screen or a log.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from pleo_export.errors import InvalidSettings, SettingsFault

Location = tuple[int | str, ...]
Details = Mapping[str, Any]

KEY = "[key]"  # pydantic's mark for an error in a key of a mapping instead of its value

# What each pattern of a setting asks for.
PATTERNS = {
    r"^[A-Z]{3}$": "must be three capital letters",
    r"^[A-Za-z0-9_-]+$": "may have letters, digits, - and _ only",
}


def refusal(
    error: ValidationError, model: type[BaseModel], chosen: Mapping[str, type[BaseModel] | None]
) -> InvalidSettings:
    """Return the refusal of settings that do not fit `model`: all faults, one line each, with an example. `chosen` are
    the models of sections that have one of several, by their names."""
    faults = [_fault(each, model, chosen) for each in error.errors(include_url=False)]
    return InvalidSettings("\n".join(map(str, faults)), faults)


def _fault(error: Any, model: type[BaseModel], chosen: Mapping[str, type[BaseModel] | None]) -> SettingsFault:
    place = _Place(model, error["loc"], chosen)
    sentence = _sentence(error["type"], error, place)
    if place.example is None or error["type"] in _WITHOUT_EXAMPLE or "for example" in sentence:
        return SettingsFault(place.path, sentence)
    return SettingsFault(place.path, f"{sentence}; for example {_shown(place.example)}")


class _Place:
    """The place of an error in the settings: its path as people write it, and what the models say of it."""

    def __init__(
        self, model: type[BaseModel], location: Location, chosen: Mapping[str, type[BaseModel] | None]
    ) -> None:
        self._chosen = chosen
        self.path: tuple[str, ...] = ()
        self.example: Any = None
        self.names: Sequence[str] = ()  # the settings that there are beside it
        self.of_key = bool(location) and location[-1] == KEY
        annotation: Any = model
        for part in location[:-1] if self.of_key else location:
            annotation = self._step(annotation, str(part))

    def _step(self, annotation: Any, part: str) -> Any:
        """Go one part deeper."""
        models = list(_models(annotation))
        listed = next(_listed(annotation), None)
        if listed is not None and part.isdigit():
            return self._into_list(listed, int(part))
        self.path += (part,)
        self.names = [name for each in models for name in each.model_fields]
        field = next((each.model_fields[part] for each in models if part in each.model_fields), None)
        if field is None:
            return self._into_value(annotation)
        known = self._into_field(field)
        return self._chosen.get(part) or known

    def _into_field(self, field: FieldInfo) -> Any:
        self.example = field.examples[0] if field.examples else None
        return field.annotation

    def _into_list(self, listed: Any, index: int) -> Any:
        """Go to one of several values; people count from 1."""
        self.path += (str(index + 1),)
        self.names = ()
        self.example = next(iter(self.example or ()), None)
        return listed

    def _into_value(self, annotation: Any) -> Any:
        """Go into a mapping, whose example is one of a name and its value; there is no example beyond."""
        value = next(_values(annotation), None)
        if value is None or not isinstance(self.example, dict):
            self.example = None
        else:
            self.example = next(iter(self.example if self.of_key else self.example.values()), None)
        return value


def _members(annotation: Any) -> Iterator[Any]:
    """Yield the types that an annotation allows, without what is around them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from _members(each)
    else:
        yield annotation


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    for each in _members(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel):
            yield each


def _values(annotation: Any) -> Iterator[Any]:
    """Yield the types of the values of a mapping."""
    for each in _members(annotation):
        if get_origin(each) is dict:
            yield get_args(each)[1]


def _listed(annotation: Any) -> Iterator[Any]:
    """Yield the types of what a list holds."""
    for each in _members(annotation):
        if get_origin(each) in (list, tuple):
            yield get_args(each)[0]


def _shown(example: Any) -> str:
    """Return the example as one writes it in YAML."""
    if isinstance(example, dict):
        return "{" + ", ".join(f"{name}: {_shown(value)}" for name, value in example.items()) + "}"
    if isinstance(example, list):
        return "[" + ", ".join(map(_shown, example)) + "]"
    if isinstance(example, bool):
        return str(example).lower()
    return f'"{example}"' if isinstance(example, str) and example.isdigit() else str(example)


# The sentences


def _sentence(kind: str, error: Details, place: _Place) -> str:
    explain = _SENTENCES.get(kind, "cannot be used")
    return explain if isinstance(explain, str) else explain(error, place)


def _own_words(error: Details, place: _Place) -> str:
    """Return what one of our own validators says."""
    return str(error["ctx"]["error"])


def _no_such_setting(error: Details, place: _Place) -> str:
    close = get_close_matches(place.path[-1], place.names, n=1)
    if close:
        return f"there is no such setting; did you mean {close[0]}?"
    return f"there is no such setting; those here are {', '.join(place.names)}"


def _not_text(error: Details, place: _Place) -> str:
    value, what = error.get("input"), "a name" if place.of_key else "a value"
    if isinstance(value, bool):
        return f"{what} like yes, no, true or false must be in quotes"
    if isinstance(value, int | float):
        return f"{what} of digits must be in quotes"
    return "is empty" if value is None else "must be a text, in quotes if it looks like something else"


def _choices(error: Details, place: _Place) -> str:
    """Name all choices. pydantic gives them as `'a', 'b' or 'c'`."""
    listed = str(error["ctx"]["expected"]).replace(" or ", ", ").replace("'", "").split(", ")
    close = get_close_matches(str(error.get("input")), listed, n=1) if len(listed) > 1 else []
    return f"must be {_one_of(listed)}" + (f"; did you mean {close[0]}?" if close else "")


def _connectors(error: Details, place: _Place) -> str:
    listed = str(error["ctx"]["expected_tags"]).replace("'", "").split(", ")
    return f"name must be {_one_of(listed)}"


def _one_of(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _not_a_mapping(error: Details, place: _Place) -> str:
    if error.get("input") is None:
        return "is empty" if place.path else "the file is empty"
    return "must hold settings of its own, each on a line `name: value`"


def _pattern(error: Details, place: _Place) -> str:
    return PATTERNS.get(error["ctx"]["pattern"], "is not written like the example")


def _limit(words: str, name: str) -> Callable[[Details, _Place], str]:
    return lambda error, _place: f"{words} {error['ctx'][name]}"


_NOT_A_NUMBER = "must be a whole number"
_NOT_A_LIST = "must be a list, in square brackets or each on a line after a hyphen"
_NOT_A_DATE = "must be a date, written as year-month-day"
_NOT_AN_ADDRESS = "must be a web address with https:// or http://"

_SENTENCES: Mapping[str, str | Callable[[Details, _Place], str]] = {
    "missing": "is missing",
    "extra_forbidden": _no_such_setting,
    "invalid_key": "the names of settings must be text",
    "value_error": _own_words,
    "string_type": _not_text,
    "string_too_short": "is empty",
    "string_too_long": lambda error, _place: f"must not be longer than {error['ctx']['max_length']} characters",
    "string_pattern_mismatch": _pattern,
    "enum": _choices,
    "literal_error": _choices,
    "union_tag_invalid": _connectors,
    "union_tag_not_found": "name is missing",
    "uuid_type": "must be an id as Pleo shows it",
    "uuid_parsing": "must be an id as Pleo shows it",
    "model_type": _not_a_mapping,
    "model_attributes_type": _not_a_mapping,
    "dict_type": _not_a_mapping,
    "int_type": _NOT_A_NUMBER,
    "int_parsing": _NOT_A_NUMBER,
    "int_parsing_size": "is too large",
    "int_from_float": _NOT_A_NUMBER,
    "finite_number": _NOT_A_NUMBER,
    "greater_than_equal": _limit("must not be less than", "ge"),
    "greater_than": _limit("must be more than", "gt"),
    "less_than_equal": _limit("must not be more than", "le"),
    "less_than": _limit("must be less than", "lt"),
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": _NOT_A_LIST,
    "tuple_type": _NOT_A_LIST,
    "date_type": _NOT_A_DATE,
    "date_from_datetime_parsing": _NOT_A_DATE,
    "date_from_datetime_inexact": _NOT_A_DATE,
    "url_type": _NOT_AN_ADDRESS,
    "url_parsing": _NOT_AN_ADDRESS,
    "url_scheme": _NOT_AN_ADDRESS,
    "url_too_long": "is too long for an address",
}
# Where the field's example would not help: there is no such field, or the choices are named already.
_WITHOUT_EXAMPLE = frozenset({"extra_forbidden", "enum", "literal_error", "union_tag_invalid", "union_tag_not_found"})
