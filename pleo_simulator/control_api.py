"""`/_sim`: what Pleo does not have. The bookkeeper's clicks, everything to read, the clock, and faults to inject."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from pleo_simulator.choices import all_lists, choose_for
from pleo_simulator.clock import timestamp
from pleo_simulator.credentials import ALL_SCOPES
from pleo_simulator.fault_queue import Fault
from pleo_simulator.oauth import Client
from pleo_simulator.pleo_state import Company
from pleo_simulator.service import PleoService

Json = dict[str, Any]


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class _Company(_Body):
    name: str
    default_currency: str = "GBP"
    contra_accounts: list[str] = ["GBP", "EUR"]
    expenses: list[Json] = []
    registration_number: str | None = None


class _Vendor(_Body):
    name: str
    default_currency: str = "GBP"
    country: str | None = None
    registration_number: str | None = None
    tax_registration_number: str | None = None
    created_by: str | None = None


class _Tag(_Body):
    group_code: str
    code: str


class _Choice(_Body):
    """What somebody chooses for an expense: tags and account for each line, by code."""

    tags: list[_Tag] | None = None
    account: str | None = None
    vendor: str | None = None


class _Click(_Body):
    accounting_entry_ids: list[str] | None = None
    created_by: str | None = None
    vendor_based_bookkeeping: bool = False


class _Move(_Body):
    advance_seconds: float = Field(ge=0)


class _Event(_Body):
    company_id: str
    event_type: str
    data: Json


class _Limit(_Body):
    requests_per_minute: int = Field(ge=0)


class _TagLimit(_Body):
    max_active_tags: int = Field(ge=0)


class _Key(_Body):
    key: str
    company_id: str
    scopes: list[str] | None = None


class _Client(_Body):
    client_id: str
    client_secret: str
    redirect_uris: list[str]
    company_id: str


def control_routes(service: PleoService) -> APIRouter:
    router = APIRouter(prefix="/_sim")
    for routes in (
        _bookkeeper(service),
        _lists(service),
        _webhooks(service),
        _credentials(service),
        _conditions(service),
    ):
        router.include_router(routes)
    return router


def _bookkeeper(service: PleoService) -> APIRouter:
    router = APIRouter()
    state = service.state

    @router.get("/companies")
    def companies() -> list[Json]:
        return [_company_json(each) for each in state.companies()]

    @router.put("/companies/{company_id}")
    def put_company(company_id: str, body: _Company) -> Json:
        expenses = {item["accountingEntryId"]: item for item in body.expenses}
        contra_accounts = frozenset(body.contra_accounts)
        company = Company(
            company_id, body.name, body.default_currency, contra_accounts, expenses, body.registration_number
        )
        state.put_company(company)
        return _company_json(company)

    @router.get("/companies/{company_id}/expenses")
    def expenses(company_id: str) -> list[Json]:
        company = state.company(company_id)
        return [
            {"state": state.expense_state(company_id, entry_id), "item": item}
            for entry_id, item in company.expenses.items()
        ]

    @router.put("/companies/{company_id}/expenses")
    def put_expenses(company_id: str, body: list[Json]) -> Json:
        state.put_expenses(company_id, body)
        return _company_json(state.company(company_id))

    @router.post("/companies/{company_id}/export")
    def click_export(company_id: str, body: _Click | None = None) -> Json:
        click = body or _Click()
        return state.click_export(
            company_id, click.accounting_entry_ids, click.created_by, click.vendor_based_bookkeeping
        )

    @router.get("/jobs")
    def jobs() -> list[Json]:
        return state.all_jobs()

    @router.post("/jobs/{job_id}/cancel")
    def cancel(job_id: str) -> Json:
        return state.cancel(job_id)

    return router


def _lists(service: PleoService) -> APIRouter:
    router = APIRouter(prefix="/companies/{company_id}")

    @router.get("/lists")
    def lists(company_id: str) -> Json:
        return all_lists(service, company_id)

    @router.post("/vendors")
    def make_vendor(company_id: str, body: _Vendor) -> Json:
        service.state.company(company_id)
        vendor = body.model_dump(by_alias=True, exclude={"created_by"}, exclude_none=True)
        return service.vendors.create(company_id, vendor, body.created_by)

    @router.post("/expenses/{entry_id}/choice")
    def choose(company_id: str, entry_id: str, body: _Choice) -> Json:
        tags = None if body.tags is None else [(each.group_code, each.code) for each in body.tags]
        return choose_for(service, company_id, entry_id, tags=tags, account=body.account, vendor=body.vendor)

    return router


def _webhooks(service: PleoService) -> APIRouter:
    router = APIRouter()

    @router.get("/deliveries")
    def deliveries() -> list[Json]:
        return service.deliveries.all()

    @router.post("/deliveries/{delivery_id}/resend", status_code=204)
    def resend(delivery_id: str) -> Response:
        service.deliveries.resend(delivery_id)
        return Response(status_code=204)

    @router.post("/events", status_code=204)
    def announce(body: _Event) -> Response:
        service.deliveries.announce(body.company_id, body.event_type, body.data)
        return Response(status_code=204)

    return router


def _credentials(service: PleoService) -> APIRouter:
    router = APIRouter()

    @router.post("/keys", status_code=204)
    def add_key(body: _Key) -> Response:
        scopes = ALL_SCOPES if body.scopes is None else frozenset(body.scopes)
        service.credentials.add_key(body.key, body.company_id, scopes)
        return Response(status_code=204)

    @router.post("/oauth-clients", status_code=204)
    def add_client(body: _Client) -> Response:
        service.oauth.register(Client(body.client_id, body.client_secret, tuple(body.redirect_uris), body.company_id))
        return Response(status_code=204)

    return router


def _conditions(service: PleoService) -> APIRouter:
    router = APIRouter()

    @router.get("/clock")
    def clock() -> Json:
        return {"now": timestamp(service.clock.now())}

    @router.post("/clock")
    def move_clock(body: _Move) -> Json:
        service.clock.advance(timedelta(seconds=body.advance_seconds))
        return clock()

    @router.get("/faults")
    def faults() -> list[Json]:
        return [each.model_dump(by_alias=True) for each in service.faults.waiting()]

    @router.post("/faults", status_code=204)
    def add_fault(body: Fault) -> Response:
        service.faults.order(body)
        return Response(status_code=204)

    @router.delete("/faults", status_code=204)
    def clear_faults() -> Response:
        service.faults.clear()
        return Response(status_code=204)

    @router.put("/limit", status_code=204)
    def set_limit(body: _Limit) -> Response:
        service.limit.per_minute = body.requests_per_minute
        return Response(status_code=204)

    @router.put("/tag-limit", status_code=204)
    def set_tag_limit(body: _TagLimit) -> Response:
        service.tags.max_active = body.max_active_tags
        return Response(status_code=204)

    @router.get("/requests")
    def requests() -> Response:
        return JSONResponse(list(service.requests))

    @router.delete("/requests", status_code=204)
    def forget_requests() -> Response:
        service.requests.clear()
        return Response(status_code=204)

    return router


def _company_json(company: Company) -> Json:
    return {
        "id": company.id,
        "name": company.name,
        "defaultCurrency": company.default_currency,
        "registrationNumber": company.registration_number,
        "contraAccounts": sorted(company.contra_accounts),
        "numberOfExpenses": len(company.expenses),
    }
