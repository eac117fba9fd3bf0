"""`$filter` of OData, as far as Business Central takes it: comparisons joined by and, or, not; three functions.

`or` joins comparisons of one field only, as in the real thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger_simulators.business_central.refusals import Refusal
from ledger_simulators.business_central.store import Row

Predicate = Callable[[Row], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<bare>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?|-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w/]*)|(?P<sign>[(),]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda held, asked: held == asked,
    "ne": lambda held, asked: held != asked,
    "gt": lambda held, asked: held > asked,
    "ge": lambda held, asked: held >= asked,
    "lt": lambda held, asked: held < asked,
    "le": lambda held, asked: held <= asked,
}
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "startswith": lambda held, asked: held.lower().startswith(asked.lower()),
    "endswith": lambda held, asked: held.lower().endswith(asked.lower()),
    "contains": lambda held, asked: asked.lower() in held.lower(),
}


def parse_filter(text: str, properties: frozenset[str]) -> Predicate:
    """Return the test of a filter. Raises Refusal for what is no filter, or names an unknown property."""
    return _Parser(text, properties).whole()


@dataclass(frozen=True)
class _IsOneOf:
    """Whether a property is one of some texts, however many: looked up, not compared one by one."""

    name: str
    texts: frozenset[str]

    def __call__(self, row: Row) -> bool:
        held = row.get(self.name)
        return isinstance(held, str) and held.lower() in self.texts  # without regard to case, as its database does


def _any_of(tests: Sequence[Predicate]) -> Predicate:
    if len(tests) == 1:
        return tests[0]
    texts = [each for each in tests if isinstance(each, _IsOneOf)]
    if len(texts) == len(tests):  # all of one property, as everything that `or` joins
        return _IsOneOf(texts[0].name, frozenset().union(*(each.texts for each in texts)))
    return lambda row: any(each(row) for each in tests)


class _Parser:
    def __init__(self, text: str, properties: frozenset[str]) -> None:
        self._tokens = self._split(text)
        self._properties = properties
        self._next = 0

    def whole(self) -> Predicate:
        test, _ = self._either()
        if self._next != len(self._tokens):
            raise _malformed(f"unexpected '{self._tokens[self._next]}'")
        return test

    def _split(self, text: str) -> list[str]:
        tokens, at = [], 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise _malformed(f"character at {at}")
            tokens.append(found[0].strip())
            at = found.end()
        return tokens

    def _take(self, expected: str | None = None) -> str:
        if self._next >= len(self._tokens):
            raise _malformed("it ends too early")
        token = self._tokens[self._next]
        if expected is not None and token != expected:
            raise _malformed(f"'{expected}' expected before '{token}'")
        self._next += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _either(self) -> tuple[Predicate, frozenset[str]]:
        tests, fields = [], []
        test, used = self._all()
        tests.append(test)
        fields.append(used)
        while self._peek() == "or":
            self._take()
            test, used = self._all()
            tests.append(test)
            fields.append(used)
        if len(set(fields)) > 1:
            raise Refusal(501, "BadRequest_NotSupported", "OR operator on distinct fields is not supported.")
        return _any_of(tests), frozenset().union(*fields)

    def _all(self) -> tuple[Predicate, frozenset[str]]:
        tests, fields = [], frozenset[str]()
        while True:
            test, used = self._one()
            tests.append(test)
            fields |= used
            if self._peek() != "and":
                break
            self._take()
        return (tests[0] if len(tests) == 1 else lambda row: all(each(row) for each in tests)), fields

    def _one(self) -> tuple[Predicate, frozenset[str]]:
        token = self._take()
        if token == "(":
            inner = self._either()
            self._take(")")
            return inner
        if token == "not":
            test, used = self._one()
            return (lambda row: not test(row)), used
        if token in _FUNCTIONS:
            self._take("(")
            field = self._field(self._take())
            self._take(",")
            asked = str(_value(self._take()))
            self._take(")")
            function = _FUNCTIONS[token]
            return (lambda row: function(str(row.get(field, "")), asked)), frozenset({field})
        field = self._field(token)
        compare = _COMPARE.get(operator := self._take())
        if compare is None:
            raise _malformed(f"no comparison after '{field}'")
        value = _value(self._take())
        if operator == "eq" and isinstance(value, str):
            return _IsOneOf(field, frozenset({value.lower()})), frozenset({field})
        return (lambda row: _compared(compare, row.get(field), value)), frozenset({field})

    def _field(self, name: str) -> str:
        if name not in self._properties:
            raise Refusal(400, "BadRequest", f"Could not find a property named '{name}' on the type.")
        return name


def _compared(compare: Callable[[Any, Any], bool], held: Any, asked: Any) -> bool:
    if isinstance(held, str) and isinstance(asked, str):
        return compare(held.lower(), asked.lower())  # its database compares without regard to case
    try:
        return compare(held, asked)
    except TypeError:
        raise _malformed("the value is of another type than the property") from None


def _value(token: str) -> Any:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if token in ("true", "false"):
        return token == "true"
    if re.fullmatch(r"-?\d+(?:\.\d+)?", token):
        return Decimal(token)
    return token


def _malformed(why: str) -> Refusal:
    return Refusal(400, "BadRequest", f"Syntax error in $filter: {why}.")
