"""The ledger of one company: what is set up in it, and what people do in its pages. The API is in `api.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ledger_simulators.business_central.refusals import localised
from ledger_simulators.business_central.resources import NO_DATE, RESOURCES
from ledger_simulators.business_central.store import Row, Store
from pleo_simulator.clock import Clock

CENT = Decimal("0.01")
GENERAL, PAYMENTS = "GENERAL", "PAYMENT"  # the journal templates


@dataclass(frozen=True, slots=True)
class VatSetup:
    """The VAT posting setup of one code: `rate` in per cent, the account of input VAT, and under reverse charge the one
    of what is owed."""

    rate: Decimal
    account: str
    reverse: str | None = None

    def split(self, gross: Decimal) -> tuple[Decimal, Decimal]:
        """Return the net amount and the VAT of an amount that includes it; under reverse charge it does not."""
        if self.reverse is not None:
            return gross, self.on(gross)
        vat = rounded(gross * self.rate / (100 + self.rate))
        return gross - vat, vat

    def on(self, net: Decimal) -> Decimal:
        """Return the VAT on a net amount."""
        return rounded(net * self.rate / 100)


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


class BusinessCentralLedger:
    """One company in one environment. Everything is in `store`, by the names of the API."""

    def __init__(self, clock: Clock, *, seed: int = 0, name: str = "Harbour Print Ltd", currency: str = "GBP") -> None:
        self.store = Store(clock, seed)
        self.language = "en"
        self.write_rights = True
        self.client = ("pleo-export", "a client secret of the simulator")
        self.tokens: dict[str, float] = {}
        self.vat: dict[str, VatSetup] = {}
        self.user_range: tuple[str, str] | None = None
        self.payables: dict[str, str] = {}  # by vendor number: the account of its posting group
        self.template_payables = "2100"  # of the vendor template
        self.manual_vendor_numbers = True
        self.templates = {GENERAL, PAYMENTS}
        self.page_size = 20_000
        row = {"name": name, "displayName": name, "systemVersion": "25.0.0.0"}
        self.company = self.store.insert("companies", row)
        self.add("companyInformation", displayName=name, currencyCode=currency, taxRegistrationNumber="GB318204556")
        self.setup = self.add("generalLedgerSetup", localCurrencyCode=currency, localCurrencySymbol="£")

    def add(self, entity_set: str, **values: object) -> Row:
        """Add a row with the values where nothing is set."""
        properties = dict(RESOURCES[entity_set].properties)
        properties.pop("id")
        return self.store.insert(entity_set, properties | values)

    def add_account(self, number: str, name: str, category: str, **values: object) -> Row:
        return self.add("accounts", number=number, displayName=name, category=category, **values)

    def add_vat(self, code: str, name: str, rate: str, account: str, reverse: str | None = None) -> None:
        self.vat[code] = VatSetup(Decimal(rate), account, reverse)
        self.add("taxGroups", code=code, displayName=name)

    def add_dimension(self, code: str, name: str, values: dict[str, str]) -> None:
        dimension = self.add("dimensions", code=code, displayName=name)
        for value, text in values.items():
            self.add("dimensionValues", code=value, displayName=text, dimensionId=dimension["id"])

    def add_vendor(self, number: str, name: str, payables: str, **values: object) -> Row:
        self.payables[number] = payables
        return self.add("vendors", number=number, displayName=name, **values)

    def add_year(self, year: int, *, closed: bool = False) -> None:
        """Add the twelve periods of a calendar year."""
        for month in range(1, 13):
            first = date(year, month, 1)
            self.add(
                "accountingPeriods",
                startingDate=first.isoformat(),
                name=f"{first:%B}",
                newFiscalYear=month == 1,
                closed=closed,
                dateLocked=closed,
            )

    def end_of_calendar(self, year: int) -> None:
        """Add the row that every calendar ends with: the beginning of a year that is not created yet."""
        first = date(year, 1, 1).isoformat()
        self.add("accountingPeriods", startingDate=first, name="January", newFiscalYear=True)

    def period_of(self, on: str) -> Row | None:
        rows = sorted(self.store.rows("accountingPeriods"), key=lambda row: row["startingDate"])
        return next((row for row in reversed(rows) if row["startingDate"] <= on), None)

    def close_period(self, on: date, *, closed: bool = True) -> None:
        period = self.period_of(on.isoformat())
        if period is None:
            raise LookupError(f"no period for {on}")
        self.store.update("accountingPeriods", period, closed=closed, dateLocked=closed)

    def may_post_on(self, on: str) -> bool:
        """Return whether the date is in the allowed range: the user's own, else the company's, and not in a closed
        period. Whether a year that is not created takes entries is a setting of the real thing; here it does not."""
        since, until = self.user_range or (self.setup["allowPostingFrom"], self.setup["allowPostingTo"])
        if on < since or (until != NO_DATE and on > until):
            return False
        period = self.period_of(on)
        if period is None or period["closed"]:
            return False
        last = max(row["startingDate"] for row in self.store.rows("accountingPeriods"))
        return bool(period["startingDate"] != last or not period["newFiscalYear"])

    def require_open(self, on: str, text: str = "posting date of document", **values: object) -> None:
        if not self.may_post_on(on):
            raise localised(self.language, text, **values)

    def account(self, number: str) -> Row | None:
        return self.store.find("accounts", number=number)
