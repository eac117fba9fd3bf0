"""What a person chooses from to connect a company: the accounts and dimensions of Tryton."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.port import CodeAndName, DocumentRef, DocumentState
from pleo_export.accounting.tryton.documents import TrytonDocuments, model_of
from pleo_export.accounting.tryton.lookups import TrytonLookups
from pleo_export.accounting.tryton.rest import TrytonRest
from pleo_export.accounting.tryton.settings import TrytonSettings
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.failures.ledger import NOT_REMOVED


class TrytonSetup:
    """The port's AccountingSetup for Tryton."""

    def __init__(self, settings: TrytonSettings, rest: TrytonRest) -> None:
        self._settings = settings
        self._tryton = rest
        self._lookups = TrytonLookups(settings, rest)
        self._documents = TrytonDocuments(settings, rest)

    @property
    def ledger_id(self) -> str:
        """Host, port, path, database and company: the same for every spelling of the address in the settings."""
        url = self._settings.url
        return f"{url.host}:{url.port}{(url.path or '').rstrip('/')}/{self._settings.database}/{self._settings.company}"

    def currency(self) -> str:
        """Return the ledger's own currency, ISO 4217. Raises AccountingError."""
        return self._lookups.currency()

    def time_zone(self) -> str | None:
        """Return the company's time zone; None where it has none. Raises AccountingError."""
        return self._lookups.time_zone()

    def accounts(self) -> Sequence[CodeAndName]:
        """List the accounts that can be booked on. Raises AccountingError."""
        return self._choices("account.account", self._lookups.bookable)

    def dimensions(self) -> Sequence[CodeAndName]:
        """List the roots of the analytic accounts. Raises AccountingError."""
        domain = [["company", "=", self._settings.company], ["type", "=", "root"]]
        return self._choices("analytic_account.account", domain)

    def unknown_accounts(self, codes: Collection[str]) -> Collection[str]:
        """Return those that name no account, or several: nothing is booked on a guess. Raises AccountingError."""
        return {code for code in codes if len(self._lookups.account_table.get(code, ())) != 1}

    def unknown_dimensions(self, categories: Collection[str]) -> Collection[str]:
        """Return those that name no root with analytic accounts below it. Raises AccountingError."""
        return set(categories) - {category for category, _ in self._lookups.dimension_table}

    def discard(self, document: DocumentRef) -> None:
        """Delete a draft. Raises Rejected for one that is no longer a draft."""
        model, id_ = model_of(document.kind), int(document.id)
        held = self._documents.read(model, {document.reference: id_}).get(document.reference)
        if held is None:
            return
        if held.state is not DocumentState.DRAFT:
            raise Rejected(NOT_REMOVED.told(ledger=TITLE, name=held.number or document.id, state=held.state))
        self._tryton.delete(model, id_)

    def _choices(self, model: str, domain: Sequence[Any]) -> Sequence[CodeAndName]:
        rows = self._tryton.search_read(model, domain, ["code", "name"], [["code", "ASC"]])
        return [CodeAndName(row["code"], row["name"]) for row in rows if row["code"]]
