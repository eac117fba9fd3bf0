"""Xero: the settings of a company whose ledger is the simulator, and what its documents are on the accounts.

The wallets are bank accounts, whose entries are bank transactions; taxes all go to Xero's one tax account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ledger_simulators.xero.ledger import XeroLedger
from ledger_simulators.xero.sample import TENANT, sample_ledger
from local.ledgers.books import ACCOUNTS, Deviations, Entry, EntryLine
from local.ledgers.simulated import Profile
from pleo_simulator.clock import Clock
from pleo_simulator.every_type import LEFT_OVER

_DRAFT = ("DRAFT", "SUBMITTED")


def connection(ledger: XeroLedger, url: str) -> Mapping[str, Any]:
    """Return the settings of a company that is connected to the simulator at the address."""
    accounts = {**ACCOUNTS, "output_tax": ACCOUNTS["input_tax"]}
    return {"accounting_system": {"name": "xero", "tenant": ledger.books.tenant, "api_url": url}, "accounts": accounts}


def secret(ledger: XeroLedger) -> Mapping[str, str]:
    """Return a grant, as if a person had just agreed."""
    grant = ledger.identity.grant()
    ends = ledger.books.clock.now() + timedelta(seconds=grant["expires_in"])
    tokens = {name: grant[name] for name in ("access_token", "refresh_token")}
    return {**tokens, "expires_at": ends.isoformat(timespec="seconds")}


def entries(ledger: XeroLedger) -> Sequence[Entry]:
    """Return what counts on the accounts."""
    names = {each["Code"]: each["Name"] for each in ledger.books.accounts}
    found = []
    for kind, row in ledger.books.all_documents():
        if row["Status"] in kind.void or row["Status"] in _DRAFT:
            continue
        text = next((row[name] for name in ("Reference", "Narration", "InvoiceNumber") if row.get(name)), "")
        lines = [
            EntryLine(each.account, names[each.account], each.foreign, each.amount)
            for each in ledger.postings(kind, row)
        ]
        found.append(Entry(text.rpartition(" | ")[2], text, tuple(lines), len(ledger.files(row[kind.id]))))
    return found


def another(clock: Clock, number: int) -> XeroLedger:
    """Return a sample organisation; another one for each number."""
    ledger = sample_ledger(clock)
    ledger.books.tenant = f"{TENANT[:-2]}{number:02d}"
    return ledger


_REFUSED = "accounting_system_validation_failure"
_NO_LINE = "account_unknown"
DEVIATIONS = Deviations(
    # Xero computes the tax of a manual journal itself, by the code's rate: a mileage's is another.
    demo={"mileage-reading": _REFUSED},
    every_type={
        # What is owed to suppliers follows from bills and payments only.
        "journal": {**dict.fromkeys(("rent", "rent-paid", "rent-back", "rent-again"), _NO_LINE), "drive": _REFUSED},
        # A payment that comes back is taken back by hand.
        "accounts_payable": {
            **dict.fromkeys(("rent-back", "rent-again", "bounced", "repaid-again", "private-back"), _REFUSED),
            **dict.fromkeys(("cash", "private"), _NO_LINE),
        },
    },
    left_over={
        "journal": {"1900": LEFT_OVER["1900"] + 130_000, "2250": 4_500},
        "accounts_payable": {"1900": LEFT_OVER["1900"] + 8_000, "2100": -8_000},
    },
    codes={"2201": "2200", "2202": "2200"},  # it has one tax account
)
PROFILE = Profile("Xero", connection, secret, entries, another, DEVIATIONS)
