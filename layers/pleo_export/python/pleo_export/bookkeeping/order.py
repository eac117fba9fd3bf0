"""The order in which the items of a job are booked, the same on every run (R-3.6, R-3.7)."""

from __future__ import annotations

import re

# an invoice before its payment, pocket spend before its reimbursement, within a day.
RANKS = {
    "wallet_topup": 0,
    "wallet_unload": 0,
    "invoice": 1,
    "card_purchase": 2,
    "card_invoice": 2,
    "fee": 2,
    "cashback": 2,
    "atm_withdrawal": 2,
    "personal_spend": 2,
    "out_of_pocket": 2,
    "mileage": 2,
    "per_diem": 2,
    "invoice_payment": 3,
    "refund": 4,
    "chargeback": 4,
    "direct_reimbursement": 5,
    "external_reimbursement": 5,
}
_UNKNOWN = 9
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def sort_key(date: str, type: str, entry_id: str) -> tuple[str, int, str]:
    """Return the key that sorts raw items by day (UTC), then rank of the type, then id.

    Takes the payload's strings as they are: an unknown type comes last within its day, and an unreadable date after all
    days.
    """
    day = _DAY.match(str(date))
    return day.group() if day else f"~{date}", RANKS.get(str(type), _UNKNOWN), str(entry_id)
