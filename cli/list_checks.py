"""Check the lists that are to be kept in step, and whether both ends of the connection are one customer's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cli.company_identity import CompanyComparison, SameCompany, compare
from cli.errors import CheckFailed
from pleo_export.accounting.errors import InvalidConfiguration, PermissionDenied, Rejected
from pleo_export.accounting.lists import LedgerList, LedgerLists
from pleo_export.errors import InvalidSettings
from pleo_export.pleo.errors import PleoForbidden, PleoNotFound, PleoRefused
from pleo_export.pleo.lists_client import PleoLists
from pleo_export.pleo.scopes import list_scopes
from pleo_export.settings import Settings, SyncSettings
from pleo_export.sync.findings import elements_of

if TYPE_CHECKING:
    from cli.connection_checks import CheckedConnection

NAMES = {each: elements_of(each) for each in LedgerList}
_SCOPES = {
    LedgerList.TAGS: "tag-group",
    LedgerList.ACCOUNTS: "accounts:",
    LedgerList.TAX_CODES: "tax-codes:",
    LedgerList.VENDORS: "vendors:",
}
_SETTINGS = {
    LedgerList.ACCOUNTS: "sync.accounts",
    LedgerList.TAX_CODES: "sync.tax_codes",
    LedgerList.VENDORS: "sync.vendors",
}


def scopes_of_lists(sync: SyncSettings, pleo_url: str) -> tuple[str, ...]:
    """Return the scopes that the chosen lists need, by the names of that environment of Pleo; and with any list the one
    that tells whose lists they are."""
    wanted = tuple(_SCOPES[each] for each in sync.lists) + ("companies:",) * bool(sync.lists)
    return tuple(scope for scope in list_scopes(pleo_url) if scope.startswith(wanted))


def compared_companies(
    pleo: PleoLists, ledger: LedgerLists, company_id: str, confirmed: str | None
) -> CompanyComparison:
    """Compare Pleo's company with the ledger's owner. Raises PleoError and AccountingError for what passes by itself;
    where one side does not tell its company, nothing is known."""
    try:
        at_pleo = pleo.company(company_id)
    except (PleoForbidden, PleoNotFound, PleoRefused) as error:
        scope = error.scope if isinstance(error, PleoForbidden) else ""
        lacking = f" (scope {scope})" if scope else ""
        told = f"not compared: Pleo does not tell this credential which company it is{lacking}"
        return CompanyComparison(SameCompany.UNKNOWN, told)
    try:
        owner = ledger.company()
    except (PermissionDenied, Rejected, InvalidConfiguration) as error:
        return CompanyComparison(SameCompany.UNKNOWN, f"not compared: {error.message}")
    return compare(at_pleo, owner, confirmed)


def company(checked: CheckedConnection) -> str:
    """Check that Pleo's company and the ledger are one customer's."""
    found = checked.companies
    if found.result is SameCompany.NO:
        raise CheckFailed(
            f"{found.told}: expenses of one would be booked for the other. Connect the ledger of this company; or, if "
            f'both are one customer, write registration_number: "{found.number}" in the settings'
        )
    return found.told


def lists(checked: CheckedConnection) -> str:
    """Check that the accounting system has the lists of the settings, and that what is chosen of them is booked."""
    sync = checked.settings.sync
    if not sync.lists:
        return "none is kept in step"
    gone = checked.setup.unknown_dimensions(sync.dimensions) if sync.dimensions else ()
    wrong = [
        *(f"sync.dimensions: {each} is not a dimension of {checked.system_name}" for each in gone),
        *_not_booked(checked.settings),
        *_not_offered(checked),
    ]
    if wrong:
        raise InvalidSettings("\n".join(wrong))
    return _told(sync)


def _not_booked(settings: Settings) -> Iterator[str]:
    """Yield the dimensions whose tags an export would leave out."""
    for each in settings.sync.dimensions:
        if settings.dimensions.get(each) != each:
            yield f"dimensions: without `{each}: {each}` the tags of this group are not booked; add it"


def _not_offered(checked: CheckedConnection) -> Iterator[str]:
    offered = checked.lists.lists
    for each in checked.settings.sync.lists:
        if each not in offered:
            field = _SETTINGS.get(each, "sync.dimensions")
            yield f"{field}: {checked.system_name} has no {NAMES[each]} to list; leave it out"


def _told(sync: SyncSettings) -> str:
    """Return the lists in words."""
    words = [f"tags ({', '.join(sync.dimensions) or 'none any more'})"] if LedgerList.TAGS in sync.lists else []
    return (
        ", ".join([*words, *(NAMES[each] for each in sync.lists if each is not LedgerList.TAGS)]) + " follow the books"
    )
