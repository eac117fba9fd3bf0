"""e-conomic: the settings of a company whose ledger is the simulator, and what its vouchers are on the accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from ledger_simulators.economic.entries import Booked
from ledger_simulators.economic.ledger import APP_SECRET, GRANT, EconomicLedger
from ledger_simulators.economic.sample import AGREEMENT, EMPLOYEES, JOURNAL, sample_ledger
from local.ledgers.books import ACCOUNTS, Deviations, Entry, EntryLine
from local.ledgers.simulated import Profile
from pleo_simulator.clock import Clock


def connection(ledger: EconomicLedger, url: str) -> Mapping[str, Any]:
    """Return the settings of a company that is connected to the simulator at the address."""
    system = {"name": "e-conomic", "agreement": ledger.agreement, "journal": JOURNAL, "employee_group": EMPLOYEES}
    return {"accounting_system": {**system, "api_url": url}, "accounts": ACCOUNTS}


def secret(_: EconomicLedger) -> Mapping[str, str]:
    """Return the two tokens, which never end."""
    return {"app_secret_token": APP_SECRET, "agreement_grant_token": GRANT}


def entries(ledger: EconomicLedger) -> Sequence[Entry]:
    """Return the booked vouchers."""
    files = {(each.year, each.voucher): len(each.parts) for each in ledger.documents.values()}
    booked = sorted(ledger.booked.values(), key=lambda each: (each.voucher, each.date, each.entry))
    return [
        Entry(
            next((each.text.partition(" ")[0].partition("#")[0] for each in lines if each.text), ""),
            str(voucher),
            tuple(_line(ledger, each) for each in lines),
            files.get((str(on.year), voucher), 0),
        )
        for (voucher, on), lines in ((key, list(group)) for key, group in groupby(booked, _voucher))
    ]


def _voucher(entry: Booked) -> tuple[int, Any]:
    return entry.voucher, entry.date


def _line(ledger: EconomicLedger, entry: Booked) -> EntryLine:
    own = entry.currency == ledger.base_currency
    amount: Decimal = entry.base if own else entry.amount
    return EntryLine(str(entry.account), ledger.accounts[entry.account].name, amount, entry.base)


def another(clock: Clock, number: int) -> EconomicLedger:
    """Return a sample agreement; another one for each number."""
    ledger = sample_ledger(clock)
    ledger.agreement = AGREEMENT + number
    return ledger


# It numbers its creditors, employees among them, and Pleo has its numbers.
DEVIATIONS = Deviations(codes={f"E00{number}": f"900{number}" for number in range(1, 6)})
PROFILE = Profile("e-conomic", connection, secret, entries, another, DEVIATIONS)
