"""Compare the companies at both ends of a connection: Pleo's, and the one that owns the ledger. One customer's expenses
must never reach another's books."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from pleo_export.accounting.lists import LedgerCompany
from pleo_export.pleo.list_models import PleoCompany

# Prefixes by which registers and tax offices name a country. Others belong to the number: SC is for Scotland.
_COUNTRIES = "AT|BE|BG|CH|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|GR|HR|HU|IE|IS|IT|LI|LT|LU|LV|MT|NL|NO|PL|PT|RO|SE|SK"
_PREFIX = re.compile(rf"(?:{_COUNTRIES})(?=\d)")
_NO_PART = re.compile(r"[^0-9A-Z]")


class SameCompany(StrEnum):
    """What a comparison comes to."""

    YES = "the same"
    NO = "another"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class CompanyComparison:
    """What a comparison came to. `told` names both sides; `number` is the ledger's, by which a person may confirm that
    both are one customer."""

    result: SameCompany
    told: str
    number: str | None = None


def compare(at_pleo: PleoCompany, ledger: LedgerCompany, confirmed: str | None) -> CompanyComparison:
    """Compare by registration number, without regard to spaces, dots, leading zeros and a country's prefix. A tax
    number may prove that they are the same, and never that they are not: it may be of another kind. `confirmed` is the
    ledger's number as a person has confirmed it."""
    wanted, own = _normal(at_pleo.registration_number), _normal(ledger.registration_number)
    both = f"Pleo's company is {_named(at_pleo)}, the ledger's is {_named(ledger)}"
    if wanted and wanted in (own, _normal(ledger.tax_registration_number)):
        return CompanyComparison(SameCompany.YES, f"{both}: the same")
    if own and own == _normal(confirmed):
        return CompanyComparison(SameCompany.YES, f"{both}: confirmed as one customer")
    if wanted and own:
        return CompanyComparison(SameCompany.NO, both, ledger.registration_number)
    lacking = "Pleo has" if own else "the accounting system has" if wanted else "both have"
    return CompanyComparison(SameCompany.UNKNOWN, f"{both}; not compared, {lacking} no registration number")


def confirms(answer: str, number: str | None) -> bool:
    """Return whether a person has typed this registration number."""
    return bool(_normal(answer)) and _normal(answer) == _normal(number)


def _normal(number: str | None) -> str:
    """Return what tells companies apart in a registration number; "" where there is none."""
    return _PREFIX.sub("", _NO_PART.sub("", (number or "").upper()), count=1).lstrip("0")


def _named(company: PleoCompany | LedgerCompany) -> str:
    return " ".join(
        filter(None, (company.name, f"({company.registration_number})" * bool(company.registration_number)))
    )
