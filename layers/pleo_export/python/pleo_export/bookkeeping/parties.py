"""The party that an item is owed to: what to ask the accounting system, and what its answer means (R-5a)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pleo_export.bookkeeping.documents import Party, PartyRole
from pleo_export.bookkeeping.export_item import ExportItem
from pleo_export.bookkeeping.rules import (
    HELD_BY_EMPLOYEE,
    ONLY_WITH_VENDOR,
    Method,
    journal_rule,
    method_for,
    payable_rule,
    stated_method,
)
from pleo_export.bookkeeping.settings import BookkeepingSettings, LegacyVendors
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.entry import FailureText
from pleo_export.failures.setup import (
    EMPLOYEE_WITHOUT_CODE,
    NO_BILLS,
    NO_BILLS_BY_DEFAULT,
    PARTY_AMBIGUOUS,
    PARTY_BLOCKED,
    PARTY_UNKNOWN,
    VENDOR_MISSING,
    VENDOR_WITHOUT_CODE,
)
from pleo_export.text import LONGEST_CODE, clean, shorten

__all__ = [
    "Ambiguous",
    "Blocked",
    "KeyKind",
    "NotFound",
    "Party",
    "PartyKey",
    "PartyMatch",
    "PartyQuery",
    "holder",
    "party_query",
    "resolve_party",
    "tax_number",
]


class KeyKind(StrEnum):
    """What a party is searched by."""

    EXTERNAL_ID = "external id"  # the accounting system's own id, from when its suppliers were copied to Pleo
    CODE = "code"  # supplier number or employee number
    ACCOUNT = "account"  # the supplier's account number
    TAX_NUMBER = "tax number"  # in the form of `tax_number`


class PartyKey(NamedTuple):
    """One value to search by; an empty one is never asked for."""

    kind: KeyKind
    value: str


@dataclass(frozen=True, slots=True)
class PartyQuery:
    """A question to the accounting system.

    The first of `keys` that matches any record decides: one record is the Party, several are Ambiguous (R-5a.9). If no
    key matches, the answer is NotFound. A record that may not be used is Blocked.

    `name` is for people (`vendor Paper & Pens`, `employee E7`) and never matched. If the party is not `required` and
    not found, the item becomes a journal entry on the accounts of the settings (R-5a.4).
    """

    role: PartyRole
    name: str
    keys: tuple[PartyKey, ...]
    required: bool


@dataclass(frozen=True, slots=True)
class NotFound:
    """No record matches any key."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several records share a key; `names` are theirs in the accounting system."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blocked:
    """The record exists, but nothing may be booked on it; `name` is its name in the accounting system."""

    name: str


PartyMatch = Party | NotFound | Ambiguous | Blocked


_PUNCTUATION = re.compile(r"[\s./\\\u00b7\u2010-\u2015\u2212\uff0d-]+")


def tax_number(text: str) -> str:
    """Return the form in which tax registration numbers are compared: upper case, without spaces, dots, dashes and
    slashes (R-5a.8). Used for both sides: what Pleo gives, and what the accounting system has."""
    return _PUNCTUATION.sub("", text).upper()


def party_query(item: ExportItem, settings: BookkeepingSettings) -> PartyQuery | None:
    """Return whom to ask for before this item can be booked; None if a journal entry needs no party.

    Cash and personal spend are always journal entries, but under accounts payable on the employee's own account, like
    their reimbursements.

    Raises ItemRejected: `vendor_unknown` if accounts payable is demanded and Pleo gives nothing to search by,
    `validation_failure` for an unknown type or method.
    """
    payable_to = _payable_to(item, settings)
    if payable_to is None:
        return None
    role, required = payable_to
    name, keys = _keys(item, role)
    if keys:
        return PartyQuery(role, name, keys, required)
    if required:
        raise _nothing_to_look_for(item, role, name)
    return None


def holder(query: PartyQuery | None, answer: PartyMatch | None) -> Party | None:
    """Return the employee whose money a journal entry moves under accounts payable; None if not found, and for an
    accounting system that keeps no employees. Raises ItemRejected as `resolve_party` does."""
    return resolve_party(query, answer) if query is not None and answer is not None else None


def resolve_party(query: PartyQuery, answer: PartyMatch | None) -> Party | None:
    """Return the party, or None for a journal entry instead.

    Raises ItemRejected: `vendor_unknown` (R-5a.7, R-5a.9), or `invalid_configuration` if the query was not sent because
    the connection does not support suppliers.
    """
    match answer:
        case Party():
            return answer
        case NotFound() if not query.required:
            return None
        case NotFound():
            keys = ", ".join(f"{key.kind} {clean(key.value)}" for key in query.keys)
            raise _unknown(PARTY_UNKNOWN.told(party=query.name, keys=keys))
        case Blocked():
            raise _unknown(PARTY_BLOCKED.told(party=query.name, named=_named(query, answer.name)))
        case Ambiguous():
            raise _unknown(PARTY_AMBIGUOUS.told(party=query.name, named=_named(query, *answer.names)))
        case None:
            raise _nobody_asked(query)


def _payable_to(item: ExportItem, settings: BookkeepingSettings) -> tuple[PartyRole, bool] | None:
    """Return the role, and whether the party is required; None if no party is asked for."""
    rule = journal_rule(item.type, item.sub_type)
    stated = item.bookkeeping.method if item.bookkeeping else None
    if item.type in HELD_BY_EMPLOYEE and stated_method(stated) is Method.ACCOUNTS_PAYABLE:
        return PartyRole.EMPLOYEE, False
    method = method_for(item.type, stated)
    if method is Method.JOURNAL or (item.type in ONLY_WITH_VENDOR and item.vendor is None):
        return None
    role = payable_rule(rule).party
    if method is Method.ACCOUNTS_PAYABLE:
        return role, True
    # Legacy items are matched by their supplier (R-5a.3), which a reimbursement does not have: to keep pocket spend and
    # its reimbursement on one account, both stay journal entries.
    allowed = settings.legacy_vendors is LegacyVendors.ACCOUNTS_PAYABLE and role is PartyRole.SUPPLIER
    return (role, False) if allowed else None


def _keys(item: ExportItem, role: PartyRole) -> tuple[str, tuple[PartyKey, ...]]:
    """Return what people call the party, and the keys in the order of R-5a.8 (vendor), R-5a.3 (supplier), R-5a.16."""
    vendor, supplier, user = item.vendor, item.supplier, item.user
    if role is PartyRole.EMPLOYEE:
        code = user.code if user is not None else None
        return f"employee {code or ''}", _given((KeyKind.CODE, code))
    if vendor is not None:  # then `supplier` is ignored completely (R-5a.6)
        return _vendor_called(vendor.name), _given(
            (KeyKind.EXTERNAL_ID, vendor.external_id),
            (KeyKind.CODE, vendor.code),
            (KeyKind.TAX_NUMBER, tax_number(vendor.tax_registration_number or "")),
        )
    if supplier is not None:
        return _vendor_called(supplier.name), _given(
            (KeyKind.CODE, supplier.code),
            (KeyKind.ACCOUNT, supplier.account),
            (KeyKind.TAX_NUMBER, tax_number(supplier.tax_identifier or "")),
        )
    return "", ()


def _vendor_called(name: str | None) -> str:
    return f"vendor {shorten(name or '', LONGEST_CODE)}".strip()


def _given(*keys: tuple[KeyKind, str | None]) -> tuple[PartyKey, ...]:
    return tuple(PartyKey(kind, value) for kind, value in keys if value)


def _nothing_to_look_for(item: ExportItem, role: PartyRole, name: str) -> ItemRejected:
    if role is PartyRole.EMPLOYEE:
        return _unknown(EMPLOYEE_WITHOUT_CODE.told())
    if item.vendor is None and item.supplier is None:
        return _unknown(VENDOR_MISSING.told())
    return _unknown(VENDOR_WITHOUT_CODE.told(party=name))


def _named(query: PartyQuery, *names: str) -> str:
    """Return what the records are called, of suppliers only: employees are people, and their code says enough."""
    if query.role is PartyRole.EMPLOYEE:
        return ""
    return f" ({' and '.join(clean(name) for name in names)})"


def _nobody_asked(query: PartyQuery) -> ItemRejected:
    entry = NO_BILLS if query.required else NO_BILLS_BY_DEFAULT
    return ItemRejected(ItemFailure.INVALID_CONFIGURATION, entry.told())


def _unknown(told: FailureText) -> ItemRejected:
    return ItemRejected(ItemFailure.VENDOR_UNKNOWN, told)
