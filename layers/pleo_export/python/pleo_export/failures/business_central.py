"""Failures that only Business Central knows."""

from __future__ import annotations

from pleo_export.failures.entry import FailureEntry, WhoCanFix
from pleo_export.failures.expense import AGAIN

TOO_MANY_LINES = FailureEntry(
    code="too_many_lines",
    says="{ledger} takes {most} lines at once, and this entry has {count}.",
    fix="Divide the expense in Pleo. " + AGAIN,
    why="An entry is recorded with all of its lines, or not at all.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Business Central", "most": "100", "count": "120"},
)
POSTING_RANGE = FailureEntry(
    code="posting_range",
    says="{ledger} takes postings from {since} to {until} only, so nothing can be booked on {on}.",
    fix="Change Allow Posting From and Allow Posting To there, in the General Ledger Setup. " + AGAIN,
    why="The setting closed_period could let such expenses go to a later day; it says that they fail.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Business Central", "since": "2026-02-01", "until": "2026-02-28", "on": "2026-01-17"},
)
PAYMENT_OVER_BILL = FailureEntry(
    code="payment_over_bill",
    says="This payment is more than the bills in {ledger} that it is for, or in another currency.",
    fix="Export the bills that are missing first, or book the payment by hand in {ledger} and take it out of the "
    "export. Then export again.",
    why="The accounting system settles bills when it books their payment, and not later.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Business Central"},
)
PAYMENT_FROM_BANK = FailureEntry(
    code="payment_from_bank_account",
    says="{ledger} books payments over this connection from accounts of the general ledger only, and {account} is a "
    "bank account.",
    fix="Choose an account of the general ledger for the wallet in Pleo under Settings, Accounting, Contra accounts, "
    "or ask {support} to set one. " + AGAIN,
    why="The journal for payments has such an account on its other side.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Business Central", "account": "PLEO"},
)
ACCESS_REFUSED = FailureEntry(
    code="access_refused",
    says="{ledger} does not accept the access key of the connection.",
    fix="Ask {support} to connect {ledger} again, with a client secret that is valid. Then export again.",
    why="The secret of the connection's client has expired or was withdrawn, or its access is disabled.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Business Central"},
)
PERMISSION_SET_MISSING = FailureEntry(
    code="permission_set_missing",
    says="The connection may not do this in {ledger}.",
    fix="Ask the administrator of {ledger} to give its entry under Microsoft Entra applications the permission sets "
    "that the guide names. Then export again.",
    why="What the connection may do there is decided by the permission sets of its client.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Business Central"},
)
VAT_OF_RATE_ONLY = FailureEntry(
    code="vat_of_rate_only",
    says="{ledger} computes VAT by the rate of tax code {code}, and the VAT of this expense is another amount.",
    fix="Choose another tax code on the expense in Pleo, or book it by hand in {ledger}. " + AGAIN,
    why="Pleo's tax is never replaced by another. That of a mileage, for one, is a part of the amount only.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Business Central", "code": "VAT20"},
)
