"""The Webhook Subscriptions API over HTTP (API-7)."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from pleo_simulator.credentials import Credential
from pleo_simulator.http import Page, PleoJson, caller
from pleo_simulator.request_models import SubscriptionRequest
from pleo_simulator.service import PleoService


def subscription_routes(service: PleoService) -> APIRouter:
    router = APIRouter(prefix="/v1/subscriptions")
    subscriptions = service.subscriptions
    anyone = Depends(caller(service))  # question 21: no scope is documented

    @router.get("")
    def search(
        page: Page,
        status: Literal["ACTIVE", "INACTIVE"] | None = None,
        event_types: Annotated[list[str] | None, Query()] = None,
        who: Credential = anyone,
    ) -> Response:
        return PleoJson(subscriptions.search(who.company_id, page, status, event_types))

    @router.post("")
    def create(body: SubscriptionRequest, who: Credential = anyone) -> Response:
        return PleoJson({"data": subscriptions.create(who.company_id, body.sent())})

    @router.get("/{subscription_id}")
    def get(subscription_id: UUID, who: Credential = anyone) -> Response:
        return PleoJson({"data": subscriptions.get(who.company_id, str(subscription_id))})

    @router.put("/{subscription_id}")
    def replace(subscription_id: UUID, body: SubscriptionRequest, who: Credential = anyone) -> Response:
        return PleoJson({"data": subscriptions.replace(who.company_id, str(subscription_id), body.sent())})

    @router.delete("/{subscription_id}")
    def delete(subscription_id: UUID, who: Credential = anyone) -> Response:
        subscriptions.delete(who.company_id, str(subscription_id))
        return Response(status_code=204)

    @router.get("/{subscription_id}/secret")
    def secret(subscription_id: UUID, who: Credential = anyone) -> Response:
        return PleoJson({"data": {"secretKey": subscriptions.secret(who.company_id, str(subscription_id))}})

    @router.get("/{subscription_id}/activities")
    def activities(
        subscription_id: UUID,
        page: Page,
        operation_types: Annotated[list[Literal["CREATE", "UPDATE", "DELETE"]] | None, Query()] = None,
        who: Credential = anyone,
    ) -> Response:
        return PleoJson(subscriptions.activities(who.company_id, str(subscription_id), page, operation_types))

    return router
