"""Suppliers and employees of the books, as the Pleo simulator names them.

A party's code is its number at Pleo. Suppliers without one are found by their tax number; Notion, Costa and others of
the simulator are not here, so that there is somebody unknown.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartyRecord:
    """`code` None: Tryton numbers it. `account`: its own payables account. `number`: ours as its customer."""

    name: str
    code: str | None = None
    tax_number: str | None = None
    account: str | None = None
    active: bool = True
    number: str | None = None


PARTIES = (
    PartyRecord("Northwind Office Supplies", "V-2001", "GB 112 233 445", "2101", number="K-17"),
    PartyRecord("Lumen Consulting", "V-2002", "GB 998 877 665", "2102"),
    PartyRecord("Paper Trail (blocked)", "V-2003", active=False),
    PartyRecord("Harbour Freight North", "V-2004", "GB 555 666 777"),
    PartyRecord("Harbour Freight South", "V-2005", "GB555666777"),
    PartyRecord("Ryman", "V-1001", "GB 242.7421-86"),
    PartyRecord("John Lewis", "V-1002", "GB232457280"),
    PartyRecord("LNER", "V-1003", "GB281276583"),
    PartyRecord("Iberia", "V-1004", "ESA85850394"),
    PartyRecord("Figma", "V-1005", "EU372044471"),
    PartyRecord("Slack", "V-1006", "IE3336483DH"),
    PartyRecord("Adobe", "V-1007", "IE6364992H"),
    PartyRecord("WeWork", "V-1008", "GB207837411"),
    PartyRecord("Pleo", "V-1009", "DK36538686"),
    PartyRecord("Amazon Marketplace", None, "GB 727 255 821"),
    PartyRecord("IKEA", None, "GB 527 773 320"),
    PartyRecord("Casa Lucio", None, "ESB78293471"),
    PartyRecord("DSB", None, "DK25050053"),
    PartyRecord("Amelia Hartley", "E001"),
    PartyRecord("Tom Okafor", "E002"),
    PartyRecord("Priya Nair", "E003"),
    PartyRecord("Jonas Lindqvist", "E004"),
    PartyRecord("Marta Ruiz", "E005"),
)
EMPLOYEES = tuple(each for each in PARTIES if (each.code or "").startswith("E"))
