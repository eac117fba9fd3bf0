"""Comparing one document of the ledger with what was booked: currency, accounts, amounts, tax codes, date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal

from pleo_export.accounting.port import LedgerDocument
from pleo_export.operations.reconciliation.result import Cause, MismatchReason
from pleo_export.store.booked import BookedAmount, BookedDocument, sums


def mismatches(booked: BookedDocument, held: LedgerDocument, names: Mapping[str, str]) -> Iterator[MismatchReason]:
    """Yield what a person has changed in the ledger since."""
    if held.ref.date != booked.date:
        text = f"{label(held)} is dated {held.ref.date} in the ledger; it was booked on {booked.date}."
        yield MismatchReason(Cause.DATE, text)
    if held.currency != booked.currency:
        text = f"{label(held)} is in {held.currency} in the ledger; it was booked in {booked.currency}."
        yield MismatchReason(Cause.CURRENCY, text)
        return
    there = sums((line.account, line.tax, line.amount) for line in held.lines)
    if there == booked.amounts:
        return
    before, now = _by_account(booked.amounts), _by_account(there)
    if before == now:
        yield from _taxes(booked, there, names)
    else:
        yield from _accounts(booked.currency, before, now, names)


def label(document: LedgerDocument) -> str:
    """Return what people call a document."""
    return document.ref.number or f"Draft {document.ref.id}"


def money(amount: int, currency: str) -> str:
    """Return minor units as people write them: 63.66 GBP."""
    return f"{Decimal(amount).scaleb(-2):,} {currency}"


def _accounts(
    currency: str, before: Mapping[str, int], now: Mapping[str, int], names: Mapping[str, str]
) -> Iterator[MismatchReason]:
    """Yield the amounts that have moved from one account to another, then those that have changed."""
    left = {account: amount for account, amount in before.items() if account not in now}
    arrived = {account: amount for account, amount in now.items() if account not in before}
    for old, amount in list(left.items()):
        new = next((account for account, there in arrived.items() if there == amount), None)
        if new is not None:
            del left[old], arrived[new]
            text = f"{money(amount, currency)} was booked on {_named(old, names)} and is on {_named(new, names)} now."
            yield MismatchReason(Cause.ACCOUNTS, text)
    changed = [account for account in before if account in now and before[account] != now[account]]
    for account in sorted([*left, *arrived, *changed]):
        was, is_now = before.get(account, 0), now.get(account, 0)
        text = (
            f"{money(was, currency)} was booked on {_named(account, names)}; the ledger has {money(is_now, currency)}."
        )
        yield MismatchReason(Cause.AMOUNTS if account in changed else Cause.ACCOUNTS, text)


def _taxes(
    booked: BookedDocument, there: tuple[BookedAmount, ...], names: Mapping[str, str]
) -> Iterator[MismatchReason]:
    for account in sorted(_by_account(there)):
        before, now = _tax_parts(booked.amounts, account), _tax_parts(there, account)
        if before != now:
            was, is_now = (_parts(each, booked.currency) for each in (before, now))
            text = f"On {_named(account, names)} {was} was booked; the ledger has {is_now}."
            yield MismatchReason(Cause.TAX, text)


def _tax_parts(amounts: tuple[BookedAmount, ...], account: str) -> Mapping[str, int]:
    return {each.tax or "no tax code": each.amount for each in amounts if each.account == account}


def _parts(amounts: Mapping[str, int], currency: str) -> str:
    return " and ".join(f"{money(amount, currency)} with {tax}" for tax, amount in sorted(amounts.items()))


def _by_account(amounts: tuple[BookedAmount, ...]) -> Mapping[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for each in amounts:
        totals[each.account] += each.amount
    return {account: amount for account, amount in totals.items() if amount}


def _named(account: str, names: Mapping[str, str]) -> str:
    return f"account {account} ({names[account]})" if names.get(account) else f"account {account}"
