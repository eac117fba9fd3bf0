"""Business Central: the settings of a company whose ledger is the simulator, and what it has posted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ledger_simulators.business_central.ledger import BusinessCentralLedger
from ledger_simulators.business_central.sample import sample_ledger
from local.ledgers.books import ACCOUNTS, Entry, EntryLine
from local.ledgers.simulated import Profile
from pleo_simulator.clock import Clock

TOKEN, TENANT = "a token of the local stack", "northgate.onmicrosoft.com"
_HOLDS_OUR_KEY = {"purchaseInvoices": "shipToContact", "purchaseCreditMemos": "buyFromAddressLine2"}


def connection(ledger: BusinessCentralLedger, url: str) -> Mapping[str, Any]:
    """Return the settings of a company that is connected to the simulator at the address."""
    system = {"name": "business-central", "tenant": TENANT, "company": ledger.company["id"]}
    named = {"company_name": ledger.company["name"], "api_url": url}
    return {"accounting_system": {**system, **named}, "accounts": ACCOUNTS}


def secret(ledger: BusinessCentralLedger) -> Mapping[str, str]:
    """Return a token that does not end."""
    ledger.tokens[TOKEN] = float("inf")
    return {"access_token": TOKEN}


def entries(ledger: BusinessCentralLedger) -> Sequence[Entry]:
    """Return what is posted: what one document number holds is one entry."""
    names = {row["number"]: row["displayName"] for row in ledger.store.rows("accounts")}
    bills = {row["number"]: row[key] for table, key in _HOLDS_OUR_KEY.items() for row in ledger.store.rows(table)}
    files = [row["parentId"] for row in ledger.store.rows("attachments")]
    owners = {row["number"]: row["id"] for table in _HOLDS_OUR_KEY for row in ledger.store.rows(table)}
    together: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in ledger.store.rows("generalLedgerEntries"):
        together[row["documentNumber"]].append(row)
    found = []
    for number, rows in together.items():
        reference = bills.get(number) or next(
            (row["description"].partition(" ")[0] for row in rows if row["description"].startswith("pleo:")), number
        )
        amounts = [(row["accountNumber"], row["debitAmount"] - row["creditAmount"]) for row in rows]
        lines = tuple(EntryLine(account, names[account], amount, amount) for account, amount in amounts)
        parents = {owners.get(number), *(row["id"] for row in rows)}
        shown = number if number in bills else str(rows[0]["entryNumber"])
        found.append(Entry(reference, shown, lines, sum(each in parents for each in files)))
    return found


def another(clock: Clock, number: int) -> BusinessCentralLedger:
    """Return a sample company; another one for each number."""
    return sample_ledger(clock, seed=number)


PROFILE = Profile("Business Central", connection, secret, entries, another)
