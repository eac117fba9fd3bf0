"""Lists that failed items ask for: an account, tax code, tag or supplier that the ledger does not have is often one
that Pleo still shows. Where the list is synced, it is synced at once, and the failure says so.

The items keep their failures. Each list of a company is asked for once in ten minutes, whatever number of items or
exports fail.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.errors import InvalidSettings, ItemFailure
from pleo_export.observability import logger
from pleo_export.pleo.models import REASON_LENGTH
from pleo_export.services.events import JobInput
from pleo_export.services.messages import SyncRequest
from pleo_export.services.services import Services
from pleo_export.store.connections import Connection

LISTS: Mapping[str, LedgerList] = {
    ItemFailure.TAG_UNKNOWN: LedgerList.TAGS,
    ItemFailure.ACCOUNT_UNKNOWN: LedgerList.ACCOUNTS,
    ItemFailure.TAX_CODE_UNKNOWN: LedgerList.TAX_CODES,
    ItemFailure.VENDOR_UNKNOWN: LedgerList.VENDORS,
}
REFRESHED = "The list was refreshed: choose again and export once more."


def synced_lists(connection: Connection) -> frozenset[LedgerList]:
    """Return the lists that are synced for the company; none if its settings no longer fit."""
    try:
        return frozenset(connection.settings.sync.lists)
    except InvalidSettings:
        return frozenset()


def with_refresh(reason: str | None, failure: str | None, synced: Collection[LedgerList]) -> str | None:
    """Return the text of a failure, which says where its list is refreshed. A text so long that it would be cut stays
    as it is."""
    if reason is None or LISTS.get(failure or "") not in synced:
        return reason
    longer = f"{reason} {REFRESHED}"
    return longer if len(longer) <= REASON_LENGTH else reason


def ask_for_refresh(run: JobInput, failures: Iterable[str], services: Services) -> None:
    """Have the lists synced that the job's failed items speak of, given the types of their failures. Raises nothing:
    the schedule comes as well."""
    wanted = {LISTS[each] for each in failures if each in LISTS}
    if not wanted:
        return
    try:
        _ask(run, wanted & synced_lists(services.connection(run.company_id)), services)
    except Exception as error:
        logger.error("refresh of lists not asked for", extra={"error": type(error).__name__})


def _ask(run: JobInput, wanted: Collection[LedgerList], services: Services) -> None:
    now = services.clock()
    lists = tuple(each for each in sorted(wanted) if services.syncs.claim_refresh(run.company_id, each, now))
    if lists:
        run_id = f"refresh-{run.job_id}"
        request = SyncRequest(company_id=run.company_id, lists=lists, run_id=run_id, reason="failed_items")
        services.sync_queue.send(request, once_per=f"{run_id}-{'-'.join(lists)}")
        logger.info("refresh of lists asked for", extra={"lists": list(lists)})
