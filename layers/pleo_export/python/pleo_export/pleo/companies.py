"""Companies: whose lists these are."""

from __future__ import annotations

from pleo_export.pleo.list_models import PleoCompany
from pleo_export.pleo.list_resource import ListResource
from pleo_export.pleo.models import Data
from pleo_export.pleo.resource import path_of


class Companies(ListResource):
    """The companies that the credential can see."""

    def company(self, company_id: str) -> PleoCompany:
        """Return the company. Raises PleoNotFound."""
        return self._get(path_of("/v1/companies/{}", company_id), Data[PleoCompany]).data
