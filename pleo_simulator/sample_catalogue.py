"""The books, people and suppliers that sample data draws on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ACCOUNTS: Mapping[str, str] = {
    "1200": "Bank",
    "1900": "Pleo wallet GBP",
    "1901": "Pleo wallet EUR",
    "1950": "Pleo clearing",
    "2100": "Payables",
    "2200": "Input VAT",
    "2201": "Reverse charge VAT in",
    "2202": "Reverse charge VAT out",
    "2250": "Out-of-pocket",
    "2251": "External reimbursement",
    "4900": "Cashback income",
    "6100": "Office supplies",
    "6200": "Travel",
    "6210": "Mileage",
    "6300": "Meals",
    "6400": "Services",
    "6500": "Software",
    "6900": "Bank and Pleo fees",
}
WALLETS: Mapping[str, str] = {"GBP": "1900", "EUR": "1901"}
TAG_GROUPS: Mapping[str, str] = {
    "LON": "cost_centre",
    "CPH": "cost_centre",
    "MAD": "cost_centre",
    "XXX": "cost_centre",  # a code that the books do not have
    "P-100": "project",
    "P-200": "project",
}


@dataclass(frozen=True, slots=True)
class TaxCode:
    """`rate` is in basis points: 2000 is 20 %."""

    code: str
    rate: int
    kind: str

    def of(self, gross: int) -> int:
        """The tax in `gross`, or on top of it for reverse charge; minor units, half up."""
        base = 10_000 if self.kind == "reverse" else 10_000 + self.rate
        return (2 * gross * self.rate + base) // (2 * base)


TAX_CODES: Mapping[str, TaxCode] = {
    "GB20": TaxCode("GB20", 2000, "inclusive"),
    "GB0": TaxCode("GB0", 0, "inclusive"),
    "ES21": TaxCode("ES21", 2100, "exclusive"),
    "RC20": TaxCode("RC20", 2000, "reverse"),
}


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    code: str
    team: str


TEAMS: Mapping[str, str] = {"Design": "T10", "Sales": "T20", "Engineering": "T30"}
PEOPLE: Mapping[str, Person] = {
    each.name: each
    for each in (
        Person("Amelia Hartley", "E001", "Sales"),
        Person("Tom Okafor", "E002", "Sales"),
        Person("Priya Nair", "E003", "Engineering"),
        Person("Jonas Lindqvist", "E004", "Design"),
        Person("Marta Ruiz", "E005", "Design"),
    )
}


@dataclass(frozen=True, slots=True)
class Supplier:
    """`vendor` is its number in the accounting system, for those that were synchronised to Pleo."""

    name: str
    category: str
    country: str
    account: str
    tax_identifier: str | None = None
    vendor: str | None = None


SUPPLIERS: Mapping[str, Supplier] = {
    each.name: each
    for each in (
        Supplier("Ryman", "5943", "GB", "6100", "GB242742186", "V-1001"),
        Supplier("John Lewis", "5311", "GB", "6100", "GB232457280", "V-1002"),
        Supplier("Amazon Marketplace", "5942", "GB", "6100", "GB727255821"),
        Supplier("IKEA", "5712", "GB", "6100", "GB527773320"),
        Supplier("Pret A Manger", "5812", "GB", "6300"),
        Supplier("Costa Coffee", "5814", "GB", "6300"),
        Supplier("Casa Lucio", "5812", "ES", "6300", "ESB78293471"),
        Supplier("LNER", "4112", "GB", "6200", "GB281276583", "V-1003"),
        Supplier("Trainline", "4112", "GB", "6200"),
        Supplier("DSB", "4112", "DK", "6200", "DK25050053"),
        Supplier("Iberia", "4511", "ES", "6200", "ESA85850394", "V-1004"),
        Supplier("Delta Air Lines", "4511", "US", "6200"),
        Supplier("Hotel Alhambra", "7011", "ES", "6200", "ESA28017895"),
        Supplier("Booking.com", "4722", "NL", "6200", "NL805734958B01"),
        Supplier("London Black Cabs", "4121", "GB", "6200"),
        Supplier("NCP Car Parks", "7523", "GB", "6200"),
        Supplier("Figma", "5734", "US", "6500", "EU372044471", "V-1005"),
        Supplier("Slack", "5734", "IE", "6500", "IE3336483DH", "V-1006"),
        Supplier("Notion", "5734", "US", "6500"),
        Supplier("Adobe", "5734", "IE", "6500", "IE6364992H", "V-1007"),
        Supplier("WeWork", "6513", "GB", "6400", "GB207837411", "V-1008"),
        Supplier("Snappy Gifts", "5947", "GB", "6400"),
        Supplier("Pleo", "6012", "DK", "6900", "DK36538686", "V-1009"),
    )
}
