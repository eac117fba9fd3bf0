"""The organisation of the demo and the tests: the chart of the worked examples, as it is set up in Xero."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from ledger_simulators.xero.books import XeroBooks
from ledger_simulators.xero.contacts import create_contact
from ledger_simulators.xero.ledger import XeroLedger
from ledger_simulators.xero.wire import Json
from pleo_simulator.clock import Clock
from pleo_simulator.seeded_ids import SeededIds

TENANT = "7d3f1c52-9a04-4f6e-8b1d-2f5f3a6c9e10"
LOCKED = date(2025, 12, 31)
EURO_RATES = {date(2025, 1, 1): Decimal("1.20"), date(2026, 1, 1): Decimal("1.15"), date(2026, 7, 1): Decimal("1.18")}
# code: (name, type, class, system account, currency of a bank account)
ACCOUNTS: dict[str, tuple[str, str, str, str, str]] = {
    "1100": ("Accounts Receivable", "CURRENT", "ASSET", "DEBTORS", ""),
    "1200": ("Bank", "BANK", "ASSET", "", "GBP"),
    "1900": ("Pleo wallet GBP", "BANK", "ASSET", "", "GBP"),
    "1901": ("Pleo wallet EUR", "BANK", "ASSET", "", "EUR"),
    "1950": ("Pleo clearing", "CURRENT", "ASSET", "", ""),
    "2100": ("Accounts Payable", "CURRLIAB", "LIABILITY", "CREDITORS", ""),
    "2200": ("VAT", "CURRLIAB", "LIABILITY", "GST", ""),
    "2250": ("Employees, out of pocket", "CURRLIAB", "LIABILITY", "", ""),
    "2251": ("Employees, reimbursed through payroll", "CURRLIAB", "LIABILITY", "", ""),
    "4900": ("Cashback income", "OTHERINCOME", "REVENUE", "", ""),
    "6100": ("Office supplies", "OVERHEADS", "EXPENSE", "", ""),
    "6200": ("Travel", "OVERHEADS", "EXPENSE", "", ""),
    "6210": ("Mileage", "OVERHEADS", "EXPENSE", "", ""),
    "6300": ("Meals and entertainment", "OVERHEADS", "EXPENSE", "", ""),
    "6400": ("Professional services", "OVERHEADS", "EXPENSE", "", ""),
    "6500": ("Software", "OVERHEADS", "EXPENSE", "", ""),
    "6900": ("Bank and card fees", "OVERHEADS", "EXPENSE", "", ""),
    "6950": ("Realised Currency Gains", "EXPENSE", "EXPENSE", "REALISEDCURRENCYGAIN", ""),
    "6990": ("Old stationery account", "OVERHEADS", "EXPENSE", "", ""),
}
ARCHIVED = ("6990",)
# tax type: (name, rate that it comes to, classes that it cannot apply to)
TAXES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "NONE": ("No VAT", "0", ()),
    "GB20": ("20% (VAT on Expenses)", "20", ("Revenue",)),
    "GB0": ("Zero Rated Expenses", "0", ("Revenue",)),
    "ES21": ("IVA 21%", "21", ("Revenue",)),
    "RC20": ("Reverse Charge Expenses (20%)", "0", ("Revenue",)),
    "OUTPUT2": ("20% (VAT on Income)", "20", ("Expenses",)),
}
REPORTED = {"NONE": "NONE", "RC20": "REVERSECHARGES", "OUTPUT2": "OUTPUT"}  # else INPUT
TRACKING = {"cost_centre": ("LON", "CPH", "MAD"), "project": ("P-100", "P-200")}
# (name, number, tax number, number of ours there, active)
SUPPLIERS: tuple[tuple[str, str, str, str, bool], ...] = (
    ("Northwind Office Supplies", "V-2001", "GB 112 233 445", "K-17", True),
    ("Lumen Consulting", "V-2002", "GB 998 877 665", "", True),
    ("Paper Trail (blocked)", "V-2003", "", "", False),
    ("Harbour Freight North", "V-2004", "GB 555 666 777", "", True),
    ("Harbour Freight South", "V-2005", "GB555666777", "", True),
    ("Ryman", "V-1001", "GB 242.7421-86", "", True),
    ("John Lewis", "V-1002", "GB232457280", "", True),
    ("LNER", "V-1003", "GB281276583", "", True),
    ("Iberia", "V-1004", "ESA85850394", "", True),
    ("Figma", "V-1005", "EU372044471", "", True),
    ("Slack", "V-1006", "IE3336483DH", "", True),
    ("Adobe", "V-1007", "IE6364992H", "", True),
    ("WeWork", "V-1008", "GB207837411", "", True),
    ("Pleo", "V-1009", "DK36538686", "", True),
    ("Amazon Marketplace", "", "GB 727 255 821", "", True),
    ("IKEA", "", "GB 527 773 320", "", True),
    ("Casa Lucio", "", "ESB78293471", "", True),
    ("DSB", "", "DK25050053", "", True),
)
EMPLOYEES = {
    "E001": "Amelia Hartley",
    "E002": "Tom Okafor",
    "E003": "Priya Nair",
    "E004": "Jonas Lindqvist",
    "E005": "Marta Ruiz",
}


def sample_ledger(clock: Clock, seed: int = 0, tenant: str = TENANT) -> XeroLedger:
    """Return a fresh organisation with pounds as its currency; what is before 2026 is locked."""
    ids = SeededIds(seed)
    organisation: Json = {
        "OrganisationID": ids.uuid("organisation"),
        "Name": "Brightwater Trading Ltd",
        "LegalName": "Brightwater Trading Ltd",
        "BaseCurrency": "GBP",
        "CountryCode": "GB",
        "RegistrationNumber": "07142369",
        "TaxNumber": "GB318204556",
        "Timezone": "GMTSTANDARDTIME",
        "ShortCode": "!23vS9",
        "IsDemoCompany": True,
        "PeriodLockDate": None,
        "EndOfYearLockDate": LOCKED,
        "FinancialYearEndDay": 31,
        "FinancialYearEndMonth": 12,
    }
    books = XeroBooks(tenant, organisation, clock, ids, currencies=["EUR"], rates={"EUR": EURO_RATES})
    books.accounts += _accounts(ids)
    books.tax_rates += _tax_rates()
    books.tracking += _tracking(ids)
    _add_contacts(books)
    for each in books.accounts:
        books.touch(each)
    return XeroLedger(books)


def _accounts(ids: SeededIds) -> Iterator[Json]:
    for code, (name, kind, class_, system, currency) in ACCOUNTS.items():
        made: Json = {
            "AccountID": ids.uuid("account"),
            "Code": code,
            "Name": name,
            "Type": kind,
            "Class": class_,
            "Status": "ARCHIVED" if code in ARCHIVED else "ACTIVE",
            "TaxType": "NONE",
            "SystemAccount": system,
            "EnablePaymentsToAccount": code in ("1950", "2250", "2251"),
        }
        yield made | ({"CurrencyCode": currency, "BankAccountType": "BANK"} if kind == "BANK" else {})


def _tax_rates() -> Iterator[Json]:
    for tax_type, (name, rate, not_for) in TAXES.items():
        made: dict[str, Any] = {
            "Name": name,
            "TaxType": tax_type,
            "Status": "ACTIVE",
            "EffectiveRate": Decimal(rate),
            "DisplayTaxRate": Decimal(rate),
            "ReportTaxType": REPORTED.get(tax_type, "INPUT"),
        }
        for class_ in ("Assets", "Equity", "Expenses", "Liabilities", "Revenue"):
            made[f"CanApplyTo{class_}"] = class_ not in not_for
        yield made


def _tracking(ids: SeededIds) -> Iterator[Json]:
    for name, options in TRACKING.items():
        yield {
            "TrackingCategoryID": ids.uuid("tracking"),
            "Name": name,
            "Status": "ACTIVE",
            "Options": [
                {"TrackingOptionID": ids.uuid("option"), "Name": option, "Status": "ACTIVE"} for option in options
            ],
        }


def _add_contacts(books: XeroBooks) -> None:
    group: Json = {"ContactGroupID": books.ids.uuid("group"), "Name": "Employees", "Status": "ACTIVE"}
    books.groups.append(group)
    for name, number, tax_number, account, active in SUPPLIERS:
        made = create_contact(
            books, {"Name": name, "ContactNumber": number, "TaxNumber": tax_number, "AccountNumber": account}
        )
        made["IsSupplier"] = True
        if not active:
            made["ContactStatus"] = "ARCHIVED"
    for number, name in EMPLOYEES.items():
        made = create_contact(books, {"Name": name, "ContactNumber": number})
        made["ContactGroups"] = [dict(group)]
