"""`pleo-export connections`: list the connected companies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydantic import Field

from cli.options import DEFAULT_STACK, AsJson, StackName
from cli.output_model import OutputModel
from cli.printing import print_json, print_line, print_next, print_table
from cli.stack import Stack
from cli.wording import minute
from pleo_export.errors import InvalidSettings
from pleo_export.store.connections import Connection
from pleo_export.store.pauses import Pause

COLUMNS = ("company", "accounting system", "posting", "time zone", "paused", "to do")


class PausedSince(OutputModel):
    """Who has paused a company, and when."""

    by: str
    at: datetime = Field(description="UTC.")
    reason: str | None = None


class ConnectedCompany(OutputModel):
    """One connection."""

    company_id: str
    accounting_system: str | None = Field(description="Null where the settings no longer fit this version.")
    posting: str | None = None
    time_zone: str | None = None
    paused: PausedSince | None = Field(None, description="Null while exports start.")
    to_do: tuple[str, ...] = ()


class ConnectionsOutput(OutputModel):
    """The connected companies."""

    stack: str
    connections: tuple[ConnectedCompany, ...]


def command(as_json: AsJson = False, stack: StackName = DEFAULT_STACK) -> None:
    """List the connected companies, and which of them are paused or have to reconnect."""
    deployed = Stack.named(stack)
    records = deployed.connections
    found = filter(None, map(records.get, records.all_company_ids()))
    output = ConnectionsOutput(
        stack=deployed.name,
        connections=tuple(_company(each, deployed.pauses.get(each.company_id)) for each in found),
    )
    if as_json:
        print_json(output)
    elif output.connections:
        print_table(COLUMNS, map(_row, output.connections))
        print_next("pleo-export doctor   check them all", "pleo-export jobs")
    else:
        print_line("no company is connected")
        print_next("pleo-export connect")


def _company(connection: Connection, pause: Pause | None) -> ConnectedCompany:
    known: dict[str, str] = {}
    to_do = list(_to_do(connection))
    try:
        settings = connection.settings
        known = {"posting": str(settings.posting), "time_zone": settings.time_zone}
        name = settings.accounting_system.name
    except InvalidSettings:
        name = None
        to_do.append("its settings no longer fit; `pleo-export doctor` says why")
    return ConnectedCompany(
        company_id=connection.company_id,
        accounting_system=name,
        paused=PausedSince(by=pause.by, at=pause.at, reason=pause.reason) if pause else None,
        to_do=tuple(to_do),
        **known,
    )


def _to_do(connection: Connection) -> Iterator[str]:
    for which, ended in connection.ended.items():
        yield f"reconnect {which} ({minute(ended.at)}): {ended.reason}"


def _row(company: ConnectedCompany) -> tuple[str, ...]:
    names = (company.accounting_system or "", company.posting or "", company.time_zone or "")
    pause = company.paused
    paused = f"since {minute(pause.at)} by {pause.by}" + (f": {pause.reason}" if pause.reason else "") if pause else ""
    return company.company_id, *names, paused, "; ".join(company.to_do)
