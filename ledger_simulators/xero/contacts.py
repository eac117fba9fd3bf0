"""Contacts: found by id, number or name, or made; names are unique among those that are not archived."""

from __future__ import annotations

from typing import Any

from ledger_simulators.xero.books import XeroBooks
from ledger_simulators.xero.rules import XeroValidation
from ledger_simulators.xero.wire import Json

_FIELDS = (
    *("ContactNumber", "AccountNumber", "TaxNumber", "CompanyNumber", "EmailAddress", "BankAccountDetails"),
    *("FirstName", "LastName"),
)
NAME_LENGTH = 255
_LENGTHS = {"ContactNumber": 50, "AccountNumber": 50, "TaxNumber": 50, "CompanyNumber": 50}


def contact_of(books: XeroBooks, given: Any, *, supplier: bool = False) -> Json:
    """Return the contact that a document names; one that has only a name is made where there is none."""
    given = given if isinstance(given, dict) else {}
    if not any(given.get(each) for each in ("ContactID", "ContactNumber", "Name")):
        raise XeroValidation(
            "The Contact must contain at least 1 of the following elements to identify the contact: "
            "Name, ContactID, ContactNumber"
        )
    found = find_contact(books, given)
    if found is None:
        if given.get("ContactID"):
            raise XeroValidation("The contact could not be found")
        found = create_contact(books, given)
    if found["ContactStatus"] != "ACTIVE":
        raise XeroValidation(f"The contact {found['Name']} has been archived")
    if supplier:
        found["IsSupplier"] = True
    return {"ContactID": found["ContactID"], "Name": found["Name"], "ContactNumber": found["ContactNumber"]}


def find_contact(books: XeroBooks, given: Json) -> Json | None:
    """Find a contact as Xero does for a document: by id, else by number, else by its name in any case."""
    if given.get("ContactID"):
        return books.contact(str(given["ContactID"]).lower())
    if given.get("ContactNumber"):
        return next((each for each in books.contacts if each["ContactNumber"] == given["ContactNumber"]), None)
    wanted = " ".join(str(given["Name"]).split()).lower()
    named = [each for each in books.contacts if each["Name"].lower() == wanted]
    active = [each for each in named if each["ContactStatus"] == "ACTIVE"]
    return next(iter(active or named), None)


def create_contact(books: XeroBooks, given: Json) -> Json:
    """Make a contact. Raises XeroValidation for a name that is taken, missing or too long."""
    name = " ".join(str(given.get("Name") or "").split())
    if not name:
        raise XeroValidation("The contact name must be specified")
    if len(name) > NAME_LENGTH:
        raise XeroValidation("The Name must not be more than 255 characters in length.")
    for field, most in _LENGTHS.items():
        if len(str(given.get(field) or "")) > most:
            raise XeroValidation(f"The {field} must not be more than {most} characters in length.")
    if any(each["Name"].lower() == name.lower() and each["ContactStatus"] == "ACTIVE" for each in books.contacts):
        raise XeroValidation(
            f"The contact name {name} is already assigned to another contact. "
            "The contact name must be unique across all active contacts."
        )
    made: Json = {
        "ContactID": books.ids.uuid("contact"),
        "ContactStatus": "ACTIVE",
        "Name": name,
        **{each: given.get(each) or "" for each in _FIELDS},
        "IsSupplier": False,
        "IsCustomer": False,
        "Addresses": [dict(each) for each in given.get("Addresses") or []],
        "ContactGroups": [],
        "HasAttachments": False,
    }
    books.touch(made)
    books.contacts.append(made)
    return made
