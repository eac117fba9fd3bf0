"""`pleo-export connections`: list the connected companies."""

from __future__ import annotations

from cli.options import DEFAULT_STACK, StackName
from cli.printing import print_table
from cli.stack import Stack
from pleo_export.errors import InvalidSettings
from pleo_export.store.connections import Connection

COLUMNS = ("company", "accounting system", "posting", "time zone", "to do")


def command(stack: StackName = DEFAULT_STACK) -> None:
    """List the connected companies."""
    connections = Stack.named(stack).connections
    found = filter(None, map(connections.get, connections.all_company_ids()))
    print_table(COLUMNS, [(each.company_id, *_settings(each), _to_do(each)) for each in found])


def _settings(connection: Connection) -> tuple[str, str, str]:
    try:
        settings = connection.settings
    except InvalidSettings:
        return "its settings no longer fit; `pleo-export doctor` says why", "", ""
    return settings.accounting_system.name, settings.posting, settings.time_zone


def _to_do(connection: Connection) -> str:
    ended = connection.ended.items()
    return "; ".join(f"reconnect {which} ({each.at:%Y-%m-%d %H:%M} UTC): {each.reason}" for which, each in ended)
