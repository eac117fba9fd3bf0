"""How an organisation is set up in Xero: accounts, tax rates, tracking categories, currency and lock dates.

Read once and kept for minutes, since Xero counts calls. What looks unknown, inactive or locked is read again before it
is refused: a person may have corrected it meanwhile. What was withdrawn meanwhile Xero refuses itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pleo_export.accounting.kept_lists import Held, KeptLists
from pleo_export.accounting.port import CodeAndName, PeriodState
from pleo_export.accounting.xero.rest import Record, XeroRest, day

KEPT_SECONDS = 300
# Accounts that Xero books on itself: no line may name them.
SYSTEM_ONLY = frozenset({"DEBTORS", "CREDITORS", "BANKCURRENCYGAIN", "REALISEDCURRENCYGAIN", "UNREALISEDCURRENCYGAIN"})
CLASS_FLAGS = {
    "ASSET": "CanApplyToAssets",
    "EQUITY": "CanApplyToEquity",
    "EXPENSE": "CanApplyToExpenses",
    "LIABILITY": "CanApplyToLiabilities",
    "REVENUE": "CanApplyToRevenue",
}
# Xero's time zones are those of Windows without spaces; the ones of Pleo's countries.
_TIME_ZONES = {
    "GMTSTANDARDTIME": "Europe/London",
    "ROMANCESTANDARDTIME": "Europe/Paris",
    "WEUROPESTANDARDTIME": "Europe/Berlin",
    "CENTRALEUROPESTANDARDTIME": "Europe/Budapest",
    "CENTRALEUROPEANSTANDARDTIME": "Europe/Warsaw",
    "FLESTANDARDTIME": "Europe/Helsinki",
    "GTBSTANDARDTIME": "Europe/Bucharest",
    "GREENWICHSTANDARDTIME": "Atlantic/Reykjavik",
    "EASTERNSTANDARDTIME": "America/New_York",
    "UTC": "UTC",
}


@dataclass(frozen=True, slots=True)
class XeroAccount:
    """An account. `code` is what people call it: Xero's code, or its id where it has none, as bank accounts may.
    `currency` is a bank account's."""

    id: str
    code: str
    name: str
    type: str
    class_: str
    system: str
    active: bool
    currency: str | None

    @property
    def is_bank(self) -> bool:
        """Whether it is a bank account, such as the wallet."""
        return self.type == "BANK"

    @property
    def takes_lines(self) -> bool:
        """Whether a line may name it."""
        return self.active and not self.is_bank and self.system not in SYSTEM_ONLY


@dataclass(frozen=True, slots=True)
class XeroTax:
    """A tax rate. `classes` are the account classes that it applies to, `rate` what it comes to in per cent: None where
    Xero does not tell it."""

    type: str
    active: bool
    classes: frozenset[str]
    rate: Decimal | None = None

    def of(self, net: int) -> int | None:
        """Return the tax that Xero computes on a net amount, in minor units; None if that is not known."""
        if self.rate is None:
            return None
        return int((net * self.rate / 100).quantize(Decimal(1), ROUND_HALF_UP))


class XeroLookups:
    """Reads the lists that documents are checked with. `kept` is where they stay, by name, with the time of reading in
    seconds: connections of one organisation may share it. Every method raises AccountingError."""

    def __init__(self, rest: XeroRest, kept: Held | None = None) -> None:
        self._rest = rest
        self._lists = KeptLists(kept, KEPT_SECONDS)

    @property
    def accounts(self) -> Mapping[str, Sequence[XeroAccount]]:
        """The accounts by code, archived ones included."""
        found: Mapping[str, Sequence[XeroAccount]] = self._list("Accounts", _accounts)
        return found

    @property
    def taxes(self) -> Mapping[str, XeroTax]:
        """The tax rates by their type, which is their code."""
        found: Mapping[str, XeroTax] = self._list("TaxRates", _taxes)
        return found

    @property
    def tracking(self) -> Mapping[str, frozenset[str]]:
        """The active options of each active tracking category, by name."""
        found: Mapping[str, frozenset[str]] = self._list("TrackingCategories", _tracking)
        return found

    @property
    def organisation(self) -> Record:
        """The organisation's own record."""
        found: Record = self._list("Organisation", lambda rows: next(iter(rows), {}))
        return found

    def _list(self, endpoint: str, read: Callable[[Sequence[Record]], Any]) -> Any:
        return self._lists.get(endpoint, lambda: read(self._rest.whole(endpoint)))

    @property
    def currency(self) -> str:
        """The organisation's own currency, ISO 4217."""
        return str(self.organisation.get("BaseCurrency") or "")

    @property
    def time_zone(self) -> str | None:
        """The organisation's IANA time zone; None for one that is not known here."""
        return _TIME_ZONES.get(str(self.organisation.get("Timezone") or "").upper())

    @property
    def short_code(self) -> str:
        """What links to the organisation name it by."""
        return str(self.organisation.get("ShortCode") or "")

    @property
    def payables(self) -> XeroAccount | None:
        """The account for what suppliers are owed: Xero has one."""
        return self.system_account("CREDITORS")

    def system_account(self, system: str) -> XeroAccount | None:
        """Return the account that Xero books something on itself."""
        every = (each for accounts in self.accounts.values() for each in accounts)
        return next((each for each in every if each.system == system), None)

    def bookable(self) -> Sequence[CodeAndName]:
        """Return the accounts that a line, the wallet or a bill can be booked on, by code."""
        own = self.payables
        found = [
            CodeAndName(code, account.name)
            for code, (account, *others) in sorted(self.accounts.items())
            if not others and account.active and (account.takes_lines or account.is_bank or account == own)
        ]
        return [each for each in found if each.code]

    @property
    def locked_until(self) -> date | None:
        """The last day on which nothing can be booked; None where no date is locked."""
        dates = [day(self.organisation.get(name)) for name in ("PeriodLockDate", "EndOfYearLockDate")]
        return max((each for each in dates if each), default=None)

    def period_state(self, on: date) -> PeriodState:
        """Return whether a day is open: all after the lock date are."""
        locked = self.locked_until
        return PeriodState.CLOSED if locked is not None and on <= locked else PeriodState.OPEN

    def next_open_date(self, after: date) -> date | None:
        """Return the first later day that is open; None where there is none."""
        if after == date.max:
            return None
        following = after + timedelta(days=1)
        locked = self.locked_until
        if locked is None or following > locked:
            return following
        return locked + timedelta(days=1) if locked < date.max else None

    def forget_if_unknown(
        self,
        accounts: Collection[str],
        taxes: Collection[str],
        tags: Collection[tuple[str, str]],
        days: Collection[date],
    ) -> None:
        """Read again what does not know one of these, or takes nothing on one of the days."""
        if "Accounts" in self._lists and not all(self._is_usable(code) for code in accounts):
            self._lists.forget("Accounts")
        if "TaxRates" in self._lists and not all(code in self.taxes and self.taxes[code].active for code in taxes):
            self._lists.forget("TaxRates")
        known = "TrackingCategories" in self._lists
        if known and not all(value in self.tracking.get(name, ()) for name, value in tags):
            self._lists.forget("TrackingCategories")
        if any(self.period_state(each) is not PeriodState.OPEN for each in days):
            self.forget_periods()

    def forget(self) -> None:
        """Read everything again when it is needed next."""
        self._lists.forget_all()

    def forget_periods(self) -> None:
        """Read the lock dates again when they are needed next."""
        self._lists.forget("Organisation")

    def _is_usable(self, code: str) -> bool:
        found = self.accounts.get(code, ())
        return len(found) == 1 and found[0].active


def _account(row: Record) -> XeroAccount:
    return XeroAccount(
        id=str(row["AccountID"]),
        code=str(row.get("Code") or row["AccountID"]),
        name=str(row.get("Name") or ""),
        type=str(row.get("Type") or ""),
        class_=str(row.get("Class") or ""),
        system=str(row.get("SystemAccount") or ""),
        active=row.get("Status", "ACTIVE") == "ACTIVE",
        currency=row.get("CurrencyCode") or None,
    )


def _accounts(rows: Sequence[Record]) -> Mapping[str, Sequence[XeroAccount]]:
    found: dict[str, list[XeroAccount]] = defaultdict(list)
    for row in rows:
        account = _account(row)
        found[account.code].append(account)
    return dict(found)


def _taxes(rows: Sequence[Record]) -> Mapping[str, XeroTax]:
    return {str(row["TaxType"]): _tax(row) for row in rows if row.get("TaxType")}


def _tracking(rows: Sequence[Record]) -> Mapping[str, frozenset[str]]:
    return {
        str(row["Name"]): frozenset(
            str(option["Name"]) for option in row.get("Options") or [] if option.get("Status", "ACTIVE") == "ACTIVE"
        )
        for row in rows
        if row.get("Status", "ACTIVE") == "ACTIVE"
    }


def _tax(row: Record) -> XeroTax:
    classes = frozenset(class_ for class_, flag in CLASS_FLAGS.items() if row.get(flag, True))
    rate = row.get("EffectiveRate")
    known = Decimal(str(rate)) if rate is not None else None
    return XeroTax(str(row["TaxType"]), row.get("Status", "ACTIVE") == "ACTIVE", classes, known)
