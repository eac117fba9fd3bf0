"""What spreads the companies over time: a number of each company's own, and its clock."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

BITS = 64


def number_of(company_id: str) -> int:
    """Return a number of BITS bits that is the company's own: always the same, spread evenly over companies."""
    return int.from_bytes(sha256(company_id.encode()).digest()[: BITS // 8])


def zone_of(raw_settings: Mapping[str, Any]) -> ZoneInfo:
    """Return the company's time zone, UTC where its settings name none that exists: that is reported where they are
    used."""
    try:
        return ZoneInfo(str(raw_settings["time_zone"]))
    except (KeyError, ValueError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")
