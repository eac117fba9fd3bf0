"""Check that the ledger still takes what the settings and Pleo use: what the nightly check looks at, looked at now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.errors import ActionNeeded
from pleo_export.sync.check_mapping import check_mapping
from pleo_export.sync.health import OF_CONNECTION

if TYPE_CHECKING:
    from cli.stored_connection_checks import StoredConnection

MOST_SHOWN = 20


def mapping(stored: StoredConnection) -> str:
    """Check every account, tax code, tag, supplier and employee that is used. Grants and the subscription have checks
    of their own."""
    connection = stored.stack.services.connection(stored.company_id)
    found = [each for each in check_mapping(connection, stored.stack.services) if each.code not in OF_CONNECTION]
    if found:
        more = f" And {len(found) - MOST_SHOWN} more." if len(found) > MOST_SHOWN else ""
        raise ActionNeeded(" ".join(each.told for each in found[:MOST_SHOWN]) + more)
    last = stored.stack.mapping_health.get(stored.company_id).checked_at
    night = f"checked at night last on {last:%Y-%m-%d %H:%M} UTC" if last else "not checked at night yet"
    return f"the ledger takes all that is used; {night}"
