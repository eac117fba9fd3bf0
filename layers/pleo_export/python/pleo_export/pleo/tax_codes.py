"""Tax codes, of which a category can have several."""

from __future__ import annotations

from collections.abc import Iterator

from pleo_export.pleo.list_models import ListPage, PleoTaxCode, TaxCodeBody
from pleo_export.pleo.list_resource import ListResource
from pleo_export.pleo.models import Data
from pleo_export.pleo.resource import path_of
from pleo_export.pleo.transport import Request


class TaxCodes(ListResource):
    """The tax codes of a company. Their codes need not be unique (open question 36). Nothing is ever deleted: archive
    instead."""

    def tax_codes(self, company_id: str) -> Iterator[list[PleoTaxCode]]:
        """Yield all tax codes, archived ones included, page by page."""
        return self._whole("/v0/tax-codes:search", [("company_id", company_id)], ListPage[PleoTaxCode], search={})

    def create_tax_code(self, body: TaxCodeBody) -> PleoTaxCode:
        """Create a tax code. Raises PleoAlreadyExists where Pleo has its code; PleoOutcomeUnknown where there may be a
        new one: read the list before creating it again, or there may be two."""
        return self._transport.send(Request("POST", "/v0/tax-codes", body=body.as_json())).read(Data[PleoTaxCode]).data

    def update_tax_code(self, tax_code_id: str, body: TaxCodeBody) -> PleoTaxCode:
        """Replace a tax code. Raises PleoAlreadyExists where another has its code; PleoNotFound."""
        request = Request("PUT", path_of("/v0/tax-codes/{}", tax_code_id), body=body.as_json(replaces=True))
        return self._transport.send(request).read(Data[PleoTaxCode]).data
