"""What a person chooses from to connect a company: the accounts and dimensions of e-conomic."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pleo_export.accounting.economic.documents import DRAFTS, EconomicDocuments
from pleo_export.accounting.economic.lookups import EconomicLookups
from pleo_export.accounting.economic.rest import EconomicRest
from pleo_export.accounting.economic.settings import EconomicSettings
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.port import CodeAndName, DocumentRef
from pleo_export.failures.ledger import NOT_REMOVED


class EconomicSetup:
    """The port's AccountingSetup for e-conomic."""

    def __init__(self, settings: EconomicSettings, rest: EconomicRest) -> None:
        self._settings = settings
        self._economic = rest
        self._lookups = EconomicLookups(settings, rest)
        self._documents = EconomicDocuments(rest)

    @property
    def ledger_id(self) -> str:
        """Host, port and agreement: the same for every spelling of the address in the settings."""
        url = self._settings.api_url
        return f"{url.host}:{url.port}/{self._settings.agreement}"

    def currency(self) -> str:
        """Return the agreement's own currency, ISO 4217. Raises AccountingError."""
        return self._lookups.currency()

    def time_zone(self) -> str | None:
        """Return None: e-conomic does not tell it."""
        return None

    def accounts(self) -> Sequence[CodeAndName]:
        """List the accounts that can be booked on. Raises AccountingError."""
        accounts = sorted(self._lookups.accounts.values(), key=lambda each: each.number)
        return [CodeAndName(str(each.number), each.name) for each in accounts]

    def dimensions(self) -> Sequence[CodeAndName]:
        """List the active dimensions, by their names. Raises AccountingError."""
        return [
            CodeAndName(row.get("name") or str(row["number"]), f"Dimension {row['number']}")
            for row in self._lookups.dimensions
        ]

    def unknown_accounts(self, codes: Collection[str]) -> Collection[str]:
        """Return those that cannot be booked on. Raises AccountingError."""
        return {code for code in codes if code not in self._lookups.accounts}

    def unknown_dimensions(self, categories: Collection[str]) -> Collection[str]:
        """Return those that name no dimension with values, by number or name. Raises AccountingError."""
        return {category for category in categories if not self._lookups.has_values(category)}

    def discard(self, document: DocumentRef) -> None:
        """Delete the entries of a draft. Raises Rejected for one that is no longer a draft."""
        held = self._documents.of(document)
        if held is None:
            return
        if held.posted:
            raise Rejected(NOT_REMOVED.told(ledger=TITLE, name=str(held.number), state="posted"))
        for entry in held.entries:
            self._economic.delete(f"{DRAFTS}/{entry}")
