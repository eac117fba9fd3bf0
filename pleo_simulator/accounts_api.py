"""The chart of accounts over HTTP."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from pleo_simulator.credentials import Credential
from pleo_simulator.http import Page, PleoJson, caller, own_company
from pleo_simulator.list_bodies import AccountBatch, AccountCreate, AccountSearch, AccountUpdate
from pleo_simulator.service import PleoService


def account_routes(service: PleoService) -> APIRouter:
    router = APIRouter(prefix="/v1")
    accounts = service.accounts
    reads, writes = Depends(caller(service, "accounts:read")), Depends(caller(service, "accounts:write"))

    @router.post("/chart-of-accounts")
    def create(body: AccountCreate, who: Credential = writes) -> Response:
        own_company(who, body.company_id)
        account, new = accounts.create(who.company_id, body.sent())
        return PleoJson({"data": account}, 201 if new else 200)

    @router.post("/chart-of-accounts/batch")
    def create_several(body: AccountBatch, who: Credential = writes) -> Response:
        own_company(who, body.company_id)
        return PleoJson({"data": accounts.create_several(who.company_id, body.sent()["items"])}, 201)

    @router.get("/chart-of-accounts/{account_id}")
    def get(account_id: UUID, who: Credential = reads) -> Response:
        return PleoJson({"data": accounts.rows.get(who.company_id, str(account_id))})

    @router.put("/chart-of-accounts/{account_id}")
    def replace(account_id: UUID, body: AccountUpdate, who: Credential = writes) -> Response:
        return PleoJson({"data": accounts.replace(who.company_id, str(account_id), body.sent())})

    @router.delete("/chart-of-accounts/{account_id}")
    def delete(account_id: UUID, who: Credential = writes) -> Response:
        accounts.delete(who.company_id, str(account_id))
        return Response(status_code=204)

    @router.post("/chart-of-accounts:search")
    def search(body: AccountSearch, page: Page, who: Credential = reads) -> Response:
        own_company(who, body.company_id)
        return PleoJson(accounts.search(who.company_id, page, body.sent()))

    return router
