"""What a person chooses from to connect a company: the accounts and dimensions of Business Central."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pleo_export.accounting.business_central.bill import table_of
from pleo_export.accounting.business_central.documents import BusinessCentralDocuments
from pleo_export.accounting.business_central.entries import BusinessCentralEntries
from pleo_export.accounting.business_central.lookups import BusinessCentralLookups
from pleo_export.accounting.business_central.rest import BusinessCentralRest
from pleo_export.accounting.business_central.settings import BusinessCentralSettings
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.port import CodeAndName, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.failures.ledger import NOT_REMOVED


class BusinessCentralSetup:
    """The port's AccountingSetup for Business Central."""

    def __init__(
        self,
        settings: BusinessCentralSettings,
        rest: BusinessCentralRest,
        lookups: BusinessCentralLookups,
        documents: BusinessCentralDocuments,
        entries: BusinessCentralEntries,
    ) -> None:
        self._settings = settings
        self._rest = rest
        self._lookups = lookups
        self._documents = documents
        self._entries = entries

    @property
    def ledger_id(self) -> str:
        """Tenant, environment and company: a company's id is its own in all the world."""
        settings = self._settings
        return f"{settings.tenant.lower()}/{settings.environment.lower()}/{settings.company}"

    def currency(self) -> str:
        """Return the ledger's own currency, ISO 4217. Raises AccountingError."""
        return self._lookups.currency

    def time_zone(self) -> str | None:
        """Return None: the API does not tell the company's time zone."""
        return None

    def accounts(self) -> Sequence[CodeAndName]:
        """List the accounts that can be booked on, bank accounts among them. Raises AccountingError."""
        return [CodeAndName(card.number, card.name) for _, card in sorted(self._lookups.accounts.items())]

    def dimensions(self) -> Sequence[CodeAndName]:
        """List the dimensions. Raises AccountingError."""
        return [CodeAndName(code, name) for code, (name, _) in sorted(self._lookups.dimensions.items())]

    def unknown_accounts(self, codes: Collection[str]) -> Collection[str]:
        """Return those that cannot be booked on. Raises AccountingError."""
        return {code for code in codes if code not in self._lookups.accounts}

    def unknown_dimensions(self, categories: Collection[str]) -> Collection[str]:
        """Return those that name no dimension with values. Raises AccountingError."""
        known = {code for code, (_, values) in self._lookups.dimensions.items() if values}
        return set(categories) - known

    def discard(self, document: DocumentRef) -> None:
        """Delete a draft. Raises Rejected for one that is no longer a draft."""
        held = self._documents.held([document.reference])
        found = self._documents.refs(document.reference, held)
        same = [each for each in found if each.id == document.id]
        if not same:
            return
        if same[-1].state is not DocumentState.DRAFT:
            name = same[-1].number or document.id
            raise Rejected(NOT_REMOVED.told(ledger=TITLE, name=name, state=same[-1].state))
        if document.kind in (DocumentKind.BILL, DocumentKind.CREDIT_NOTE):
            self._rest.delete(f"{table_of(document.kind)}({document.id})")
        else:
            self._entries.delete_draft(document)
