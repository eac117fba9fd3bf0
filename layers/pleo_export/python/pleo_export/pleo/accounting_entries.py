"""Pleo's own view of accounting entries, which no export job is needed for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pleo_export.pleo.errors import PleoForbidden, PleoNotFound
from pleo_export.pleo.models import AccountingEntry, Data
from pleo_export.pleo.resource import PleoResource, path_of


class AccountingEntries(PleoResource):
    """The accounting entries that the credential can see. Connections work without the right to read them."""

    def export_statuses(self, entry_ids: Collection[str]) -> Mapping[str, str] | None:
        """Return Pleo's `exportStatus` of each entry that it knows, by the given id: EXPORTED, QUEUED and so on. None
        where the credential may not read entries. One call for each entry. Raises PleoError."""
        statuses: dict[str, str] = {}
        for entry_id in entry_ids:
            try:
                entry = self._get(path_of("/v1/accounting-entries/{}", entry_id), Data[AccountingEntry]).data
            except PleoForbidden:
                return None
            except PleoNotFound:
                continue
            if entry.export_status:
                statuses[entry_id] = entry.export_status
        return statuses
