"""Vendors, which are kept in step both ways: the ledger's suppliers, and those that somebody makes in Pleo."""

from __future__ import annotations

from collections.abc import Iterator

from pleo_export.pleo.list_models import ACTIVE, ARCHIVED, DRAFT, ListPage, PleoVendor, VendorBody, VendorUpdate
from pleo_export.pleo.list_resource import ListResource
from pleo_export.pleo.models import Data
from pleo_export.pleo.resource import path_of
from pleo_export.pleo.transport import Request


class Vendors(ListResource):
    """The vendors of a company, known by the ledger's id of the supplier. Pleo has no call that deletes one."""

    def vendors(self, company_id: str) -> Iterator[list[PleoVendor]]:
        """Yield all vendors, drafts and archived ones included, page by page (open question 43)."""
        search = {"states": [DRAFT, ACTIVE, ARCHIVED]}
        return self._whole("/v1/vendors:search", [("company_id", company_id)], ListPage[PleoVendor], search=search)

    def vendor(self, vendor_id: str) -> PleoVendor:
        """Return the vendor. Raises PleoNotFound."""
        return self._get(path_of("/v1/vendors/{}", vendor_id), Data[PleoVendor]).data

    def create_vendor(self, body: VendorBody) -> PleoVendor:
        """Create a vendor. Whether one with an external id is ACTIVE is open question 37: read its state. Raises
        PleoAlreadyExists where its external id or code is taken; PleoOutcomeUnknown where there may be a new one."""
        return self._transport.send(Request("POST", "/v1/vendors", body=body.as_json())).read(Data[PleoVendor]).data

    def update_vendor(self, vendor_id: str, body: VendorUpdate) -> PleoVendor:
        """Replace a vendor. Raises PleoAlreadyExists where its external id or code is taken; PleoNotFound."""
        request = Request("PUT", path_of("/v1/vendors/{}", vendor_id), body=body.as_json(replaces=True))
        return self._transport.send(request).read(Data[PleoVendor]).data

    def activate_vendor(self, vendor_id: str, external_id: str, code: str | None) -> None:
        """Say that the ledger has the vendor, under this id and number. Safe to repeat. Raises PleoAlreadyExists where
        another vendor has them; PleoNotFound."""
        body = {"externalId": external_id} | ({} if code is None else {"code": code})
        path = path_of("/v1/vendors/{}:activate", vendor_id)
        self._transport.send(Request("POST", path, body=body, idempotent=True))

    def archive_vendor(self, vendor_id: str) -> None:
        """Archive a vendor. Safe to repeat. Raises PleoNotFound."""
        self._transport.send(Request("POST", path_of("/v1/vendors/{}:archive", vendor_id), idempotent=True))
