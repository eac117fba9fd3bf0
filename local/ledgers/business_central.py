"""Business Central: the settings of a company whose ledger is the simulator, and what it has posted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ledger_simulators.business_central.ledger import BusinessCentralLedger
from ledger_simulators.business_central.sample import sample_ledger
from local.ledgers.books import ACCOUNTS, Deviations, Entry, EntryLine
from local.ledgers.simulated import Profile
from pleo_simulator.clock import Clock

TOKEN, TENANT = "a token of the local stack", "northgate.onmicrosoft.com"
TAX_RATES = {"GB20": "20", "GB0": "0", "ES21": "21"}
_HOLDS_OUR_KEY = {"purchaseInvoices": "shipToContact", "purchaseCreditMemos": "buyFromAddressLine2"}


def connection(ledger: BusinessCentralLedger, url: str) -> Mapping[str, Any]:
    """Return the settings of a company that is connected to the simulator at the address."""
    system = {"name": "business-central", "tenant": TENANT, "company": ledger.company["id"]}
    named = {"company_name": ledger.company["name"], "api_url": url, "tax_rates": TAX_RATES}
    accounts = {**ACCOUNTS, "wallets": {"GBP": "1900"}}  # a journal is in the company's own currency
    return {"accounting_system": {**system, **named}, "accounts": accounts}


def secret(ledger: BusinessCentralLedger) -> Mapping[str, str]:
    """Return a token that does not end."""
    ledger.tokens[TOKEN] = float("inf")
    return {"access_token": TOKEN, "expires_at": "2099-12-31T00:00:00+00:00"}


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


_REFUSED = "accounting_system_validation_failure"
_NOT_OF_ITS_RATE = ("mileage-reading",)  # VAT is computed by the code's rate: that of a mileage is another
_EUROS = (*("topup-eur", "figma-january", "iberia", "casa-lucio", "iberia-return", "dsb", "cashback-eur", "adobe"),)
DEVIATIONS = Deviations(
    # A journal is in the company's own currency.
    demo=dict.fromkeys((*_EUROS, *_NOT_OF_ITS_RATE), _REFUSED),
    every_type={
        "journal": dict.fromkeys(("software", "card-invoice", "drive"), _REFUSED),
        "accounts_payable": dict.fromkeys(
            (
                *("software", "card-invoice"),  # and so is a payment
                *("refund", "chargeback", "cashback", "private-back"),  # no credit notes
                *("rent-back", "bounced"),  # a payment that comes back is taken back by hand
                *("drive", "payroll"),  # as above: the bill, and so its payment
            ),
            _REFUSED,
        ),
    },
    # The mileage is paid out, and not recorded as owed. The rent and the reimbursement are paid twice, since the
    # payments that came back are not there.
    left_over={
        "journal": {"1901": 0, "2250": 4_500},
        "accounts_payable": {"1900": 87_935, "1901": 0, "2100": 130_000, "2250": 12_400, "2251": 0},
    },
)
PROFILE = Profile("Business Central", connection, secret, entries, another, DEVIATIONS)
