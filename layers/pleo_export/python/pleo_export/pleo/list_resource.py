"""What the lists have in common: errors named for the decisions of a sync, and pages that hold a whole list or fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from pleo_export.pleo.errors import PleoAlreadyExists, PleoError, PleoForbidden, PleoRefused
from pleo_export.pleo.list_models import CountedPagination, ListPage
from pleo_export.pleo.resource import PleoResource, Query
from pleo_export.pleo.scopes import scope_of
from pleo_export.pleo.transport import PleoResponse, PleoTransport, Request

if TYPE_CHECKING:
    from pleo_export.pleo.models import Page

CONFLICT = 409


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


Listed = TypeVar("Listed", bound=_Identified)


class ListTransport:
    """Sends the calls of lists. A 409 is PleoAlreadyExists, and a 403 names the scope to grant."""

    def __init__(self, transport: PleoTransport) -> None:
        self._transport = transport

    def send(self, request: Request) -> PleoResponse:
        """Return a 2xx answer. Raises PleoError."""
        try:
            return self._transport.send(request)
        except PleoForbidden as error:
            refused: PleoError = _named(error, scope_of(request, self._transport.base_url))
        except PleoRefused as error:
            if error.status != CONFLICT:
                raise
            refused = PleoAlreadyExists(error.message, **_evidence(error))
        raise refused


def _named(error: PleoForbidden, scope: str) -> PleoForbidden:
    hint = f"The scope {scope} may be missing." if scope else ""
    named = PleoForbidden(" ".join(part for part in (error.message, hint) if part), **_evidence(error))
    named.scope = scope
    return named


def _evidence(error: PleoError) -> dict[str, Any]:
    return {
        "method": error.method,
        "path": error.path,
        "status": error.status,
        "type": error.type,
        "request_id": error.request_id,
    }


class ListResource(PleoResource):
    """A list of Pleo, read whole: archived elements are in it."""

    def _whole(
        self, path: str, query: Query, model: type[ListPage[Listed]], *, search: Mapping[str, Any] | None = None
    ) -> Iterator[list[Listed]]:
        """Yield the pages. Raises PleoProtocolError where an element comes twice, or fewer come than Pleo counts: a
        part of a list must never look like a short one."""
        pages = cast("type[Page[Listed]]", model)
        yield from self._pages(path, query, pages, search=search, check=_WholeList())


class _WholeList:
    """Checks the pages of one list as they come. The least `total` counts, since elements are made meanwhile."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._total: int | None = None

    def __call__(self, answer: PleoResponse, page: Page[Any]) -> None:
        before = len(self._ids)
        self._ids.update(each.id for each in page.data)
        if len(self._ids) < before + len(page.data):
            raise answer.protocol_error("pagination: an element comes twice")
        total = page.pagination.total if isinstance(page.pagination, CountedPagination) else None
        if total is not None:
            self._total = total if self._total is None else min(self._total, total)
        if not page.pagination.has_next_page and len(self._ids) < (self._total or 0):
            raise answer.protocol_error("pagination: the list ends early")
