"""What the old API takes as a new supplier."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ledger_simulators.economic.chart import Supplier
from ledger_simulators.economic.ledger import EconomicLedger
from ledger_simulators.economic.problems import Problem

_LENGTHS = {"name": 255, "corporateIdentificationNumber": 40, "country": 50, "currency": 3, "bankAccount": 50}
_KNOWN = {*_LENGTHS, "supplierNumber", "supplierGroup", "paymentTerms", "vatZone", "barred"}
_HIGHEST = 999_999_999


def new_supplier(ledger: EconomicLedger, sent: dict[str, Any]) -> Supplier:
    """Make a supplier, with the next number where none is sent. Raises Problem."""
    _check_schema(sent)
    choices: dict[tuple[str, str], Collection[int]] = {
        ("supplierGroup", "supplierGroupNumber"): ledger.groups,
        ("paymentTerms", "paymentTermsNumber"): ledger.payment_terms,
        ("vatZone", "vatZoneNumber"): ledger.vat_zones,
    }
    for (name, inner), known in choices.items():
        if not isinstance(sent[name], dict) or sent[name].get(inner) not in known:
            raise _wrong(f"{name} does not exist")
    number = sent.get("supplierNumber") or max(ledger.suppliers, default=0) + 1
    if not isinstance(number, int) or not 1 <= number <= _HIGHEST:
        raise _wrong(f"Integer {number} is not between 1 and {_HIGHEST}.")
    if number in ledger.suppliers:
        raise _wrong("A supplier with this number already exists.")
    made = Supplier(
        number,
        sent["name"],
        sent["supplierGroup"]["supplierGroupNumber"],
        sent["currency"],
        sent.get("corporateIdentificationNumber"),
        sent.get("bankAccount"),
        bool(sent.get("barred")),
        sent.get("country"),
    )
    ledger.suppliers[number] = made
    return made


def _check_schema(sent: dict[str, Any]) -> None:
    if unknown := sent.keys() - _KNOWN:
        raise _wrong(f"Property '{min(unknown)}' has not been defined and the schema does not allow it")
    for name in ("name", "currency", "supplierGroup", "paymentTerms", "vatZone"):
        if not sent.get(name):
            raise _wrong(f"Required properties are missing from object: {name}.")
    for name, most in _LENGTHS.items():
        value = sent.get(name, "")
        if not isinstance(value, str) or len(value) > most:
            raise _wrong(f"String '{name}' exceeds maximum length of {most}.")
        if "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
            raise _wrong("The body is not valid JSON")


def _wrong(message: str) -> Problem:
    return Problem(400, message, "E04300")
