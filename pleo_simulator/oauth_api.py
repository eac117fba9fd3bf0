"""The OAuth endpoints and `/v1/introspect` over HTTP. Parameter and field names are those of OAuth 2.0 (API-1)."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from pleo_simulator.credentials import parse_basic
from pleo_simulator.errors import bad_request
from pleo_simulator.http import PleoJson, caller
from pleo_simulator.oauth import Client, OAuth, OAuthRefused
from pleo_simulator.service import PleoService

Field = Annotated[str, Form()]


def oauth_routes(service: PleoService) -> APIRouter:
    router = APIRouter()
    oauth = service.oauth
    identify = caller(service)

    @router.get("/oauth/authorize")
    def authorise(
        client_id: str,
        redirect_uri: str,
        response_type: str,
        scope: str = "",
        state: str = "",
        code_challenge: str = "",
        code_challenge_method: str = "plain",
    ) -> Response:
        if not oauth.redirect_uri_is_registered(client_id, redirect_uri):
            raise bad_request("Unknown client_id, or redirect_uri is not registered.")
        try:
            code = oauth.authorise(client_id, redirect_uri, scope, response_type, code_challenge_method, code_challenge)
            answer = {"code": code, "state": state}
        except OAuthRefused as refused:
            answer = {"error": refused.error, "error_description": refused.description, "state": state}
        return RedirectResponse(f"{redirect_uri}?{urlencode(answer)}", status_code=302)

    @router.post("/oauth/token")
    def token(
        request: Request,
        grant_type: Field,
        code: Field = "",
        redirect_uri: Field = "",
        code_verifier: Field = "",
        refresh_token: Field = "",
        client_id: Field = "",
        client_secret: Field = "",
    ) -> Response:
        client = _client(oauth, request, client_id, client_secret)
        if grant_type == "authorization_code":
            return JSONResponse(oauth.exchange(client, code, redirect_uri, code_verifier))
        if grant_type == "refresh_token":
            return JSONResponse(oauth.refresh(client, refresh_token))
        raise OAuthRefused("unsupported_grant_type", "authorization_code or refresh_token")

    @router.post("/oauth/token/introspect")
    def introspect_token(request: Request, token: Field, token_type_hint: Field = "") -> Response:
        return JSONResponse(oauth.introspect(_client(oauth, request, "", ""), token))

    @router.get("/v1/introspect")
    def introspect(request: Request) -> Response:
        if "authorization" not in request.headers:
            return PleoJson({"data": {"authMethod": "NONE", "clientId": "", "scope": ""}})
        who = identify(request)
        facts = {
            "authMethod": who.method,
            "clientId": who.client_id or who.id,
            "scope": " ".join(sorted(who.scopes)),
            "applicationName": "pleo-export",
            "subjectURN": f"urn:pleo:company:{who.company_id}",
        }
        return PleoJson({"data": facts})

    return router


def _client(oauth: OAuth, request: Request, client_id: str, client_secret: str) -> Client:
    """The client's credentials come as Basic or as form fields; Pleo's pages know both."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        client_id, client_secret = parse_basic(value)
    return oauth.authenticate(client_id, client_secret)
