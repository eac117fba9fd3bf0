"""What the books must hold, computed from Pleo's side, or written down once more on purpose: so that the entries are
checked against something else than the code that made them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from local.ledgers.books import Entry
from pleo_export.operations.preview_items import ItemPreview

PAYABLES = ("2100", "2101", "2102")

# What each kind of expense does to the Pleo wallet (R-5b).
WALLET_DIRECTION = {
    "card_purchase": -1,
    "card_invoice": -1,
    "fee": -1,
    "refund": +1,
    "chargeback": +1,
    "cashback": +1,
    "atm_withdrawal": -1,
    "personal_spend": -1,
    "direct_reimbursement": -1,
    "wallet_topup": +1,
    "wallet_unload": -1,
    "out_of_pocket": 0,
    "mileage": 0,
    "per_diem": 0,
    "external_reimbursement": 0,
}

Lines = Mapping[str, Decimal]


def wallet_movement(expenses: Iterable[Mapping[str, Any]], currency: str) -> Decimal:
    """Return by how much the expenses moved the Pleo wallet of the currency, computed from Pleo's side alone."""
    cents = 0
    for item in expenses:
        money = item["amount"]["inWalletCurrency"]
        if money["currency"] == currency:
            cents += WALLET_DIRECTION[item["type"]] * abs(money["value"])
    return Decimal(cents) / 100


def balance(entries: Iterable[Entry], account: str) -> Decimal:
    """Return the account's balance in the currency of what was booked on it."""
    lines = (line for entry in entries for line in entry.lines if line.account == account)
    return sum((line.amount for line in lines), Decimal(0))


def left_over(entries: Sequence[Entry], account: str) -> Decimal:
    """Return what is left on an account. The payables have one for each supplier that wants it: they count as one."""
    family = PAYABLES if account in PAYABLES else (account,)
    return sum((balance(entries, each) for each in family), Decimal(0))


def previewed_lines(items: Iterable[ItemPreview]) -> Mapping[str, Lines]:
    """Return what every document that would be booked comes to on each account, + debit, by its reference."""
    return {
        document.reference: _on_accounts((line.account, Decimal(line.amount) / 100) for line in document.lines)
        for item in items
        for document in item.to_book
    }


def booked_lines(entries: Iterable[Entry]) -> Mapping[str, Lines]:
    """Return the same, of the entries in the books, in the currency of the expense."""
    return {entry.reference: _on_accounts((line.account, line.amount) for line in entry.lines) for entry in entries}


def _on_accounts(lines: Iterable[tuple[str, Decimal]]) -> Lines:
    """Ledgers differ in the lines that they make of one amount, and leave out what comes to nothing."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for account, amount in lines:
        sums[account] += amount
    return {account: amount for account, amount in sums.items() if amount}
