"""The filter language of e-conomic (`name$eq:Joe$and:(city$like:*port$or:age$lt:40)`), and its pages by cursor."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from ledger_simulators.economic.problems import Problem

PAGE = 1000
MOST_VALUES = 200  # of `$in:`
Row = dict[str, Any]
Test = Callable[[Row], bool]
NULL = "$null:"

_ESCAPED = re.compile(r"\$([$()*,\[\]])")
_OPERATOR = re.compile(r"([A-Za-z][A-Za-z0-9.]*)\$(eq|ne|gte|gt|lte|lt|like|nin|in):")
# A value ends before `$and:`, `$or:`, or a bracket that is not escaped.
_VALUE = re.compile(r"(?:\$[$()*,\[\]]|\$null:|[^$()])*")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dt.*")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": eq,
    "ne": ne,
    "lt": lt,
    "lte": le,
    "gt": gt,
    "gte": ge,
}
COMPARABLE = frozenset({"eq", "ne", "lt", "lte", "gt", "gte", "in", "nin"})
ORDERED = frozenset({"eq", "ne", "lt", "lte", "gt", "gte"})
TEXT = ORDERED | {"like"}
EQUAL = frozenset({"eq", "ne"})


def rows(
    found: Sequence[Row], key: str, allowed: Mapping[str, frozenset[str]], filter_: str, cursor: str | None
) -> Row:
    """Answer one page: `{"items": [..], "cursor": ".."}`, without a cursor at the end. Raises Problem for a filter that
    the collection does not take."""
    begin = int(cursor) if cursor and cursor.isdigit() else None
    chosen = sorted(select(found, allowed, filter_), key=lambda row: row[key])
    waiting = [row for row in chosen if begin is None or row[key] >= begin]
    answer: Row = {"items": waiting[:PAGE]}
    if len(waiting) > PAGE:
        answer["cursor"] = str(waiting[PAGE][key])
    return answer


def select(found: Sequence[Row], allowed: Mapping[str, frozenset[str]], filter_: str) -> list[Row]:
    """Return the rows that the filter lets through. Raises Problem."""
    if not filter_:
        return list(found)
    test = _Parser(filter_, allowed).whole()
    return [row for row in found if test(row)]


@dataclass
class _Parser:
    text: str
    allowed: Mapping[str, frozenset[str]]
    at: int = 0

    def whole(self) -> Test:
        test = self._any()
        if self.at != len(self.text):
            raise _bad(f"Filter could not be parsed at position {self.at}")
        return test

    def _any(self) -> Test:
        tests = [self._all()]
        while self._skip("$or:"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._skip("$and:"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._skip("("):
            test = self._any()
            if not self._skip(")"):
                raise _bad("A bracket is not closed")
            return test
        found = _OPERATOR.match(self.text, self.at)
        if found is None:
            raise _bad(f"Filter could not be parsed at position {self.at}")
        name, operator = found.groups()
        if name not in self.allowed:
            raise _bad(f"Filtering is not allowed on property '{name}'")
        if operator not in self.allowed[name]:
            raise _bad(f"Operator ${operator}: not supported on property {name}")
        self.at = found.end()
        if operator in ("in", "nin"):
            return self._listed(name, operator)
        return _comparison(name, operator, self._value())

    def _listed(self, name: str, operator: str) -> Test:
        end = self.text.find("]", self.at)
        if not self.text.startswith("[", self.at) or end < 0:
            raise _bad(f"Operator ${operator}: takes a list in brackets")
        values = self.text[self.at + 1 : end].split(",")
        self.at = end + 1
        if len(values) > MOST_VALUES:
            raise _bad(f"Operator ${operator}: takes at most {MOST_VALUES} values")
        wanted = operator == "in"
        tests = [_comparison(name, "eq", value) for value in values]
        return lambda row: any(test(row) for test in tests) is wanted

    def _value(self) -> str:
        value = "".join(found[0] for found in [_VALUE.match(self.text, self.at)] if found)
        self.at += len(value)
        return value

    def _skip(self, token: str) -> bool:
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True


def _comparison(name: str, operator: str, raw: str) -> Test:
    """Return the test of one property. What it compares with is read once, not for each row."""
    if raw == NULL:
        return lambda row: (row.get(name) is None) is (operator == "eq")
    if operator == "like":
        matches = _pattern(raw).fullmatch
        return lambda row: (held := row.get(name)) is not None and matches(str(held)) is not None
    wanted, compare = _ESCAPED.sub(r"\1", raw), _COMPARE[operator]

    def test(row: Row) -> bool:
        held = row.get(name)
        return operator == "ne" if held is None else compare(*_comparable(held, wanted))

    return test


def _comparable(held: Any, wanted: str) -> tuple[Any, Any]:
    if isinstance(held, bool):
        return str(held).lower(), wanted.lower()
    if isinstance(held, int | Decimal | float):
        try:
            return Decimal(str(held)), Decimal(wanted)
        except InvalidOperation:
            raise _bad(f"'{wanted}' is not a number") from None
    text = str(held).casefold()
    if len(wanted) == len("2026-01-01") and _MOMENT.fullmatch(text):
        text = text[: len(wanted)]
    return text, wanted.casefold()


def _pattern(raw: str) -> re.Pattern[str]:
    """Return what a `$like:` finds; one without a wildcard is found anywhere in the text."""
    parts: list[str] = []
    wild, at = False, 0
    while at < len(raw):
        if raw[at] == "$" and at + 1 < len(raw):
            parts.append(re.escape(raw[at + 1]))
            at += 2
            continue
        wild |= raw[at] == "*"
        parts.append(".*" if raw[at] == "*" else re.escape(raw[at]))
        at += 1
    text = "".join(parts)
    return re.compile(text if wild else f".*{text}.*", re.IGNORECASE | re.DOTALL)


def _bad(message: str) -> Problem:
    return Problem(400, message, "BadFilterRequest")
