"""What Tryton offers to choose from: analytic accounts, accounts, taxes, and parties as suppliers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

from pleo_export.accounting.errors import InvalidConfiguration
from pleo_export.accounting.lists import (
    DimensionValue,
    LedgerAccount,
    LedgerCompany,
    LedgerList,
    LedgerSupplier,
    LedgerTaxCode,
    NewSupplier,
)
from pleo_export.accounting.tryton import supplier_numbers
from pleo_export.accounting.tryton.rest import Record, TrytonRest
from pleo_export.accounting.tryton.suppliers import TrytonSuppliers
from pleo_export.accounting.tryton.taxes import FIELDS as TAX_FIELDS
from pleo_export.accounting.tryton.taxes import codes_by_id, tax_codes
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.failures.connection import SETTING_UNKNOWN_THERE
from pleo_export.failures.ledger_lists import DIMENSION_NOT_THERE

_ANALYTIC = "analytic_account.account"
_COMPANY_FIELDS = ("party.name", *(f"party.{field}" for field in supplier_numbers.FIELDS))


def _today() -> date:
    return datetime.now(UTC).date()


class TrytonLists:
    """The port's LedgerLists for Tryton; see `LedgerLists` for what each method promises."""

    lists = frozenset(LedgerList)
    page = 1_000  # records of one call

    def __init__(self, rest: TrytonRest, today: Callable[[], date] = _today) -> None:
        self._tryton = rest
        self._suppliers = TrytonSuppliers(rest)
        self._today = today
        self._of_company = ["company", "=", rest.company]

    def company(self) -> LedgerCompany:
        """Return the company's party: one call. Raises AccountingError."""
        domain = [["id", "=", self._tryton.company]]
        rows = self._tryton.search_read("company.company", domain, _COMPANY_FIELDS)
        if not rows:
            told = SETTING_UNKNOWN_THERE.told(
                ledger=TITLE, count="no", setting="company", value=str(self._tryton.company)
            )
            raise InvalidConfiguration(told)
        party = rows[0]["party"]
        return LedgerCompany(
            party["name"] or "",
            supplier_numbers.registration_number(party),
            supplier_numbers.tax_registration_number(party),
        )

    def dimension_values(self, dimension: str) -> Iterator[DimensionValue]:
        """Yield the analytic accounts below a root that can be booked on. Closed or deactivated ones are not active,
        those of a deactivated root neither. Raises InvalidConfiguration, or another AccountingError."""
        roots = [self._of_company, ["type", "=", "root"], ["code", "=", dimension]]
        found = self._tryton.search_read(_ANALYTIC, roots, ["active"])
        if len(found) != 1:
            raise InvalidConfiguration(DIMENSION_NOT_THERE.told(ledger=TITLE, dimension=dimension))
        domain = [self._of_company, ["type", "=", "normal"], ["root", "=", found[0]["id"]]]
        for row in self._tryton.read_all(_ANALYTIC, domain, ["code", "name", "active", "state"], self.page):
            yield DimensionValue(row["code"] or "", row["name"], bool(row["active"]) and row["state"] == "opened")

    def chart(self) -> Iterator[LedgerAccount]:
        """Yield the accounts; those without a type are headings. Raises AccountingError."""
        codes = codes_by_id(self._taxes())
        fields = ["code", "name", "active", "closed", "type", "taxes"]
        for row in self._tryton.read_all("account.account", [self._of_company], fields, self.page):
            usual = {codes[each] for each in row["taxes"] if each in codes}
            yield LedgerAccount(
                id=str(row["id"]),
                code=row["code"] or "",
                name=row["name"],
                active=bool(row["active"]) and not row["closed"],
                postable=row["type"] is not None,
                tax_code=usual.pop() if len(usual) == 1 else None,
            )

    def tax_codes(self) -> Iterator[LedgerTaxCode]:
        """Yield the taxes of purchases, by their names. Raises AccountingError."""
        yield from tax_codes(self._taxes(), self._today())

    def suppliers(self) -> Iterator[LedgerSupplier]:
        """Yield the parties that are neither employees nor companies of this database. Raises AccountingError."""
        return self._suppliers.all(self.page)

    def ensure_supplier(self, wanted: NewSupplier) -> LedgerSupplier:
        """Return the supplier that is wanted: three calls, four more to make it. Raises Rejected, OutcomeUnknown, or
        another AccountingError."""
        return self._suppliers.ensure(wanted)

    def _taxes(self) -> list[Record]:
        return list(self._tryton.read_all("account.tax", [self._of_company], TAX_FIELDS, self.page))
