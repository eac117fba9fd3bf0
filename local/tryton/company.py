"""The company whose books the demo and the tests keep: its chart, years, VAT, dimensions and people.

The accounts are those of the worked examples of the domain rules (R-5b). Everything is set up over HTTP, as an
administrator would in Tryton's own client.
"""

from __future__ import annotations

import calendar
from datetime import date
from decimal import Decimal
from typing import Any

from local.tryton.rpc import Rpc

COMPANY = "Brightwater Trading Ltd"
INTEGRATION_USER = "pleo"
JOURNAL = "EXP"  # comes with Tryton
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
    "Due to employees": ("Current liabilities", "balance", {}),
    "Profit and loss": (None, "income", {}),
    "Other income": ("Profit and loss", "income", {"revenue": True}),
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
}
EURO_ACCOUNTS = ("1901",)

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

SUPPLIERS = ("Northwind Office Supplies", "Lumen Consulting")


def set_up(rpc: Rpc, password: str) -> str:
    """Everything, in a database where the modules are active. `password` is the integration's; returns its API key."""
    currencies = _currencies(rpc)
    company = _company(rpc, currencies["GBP"])
    rpc.context = {"company": company}
    accounts = _chart(rpc, company, currencies["EUR"])
    _taxes(rpc, company, accounts)
    _dimensions(rpc, company)
    rpc.create("party.party", *({"name": name} for name in SUPPLIERS))
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
    (party,) = rpc.create("party.party", {"name": COMPANY})
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
            }
            for code, (name, type_) in ACCOUNTS.items()
        ),
    )
    return dict(zip(ACCOUNTS, ids, strict=True))


def _taxes(rpc: Rpc, company: int, accounts: dict[str, int]) -> None:
    """One tax per code, named by it; the reverse charge is two taxes below one that has the code.

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


def _years(rpc: Rpc, company: int) -> None:
    sequence_type = rpc("model.ir.model.data.get_id", "account", "sequence_type_account_move")
    for year in YEARS:
        (sequence,) = rpc.create(
            "ir.sequence.strict",
            {
                "name": f"Entries {year}",
                "sequence_type": sequence_type,
                "company": company,
                "prefix": f"{year}/",
                "padding": 5,
            },
        )
        rpc.create(
            "account.fiscalyear",
            {
                "name": str(year),
                "company": company,
                "start_date": date(year, 1, 1),
                "end_date": date(year, 12, 31),
                "move_sequence": sequence,
                "periods": [["create", [_month(year, month) for month in range(1, 13)]]],
            },
        )
    closed = rpc.search_read(
        "account.period", [["fiscalyear.name", "in", [str(year) for year in CLOSED_YEARS]]], ["id"]
    )
    rpc("model.account.period.close", [period["id"] for period in closed])


def _month(year: int, month: int) -> dict[str, Any]:
    return {
        "name": f"{year}-{month:02}",
        "start_date": date(year, month, 1),
        "end_date": date(year, month, calendar.monthrange(year, month)[1]),
        "type": "standard",
    }


def _integration_user(rpc: Rpc, company: int, password: str) -> str:
    """May create and post entries, may not close a period."""
    accounting = rpc("model.ir.model.data.get_id", "account", "group_account")
    (user,) = rpc.create(
        "res.user",
        {
            "name": "Pleo export",
            "login": INTEGRATION_USER,
            "password": password,
            "groups": [["add", [accounting]]],
            "companies": [["add", [company]]],
            "company": company,
        },
    )
    rpc.create("res.user.application", {"user": user, "application": "rest"})
    (application,) = rpc.search_read("res.user.application", [["user", "=", user]], ["key"])
    key: str = application["key"]
    return key
