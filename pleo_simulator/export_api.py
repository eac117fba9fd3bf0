"""The Export API v3 and the file links over HTTP: a thin layer over `PleoState` (API-3 to API-5)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from pleo_simulator.credentials import Credential
from pleo_simulator.http import Page, PleoJson, caller
from pleo_simulator.request_models import (
    CreateExportJob,
    CreateExportJobEvent,
    ItemStatus,
    JobOptions,
    JobStatus,
    SearchExportJobItems,
    UpdateExportJobItem,
)
from pleo_simulator.service import PleoService


def export_routes(service: PleoService) -> APIRouter:
    router = APIRouter()
    for routes in (_jobs(service), _job_items(service), _export_items(service)):
        router.include_router(routes)
    return router


def _jobs(service: PleoService) -> APIRouter:
    router = APIRouter()
    state = service.state
    reads_jobs = Depends(caller(service, "export-jobs:read"))
    writes_jobs = Depends(caller(service, "export-jobs:write"))

    @router.get("/v3/export-jobs")
    def list_jobs(
        page: Page,
        company_id: UUID | None = None,
        statuses: Annotated[list[JobStatus] | None, Query()] = None,
        who: Credential = reads_jobs,
    ) -> Response:
        return PleoJson(state.list_jobs(who.company_id, page, _text(company_id), statuses))

    @router.post("/v3/export-jobs")
    def create_job(body: CreateExportJob, who: Credential = writes_jobs) -> Response:
        created = state.create_job(
            who.company_id,
            str(body.company_id),
            [str(each) for each in body.accounting_entry_ids],
            _text(body.employee_id),
            body.is_interactive is not False,
            bool((body.options or JobOptions()).vendor_based_bookkeeping),
        )
        return PleoJson({"data": created}, 201)

    @router.get("/v3/export-jobs/{job_id}")
    def get_job(job_id: UUID, who: Credential = reads_jobs) -> Response:
        return PleoJson({"data": state.get_job(who.company_id, str(job_id))})

    @router.post("/v3/export-job-events")
    def post_event(body: CreateExportJobEvent, who: Credential = writes_jobs) -> Response:
        sent = body.sent()
        state.post_event(
            who.company_id, sent["jobId"], sent["event"], sent.get("failureReason"), sent.get("failureReasonType")
        )
        return Response(status_code=202)

    return router


def _job_items(service: PleoService) -> APIRouter:
    router = APIRouter()
    state = service.state
    reads_jobs = Depends(caller(service, "export-jobs:read"))
    writes_jobs = Depends(caller(service, "export-jobs:write"))

    @router.get("/v3/export-jobs/{job_id}/items")
    def list_job_items(
        job_id: UUID, page: Page, status: ItemStatus | None = None, who: Credential = reads_jobs
    ) -> Response:
        return PleoJson(state.list_job_items(who.company_id, str(job_id), page, status))

    @router.put("/v3/export-jobs/{job_id}/items")
    def update_items(job_id: UUID, body: list[UpdateExportJobItem], who: Credential = writes_jobs) -> Response:
        return PleoJson(state.update_items(who.company_id, str(job_id), [each.sent() for each in body]))

    @router.get("/v3/export-job-items")
    def find_job_item(
        company_id: UUID | None = None, accounting_entry_id: UUID | None = None, who: Credential = reads_jobs
    ) -> Response:
        return PleoJson({"data": state.find_job_item(who.company_id, _text(company_id), _text(accounting_entry_id))})

    @router.post("/v3/export-job-items:search")
    def search_job_items(
        body: SearchExportJobItems, page: Page, company_id: UUID | None = None, who: Credential = reads_jobs
    ) -> Response:
        wanted = {str(each) for each in body.accounting_entry_ids}
        return PleoJson(
            state.search_job_items(who.company_id, wanted, page, _text(company_id), body.sent().get("status"))
        )

    return router


def _export_items(service: PleoService) -> APIRouter:
    router = APIRouter()
    reads_items = Depends(caller(service, "export-items:read"))

    @router.get("/v3/export-items")
    def list_export_items(
        request: Request, page: Page, job_id: UUID | None = None, who: Credential = reads_items
    ) -> Response:
        found = service.state.list_export_items(who.company_id, _text(job_id), page)
        found["data"] = [service.files.with_links(item, str(request.base_url)) for item in found["data"]]
        return PleoJson(found)

    @router.get("/files/{name}")
    def read_file(name: str, ends: int, signature: str) -> Response:
        content, media_type = service.files.read(name, ends, signature)
        return Response(content, media_type=media_type)

    return router


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
