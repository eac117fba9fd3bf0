"""Whose credential this is, and the installation of its application in Pleo's marketplace (API-8).

Which error says that there is no installation is open question 29: the document promises 400 only, so PleoNotFound,
PleoRefused and PleoForbidden all may.
"""

from __future__ import annotations

from pleo_export.pleo.models import ACTIVATED, Data, Installation, Introspection
from pleo_export.pleo.resource import PleoResource
from pleo_export.pleo.transport import Request


class Installations(PleoResource):
    """The credential and the installation that it belongs to."""

    def introspect(self) -> Introspection:
        """Return whose credential this is and what it permits: the cheapest check of a connection (API-8)."""
        return self._get("/v1/introspect", Data[Introspection]).data

    def installation(self) -> Installation:
        """Return the installation of the credential's application."""
        return self._get("/v1/installations/me", Installation)

    def create_installation(self) -> Installation:
        """Create the installation, active at once. For API keys; an OAuth connection gets its installation by the
        consent."""
        return self._install("POST", "/v1/installations/me", {"status": ACTIVATED})

    def update_installation(self) -> Installation:
        """Activate the installation, for API keys."""
        return self._install("PUT", "/v1/installations/me", {"status": ACTIVATED})

    def activate_installation(self) -> Installation:
        """Activate the installation, for OAuth connections."""
        return self._install("POST", "/v1/installations/me:activate")

    def delete_installation(self) -> None:
        """Delete the installation, which ends all access and refresh tokens of the connection as well. Raises
        PleoNotFound if it is gone already."""
        self._transport.send(Request("DELETE", "/v1/installations/me"))

    def _install(self, method: str, path: str, body: dict[str, str] | None = None) -> Installation:
        return self._transport.send(Request(method, path, body=body)).read(Installation)
