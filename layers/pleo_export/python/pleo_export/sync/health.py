"""Mapping health: whether the ledger still takes what the settings and Pleo use. Pure: facts in, findings out.

A finding names codes and places, never a person, an amount or a text of an expense. What could not be read yields no
finding about its elements, only one that says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from pleo_export.accounting.lists import DimensionValue, LedgerAccount, LedgerTaxCode
from pleo_export.accounting.port import PeriodState
from pleo_export.failures import mapping as texts
from pleo_export.failures.entry import FailureEntry, WhoCanFix
from pleo_export.sync.standing import Standing

UNUSED_GRANT = timedelta(days=45)  # most providers end a grant that was not used for 60 to 90 days
_MOST_PLACES = 3
T = TypeVar("T")
Places = Mapping[tuple["MappedKind", str, str], set[str]]


class MappedKind(StrEnum):
    """What is used: each is looked for in a list of its own."""

    ACCOUNT = "account"
    TAX_CODE = "tax code"
    TAG = "tag"
    SUPPLIER = "supplier"
    EMPLOYEE = "employee"


@dataclass(frozen=True, slots=True)
class MappedUse:
    """A code that is used at one place. `within`: of a tag the ledger's name of its dimension, of a tax code the
    account that it is used on (empty where any). An employee, and a supplier without a number, has `of expense <entry
    id>` as code. `place` is for people: `the setting accounts.payables`."""

    kind: MappedKind
    code: str
    place: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class GrantFact:
    """The access to one system, `system` as people call it. `unused_for`: how long its tokens have been over."""

    system: str
    ended: bool = False
    unused_for: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class UnreadList:
    """A list that the credential may not read."""

    what: str
    system: str


@dataclass(frozen=True)
class MappingFacts:
    """What the ledger and Pleo hold. `ledger` is the ledger's title.

    None for a list, and no key for a dimension or a party, means that nothing is known, so nothing is found; None for a
    dimension means that the ledger does not have it. `bookable` is the ledger's own answer whether an account can be
    booked on, which decides; the list says why it cannot. `subscription`: None where Pleo delivers, else what is wrong.
    """

    ledger: str
    bookable: Mapping[str, bool] = field(default_factory=dict)
    accounts: Sequence[LedgerAccount] | None = None
    tax_codes: Sequence[LedgerTaxCode] | None = None
    dimensions: Mapping[str, Sequence[DimensionValue] | None] = field(default_factory=dict)
    parties: Mapping[tuple[MappedKind, str], Standing] = field(default_factory=dict)
    periods: Mapping[date, PeriodState] = field(default_factory=dict)
    subscription: str | None = None
    grants: Sequence[GrantFact] = ()
    unread: Sequence[UnreadList] = ()


@dataclass(frozen=True, slots=True)
class MappingFinding:
    """One thing to put right. `key` names it the same every night, `code` its entry of the failure catalogue."""

    key: str
    code: str
    told: str
    who: WhoCanFix


def findings(used: Iterable[MappedUse], facts: MappingFacts, support: str) -> tuple[MappingFinding, ...]:
    """Return what a person has to put right, each once, in an order that depends on nothing but what is found."""
    places: dict[tuple[MappedKind, str, str], set[str]] = defaultdict(set)
    for each in used:
        places[each.kind, each.code, each.within].add(each.place)
    found = [
        *_of_connection(facts, support),
        *_of_accounts(places, facts, support),
        *_of_tax_codes(places, facts, support),
        *_of_tags(places, facts, support),
        *_of_parties(places, facts, support),
    ]
    return tuple({each.key: each for each in found}.values())


def account_standing(code: str, accounts: Iterable[LedgerAccount]) -> Standing:
    """Return whether an account of this code can be booked on. A closed one beside one in use does not count."""
    return _standing(
        [each for each in accounts if each.code == code], lambda each: each.active, lambda each: each.postable
    )


def tax_code_standing(code: str, tax_codes: Iterable[LedgerTaxCode]) -> Standing:
    """Return whether a tax code can be used."""
    return _standing([each for each in tax_codes if each.code == code], lambda each: each.active)


def tag_standing(code: str, values: Iterable[DimensionValue]) -> Standing:
    """Return whether a tag names a value that can be used: by its code, else by its name, as some ledgers do."""
    values = list(values)
    named = [each for each in values if each.code == code] or [
        each for each in values if each.name.casefold() == code.casefold()
    ]
    return _standing(named, lambda each: each.active)


def _standing(found: Sequence[T], active: Callable[[T], bool], takes: Callable[[T], bool] = bool) -> Standing:
    in_use = [each for each in found if active(each)]
    postable = [each for each in in_use if takes(each)]
    if postable:
        return Standing.USABLE if len(postable) == 1 else Standing.SEVERAL
    if in_use:
        return Standing.NOT_POSTABLE
    return Standing.CLOSED if found else Standing.MISSING


_ACCOUNT: Mapping[Standing, FailureEntry] = {
    Standing.MISSING: texts.ACCOUNT_GONE,
    Standing.CLOSED: texts.ACCOUNT_CLOSED,
    Standing.NOT_POSTABLE: texts.ACCOUNT_NOT_POSTABLE,
    Standing.SEVERAL: texts.ACCOUNT_SEVERAL,
}
_TAX_CODE: Mapping[Standing, FailureEntry] = {
    Standing.MISSING: texts.TAX_CODE_GONE,
    Standing.CLOSED: texts.TAX_CODE_CLOSED,
    Standing.SEVERAL: texts.TAX_CODE_SEVERAL,
}
_TAG: Mapping[Standing, FailureEntry] = {
    Standing.MISSING: texts.TAG_GONE,
    Standing.CLOSED: texts.TAG_CLOSED,
    Standing.SEVERAL: texts.TAG_SEVERAL,
}
_PARTY: Mapping[Standing, FailureEntry] = {
    Standing.MISSING: texts.PARTY_GONE,
    Standing.CLOSED: texts.PARTY_CLOSED,
    Standing.SEVERAL: texts.PARTY_SEVERAL,
}
_DAY: Mapping[PeriodState, FailureEntry] = {
    PeriodState.CLOSED: texts.DAY_CLOSED,
    PeriodState.NONE: texts.DAY_WITHOUT_PERIOD,
}


OF_CONNECTION = frozenset(each.code for each in (texts.ACCESS_ENDED, texts.ACCESS_UNUSED, texts.NO_SUBSCRIPTION))
"""The codes of findings that are about the connection itself, not about what is used of the ledger."""


def _of_connection(facts: MappingFacts, support: str) -> Iterator[MappingFinding]:
    for grant in facts.grants:
        if grant.ended:
            yield _finding(texts.ACCESS_ENDED, grant.system, support, system=grant.system)
        elif grant.unused_for > UNUSED_GRANT:
            days = grant.unused_for.days
            yield _finding(texts.ACCESS_UNUSED, grant.system, support, system=grant.system, days=days)
    if facts.subscription is not None:
        yield _finding(texts.NO_SUBSCRIPTION, "webhook", support, state=facts.subscription)
    for each in facts.unread:
        yield _finding(texts.LIST_NOT_READ, f"{each.what} {each.system}", support, what=each.what, system=each.system)
    for on, state in sorted(facts.periods.items()):
        if state in _DAY:
            yield _finding(_DAY[state], f"{on:%Y-%m}", support, ledger=facts.ledger, on=on)  # told once a month


def _of_accounts(places: Places, facts: MappingFacts, support: str) -> Iterator[MappingFinding]:
    for code, _, where in _of(MappedKind.ACCOUNT, places):
        entry = _ACCOUNT.get(_account(code, facts))
        if entry is not None:
            yield _finding(entry, code, support, ledger=facts.ledger, account=code, where=where)


def _account(code: str, facts: MappingFacts) -> Standing:
    bookable = facts.bookable.get(code)
    if bookable:
        return Standing.USABLE
    listed = Standing.USABLE if facts.accounts is None else account_standing(code, facts.accounts)
    return Standing.NOT_POSTABLE if listed is Standing.USABLE and bookable is False else listed


def _of_tax_codes(places: Places, facts: MappingFacts, support: str) -> Iterator[MappingFinding]:
    if facts.tax_codes is None:
        return
    for code, account, where in _of(MappedKind.TAX_CODE, places):
        standing = tax_code_standing(code, facts.tax_codes)
        if standing in _TAX_CODE:
            yield _finding(_TAX_CODE[standing], code, support, ledger=facts.ledger, code=code, where=where)
        elif account and not _allowed(code, account, facts.tax_codes):
            values = {"ledger": facts.ledger, "code": code, "account": account, "where": where}
            yield _finding(texts.TAX_CODE_NOT_ALLOWED, f"{code} {account}", support, **values)


def _allowed(code: str, account: str, tax_codes: Iterable[LedgerTaxCode]) -> bool:
    limits = (each.allowed_accounts for each in tax_codes if each.code == code and each.active)
    return any(each is None or account in each for each in limits)


def _of_tags(places: Places, facts: MappingFacts, support: str) -> Iterator[MappingFinding]:
    for code, wanted, where in _of(MappedKind.TAG, places):
        if wanted not in facts.dimensions:
            continue
        values = facts.dimensions[wanted]
        if values is None:
            yield _finding(texts.TAG_GROUP_GONE, wanted, support, ledger=facts.ledger, wanted=wanted, where=where)
        elif code and (entry := _TAG.get(tag_standing(code, values))):
            told = {"ledger": facts.ledger, "tag": code, "wanted": wanted, "where": where}
            yield _finding(entry, f"{wanted} {code}", support, **told)


def _of_parties(places: Places, facts: MappingFacts, support: str) -> Iterator[MappingFinding]:
    for kind in MappedKind.SUPPLIER, MappedKind.EMPLOYEE:
        for code, _, where in _of(kind, places):
            entry = _PARTY.get(facts.parties.get((kind, code), Standing.USABLE))
            if entry is not None:
                told = {"ledger": facts.ledger, "party": kind.value, "code": code, "where": where}
                yield _finding(entry, f"{kind.value} {code}", support, **told)


def _of(kind: MappedKind, places: Places) -> Iterator[tuple[str, str, str]]:
    """Yield the codes of that kind in their order, what each is within, and the places that use it, as text."""
    for (each, code, within), where in sorted(places.items()):
        if each is kind:
            named = sorted(where)
            more = f" and {len(named) - _MOST_PLACES} more" if len(named) > _MOST_PLACES else ""
            yield code, within, ", ".join(named[:_MOST_PLACES]) + more


def _finding(entry: FailureEntry, key: str, support: str, **values: object) -> MappingFinding:
    return MappingFinding(f"{entry.code} {key}", entry.code, entry.told(**values).text(support), entry.who)
