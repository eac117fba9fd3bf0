"""The ledger as people see it: journals with their drafts, what is booked, balances, open items, receipts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from ledger_simulators.economic.entries import Booked, Draft
from ledger_simulators.economic.ledger import EconomicLedger


@dataclass(frozen=True)
class LedgerPage:
    """`balances`: (number, name, amount in the base currency) of the accounts that have entries. `receipts`: how many
    files each voucher has."""

    company: str
    agreement: int
    currency: str
    drafts: list[Draft]
    booked: list[Booked]
    balances: list[tuple[int, str, Decimal]]
    open_items: list[Booked]
    receipts: dict[int, int]


def ledger_page(ledger: EconomicLedger) -> LedgerPage:
    """Return what the page shows."""
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for line in ledger.booked.values():
        sums[line.account] += line.base
    return LedgerPage(
        ledger.company,
        ledger.agreement,
        ledger.base_currency,
        sorted(ledger.drafts.values(), key=lambda each: (each.journal, each.voucher, each.entry)),
        sorted(ledger.booked.values(), key=lambda each: (each.voucher, each.entry)),
        [(number, ledger.accounts[number].name, amount) for number, amount in sorted(sums.items())],
        [each for each in ledger.booked.values() if each.supplier is not None and each.remainder],
        {each.voucher: len(each.parts) for each in ledger.documents.values()},
    )
