"""How the agreement is set up, as recording needs it.

Kept as `kept_lists` says; suppliers are read for each batch, since a person may have changed them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from pleo_export.accounting.economic.filters import MOST_VALUES, among
from pleo_export.accounting.economic.rest import (
    ACCOUNTS,
    DIMENSIONS,
    JOURNALS,
    PROJECTS,
    EconomicRest,
    Row,
)
from pleo_export.accounting.economic.settings import EconomicSettings
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.errors import (
    InvalidConfiguration,
    PermissionDenied,
    Rejected,
    UnknownAccount,
    UnknownDimension,
    UnknownTaxCode,
)
from pleo_export.accounting.kept_lists import KeptLists, kept_property
from pleo_export.bookkeeping.documents import Dimension
from pleo_export.failures.connection import JOURNAL_RESTRICTED, OTHER_LEDGER, SETTING_UNKNOWN_THERE
from pleo_export.failures.ledger import ACCOUNT_UNKNOWN, CODE_AMBIGUOUS, TAG_UNKNOWN, TAX_CODE_UNKNOWN

BOOKABLE = frozenset({1, 2})  # profit and loss, status; the others are headings and totals
PROJECT, COST_TYPE = "project", "cost type"  # categories of the project module, where no dimension has the name
_NUMBER = 9  # digits of the longest key


@dataclass(frozen=True, slots=True)
class EconomicAccount:
    """An account that can be booked on. `vat_code` is what e-conomic proposes for its entries, `currency` the only one
    that it takes, if any. Not `direct`: only e-conomic itself books on it."""

    number: int
    name: str
    currency: str | None
    vat_code: str | None
    direct: bool


@dataclass(frozen=True, slots=True)
class EconomicVat:
    """A VAT code: its rate in per cent, its account, and the contra account of a reverse charge."""

    code: str
    rate: Decimal
    account: str
    contra: str | None


@dataclass(frozen=True, slots=True)
class EconomicSupplier:
    """A supplier. `account` is the code of its group's account, on which e-conomic books what it is owed."""

    number: int
    name: str
    group: int
    account: str
    barred: bool
    tax_number: str
    bank_account: str


class EconomicLookups:
    """Reads the tables that documents are recorded with. Every method raises AccountingError."""

    def __init__(self, settings: EconomicSettings, rest: EconomicRest, lists: KeptLists | None = None) -> None:
        self._settings = settings
        self._economic = rest
        self.lists = lists or KeptLists()

    def check(self) -> None:
        """Check that the tokens belong to the agreement of the settings, and that the journal takes all entries."""
        self.lists.forget_all()
        found = self._self.get("agreementNumber")
        if found != self._settings.agreement:
            raise InvalidConfiguration(OTHER_LEDGER.told(ledger=TITLE, found=found, wanted=self._settings.agreement))
        if self.journal().get("allowedEntryType"):
            raise InvalidConfiguration(JOURNAL_RESTRICTED.told(ledger=TITLE, journal=self._settings.journal))

    def journal(self) -> Row:
        """Read the journal of the settings."""
        number = self._settings.journal
        try:
            row = self._economic.get(f"{JOURNALS}/journals/{number}")
        except (Rejected, InvalidConfiguration) as error:
            if error.status is None:
                raise
            told = SETTING_UNKNOWN_THERE.told(ledger=TITLE, count="no", setting="journal", value=number)
            raise InvalidConfiguration(told) from None
        if not isinstance(row, dict):
            raise InvalidConfiguration(
                SETTING_UNKNOWN_THERE.told(ledger=TITLE, count="no", setting="journal", value=number)
            )
        return row

    def currency(self) -> str:
        """Return the agreement's own currency, ISO 4217."""
        return str(self._self["settings"]["baseCurrency"])

    def account(self, code: str) -> EconomicAccount:
        """Return the account. Raises UnknownAccount."""
        account = self.accounts.get(code)
        if account is None:
            raise UnknownAccount(ACCOUNT_UNKNOWN.told(ledger=TITLE, account=code), unknown=code)
        return account

    def vat(self, code: str) -> EconomicVat:
        """Return the VAT code. Raises UnknownTaxCode."""
        if code not in self._vats:
            raise UnknownTaxCode(TAX_CODE_UNKNOWN.told(ledger=TITLE, code=code), unknown=code)
        return self._vats[code]

    def dimension(self, dimension: Dimension) -> tuple[str, int, int]:
        """Return the property that holds a dimension: (`dimension`, number, key), or (`projectNumber` |
        `costTypeNumber`, 0, key). Raises UnknownDimension."""
        if (number := self.dimension_numbers.get(dimension.category.casefold())) is not None:
            return "dimension", number, _key(self._values[number], dimension)
        module = self._module(dimension.category)
        if module is None:
            raise _unknown(dimension)
        name, rows = module
        return name, 0, _key(rows, dimension)

    def suppliers(self, numbers: Collection[int]) -> Mapping[int, EconomicSupplier]:
        """Read suppliers by their numbers: one call for 200."""
        wanted = sorted(numbers)
        found = []
        for begin in range(0, len(wanted), MOST_VALUES):
            found += self.search_suppliers(among("supplierNumber", wanted[begin : begin + MOST_VALUES]))
        return {each.number: each for each in found}

    def search_suppliers(self, filter_: str) -> list[EconomicSupplier]:
        """Read the suppliers that the filter lets through."""
        return [self._supplier(row) for row in self._economic.old_items("/suppliers", filter_)]

    @property
    def company(self) -> Row:
        """What the agreement says of its company."""
        return dict(self._self.get("company") or {})

    @kept_property
    def accounts(self) -> Mapping[str, EconomicAccount]:
        """The accounts that can be booked on, by code."""
        return {
            str(row["number"]): EconomicAccount(
                row["number"],
                row.get("name") or "",
                row.get("currency") or None,
                row.get("vatCode") or None,
                not row.get("isBlockedForDirectEntries"),
            )
            for row in self.all_accounts
            if row.get("type") in BOOKABLE and not row.get("isBarred")
        }

    @kept_property
    def all_accounts(self) -> Sequence[Row]:
        """All accounts, as e-conomic has them."""
        return self._economic.items(f"{ACCOUNTS}/Accounts")

    @kept_property
    def dimensions(self) -> Sequence[Row]:
        """The active dimensions, as e-conomic has them."""
        return [row for row in self._economic.items(f"{DIMENSIONS}/dimensions") if row.get("active")]

    def has_values(self, category: str) -> bool:
        """Return whether the category is a dimension, or one of the project module, that has a value."""
        if (number := self.dimension_numbers.get(category.casefold())) is not None:
            return bool(self._values[number])
        module = self._module(category)
        return bool(module and module[1])

    @kept_property
    def _self(self) -> Row:
        row = self._economic.old("/self")
        if not isinstance(row, dict) or "agreementNumber" not in row:
            told = SETTING_UNKNOWN_THERE.told(
                ledger=TITLE, count="no", setting="agreement", value=self._settings.agreement
            )
            raise InvalidConfiguration(told)
        return row

    @kept_property
    def _vats(self) -> Mapping[str, EconomicVat]:
        return {
            row["vatCode"]: EconomicVat(
                row["vatCode"],
                Decimal(row.get("ratePercentage") or 0),
                _account_of(row.get("account")) or "",
                _account_of(row.get("contraAccount")),
            )
            for row in self._economic.old_items("/vat-accounts")
            if not row.get("barred")
        }

    @kept_property
    def dimension_numbers(self) -> Mapping[str, int]:
        """The numbers of the active dimensions, by number and by name in small letters."""
        named = {str(row.get("name") or "").casefold(): row["number"] for row in self.dimensions}
        return named | {str(row["number"]): row["number"] for row in self.dimensions}

    @kept_property
    def _values(self) -> Mapping[int, list[Row]]:
        values: dict[int, list[Row]] = defaultdict(list)
        for row in self._economic.items(f"{DIMENSIONS}/values"):
            if row.get("active"):
                values[row["dimensionNumber"]].append(row)
        return values

    def _module(self, category: str) -> tuple[str, list[Row]] | None:
        try:
            match module_of(category):
                case "Projects":
                    return "projectNumber", self._projects
                case "CostTypes":
                    return "costTypeNumber", self._cost_types
        except PermissionDenied as error:
            if error.code != "AccessDeniedAgreementMissingModules":
                raise
        return None

    @kept_property
    def _projects(self) -> list[Row]:
        rows = self._economic.items(f"{PROJECTS}/Projects")
        return [
            {**row, "key": row["number"]}
            for row in rows
            if not (row.get("isClosed") or row.get("isBarred") or row.get("isMainProject"))
        ]

    @kept_property
    def _cost_types(self) -> list[Row]:
        rows = self._economic.items(f"{PROJECTS}/CostTypes")
        return [{**row, "key": row["number"]} for row in rows if not row.get("isBarred")]

    @cached_property
    def _group_accounts(self) -> Mapping[int, str]:
        rows = self._economic.old_items("/supplier-groups")
        return {row["supplierGroupNumber"]: _account_of(row.get("account")) or "" for row in rows}

    def _supplier(self, row: Row) -> EconomicSupplier:
        group = (row.get("supplierGroup") or {}).get("supplierGroupNumber", 0)
        return EconomicSupplier(
            row["supplierNumber"],
            row.get("name") or str(row["supplierNumber"]),
            group,
            self._group_accounts.get(group, ""),
            bool(row.get("barred")),
            row.get("corporateIdentificationNumber") or "",
            row.get("bankAccount") or "",
        )


def module_of(category: str) -> str | None:
    """Return what of the project module a category names; None for another."""
    return {PROJECT: "Projects", COST_TYPE: "CostTypes"}.get(category.casefold().replace("_", " "))


def supplier_number(code: str) -> int | None:
    """Return a code as the number of a supplier; None for what cannot be one."""
    return int(code) if code.isascii() and code.isdigit() and len(code) <= _NUMBER else None


def _key(rows: Sequence[Row], dimension: Dimension) -> int:
    """Return the key of a value: given as a number, or by its name. Raises UnknownDimension."""
    named = [row["key"] for row in rows if str(row.get("name") or "").casefold() == dimension.value.casefold()]
    keys = [row["key"] for row in rows if str(row["key"]) == dimension.value] or named
    if not keys:
        raise _unknown(dimension)
    if len(keys) > 1:
        told = CODE_AMBIGUOUS.told(ledger=TITLE, count=len(keys), what=f"tag {dimension.value}")
        raise UnknownDimension(told, unknown=dimension)
    return int(keys[0])


def _unknown(dimension: Dimension) -> UnknownDimension:
    told = TAG_UNKNOWN.told(ledger=TITLE, tag=dimension.value).about(dimension.category)
    return UnknownDimension(told, unknown=dimension)


def _account_of(row: Any) -> str | None:
    return str(row["accountNumber"]) if isinstance(row, dict) and "accountNumber" in row else None
