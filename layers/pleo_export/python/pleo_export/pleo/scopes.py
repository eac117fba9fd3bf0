"""The scopes that the lists of Pleo need: one to read and one to change each, by the names of Pleo's environment.

Pleo publishes no list of scopes (open question 39).
"""

from __future__ import annotations

from collections.abc import Mapping

from pleo_export.pleo.transport import Request

_READ, _WRITE = "read", "write"
_TAGS, _TAGS_ON_STAGING = "tag-group", "tag-groups"  # of tags, too
_RESOURCES: Mapping[str, str] = {  # by the beginning of the path
    "/v0/tag": _TAGS,
    "/v0/tax-codes": "tax-codes",
    "/v1/chart-of-accounts": "accounts",
    "/v1/vendors": "vendors",
    "/v1/companies": "companies",
}
_READ_ONLY = frozenset({"companies"})


def list_scopes(base_url: str) -> tuple[str, ...]:
    """Return all scopes that a sync of all lists needs, for a consent in this environment."""
    return tuple(
        _scope(resource, right, base_url)
        for resource in _RESOURCES.values()
        for right in (_READ, _WRITE)
        if right == _READ or resource not in _READ_ONLY
    )


def scope_of(request: Request, base_url: str) -> str:
    """Return the scope that a call of a list needs; "" for a path that is not one of a list."""
    found = next((name for path, name in _RESOURCES.items() if request.path.startswith(path)), None)
    return _scope(found, _WRITE if request.is_write else _READ, base_url) if found else ""


def _scope(resource: str, right: str, base_url: str) -> str:
    on_staging = resource == _TAGS and ".staging." in base_url
    return f"{_TAGS_ON_STAGING if on_staging else resource}:{right}"
