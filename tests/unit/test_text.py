"""Text from outside: what is taken out of it, and what stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pleo_export.pleo.strict_json import parse
from pleo_export.text import LONGEST_CODE, clean, clean_code, shorten, without_surrogates


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Team lunch \ud83d", "Team lunch"),
        ("a\x00b\nc\td", "a b c d"),
        ("\u202etxt\u202c \u2060\ufeffend", "txt end"),
        ("soft\u00adware", "software"),
        ("\u200b\u200d\u2060", ""),
        ("family \U0001f468\u200d\U0001f469\u200d\U0001f467", "family \U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("cut in a joined emoji \U0001f468\u200d", "cut in a joined emoji \U0001f468"),
        ("", ""),
        (None, ""),
    ],
)
def test_what_people_read_keeps_what_can_be_seen(text: str | None, cleaned: str) -> None:
    assert clean(text) == cleaned
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("code", "cleaned"),
    [
        ("V-1001\u0000", "V-1001"),
        ("V-10\u0000\u200b01", "V-1001"),
        (" \tV 10\ud83d\u200d ", "V 10"),
        ("\u0000\u200b\u2028 ", None),
        ("", None),
        (None, None),
    ],
)
def test_a_code_loses_everything_that_cannot_be_seen(code: str | None, cleaned: str | None) -> None:
    assert clean_code(code) == cleaned


def test_given_a_code_longer_than_any_then_it_is_cut_so_that_nothing_is_found_by_it() -> None:
    longest = "9" * LONGEST_CODE
    assert clean_code(longest) == longest
    cut = clean_code(longest + "9")
    assert cut is not None
    assert (len(cut), cut[-1]) == (LONGEST_CODE, "…")


def test_given_a_text_that_fits_then_it_is_not_shortened() -> None:
    assert [shorten(text, 4) for text in ("abcd", "abcde", "ab cd")] == ["abcd", "abc…", "ab…"]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (rb'{"note": "half \ud83d", "x": [{"a": "\ud83d\ude00"}]}', {"note": "half ", "x": [{"a": "\U0001f600"}]}),
        (b'{"note": "half \xed\xa0\xbd"}', {"note": "half "}),
        (b'["\xc3\xa6\xc3\xb8", 1, null, true]', ["\u00e6\u00f8", 1, None, True]),
    ],
)
def test_given_half_an_emoji_in_an_answer_then_the_rest_is_read_and_can_be_stored(sent: bytes, read: Any) -> None:
    answer = parse(sent)
    assert answer == read
    assert json.dumps(answer, ensure_ascii=False).encode()


@pytest.mark.parametrize("number", ["1E999999999999999999999", "9" * 5000, "-" + "9" * 5000])
def test_given_a_number_beyond_any_amount_then_the_rest_of_the_answer_is_read(number: str) -> None:
    assert parse(f'{{"value": {number}, "next": 5}}'.encode()) == {"value": number, "next": 5}


def test_given_a_key_with_half_an_emoji_then_it_takes_no_other_field_s_place() -> None:
    assert without_surrogates({"type": "fee", "type\ud83d": "refund"}) == {"type": "fee"}
