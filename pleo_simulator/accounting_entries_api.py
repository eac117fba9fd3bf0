"""Pleo's accounting entries over HTTP, as far as a comparison needs them: each with its export status."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from pleo_simulator.credentials import Credential
from pleo_simulator.errors import Refused
from pleo_simulator.http import Page, PleoJson, caller
from pleo_simulator.paging import paginate
from pleo_simulator.service import PleoService

SCOPE = "accounting-entries:read"  # assumed: Pleo documents the operations, not their scope
_EXPORT_STATUS = {"queued": "QUEUED", "locked": "EXPORTING", "exported": "EXPORTED"}


def accounting_entry_routes(service: PleoService) -> APIRouter:
    router = APIRouter()
    state = service.state
    reads = Depends(caller(service, SCOPE))

    def entry(company_id: str, entry_id: str) -> dict[str, str]:
        held = state.export_statuses.get(entry_id)
        return {"id": entry_id, "exportStatus": held or _EXPORT_STATUS[state.expense_state(company_id, entry_id)]}

    @router.post("/v1/accounting-entries:search")
    def search(
        page: Page,
        company_id: UUID | None = None,
        organization_id: UUID | None = None,  # checked, and not known: no company here is part of one
        who: Credential = reads,
    ) -> Response:
        ours = str(company_id or who.company_id) == who.company_id and (company_id or organization_id is None)
        ids = list(state.company(who.company_id).expenses) if ours else []
        return PleoJson(paginate([entry(who.company_id, each) for each in ids], page, lambda row: str(row["id"])))

    @router.get("/v1/accounting-entries/{entry_id}")
    def read(entry_id: UUID, include_deleted: bool = False, who: Credential = reads) -> Response:
        if str(entry_id) not in state.company(who.company_id).expenses:
            raise Refused(404, "ACCOUNTING_ENTRY_NOT_FOUND", "Accounting entry not found.")
        return PleoJson({"data": entry(who.company_id, str(entry_id))})

    return router
