"""Tag groups and tags over HTTP."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from pleo_simulator.credentials import Credential
from pleo_simulator.errors import bad_request
from pleo_simulator.http import Page, PleoJson, caller, own_company
from pleo_simulator.list_bodies import (
    TagBulkArchive,
    TagBulkDelete,
    TagGroupDimensionWrite,
    TagGroupUpdate,
    TagGroupWrite,
    TagSearch,
    TagWrite,
)
from pleo_simulator.service import PleoService


def tag_routes(service: PleoService) -> APIRouter:
    router = APIRouter(prefix="/v0")
    for routes in (_groups(service), _columns(service), _tags(service), _several_tags(service)):
        router.include_router(routes)
    return router


def _groups(service: PleoService) -> APIRouter:
    router = APIRouter(prefix="/tag-groups")
    tags = service.tags
    reads, writes = Depends(caller(service, "tag-group:read")), Depends(caller(service, "tag-group:write"))

    @router.get("")
    def groups(
        company_id: UUID | None = None,
        organization_id: UUID | None = None,
        include_archived: bool = False,
        include_tags_count: bool = False,
        who: Credential = reads,
    ) -> Response:
        if company_id is None and organization_id is None:
            raise bad_request("company_id or organization_id must be given.")
        own_company(who, company_id)
        return PleoJson({"data": tags.groups(who.company_id, include_archived, include_tags_count)})

    @router.post("")
    def create(body: TagGroupWrite, company_id: UUID | None = None, who: Credential = writes) -> Response:
        own_company(who, company_id)
        return PleoJson({"data": tags.create_group(who.company_id, body.sent())}, 201)

    @router.get("/{group_id}")
    def get(group_id: UUID, who: Credential = reads) -> Response:
        return PleoJson({"data": tags.group(who.company_id, str(group_id))})

    @router.put("/{group_id}")
    def replace(group_id: UUID, body: TagGroupUpdate, who: Credential = writes) -> Response:
        return PleoJson({"data": tags.replace_group(who.company_id, str(group_id), body.sent())})

    @router.delete("/{group_id}")
    def delete(group_id: UUID, who: Credential = writes) -> Response:
        tags.delete_group(who.company_id, str(group_id))
        return Response(status_code=204)

    @router.get("/{group_id}/usage")
    def usage(group_id: UUID, who: Credential = reads) -> Response:
        return PleoJson({"data": {"usages": tags.usage(who.company_id, str(group_id))}})

    return router


def _columns(service: PleoService) -> APIRouter:
    router = APIRouter(prefix="/tag-groups/{group_id}/dimensions")
    tags = service.tags
    reads, writes = Depends(caller(service, "tag-group:read")), Depends(caller(service, "tag-group:write"))

    @router.get("")
    def columns(group_id: UUID, who: Credential = reads) -> Response:
        return PleoJson({"data": tags.columns(who.company_id, str(group_id))})

    @router.post("")
    def add_column(group_id: UUID, body: TagGroupDimensionWrite, who: Credential = writes) -> Response:
        return PleoJson({"data": tags.add_column(who.company_id, str(group_id), body.sent())}, 201)

    return router


def _tags(service: PleoService) -> APIRouter:
    router = APIRouter()
    tags = service.tags
    reads, writes = Depends(caller(service, "tag-group:read")), Depends(caller(service, "tag-group:write"))

    @router.get("/tag-groups/{group_id}/tags")
    def of_group(group_id: UUID, page: Page, include_archived: bool = False, who: Credential = reads) -> Response:
        return PleoJson(tags.tags(who.company_id, str(group_id), page, include_archived))

    @router.post("/tag-groups/{group_id}/tags")
    def create(group_id: UUID, body: TagWrite, who: Credential = writes) -> Response:
        return PleoJson({"data": tags.create(who.company_id, str(group_id), body.sent())}, 201)

    @router.get("/tags/{tag_id}")
    def get(tag_id: UUID, who: Credential = reads) -> Response:
        return PleoJson({"data": tags.get(who.company_id, str(tag_id))})

    @router.put("/tags/{tag_id}")
    def replace(tag_id: UUID, body: TagWrite, who: Credential = writes) -> Response:
        return PleoJson({"data": tags.replace(who.company_id, str(tag_id), body.sent())})

    @router.delete("/tags/{tag_id}")
    def delete(tag_id: UUID, who: Credential = writes) -> Response:
        tags.delete(who.company_id, [str(tag_id)])
        return Response(status_code=204)

    return router


def _several_tags(service: PleoService) -> APIRouter:
    router = APIRouter()
    tags = service.tags
    reads, writes = Depends(caller(service, "tag-group:read")), Depends(caller(service, "tag-group:write"))

    @router.post("/tags/archive")
    def archive(body: TagBulkArchive, who: Credential = writes) -> Response:
        own_company(who, body.company_id)
        return PleoJson({"data": tags.archive(who.company_id, [str(each) for each in body.tag_ids], body.archived)})

    @router.delete("/tags")
    def delete(body: TagBulkDelete, who: Credential = writes) -> Response:
        own_company(who, body.company_id)
        tags.delete(who.company_id, [str(each) for each in body.tag_ids])
        return Response(status_code=204)

    @router.post("/tags:search")
    def search(
        body: TagSearch,
        page: Page,
        company_id: UUID | None = None,
        organization_id: UUID | None = None,
        who: Credential = reads,
    ) -> Response:
        own_company(who, company_id)
        return PleoJson(tags.search(who.company_id, page, body.sent()))

    return router
