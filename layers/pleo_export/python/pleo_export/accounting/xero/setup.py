"""What a person chooses from to connect a company: the accounts and tracking categories of Xero."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.port import CodeAndName, DocumentRef, DocumentState
from pleo_export.accounting.xero.documents import XeroDocuments
from pleo_export.accounting.xero.kinds import undoing
from pleo_export.accounting.xero.lookups import XeroLookups
from pleo_export.accounting.xero.rest import XeroRest
from pleo_export.accounting.xero.settings import XeroSettings
from pleo_export.accounting.xero.title import TITLE
from pleo_export.failures.ledger import NOT_REMOVED


class XeroSetup:
    """The port's AccountingSetup for Xero."""

    def __init__(self, settings: XeroSettings, rest: XeroRest) -> None:
        self._settings = settings
        self._rest = rest
        self._lookups = XeroLookups(rest)
        self._documents = XeroDocuments(rest, self._lookups)

    @property
    def ledger_id(self) -> str:
        """The organisation: Xero's ids are the same at every address."""
        return f"xero/{self._settings.tenant}"

    def currency(self) -> str:
        """Return the organisation's own currency, ISO 4217. Raises AccountingError."""
        return self._lookups.currency

    def time_zone(self) -> str | None:
        """Return the organisation's time zone; None for one that is not known here. Raises AccountingError."""
        return self._lookups.time_zone

    def accounts(self) -> Sequence[CodeAndName]:
        """List the accounts that can be booked on. Raises AccountingError."""
        return self._lookups.bookable()

    def dimensions(self) -> Sequence[CodeAndName]:
        """List the tracking categories. Raises AccountingError."""
        return [CodeAndName(name, name) for name in sorted(self._lookups.tracking)]

    def unknown_accounts(self, codes: Collection[str]) -> Collection[str]:
        """Return those that name no account, or several, or one that takes nothing. Raises AccountingError."""
        return set(codes) - {each.code for each in self._lookups.bookable()}

    def unknown_dimensions(self, categories: Collection[str]) -> Collection[str]:
        """Return those that name no tracking category with an option. Raises AccountingError."""
        return {each for each in categories if not self._lookups.tracking.get(each)}

    def discard(self, document: DocumentRef) -> None:
        """Delete a draft of a bill or a credit note. Raises Rejected for one that is no longer a draft."""
        for endpoint, (row, *_) in self._documents.rows([document.reference]).get(document.reference, ()):
            held = self._documents.ref(endpoint, [row], document.reference)
            if held.id != document.id or held.state is DocumentState.VOID:
                continue
            if held.state is not DocumentState.DRAFT:
                raise Rejected(NOT_REMOVED.told(ledger=TITLE, name=held.number or held.id, state=held.state))
            self._rest.change(endpoint.name, held.id, undoing(endpoint, row))
