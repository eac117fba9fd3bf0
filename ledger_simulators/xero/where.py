"""Xero's `where` filters, as far as integrations use them.

`Reference=="a" OR (Type=="SPEND" AND Date>=DateTime(2026,02,01))`, and `.Contains`, `.StartsWith` and `.EndsWith`.
Xero fails on a method of an empty field, so such a clause needs `Field!=null AND` before it; so does this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*") | (?P<number>-?\d+(?:\.\d+)?) | (?P<op>==|!=|>=|<=|&&|\|\||[=><(),.])
        | (?P<word>[A-Za-z_][A-Za-z_0-9]*)
    )""",
    re.VERBOSE,
)
_METHODS: dict[str, Callable[[str, str], bool]] = {
    "Contains": lambda held, part: part in held,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda one, other: bool(one == other),
    "=": lambda one, other: bool(one == other),
    "!=": lambda one, other: bool(one != other),
    ">=": lambda one, other: bool(one >= other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    "<": lambda one, other: bool(one < other),
}


class WhereUnreadable(Exception):
    """The filter cannot be parsed, or fails on a row."""


def parse_where(text: str) -> Test:
    """Return the test that a row has to pass. Raises WhereUnreadable."""
    tokens = list(_tokens(text))
    parser = _Parser(tokens)
    test = parser.either()
    if parser.left():
        raise WhereUnreadable(f"unexpected {parser.peek()}")
    return test


def _tokens(text: str) -> Iterator[str]:
    position = 0
    text = text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise WhereUnreadable(f"No property or field at {position}")
        position = found.end()
        yield found[0].strip()


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def left(self) -> bool:
        return self._at < len(self._tokens)

    def peek(self) -> str:
        return self._tokens[self._at] if self.left() else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if not token or (expected is not None and token != expected):
            raise WhereUnreadable(f"expected {expected or 'more'}, not {token or 'the end'}")
        self._at += 1
        return token

    def either(self) -> Test:
        tests = [self.both()]
        while self.peek().upper() in ("OR", "||"):
            self.take()
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def both(self) -> Test:
        tests = [self.clause()]
        while self.peek().upper() in ("AND", "&&"):
            self.take()
            tests.append(self.clause())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def clause(self) -> Test:
        if self.peek() == "(":
            self.take()
            test = self.either()
            self.take(")")
            return test
        path = [self.take()]
        while self.peek() == ".":
            self.take()
            path.append(self.take())
        if self.peek() == "(" and path[-1] in _METHODS:
            self.take()
            part = self.value()
            self.take(")")
            return _method(path[:-1], path[-1], str(part))
        operator = self.take()
        if operator not in _COMPARE:
            raise WhereUnreadable(f"no operator {operator}")
        return _comparison(path, operator, self.value())

    def value(self) -> Any:
        token = self.take()
        if token.startswith('"'):
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if token.lower() in ("null", "true", "false"):
            return {"null": None, "true": True, "false": False}[token.lower()]
        if token.lower() == "guid" or token == "DateTime":
            self.take("(")
            parts = [self.value()]
            while self.peek() == ",":
                self.take()
                parts.append(self.value())
            self.take(")")
            return date(*(int(part) for part in parts[:3])) if token == "DateTime" else str(parts[0]).lower()
        try:
            return Decimal(token)
        except ArithmeticError:
            raise WhereUnreadable(f"no value {token}") from None


def _field(row: Row, path: list[str]) -> Any:
    value: Any = row
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            raise WhereUnreadable(f"No property or field '{name}' exists in type")
        value = value[name]
    return value if value != "" else None


def _method(path: list[str], method: str, part: str) -> Test:
    def test(row: Row) -> bool:
        held = _field(row, path)
        if held is None:
            raise WhereUnreadable("Object reference not set to an instance of an object.")
        return _METHODS[method](str(held), part)

    return test


def _comparison(path: list[str], operator: str, value: Any) -> Test:
    def test(row: Row) -> bool:
        held = _field(row, path)
        if held is None or value is None:
            return (operator == "!=") != (held is value)
        return _COMPARE[operator](held, value)

    return test
