"""Which currencies are counted in hundredths: those of ISO 4217 that have two decimals, and no other."""

from __future__ import annotations

from iso4217 import Currency

from pleo_export.bookkeeping.money import NOT_IN_HUNDREDTHS

WITHDRAWN = {"BYR"}  # of no decimals; replaced in 2016
OF_PLEO = {"UNDEFINED"}


def test_the_currencies_without_two_decimals_are_those_of_iso_4217() -> None:
    other = {currency.code for currency in Currency if currency.exponent != 2}

    assert other | WITHDRAWN | OF_PLEO == NOT_IN_HUNDREDTHS


def test_most_currencies_have_two_decimals() -> None:
    two = {currency.code for currency in Currency if currency.exponent == 2}

    assert {"GBP", "EUR", "DKK", "SEK", "NOK", "USD", "PLN"} <= two
    assert not two & NOT_IN_HUNDREDTHS
