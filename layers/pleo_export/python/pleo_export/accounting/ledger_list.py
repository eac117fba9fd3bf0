"""The names of a ledger's lists, apart from what is in them: settings and events name lists, few functions read one."""

from __future__ import annotations

from enum import StrEnum


class LedgerList(StrEnum):
    """A list of the ledger that Pleo shows its users."""

    TAGS = "tags"
    ACCOUNTS = "accounts"
    TAX_CODES = "tax_codes"
    VENDORS = "vendors"
