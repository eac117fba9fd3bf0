"""A sample agreement: the chart, the VAT codes and the creditors of the demo company, in pounds.

e-conomic numbers its creditors; Pleo's codes of them (`V-2001`) are not here. Creditors are found by their tax number,
or by a number that Pleo got from e-conomic. Employees are creditors in a group of their own.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal

from ledger_simulators.economic.chart import (
    HEADING,
    PROFIT_AND_LOSS,
    STATUS,
    Account,
    CostType,
    Dimension,
    DimensionValue,
    Journal,
    Period,
    Project,
    Supplier,
    SupplierGroup,
    VatAccount,
    Year,
)
from ledger_simulators.economic.ledger import EconomicLedger
from pleo_simulator.clock import Clock

AGREEMENT, JOURNAL, OTHER_JOURNAL = 424242, 12, 1
EMPLOYEES = 2  # the supplier group
_STATUS_ACCOUNTS = {
    1200: "Bank",
    1900: "Pleo wallet GBP",
    1901: "Pleo wallet EUR",
    1950: "Pleo clearing",
    2100: "Trade payables",
    2101: "Payable: Northwind Office Supplies",
    2102: "Payable: Lumen Consulting",
    2200: "Input VAT",
    2201: "Reverse charge VAT, input",
    2202: "Reverse charge VAT, output",
    2250: "Employees, out of pocket",
    2251: "Employees, reimbursed through payroll",
}
_PROFIT_ACCOUNTS = {
    4900: "Cashback income",
    6100: "Office supplies",
    6200: "Travel",
    6210: "Mileage",
    6300: "Meals and entertainment",
    6400: "Professional services",
    6500: "Software",
    6900: "Bank and card fees",
    6950: "Exchange differences",
}
_SUPPLIERS = (
    Supplier(2001, "Northwind Office Supplies", 11, "GBP", "GB 112 233 445", "K-17"),
    Supplier(2002, "Lumen Consulting", 12, "GBP", "GB 998 877 665"),
    Supplier(2003, "Paper Trail (blocked)", 1, "GBP", barred=True),
    Supplier(2004, "Harbour Freight North", 1, "GBP", "GB 555 666 777"),
    Supplier(2005, "Harbour Freight South", 1, "GBP", "GB555666777"),
    Supplier(1001, "Ryman", 1, "GBP", "GB 242.7421-86"),
    Supplier(1002, "John Lewis", 1, "GBP", "GB232457280"),
    Supplier(1003, "LNER", 1, "GBP", "GB281276583"),
    Supplier(1004, "Iberia", 1, "EUR", "ESA85850394"),
    Supplier(1005, "Figma", 1, "EUR", "EU372044471"),
    Supplier(1006, "Slack", 1, "EUR", "IE3336483DH"),
    Supplier(1007, "Adobe", 1, "EUR", "IE6364992H"),
    Supplier(1008, "WeWork", 1, "GBP", "GB207837411"),
    Supplier(1009, "Pleo", 1, "GBP", "DK36538686"),
    Supplier(3001, "Amazon Marketplace", 1, "GBP", "GB 727 255 821"),
    Supplier(3002, "IKEA", 1, "GBP", "GB 527 773 320"),
    Supplier(3003, "Casa Lucio", 1, "EUR", "ESB78293471"),
    Supplier(3004, "DSB", 1, "GBP", "DK25050053"),
    Supplier(9001, "Amelia Hartley", EMPLOYEES, "GBP"),
    Supplier(9002, "Tom Okafor", EMPLOYEES, "GBP"),
    Supplier(9003, "Priya Nair", EMPLOYEES, "GBP"),
    Supplier(9004, "Jonas Lindqvist", EMPLOYEES, "GBP"),
    Supplier(9005, "Marta Ruiz", EMPLOYEES, "GBP"),
)


def sample_ledger(clock: Clock) -> EconomicLedger:
    """Return a fresh agreement: 2025 is closed, 2026 and 2027 are open."""
    accounts = {1000: Account(1000, "BALANCE", HEADING)}
    for number, name in _STATUS_ACCOUNTS.items():
        currency = "EUR" if number == 1901 else None
        accounts[number] = Account(number, name, STATUS, currency, blocked=number == 2102)
    for number, name in _PROFIT_ACCOUNTS.items():
        accounts[number] = Account(number, name, PROFIT_AND_LOSS, vat_code="GB20" if number == 6200 else None)
    return EconomicLedger(
        clock,
        AGREEMENT,
        "Northgate Studio Ltd",
        "GBP",
        accounts,
        {
            "GB20": VatAccount("GB20", "UK VAT 20 % on purchases", Decimal(20), 2200),
            "GB0": VatAccount("GB0", "UK VAT zero-rated purchases", Decimal(0), 2200),
            "ES21": VatAccount("ES21", "Spanish IVA 21 % on purchases", Decimal(21), 2200),
            "RC20": VatAccount("RC20", "Reverse charge 20 % on purchases", Decimal(20), 2201, 2202),
            "OLD15": VatAccount("OLD15", "UK VAT 15 %", Decimal(15), 2200, barred=True),
        },
        [year_of_months(2025, closed=True), year_of_months(2026), year_of_months(2027)],
        {
            OTHER_JOURNAL: Journal(OTHER_JOURNAL, "Daily", 1, 1, 9_999),
            JOURNAL: Journal(JOURNAL, "Pleo", 50_001, 50_001, 899_999_999),
        },
        groups={
            1: SupplierGroup(1, "Domestic suppliers", 2100),
            EMPLOYEES: SupplierGroup(EMPLOYEES, "Employees", 2250),
            11: SupplierGroup(11, "Northwind", 2101),
            12: SupplierGroup(12, "Lumen", 2102),
        },
        suppliers={each.number: _copy(each) for each in _SUPPLIERS},
        dimensions={
            1: _dimension(1, "cost_centre", {1: "LON", 2: "CPH", 3: "MAD"}),
            2: _dimension(2, "project", {1: "P-100", 2: "P-200"}),
        },
        projects={100: Project(100, "Website"), 200: Project(200, "Old office", closed=True)},
        cost_types={1: CostType(1, "Materials"), 2: CostType(2, "Travel")},
        rates={"EUR": Decimal("85.00"), "USD": Decimal("78.50"), "DKK": Decimal("11.40")},
        exchange_account=6950,
    )


def year_of_months(year: int, *, closed: bool = False) -> Year:
    """Return a calendar year whose periods are its months."""
    months = [
        Period(
            (year - 2000) * 100 + month,
            str(year),
            date(year, month, 1),
            date(year, month, monthrange(year, month)[1]),
            closed,
        )
        for month in range(1, 13)
    ]
    return Year(str(year), date(year, 1, 1), date(year, 12, 31), closed, months)


def _dimension(number: int, name: str, values: dict[int, str]) -> Dimension:
    return Dimension(number, name, {key: DimensionValue(key, value) for key, value in values.items()})


def _copy(supplier: Supplier) -> Supplier:
    return Supplier(**vars(supplier))
