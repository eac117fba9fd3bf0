"""Vendors over HTTP."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from pleo_simulator.credentials import Credential
from pleo_simulator.http import Page, PleoJson, caller, own_company
from pleo_simulator.list_bodies import VendorActivate, VendorCreate, VendorSearch, VendorUpdate
from pleo_simulator.service import PleoService


def vendor_routes(service: PleoService) -> APIRouter:
    router = APIRouter(prefix="/v1")
    vendors = service.vendors
    reads, writes = Depends(caller(service, "vendors:read")), Depends(caller(service, "vendors:write"))

    @router.post("/vendors")
    def create(body: VendorCreate, who: Credential = writes) -> Response:
        own_company(who, body.company_id)
        return PleoJson({"data": vendors.create(who.company_id, body.sent())}, 201)

    @router.get("/vendors/{vendor_id}")
    def get(vendor_id: UUID, who: Credential = reads) -> Response:
        return PleoJson({"data": vendors.rows.get(who.company_id, str(vendor_id))})

    @router.put("/vendors/{vendor_id}")
    def replace(vendor_id: UUID, body: VendorUpdate, who: Credential = writes) -> Response:
        own_company(who, body.company_id)
        return PleoJson({"data": vendors.replace(who.company_id, str(vendor_id), body.sent())})

    @router.post("/vendors/{vendor_id}:activate")
    def activate(vendor_id: UUID, body: VendorActivate, who: Credential = writes) -> Response:
        vendors.activate(who.company_id, str(vendor_id), body.sent())
        return Response(status_code=204)

    @router.post("/vendors/{vendor_id}:archive")
    def archive(vendor_id: UUID, who: Credential = writes) -> Response:
        vendors.archive(who.company_id, str(vendor_id))
        return Response(status_code=204)

    @router.post("/vendors:search")
    def search(body: VendorSearch, page: Page, company_id: UUID, who: Credential = reads) -> Response:
        own_company(who, company_id)
        return PleoJson(vendors.search(who.company_id, page, body.sent()))

    return router
