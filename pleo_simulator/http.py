"""What all of Pleo's endpoints share over HTTP: the media type, the caller, the paging parameters."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import JSONResponse

from pleo_simulator.credentials import Credential
from pleo_simulator.errors import Refused
from pleo_simulator.paging import PageRequest
from pleo_simulator.service import PleoService

Cursor = Annotated[str | None, Query(pattern=r"^[A-Z2-7=~]+$")]
Order = Literal["ASC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"]
_PAGING = {"before", "after", "offset", "limit", "sorting_keys", "sorting_order"}


class PleoJson(JSONResponse):
    media_type = "application/json;charset=UTF-8"

    def render(self, content: Any) -> bytes:
        """Half an emoji is sent escaped, as by every server that keeps texts in UTF-16."""
        try:
            return super().render(content)
        except UnicodeEncodeError:
            return json.dumps(content).encode()


def caller(service: PleoService, scope: str | None = None) -> Callable[[Request], Credential]:
    """A dependency: the caller's credential. Raises Refused 401, 403 without the scope, or 429."""

    def identified(request: Request) -> Credential:
        credential = service.credentials.identify(request.headers.get("authorization"))
        service.limit.spend(credential.id)
        credential.must_have(scope)
        return credential

    return identified


def own_company(who: Credential, company_id: UUID | None) -> None:
    """Refuse (404) a company that is not the credential's; where none is named, its own is meant."""
    if company_id is not None and str(company_id) != who.company_id:
        raise Refused(404, "COMPANY_NOT_FOUND", "Company not found.")


def page_request(
    request: Request,
    before: Cursor = None,
    after: Cursor = None,
    offset: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    limit: Annotated[int | None, Query(ge=0, lt=2**31)] = None,
    sorting_keys: Annotated[list[str] | None, Query()] = None,
    sorting_order: Annotated[list[Order] | None, Query()] = None,
) -> PageRequest:
    query = request.query_params
    return PageRequest(
        before=before,
        after=after,
        offset=offset,
        limit=limit,
        sorting_keys=tuple(sorting_keys or ()),
        sorting_order=tuple(sorting_order or ()),
        parameters={name: query.getlist(name) for name in query if name not in _PAGING},
    )


Page = Annotated[PageRequest, Depends(page_request)]
