"""What all resources of Pleo's API have in common: one transport, JSON answers and lists in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from pleo_export.pleo.models import Page
from pleo_export.pleo.transport import Model, PleoResponse, Request

T = TypeVar("T")
Query = Sequence[tuple[str, str | int]]

PAGE_LIMIT = 100  # open question 1: the maximum is assumed; every answer may hold fewer


class Sender(Protocol):
    """What sends a request to Pleo."""

    def send(self, request: Request) -> PleoResponse:
        """Return a 2xx answer. Raises PleoError."""


class PleoResource:
    """A part of Pleo's API, called through `transport`."""

    def __init__(self, transport: Sender) -> None:
        self._transport = transport

    def _get(self, path: str, model: type[Model], query: Query = ()) -> Model:
        return self._transport.send(Request("GET", path, query)).read(model)

    def _pages(
        self,
        path: str,
        query: Query,
        model: type[Page[T]],
        limit: int | None = None,
        *,
        search: Mapping[str, Any] | None = None,
        check: Callable[[PleoResponse, Page[T]], None] | None = None,
    ) -> Iterator[list[T]]:
        """Yield the pages of a list. Raises PleoProtocolError instead of reading for ever (R-3.9).

        `search` is the body of a list that is asked for by POST; `check` may refuse a page before it is yielded.
        """
        query = [*query, ("limit", min(limit or PAGE_LIMIT, PAGE_LIMIT))]
        first = Request("GET", path, query) if search is None else Request("POST", path, query, search, safe=True)
        seen: set[str] = set()
        cursor: str | None = None
        while True:
            request = replace(first, query=[*query, ("after", cursor)]) if cursor else first
            data, cursor = self._page(request, model, seen, check)
            yield data
            del data  # before the next page comes
            if cursor is None:
                return
            seen.add(cursor)

    def _page(
        self,
        request: Request,
        model: type[Page[T]],
        seen: set[str],
        check: Callable[[PleoResponse, Page[T]], None] | None,
    ) -> tuple[list[T], str | None]:
        """Return one page and the cursor of the next (open question 1)."""
        answer = self._transport.send(request)
        page = answer.read(model)
        if check:
            check(answer, page)
        if not page.pagination.has_next_page:
            return page.data, None
        cursor = page.pagination.end_cursor
        if not cursor:
            raise answer.protocol_error("pagination: hasNextPage without endCursor")
        if cursor in seen:
            raise answer.protocol_error("pagination: the cursor repeats")
        return page.data, cursor


def path_of(template: str, identifier: str) -> str:
    """Return the path with the id in the place of `{}`; the id is quoted, so that it cannot lead elsewhere."""
    return template.format(quote(identifier, safe=""))
