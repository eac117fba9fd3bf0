"""Filters as Xero reads them, with its trap: a method of an empty field fails."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ledger_simulators.xero.where import WhereUnreadable, parse_where

ROW: dict[str, Any] = {
    "Reference": "pleo:1",
    "Narration": 'Lunch "at" Pret | pleo:1',
    "Empty": "",
    "Date": date(2026, 2, 10),
    "Total": Decimal("48.00"),
    "IsReconciled": False,
    "Contact": {"ContactID": "5c1d0000-0000-0000-0000-0000000000e1"},
}


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        ('Reference=="pleo:1"', True),
        ('Reference == "pleo:2" OR Reference == "pleo:1"', True),
        ('Reference=="pleo:1" AND Total>48', False),
        ('Reference=="pleo:1" AND (Total>48 OR Total<=48.00)', True),
        ('Reference!="pleo:1" || IsReconciled==false', True),
        ('Narration.Contains("at") && Narration.EndsWith("pleo:1")', True),
        (r'Narration.Contains("\"at\"")', True),
        ('Narration.StartsWith("Dinner")', False),
        ("Date>=DateTime(2026,02,10) AND Date<=DateTime(2026,02,10)", True),
        ("Date>DateTime(2026,02,10)", False),
        ('Contact.ContactID==Guid("5C1D0000-0000-0000-0000-0000000000e1")', True),
        ("Empty==null", True),
        ('Empty!=null AND Empty.Contains("x")', False),
    ],
)
def test_a_filter_selects_as_xero_does(where: str, fits: bool) -> None:
    assert parse_where(where)(ROW) is fits


@pytest.mark.parametrize(
    "where",
    [
        'Empty.Contains("x")',
        'Refrence=="x"',
        'Reference=="x" OR',
        '(Reference=="x"',
        'Reference~"x"',
        'Reference=="x" Total>1',
    ],
    ids=["method of an empty field", "no such field", "no second clause", "open bracket", "operator", "no AND"],
)
def test_what_xero_cannot_read_is_refused(where: str) -> None:
    with pytest.raises(WhereUnreadable):
        parse_where(where)(ROW)
