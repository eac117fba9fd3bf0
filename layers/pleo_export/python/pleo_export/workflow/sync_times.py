"""When the lists of a company are synced: pure. Time is cut into slots; a hash of its id gives each company one of an
hour, so that the companies are spread over it.

Tags are due every hour, the other lists once a day, at an early hour of the company's time zone. Clocks are put
forward before four everywhere, so that no day is without that hour. Tags that are not chosen any more are due at that
hour too, until their groups are archived: the sync that `connect` asks for may have failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.services.turns import number_of, zone_of

SLOT = timedelta(minutes=5)
SLOTS_OF_HOUR = timedelta(hours=1) // SLOT
QUIET_HOURS = (4, 5)  # by the clock of the company


def slot_at(moment: datetime) -> int:
    """Return the number of the slot that the moment (UTC) is in."""
    return int(moment.timestamp() // SLOT.total_seconds())


def in_slot(company_id: str, slot: int) -> bool:
    """Return whether it is the company's slot of the hour."""
    return number_of(company_id) % SLOTS_OF_HOUR == slot % SLOTS_OF_HOUR


class Due(NamedTuple):
    """What a company's settings ask for in a slot."""

    lists: tuple[LedgerList, ...] = ()
    may_be_withdrawn: bool = False  # tag groups that an earlier choice has made: no tags are chosen any more


def due(company_id: str, raw_settings: Mapping[str, Any], slot: int) -> Due:
    """Return what is due of the company in its slot. Settings that no longer fit select nothing: they are reported
    where they are used."""
    selected = _selected(raw_settings)
    if selected is None:
        return Due()
    if _is_quiet(company_id, raw_settings, slot):
        return Due(selected, may_be_withdrawn=LedgerList.TAGS not in selected)
    return Due(tuple(each for each in selected if each is LedgerList.TAGS))


def _selected(raw_settings: Mapping[str, Any]) -> tuple[LedgerList, ...] | None:
    """Return the lists that the settings choose; None where they no longer fit."""
    if not raw_settings.get("sync"):
        return ()
    from pydantic import ValidationError  # noqa: PLC0415 - only for a company that syncs lists

    from pleo_export.settings import SyncSettings  # noqa: PLC0415

    try:
        return SyncSettings.model_validate(raw_settings["sync"]).lists
    except ValidationError:
        return None


def _is_quiet(company_id: str, raw_settings: Mapping[str, Any], slot: int) -> bool:
    quiet = QUIET_HOURS[number_of(company_id) // SLOTS_OF_HOUR % len(QUIET_HOURS)]
    begin = datetime.fromtimestamp(slot * SLOT.total_seconds(), UTC)
    return begin.astimezone(zone_of(raw_settings)).hour == quiet
