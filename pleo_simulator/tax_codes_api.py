"""Tax codes over HTTP."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from pleo_simulator.credentials import Credential
from pleo_simulator.http import Page, PleoJson, caller, own_company
from pleo_simulator.list_bodies import TaxCalculation, TaxCodeSearch, TaxCodeWrite
from pleo_simulator.service import PleoService


def tax_code_routes(service: PleoService) -> APIRouter:
    router = APIRouter(prefix="/v0")
    tax_codes = service.tax_codes
    reads, writes = Depends(caller(service, "tax-codes:read")), Depends(caller(service, "tax-codes:write"))

    @router.post("/tax-codes")
    def create(body: TaxCodeWrite, who: Credential = writes) -> Response:
        own_company(who, body.company_id)
        return PleoJson({"data": tax_codes.create(who.company_id, body.sent())}, 201)

    @router.get("/tax-codes/{tax_code_id}")
    def get(tax_code_id: UUID, who: Credential = reads) -> Response:
        return PleoJson({"data": tax_codes.rows.get(who.company_id, str(tax_code_id))})

    @router.put("/tax-codes/{tax_code_id}")
    def replace(tax_code_id: UUID, body: TaxCodeWrite, who: Credential = writes) -> Response:
        own_company(who, body.company_id)
        return PleoJson({"data": tax_codes.replace(who.company_id, str(tax_code_id), body.sent())})

    @router.delete("/tax-codes/{tax_code_id}")
    def delete(tax_code_id: UUID, who: Credential = writes) -> Response:
        tax_codes.rows.delete(who.company_id, str(tax_code_id))
        return Response(status_code=204)

    @router.post("/tax-codes:search")
    def search(body: TaxCodeSearch, page: Page, company_id: UUID | None = None, who: Credential = reads) -> Response:
        own_company(who, company_id)
        return PleoJson(tax_codes.search(who.company_id, page, body.sent()))

    @router.post("/tax-codes:calculate-tax-amounts")
    def calculate(body: TaxCalculation, who: Credential = reads) -> Response:
        amounts = body.sent()["amountsByTaxCodeId"]
        return PleoJson({"data": {"taxes": tax_codes.calculate(who.company_id, amounts)}})

    return router
