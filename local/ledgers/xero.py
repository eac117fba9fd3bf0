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


# Xero has one tax account, and computes the tax of a manual journal itself, by the code's rate: mileage has another.
DEVIATIONS = Deviations(tax_accounts={"2201": "2200", "2202": "2200"})
PROFILE = Profile("Xero", connection, secret, entries, another, DEVIATIONS)
