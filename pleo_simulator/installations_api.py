"""The installations of Pleo's App Marketplace API over HTTP (API-8). Its answers have no `data` around them."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from pleo_simulator.credentials import Credential
from pleo_simulator.http import PleoJson, caller
from pleo_simulator.request_models import CreateInstallation, UpdateInstallation
from pleo_simulator.service import PleoService


def installation_routes(service: PleoService) -> APIRouter:
    router = APIRouter(prefix="/v1/installations")
    installations = service.installations
    anyone = Depends(caller(service))

    @router.get("/me")
    def get(who: Credential = anyone) -> Response:
        return PleoJson(installations.get(who))

    @router.post("/me")
    def create(body: CreateInstallation, who: Credential = anyone) -> Response:
        return PleoJson(installations.create(who, body.status, body.metadata))

    @router.put("/me")
    def replace(body: UpdateInstallation, who: Credential = anyone) -> Response:
        return PleoJson(
            installations.replace(who, body.status, body.sent().get("errorCode"), body.sent().get("metadata"))
        )

    @router.delete("/me")
    def delete(who: Credential = anyone) -> Response:
        installations.delete(who)
        return Response(status_code=204)

    @router.post("/me:activate")
    def activate(who: Credential = anyone) -> Response:
        return PleoJson(installations.activate(who))

    return router
