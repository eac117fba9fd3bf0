"""The chart of accounts, from which a bookkeeper chooses an account for each category."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from pleo_export.pleo.list_models import (
    MAX_CREATED_ACCOUNTS,
    AccountBatchResult,
    AccountBody,
    AccountUpdate,
    ListPage,
    PleoAccount,
)
from pleo_export.pleo.list_resource import ListResource
from pleo_export.pleo.models import Data
from pleo_export.pleo.resource import path_of
from pleo_export.pleo.transport import Request


class ChartOfAccounts(ListResource):
    """The accounts of a company, known by the ledger's id. Nothing is ever deleted: archive instead."""

    def accounts(
        self, company_id: str, *, unassigned_to: Literal["category", "contra account"] | None = None
    ) -> Iterator[list[PleoAccount]]:
        """Yield all accounts, archived ones included, page by page; of `unassigned_to` those only that no category, or
        no contra account, has."""
        search = {
            "companyId": company_id,
            "excludeIfAssignedToCategory": unassigned_to == "category",
            "excludeIfAssignedToContraAccount": unassigned_to == "contra account",
        }
        return self._whole("/v1/chart-of-accounts:search", [], ListPage[PleoAccount], search=search)

    def create_accounts(self, company_id: str, bodies: Sequence[AccountBody]) -> AccountBatchResult:
        """Create accounts; each that Pleo refuses is in `failed` of the result. Raises ValueError for more than
        MAX_CREATED_ACCOUNTS or none; PleoOutcomeUnknown where there may be new accounts."""
        if not 1 <= len(bodies) <= MAX_CREATED_ACCOUNTS:
            raise ValueError(f"{len(bodies)} accounts in one call; Pleo takes 1 to {MAX_CREATED_ACCOUNTS}")
        body = {"companyId": company_id, "items": [each.as_json() for each in bodies]}
        request = Request("POST", "/v1/chart-of-accounts/batch", body=body)
        return self._transport.send(request).read(Data[AccountBatchResult]).data

    def update_account(self, account_id: str, body: AccountUpdate) -> PleoAccount:
        """Replace an account. Raises PleoRefused with status 400 where Pleo refuses the values or has no such tax code
        (open question 42); PleoNotFound."""
        request = Request("PUT", path_of("/v1/chart-of-accounts/{}", account_id), body=body.as_json(replaces=True))
        return self._transport.send(request).read(Data[PleoAccount]).data
