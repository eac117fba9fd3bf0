"""The sample company: the chart, the suppliers and the employees that the demo and the conformance suite know."""

from __future__ import annotations

from decimal import Decimal

from ledger_simulators.business_central.ledger import BusinessCentralLedger
from pleo_simulator.clock import Clock

# number -> (name, category)
ACCOUNTS = {
    "1200": ("Bank", "Assets"),
    "1900": ("Pleo wallet GBP", "Assets"),
    "1911": ("Pleo wallet EUR", "Assets"),
    "1950": ("Pleo clearing", "Assets"),
    "2100": ("Trade payables", "Liabilities"),
    "2200": ("Input VAT", "Liabilities"),
    "2201": ("Reverse charge VAT, input", "Liabilities"),
    "2202": ("Reverse charge VAT, output", "Liabilities"),
    "2250": ("Employees, out of pocket", "Liabilities"),
    "2251": ("Employees, reimbursed through payroll", "Liabilities"),
    "4900": ("Cashback income", "Income"),
    "6100": ("Office supplies", "Expense"),
    "6200": ("Travel", "Expense"),
    "6210": ("Mileage", "Expense"),
    "6300": ("Meals and entertainment", "Expense"),
    "6400": ("Professional services", "Expense"),
    "6500": ("Software", "Expense"),
    "6900": ("Bank and card fees", "Expense"),
    "6950": ("Exchange differences", "Expense"),
}
# number -> (name, VAT registration number, account of its posting group, blocked)
VENDORS = {
    "V-2001": ("Northwind Office Supplies", "GB 112 233 445", "2100", False),
    "V-2002": ("Lumen Consulting", "GB 998 877 665", "2100", False),
    "V-2003": ("Paper Trail (blocked)", "", "2100", True),
    "V-2004": ("Harbour Freight North", "GB 555 666 777", "2100", False),
    "V-2005": ("Harbour Freight South", "GB555666777", "2100", False),
    "V-1001": ("Ryman", "GB 242.7421-86", "2100", False),
    "V-1002": ("John Lewis", "GB232457280", "2100", False),
    "V-1003": ("LNER", "GB281276583", "2100", False),
    "V-1004": ("Iberia", "ESA85850394", "2100", False),
    "V-1005": ("Figma", "EU372044471", "2100", False),
    "V-1006": ("Slack", "IE3336483DH", "2100", False),
    "V-1007": ("Adobe", "IE6364992H", "2100", False),
    "V-1008": ("WeWork", "GB207837411", "2100", False),
    "V-1009": ("Pleo", "DK36538686", "2100", False),
    "V-1010": ("Amazon Marketplace", "GB 727 255 821", "2100", False),
    "V-1011": ("IKEA", "GB 527 773 320", "2100", False),
    "V-1012": ("Casa Lucio", "ESB78293471", "2100", False),
    "V-1013": ("DSB", "DK25050053", "2100", False),
}
EMPLOYEES = {
    "E001": "Amelia Hartley",
    "E002": "Tom Okafor",
    "E003": "Priya Nair",
    "E004": "Jonas Lindqvist",
    "E005": "Marta Ruiz",
}
DIMENSIONS = {
    "cost_centre": ("Cost centre", {"LON": "London", "CPH": "Copenhagen", "MAD": "Madrid"}),
    "project": ("Project", {"P-100": "Website", "P-200": "Office move"}),
}


def sample_ledger(clock: Clock, *, seed: int = 0) -> BusinessCentralLedger:
    """Return the sample company: in pounds, 2025 closed, 2026 and 2027 open, no later year."""
    ledger = BusinessCentralLedger(clock, seed=seed)
    for number, (name, category) in ACCOUNTS.items():
        ledger.add_account(number, name, category)
    # The euro wallet is a bank account, since accounts of the general ledger have no currency.
    ledger.add("bankAccounts", number="1901", displayName="Pleo wallet EUR", currencyCode="EUR", _account="1911")
    ledger.add("bankAccounts", number="PLEO", displayName="Pleo wallet", _account="1900")
    ledger.add_vat("GB20", "UK VAT 20 % on purchases", "20", "2200")
    ledger.add_vat("GB0", "UK VAT zero-rated purchases", "0", "2200")
    ledger.add_vat("ES21", "Spanish IVA 21 % on purchases", "21", "2200")
    ledger.add_vat("RC20", "Reverse charge 20 % on purchases", "20", "2201", "2202")
    for code, (name, values) in DIMENSIONS.items():
        ledger.add_dimension(code, name, values)
    ledger.add("currencies", code="EUR", displayName="Euro", symbol="€", _rate=Decimal(1) / Decimal("1.15"))
    for number, (name, tax_number, payables, blocked) in VENDORS.items():
        state = "All" if blocked else "_x0020_"
        ledger.add_vendor(number, name, payables, taxRegistrationNumber=tax_number, blocked=state)
    for number, name in EMPLOYEES.items():
        ledger.add("employees", number=number, displayName=name)
        ledger.add_vendor(number, name, "2250")
    ledger.add_year(2025, closed=True)
    ledger.add_year(2026)
    ledger.add_year(2027)
    ledger.end_of_calendar(2028)
    return ledger
