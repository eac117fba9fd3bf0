"""Names for what the ledger has refused: whether it is closed there or missing, and what people call it.

The lists are read only where an item is refused, each at most once for a job in one environment, so that an export
without refusals costs no call more. A list that cannot be read changes nothing: the refusal is told without the name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.observability import logger
from pleo_export.sync.standing import Standing

if TYPE_CHECKING:
    from pleo_export.accounting.lists import DimensionValue, LedgerAccount, LedgerTaxCode
    from pleo_export.services.services import Services
    from pleo_export.store.connections import Connection

T = TypeVar("T")


class LedgerNames(Protocol):
    """What is known of codes that the ledger has refused. The name is "" where it is not known; USABLE where the lists
    give no reason for the refusal, or cannot be read."""

    def account(self, code: str) -> tuple[Standing, str]:
        """Return why an account cannot be booked on, and its name."""

    def tax_code(self, code: str) -> tuple[Standing, str]:
        """Return why a tax code cannot be used, and its name."""

    def tag(self, dimension: str, code: str) -> tuple[Standing, str]:
        """Return why a tag cannot be used, and its name."""

    def dimension(self, code: str) -> str:
        """Return the ledger's name of a dimension."""


class NoNames:
    """Nothing is known: for where the lists are not read."""

    def account(self, code: str) -> tuple[Standing, str]:
        """Return nothing that is known."""
        return _UNKNOWN

    def tax_code(self, code: str) -> tuple[Standing, str]:
        """Return nothing that is known."""
        return _UNKNOWN

    def tag(self, dimension: str, code: str) -> tuple[Standing, str]:
        """Return nothing that is known."""
        return _UNKNOWN

    def dimension(self, code: str) -> str:
        """Return nothing that is known."""
        return ""


_UNKNOWN = Standing.USABLE, ""


@dataclass(eq=False)
class ListedNames:
    """Names from the lists of one company's ledger, read when they are first asked for."""

    connection: Connection
    services: Services
    _kept: dict[str, Any] = field(default_factory=dict)

    def account(self, code: str) -> tuple[Standing, str]:
        """Return why an account cannot be booked on, and its name."""
        from pleo_export.sync.health import account_standing  # noqa: PLC0415 - only where a code is refused

        chart: Sequence[LedgerAccount] | None = self._list(LedgerList.ACCOUNTS, lambda lists: lists.chart())
        if chart is None:
            return _UNKNOWN
        return account_standing(code, chart), _name(each.name for each in chart if each.code == code)

    def tax_code(self, code: str) -> tuple[Standing, str]:
        """Return why a tax code cannot be used, and its name."""
        from pleo_export.sync.health import tax_code_standing  # noqa: PLC0415 - only where a code is refused

        codes: Sequence[LedgerTaxCode] | None = self._list(LedgerList.TAX_CODES, lambda lists: lists.tax_codes())
        if codes is None:
            return _UNKNOWN
        return tax_code_standing(code, codes), _name(each.name for each in codes if each.code == code)

    def tag(self, dimension: str, code: str) -> tuple[Standing, str]:
        """Return why a tag cannot be used, and its name."""
        from pleo_export.sync.health import tag_standing  # noqa: PLC0415 - only where a code is refused

        values: Sequence[DimensionValue] | None = self._list(
            LedgerList.TAGS, lambda lists: lists.dimension_values(dimension), dimension
        )
        if values is None:
            return _UNKNOWN
        return tag_standing(code, values), _name(each.name for each in values if each.code == code)

    def dimension(self, code: str) -> str:
        """Return the ledger's name of a dimension."""
        known = self._once("dimensions", lambda: self.services.ledger_setup(self.connection).dimensions())
        return _name(each.name for each in known or () if each.code == code)

    def _list(self, wanted: LedgerList, read: Callable[[Any], Iterable[T]], of: str = "") -> Sequence[T] | None:
        def whole() -> Sequence[T] | None:
            lists = self._once("lists", lambda: self.services.ledger_lists(self.connection))
            return list(read(lists)) if lists is not None and wanted in lists.lists else None

        return self._once(f"{wanted} {of}", whole)

    def _once(self, what: str, read: Callable[[], T]) -> T | None:
        """Read it, if that was not tried before; None where it cannot be read."""
        if what not in self._kept:
            try:
                self._kept[what] = read()
            except Exception as error:  # a name is never worth a job
                logger.warning("a refusal is told without names", extra={"error": type(error).__name__})
                self._kept[what] = None
        found: T | None = self._kept[what]
        return found


_OF_JOB: WeakKeyDictionary[Services, tuple[str, ListedNames]] = WeakKeyDictionary()


def names_for(job_id: str, connection: Connection, services: Services) -> ListedNames:
    """Return the names for one job's refusals: the same for all chunks that one environment records of it."""
    known = _OF_JOB.get(services)
    if known is None or known[0] != job_id:
        known = job_id, ListedNames(connection, services)
        _OF_JOB[services] = known
    return known[1]


def _name(names: Iterable[str]) -> str:
    return next(iter(names), "")
