"""The company whose books the demo and the tests keep: its chart, years, VAT, dimensions and people.

The accounts are those of the worked examples of the domain rules (R-5b). Everything is set up over HTTP, as an
administrator would in Tryton's own client.
"""

from __future__ import annotations

import calendar
from datetime import date
from decimal import Decimal
from typing import Any

from local.tryton.parties import EMPLOYEES, PARTIES, PartyRecord
from local.tryton.rpc import Rpc

COMPANY = "Brightwater Trading Ltd"
REGISTRATION_NUMBER = "07142369"  # at Companies House, invented
TAX_NUMBER = "GB 318 204 556"
INTEGRATION_USER = "pleo"
INTEGRATION_GROUP = "Pleo export"
JOURNAL = "EXP"  # comes with Tryton
_INVOICE_SEQUENCES = "sequence_type_account_invoice"
YEARS = (2025, 2026, 2027)
CLOSED_YEARS = (2025,)
# Pounds and euros: euros for one pound.
EURO_RATES = {date(2025, 1, 1): Decimal("1.20"), date(2026, 1, 1): Decimal("1.15"), date(2026, 7, 1): Decimal("1.18")}

# name -> (parent, statement, flags)
TYPES: dict[str, tuple[str | None, str | None, dict[str, bool]]] = {
    "Balance sheet": (None, "balance", {}),
    "Current assets": ("Balance sheet", "balance", {"assets": True}),
    "Bank and cash": ("Current assets", "balance", {"assets": True}),
    "Current liabilities": ("Balance sheet", "balance", {}),
    "Trade payables": ("Current liabilities", "balance", {"payable": True}),
    "VAT": ("Current liabilities", "balance", {}),
    "Due to employees": ("Current liabilities", "balance", {"payable": True}),
    "Profit and loss": (None, "income", {}),
    "Other income": ("Profit and loss", "income", {"revenue": True, "expense": True}),  # cashback is a credit note
    "Overheads": ("Profit and loss", "income", {"expense": True}),
}

# code -> (name, type)
ACCOUNTS = {
    "1200": ("Bank", "Bank and cash"),
    "1900": ("Pleo wallet GBP", "Bank and cash"),
    "1901": ("Pleo wallet EUR", "Bank and cash"),
    "1950": ("Pleo clearing", "Bank and cash"),
    "2100": ("Trade payables", "Trade payables"),
    "2101": ("Payable: Northwind Office Supplies", "Trade payables"),
    "2102": ("Payable: Lumen Consulting", "Trade payables"),
    "2200": ("Input VAT", "VAT"),
    "2201": ("Reverse charge VAT, input", "VAT"),
    "2202": ("Reverse charge VAT, output", "VAT"),
    "2250": ("Employees, out of pocket", "Due to employees"),
    "2251": ("Employees, reimbursed through payroll", "Due to employees"),
    "4900": ("Cashback income", "Other income"),
    "6100": ("Office supplies", "Overheads"),
    "6200": ("Travel", "Overheads"),
    "6210": ("Mileage", "Overheads"),
    "6300": ("Meals and entertainment", "Overheads"),
    "6400": ("Professional services", "Overheads"),
    "6500": ("Software", "Overheads"),
    "6900": ("Bank and card fees", "Overheads"),
    "6950": ("Exchange differences", "Overheads"),
}
EURO_ACCOUNTS = ("1901",)
# Bills and their payments are reconciled on these. On a party's own account every line has the party, as Tryton demands
# of such. The other two are shared with journal entries, which have no party, so no line on them has one: a payment
# says in its text whose it is, a bill has its party itself.
RECONCILED_ACCOUNTS = ("2100", "2101", "2102", "2250")
PARTY_ACCOUNTS = ("2101", "2102")
EXCHANGE_ACCOUNT = "6950"

# code -> (what it says on documents, [(part, rate, VAT account)])
TAXES = {
    "GB20": ("UK VAT 20 % on purchases", [("", Decimal("0.20"), "2200")]),
    "GB0": ("UK VAT zero-rated purchases", [("", Decimal(0), "2200")]),
    "ES21": ("Spanish IVA 21 % on purchases", [("", Decimal("0.21"), "2200")]),
    "RC20": (
        "Reverse charge 20 % on purchases",
        [(" input", Decimal("0.20"), "2201"), (" output", Decimal("-0.20"), "2202")],
    ),
}

# code -> (name, {code: name})
DIMENSIONS = {
    "cost_centre": ("Cost centre", {"LON": "London", "CPH": "Copenhagen", "MAD": "Madrid"}),
    "project": ("Project", {"P-100": "Website", "P-200": "Office move"}),
}


def set_up(rpc: Rpc, password: str) -> str:
    """Set up everything, in a database where the modules are active. `password` is the integration's; returns its
    API key."""
    currencies = _currencies(rpc)
    company = _company(rpc, currencies["GBP"])
    rpc.context = {"company": company}
    accounts = _chart(rpc, company, currencies["EUR"])
    _taxes(rpc, company, accounts)
    _dimensions(rpc, company)
    _exchange_differences(rpc, accounts)
    parties = rpc.create("party.party", *(_party(each, accounts) for each in PARTIES))
    numbers = dict(zip(PARTIES, parties, strict=True))
    rpc.create("company.employee", *({"party": numbers[each], "company": company} for each in EMPLOYEES))
    _years(rpc, company)
    return _integration_user(rpc, company, password)


def _currencies(rpc: Rpc) -> dict[str, int]:
    pound, euro = rpc.create(
        "currency.currency",
        {"name": "Pound sterling", "symbol": "£", "code": "GBP", "numeric_code": "826"},
        {"name": "Euro", "symbol": "€", "code": "EUR", "numeric_code": "978"},
    )
    rates = [{"currency": pound, "date": min(EURO_RATES), "rate": Decimal(1)}]
    rates += [{"currency": euro, "date": day, "rate": rate} for day, rate in EURO_RATES.items()]
    rpc.create("currency.currency.rate", *rates)
    return {"GBP": pound, "EUR": euro}


def _company(rpc: Rpc, currency: int) -> int:
    numbers = [{"code": code} for code in (REGISTRATION_NUMBER, TAX_NUMBER)]
    (party,) = rpc.create("party.party", {"name": COMPANY, "identifiers": [["create", numbers]]})
    (company,) = rpc.create("company.company", {"party": party, "currency": currency, "timezone": "Europe/London"})
    (admin,) = rpc.search_read("res.user", [["login", "=", "admin"]], ["id"])
    rpc("model.res.user.write", [admin["id"]], {"companies": [["add", [company]]], "company": company})
    return company


def _chart(rpc: Rpc, company: int, euro: int) -> dict[str, int]:
    types: dict[str, int] = {}
    for sequence, (name, (parent, statement, flags)) in enumerate(TYPES.items()):
        record = {"name": name, "company": company, "statement": statement, "sequence": sequence, **flags}
        (types[name],) = rpc.create("account.account.type", {**record, "parent": types[parent] if parent else None})
    (chart,) = rpc.create("account.account", {"name": COMPANY, "company": company, "type": None})
    ids = rpc.create(
        "account.account",
        *(
            {
                "name": name,
                "code": code,
                "company": company,
                "parent": chart,
                "type": types[type_],
                "second_currency": euro if code in EURO_ACCOUNTS else None,
                "reconcile": code in RECONCILED_ACCOUNTS,
                "party_required": code in PARTY_ACCOUNTS,
            }
            for code, (name, type_) in ACCOUNTS.items()
        ),
    )
    return dict(zip(ACCOUNTS, ids, strict=True))


def _taxes(rpc: Rpc, company: int, accounts: dict[str, int]) -> None:
    """Create one tax per code, named by it; the reverse charge is two taxes below one that has the code.

    The VAT return has two boxes per code: what was taxed, and the tax.
    """
    for code, (description, parts) in TAXES.items():
        parent = None
        if len(parts) > 1:
            group = {"name": code, "description": description, "company": company, "type": "none"}
            (parent,) = rpc.create("account.tax", group)
        taxes = rpc.create(
            "account.tax",
            *(
                {
                    "name": code + part,
                    "description": description,
                    "company": company,
                    "parent": parent,
                    "type": "percentage",
                    "rate": rate,
                    "invoice_account": accounts[account],
                    "credit_note_account": accounts[account],
                }
                for part, rate, account in parts
            ),
        )
        boxes = [(f"{code} purchases", taxes[:1], "base")]
        boxes += [(f"{code}{part} tax", [tax], "tax") for (part, _, _), tax in zip(parts, taxes, strict=True)]
        rpc.create("account.tax.code", *(_box(company, name, members, amount) for name, members, amount in boxes))


def _box(company: int, name: str, taxes: list[int], amount: str) -> dict[str, Any]:
    lines = [
        {"tax": tax, "amount": amount, "type": type_, "operator": "+"}
        for tax in taxes
        for type_ in ("invoice", "credit")
    ]
    return {"name": name, "company": company, "lines": [["create", lines]]}


def _dimensions(rpc: Rpc, company: int) -> None:
    for code, (name, values) in DIMENSIONS.items():
        common = {"company": company, "state": "opened"}
        root_record = {"name": name, "code": code, "type": "root", **common}
        (root,) = rpc.create("analytic_account.account", root_record)
        rpc.create(
            "analytic_account.account",
            *(
                {"name": name, "code": code, "type": "normal", "root": root, "parent": root, **common}
                for code, name in values.items()
            ),
        )


def _exchange_differences(rpc: Rpc, accounts: dict[str, int]) -> None:
    """Set up where Tryton books what a bill in euros was worth more or less when it was paid."""
    account = accounts[EXCHANGE_ACCOUNT]
    both = {"currency_exchange_debit_account": account, "currency_exchange_credit_account": account}
    rpc("model.account.configuration.write", [1], both)


def _party(party: PartyRecord, accounts: dict[str, int]) -> dict[str, Any]:
    record: dict[str, Any] = {"name": party.name, "active": party.active, "addresses": [["create", [{}]]]}
    if party.code:
        record["code"] = party.code
    identifiers = [{"code": code} for code in (party.tax_number, party.number) if code]
    record["identifiers"] = [["create", identifiers]]
    if party.account:
        record["account_payable"] = accounts[party.account]
    return record


def _years(rpc: Rpc, company: int) -> None:
    for year in YEARS:
        sequence = _sequence(rpc, company, f"Entries {year}", f"{year}/", "account", "sequence_type_account_move")
        bills, credit_notes = (
            _sequence(rpc, company, f"{name} {year}", f"{letters}{year}/", "account_invoice", _INVOICE_SEQUENCES)
            for name, letters in (("Bills", "B"), ("Credit notes", "C"))
        )
        invoices = {
            "company": company,
            "in_invoice_sequence": bills,
            "in_credit_note_sequence": credit_notes,
            "out_invoice_sequence": bills,
            "out_credit_note_sequence": credit_notes,
        }
        rpc.create(
            "account.fiscalyear",
            {
                "name": str(year),
                "company": company,
                "start_date": date(year, 1, 1),
                "end_date": date(year, 12, 31),
                "move_sequence": sequence,
                "invoice_sequences": [["create", [invoices]]],
                "periods": [["create", [_month(year, month) for month in range(1, 13)]]],
            },
        )
    closed = rpc.search_read(
        "account.period", [["fiscalyear.name", "in", [str(year) for year in CLOSED_YEARS]]], ["id"]
    )
    rpc("model.account.period.close", [period["id"] for period in closed])


def _sequence(rpc: Rpc, company: int, name: str, prefix: str, module: str, type_: str) -> int:
    (sequence,) = rpc.create(
        "ir.sequence.strict",
        {
            "name": name,
            "sequence_type": rpc("model.ir.model.data.get_id", module, type_),
            "company": company,
            "prefix": prefix,
            "padding": 5,
        },
    )
    return sequence


def _month(year: int, month: int) -> dict[str, Any]:
    return {
        "name": f"{year}-{month:02}",
        "start_date": date(year, month, 1),
        "end_date": date(year, month, calendar.monthrange(year, month)[1]),
        "type": "standard",
    }


def _integration_user(rpc: Rpc, company: int, password: str) -> str:
    """Create the user of the integration: it may create and post entries and bills, may not close a period.

    The group Accounting may reconcile; that a returned payment opens its bill again takes a group of its own.
    """
    accounting = rpc("model.ir.model.data.get_id", "account", "group_account")
    (own,) = rpc.create("res.group", {"name": INTEGRATION_GROUP})
    rights = {"perm_read": True, "perm_write": False, "perm_create": True, "perm_delete": True}
    rpc.create("ir.model.access", {"model": "account.move.reconciliation", "group": own, **rights})
    (user,) = rpc.create(
        "res.user",
        {
            "name": "Pleo export",
            "login": INTEGRATION_USER,
            "password": password,
            "groups": [["add", [accounting, own]]],
            "companies": [["add", [company]]],
            "company": company,
        },
    )
    rpc.create("res.user.application", {"user": user, "application": "rest"})
    (application,) = rpc.search_read("res.user.application", [["user", "=", user]], ["key"])
    key: str = application["key"]
    return key
