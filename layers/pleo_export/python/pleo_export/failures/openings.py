"""What was done before a failure: these stand before the sentence of an entry, which says how to go on."""

from __future__ import annotations

from pleo_export.failures.entry import LONGEST_NAME
from pleo_export.text import clean, shorten

NOT_BOOKED = "Not booked."
NOT_BOOKED_AGAIN = "Not booked again since it was reversed."
BILL_NOT_RECORDED = "The payment was not recorded, because its bill was not:"
BILL_NOT_SETTLED = "The payment was not sent, because its bill is not finished:"
DRAFT_IN_DOUBT = "Recorded as a draft; whether it was posted is not known yet."
NOT_READ_BACK = "Recorded, but not read back."
IN_DOUBT = "It is not known yet whether this expense was booked; the next export looks for it first."


def recorded_but(name: str) -> str:
    """Return the opening for an entry that exists, but is not as it should be."""
    return f"Recorded as {_name(name)}, but:"


def not_finished(name: str) -> str:
    """Return the opening for an entry of this export that may lack its receipts, posting or payment."""
    return f"Booked as {_name(name)}, but not finished."


def recorded_without_receipts(name: str) -> str:
    """Return the opening for an entry that lacks its receipts."""
    return f"Recorded as {_name(name)}, but without its receipts:"


def booked_by_an_earlier_export(name: str) -> str:
    """Return the opening for an expense that this export did not get to."""
    return f"An earlier export booked it as {_name(name)}; this one did not look at it."


def _name(name: str) -> str:
    return shorten(clean(name), LONGEST_NAME)
