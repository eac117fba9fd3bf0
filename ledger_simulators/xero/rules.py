"""What Xero checks before it takes a document, in its own words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from ledger_simulators.xero.books import XeroBooks
from ledger_simulators.xero.wire import Json, money, read_day

_FLAGS = {
    "ASSET": "CanApplyToAssets",
    "EQUITY": "CanApplyToEquity",
    "EXPENSE": "CanApplyToExpenses",
    "LIABILITY": "CanApplyToLiabilities",
    "REVENUE": "CanApplyToRevenue",
}
# Accounts that Xero books on itself; a line may not name them.
SYSTEM_ONLY = frozenset({"DEBTORS", "CREDITORS", "BANKCURRENCYGAIN", "REALISEDCURRENCYGAIN", "UNREALISEDCURRENCYGAIN"})
MAX_TRACKING = 2
LINE_TYPES = ("Exclusive", "Inclusive", "NoTax")


class XeroValidation(Exception):
    """What is wrong with one element, as `messages`."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages = messages


def check_date(books: XeroBooks, on: date, *, payment: bool = False) -> None:
    """Refuse a day in a locked period."""
    for name, words in (("EndOfYearLockDate", "end of year"), ("PeriodLockDate", "period")):
        locked = books.organisation.get(name)
        if locked is not None and on <= locked:
            day = f"{locked.day} {locked:%B %Y}"
            if payment:
                raise XeroValidation(f"The payment date cannot be before the {words} lock date, currently set at {day}")
            raise XeroValidation(f"The document date cannot be before the {words} lock date, currently set at {day}")


def document_date(books: XeroBooks, given: Json, *, payment: bool = False) -> date:
    """Return the day of a document, today where it has none."""
    try:
        on = read_day(given.get("Date")) or books.clock.now().date()
    except ValueError:
        raise XeroValidation("The Date is not valid") from None
    check_date(books, on, payment=payment)
    return on


def line_items(books: XeroBooks, given: Json, *, journal: bool = False) -> list[Json]:
    """Return the lines of a document with their amounts, checked. Raises XeroValidation with all that is wrong."""
    lines = given.get("JournalLines" if journal else "LineItems")
    if not isinstance(lines, list) or not lines:
        raise XeroValidation("At least one line item is required")
    kind = given.get("LineAmountTypes") or ("NoTax" if journal else "Exclusive")
    if kind not in LINE_TYPES:
        raise XeroValidation(f"LineAmountTypes {kind} is not valid")
    problems: list[str] = []
    made = []
    for line in lines:
        problems += _line_problems(books, line, journal=journal)
        if not problems:
            made.append(_line(books, line, kind, journal=journal))
    if problems:
        raise XeroValidation(*dict.fromkeys(problems))
    return made


def totals(lines: list[Json], kind: str) -> tuple[Decimal, Decimal]:
    """Return what the lines come to without tax, and their tax."""
    tax = sum((each["TaxAmount"] for each in lines), Decimal(0))
    amounts = sum((each["LineAmount"] for each in lines), Decimal(0))
    return (amounts - tax if kind == "Inclusive" else amounts), tax


def _line_problems(books: XeroBooks, line: Any, *, journal: bool) -> Iterator[str]:
    if not isinstance(line, dict):
        yield "A line is not an object"
        return
    if not journal and not str(line.get("Description") or "").strip():
        yield "Description needs to be at least 1 char long"
    account = books.account(line)
    code = line.get("AccountCode") or line.get("AccountID") or ""
    if not code:
        yield "Account code must be specified"
    elif account is None:
        yield f"Account code '{code}' is not a valid code for this document."
    elif account["Status"] != "ACTIVE":
        yield (
            f"Account code '{code}' has been archived, or has been deleted. "
            "Each line item must reference a valid account."
        )
    elif account["Type"] == "BANK" or account["SystemAccount"] in SYSTEM_ONLY:
        yield f"Account code '{code}' is not a valid code for this document."
    else:
        yield from _tax_problems(books, line, account, code)
    yield from _tracking_problems(books, line)


def _tax_problems(books: XeroBooks, line: Json, account: Json, code: str) -> Iterator[str]:
    tax_type = line.get("TaxType")
    if not tax_type:
        return
    rate = books.tax_rate(tax_type)
    if rate is None:
        yield f"The TaxType code '{tax_type}' does not exist or cannot be used for this type of transaction."
    elif rate["Status"] != "ACTIVE":
        yield "Tax rate must be Active"
    elif not rate[_FLAGS[account["Class"]]]:
        yield f"The TaxType code '{tax_type}' cannot be used with account code '{code}'."


def _tracking_problems(books: XeroBooks, line: Json) -> Iterator[str]:
    given = line.get("Tracking") or []
    if len(given) > MAX_TRACKING:
        yield f"A line item cannot have more than {MAX_TRACKING} tracking categories"
    for each in given:
        category = next((one for one in books.tracking if one["Name"] == each.get("Name")), None)
        if category is None or category["Status"] != "ACTIVE":
            yield f"The tracking category '{each.get('Name')}' does not exist"
        elif not any(o["Name"] == each.get("Option") and o["Status"] == "ACTIVE" for o in category["Options"]):
            yield f"The tracking option '{each.get('Option')}' does not exist in category '{category['Name']}'"


def _line(books: XeroBooks, given: Json, kind: str, *, journal: bool) -> Json:
    account = books.account(given) or {}
    try:
        quantity = Decimal(str(given.get("Quantity", 1)))
        unit = given.get("UnitAmount")
        amount = money(given["LineAmount"] if given.get("LineAmount") is not None else Decimal(str(unit)) * quantity)
        stated = None if given.get("TaxAmount") is None else money(given["TaxAmount"])
    except (ArithmeticError, KeyError, ValueError):
        raise XeroValidation("The line amount is not valid") from None
    if unit is not None and money(Decimal(str(unit)) * quantity) != amount:
        raise XeroValidation("The line total does not match the expected line total")
    tax_type = given.get("TaxType") or account.get("TaxType") or "NONE"
    computed = _computed_tax(books, tax_type, amount, kind)
    tax = Decimal("0.00") if kind == "NoTax" else computed if journal or stated is None else stated
    if abs(tax) > abs(amount):
        raise XeroValidation("The tax amount cannot be greater than the line amount")
    line = {
        "Description": given.get("Description") or "",
        "TaxType": tax_type if kind != "NoTax" else "NONE",
        "TaxAmount": tax,
        "LineAmount": amount,
        "AccountCode": account.get("Code"),
        "AccountID": account["AccountID"],
        "Tracking": [_tracking(books, each) for each in given.get("Tracking") or []],
    }
    if not journal:
        line |= {"Quantity": quantity, "UnitAmount": amount / quantity, "LineItemID": books.ids.uuid("line")}
    return line


def _computed_tax(books: XeroBooks, tax_type: str, amount: Decimal, kind: str) -> Decimal:
    rate = books.tax_rate(tax_type)
    percent = rate["EffectiveRate"] if rate else Decimal(0)
    if kind == "Inclusive":
        return money(amount * percent / (100 + percent))
    return money(amount * percent / 100)


def _tracking(books: XeroBooks, given: Json) -> Json:
    category = next(one for one in books.tracking if one["Name"] == given["Name"])
    option = next(one for one in category["Options"] if one["Name"] == given["Option"])
    return {
        "Name": category["Name"],
        "Option": option["Name"],
        "TrackingCategoryID": category["TrackingCategoryID"],
        "TrackingOptionID": option["TrackingOptionID"],
    }
