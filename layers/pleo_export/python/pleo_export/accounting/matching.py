"""Which payments settle which bills on the payables accounts. Pure: from the texts and amounts in the ledger.

Everything that later runs need is in the ledger. The text of a payment's payables line holds its party and what it
settles; a bill has our reference, the supplier's number and, at the end of its comment, Pleo's reconciliation id. So it
makes no difference which of the two comes first (R-5a.13), or whether a person entered the bill.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pleo_export.bookkeeping.documents import PaymentPurpose, SettlementTarget

_SEPARATOR = " | "
_BEGINNINGS = {
    PaymentPurpose.PAYMENT: "Payment to",
    PaymentPurpose.REFUND: "Refund from",
    PaymentPurpose.RETURN: "Returned by",
}
_TEXT = re.compile(rf"({'|'.join(_BEGINNINGS.values())}) (.+?): (.+)", re.DOTALL)


class Unsettled(StrEnum):
    """Why a payment stays open, as a text for the bookkeeper; `account` is the code of the account."""

    NO_BILL = (
        "This payment found no bill to settle, so it stays open on account {account} in Tryton. It is settled when its "
        "bill is posted there; if that was booked on another account or as a journal entry, clear both by hand."
    )
    TOO_MUCH = (
        "This payment is more than the bills that it settles, so they stay open on account {account} in Tryton. Record "
        "what is missing, or clear the difference there by hand."
    )
    NO_PAYMENT = (
        "This returned payment found no payment of its amount that it could take back, so it stays open on account "
        "{account} in Tryton. Clear it there by hand."
    )


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the text of a payment's line holds. `party` is the party's code; `keys` are some of those of its bill."""

    purpose: PaymentPurpose
    party: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A posted line on a payables account. `amount` is in the company's currency, `foreign` in `currency` where the
    line has another one; both are positive for a debit. `purpose` is that of a payment, None for a bill."""

    line: int
    account: int
    party: str
    keys: frozenset[str]
    purpose: PaymentPurpose | None
    amount: Decimal
    currency: int | None = None
    foreign: Decimal = Decimal(0)

    @property
    def due(self) -> Decimal:
        """The amount in the line's own currency, positive for a debit."""
        return self.foreign if self.currency is not None else self.amount

    def fits(self, other: OpenItem) -> bool:
        """Return whether both are of the same party, on one account, in one currency."""
        return (self.party, self.account, self.currency) == (other.party, other.account, other.currency)


def settlement_text(purpose: PaymentPurpose, party: str, settles: SettlementTarget) -> str:
    """Return the text of a payment's payables line, which `settlement` reads again."""
    keys = [settles.reference] if settles.reference else [settles.invoice_number, *settles.reconciliation_ids]
    return f"{_BEGINNINGS[purpose]} {party}: {_SEPARATOR.join(key for key in keys if key)}"


def settlement(text: str | None) -> Settlement | None:
    """Read the text of a payables line; None if it is not one of our payments."""
    found = _TEXT.fullmatch(text or "")
    if found is None:
        return None
    beginning, party, keys = found.groups()
    purpose = next(purpose for purpose, each in _BEGINNINGS.items() if each == beginning)
    return Settlement(purpose, party, frozenset(keys.split(_SEPARATOR)))


def bill_keys(reference: str | None, number: str | None, comment: str | None) -> frozenset[str]:
    """Return all that a payment may name a bill by: our reference, the supplier's number, Pleo's reconciliation id."""
    identity = (comment or "").rpartition(_SEPARATOR)[2]
    return frozenset(key for key in (reference, number, identity) if key)


def together(items: Sequence[OpenItem]) -> Iterator[list[OpenItem]]:
    """Group the bills and payments that belong together, directly or through others."""
    waiting = [item for item in items if item.purpose is not PaymentPurpose.RETURN]
    while waiting:
        group = [waiting.pop(0)]
        for item in group:  # grows while it is read
            joined = [other for other in waiting if _belong_together(item, other)]
            waiting = [other for other in waiting if other not in joined]
            group += joined
        yield group


def settled(items: Sequence[OpenItem]) -> Iterator[list[OpenItem]]:
    """Return the groups that add up to zero, so that all items in them are settled."""
    return (group for group in together(items) if len(group) > 1 and sum(item.due for item in group) == 0)


def left_open(items: Sequence[OpenItem]) -> Mapping[int, Unsettled]:
    """Return, by line, why payments stay open that a bookkeeper should look at. A payment of a part of its bill is in
    order."""
    found: dict[int, Unsettled] = {}
    for group in together(items):
        rest = sum(item.due for item in group)
        for item in group:
            if item.purpose is None:
                continue
            if all(other.purpose is not None for other in group):
                found[item.line] = Unsettled.NO_BILL
            elif rest * item.due > 0:
                found[item.line] = Unsettled.TOO_MUCH
    return found


def returned(back: OpenItem, payments: Collection[OpenItem]) -> OpenItem | None:
    """Return the payment that came back: of the same amount, the latest if there are several; None if there is none."""
    same = [each for each in payments if each.fits(back) and each.due == -back.due]
    return max(same, key=lambda each: each.line, default=None)


def _belong_together(one: OpenItem, other: OpenItem) -> bool:
    """Return whether one is a payment and the other a bill that it names."""
    return one.fits(other) and (one.purpose is None) != (other.purpose is None) and not one.keys.isdisjoint(other.keys)
