"""Companies and their employees over HTTP. An employee is who has an expense."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from pleo_simulator.credentials import Credential
from pleo_simulator.http import Page, PleoJson, caller, own_company
from pleo_simulator.list_rows import equal
from pleo_simulator.paging import paginate
from pleo_simulator.pleo_state import Company
from pleo_simulator.service import PleoService

Json = dict[str, Any]


def company_routes(service: PleoService) -> APIRouter:
    router = APIRouter()
    state = service.state
    reads_companies = Depends(caller(service, "companies:read"))
    reads_employees = Depends(caller(service, "employees:read"))

    @router.get("/v1/companies")
    def companies(page: Page, organization_id: UUID | None = None, who: Credential = reads_companies) -> Response:
        ours = state.company(who.company_id)
        rows = [_company(ours)] if organization_id is None else []  # no company here is part of an organisation
        return PleoJson(paginate(rows, page, lambda row: str(row["id"])))

    @router.get("/v1/companies/{company_id}")
    def company(company_id: UUID, who: Credential = reads_companies) -> Response:
        own_company(who, company_id)
        return PleoJson({"data": _company(state.company(who.company_id))})

    @router.get("/v2/employees")
    def employees(
        page: Page,
        company_id: Annotated[UUID | None, Query(alias="companyId")] = None,
        email: str | None = None,
        code: str | None = None,
        who: Credential = reads_employees,
    ) -> Response:
        own_company(who, company_id)
        users = [item["user"] for item in state.expenses(who.company_id) if item.get("user")]
        rows = list({user["id"]: _employee(who.company_id, user) for user in users}.values())
        return PleoJson(
            paginate(
                rows,
                page,
                lambda row: str(row["id"]),
                lambda row: equal(row["email"], email) and equal(row["code"], code),
            )
        )

    return router


def _company(company: Company) -> Json:
    return {
        "id": company.id,
        "name": company.name,
        "registrationNumber": company.registration_number,
        "address": None,
    }


def _employee(company_id: str, user: Json) -> Json:
    first, _, last = user["name"].partition(" ")
    return {
        "id": user["id"],
        "companyId": company_id,
        "email": f"{user['name'].lower().replace(' ', '.')}@example.com",
        "firstName": first,
        "lastName": last,
        "code": user["code"],
        "jobTitle": None,
        "phone": None,
    }
