"""Failures from what an accounting system takes and does not take, where that differs from others."""

from __future__ import annotations

from pleo_export.failures.entry import SUBJECT, FailureEntry, WhoCanFix
from pleo_export.failures.expense import AGAIN

PERIOD_LOCKED = FailureEntry(
    code="period_locked",
    says="{ledger} is locked for {on}, so nothing can be booked on that day.",
    fix="Move the lock date there. " + AGAIN,
    why="The setting closed_period could let such expenses go to a later day; it says that they fail.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Xero", "on": "2026-01-17"},
)
TAX_CODE_NOT_FOR_ACCOUNT = FailureEntry(
    code="tax_code_not_for_account",
    says="Tax code {code} cannot be used with account {account} in {ledger}.",
    fix="Choose another tax code or category on the expense in Pleo. " + AGAIN,
    why="The accounting system checks which kinds of accounts a tax applies to.",
    who=WhoCanFix.IN_PLEO,
    example={"code": "OUTPUT2", "account": "6100", "ledger": "Xero"},
)
TAG_REFUSED = FailureEntry(
    code="tag_refused",
    says='"{tag}" is not in the tracking categories of {ledger}, or is inactive.',
    fix="Create it there, or choose another tag on the expense in Pleo. " + AGAIN,
    why="Nothing is booked without a tag that the expense has.",
    who=WhoCanFix.IN_LEDGER,
    example={"tag": "XXX", "ledger": "Xero"},
)
ACCOUNT_OF_LEDGER = FailureEntry(
    code="account_of_ledger_itself",
    says="{ledger} books on account {account} itself and takes no lines on it.",
    fix="Choose another account in Pleo (for the category or the contra account), or ask {support} where the settings "
    "name it. " + AGAIN,
    why="What suppliers are owed follows from bills and payments only.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Xero", "account": "2100"},
)
NOT_THE_PAYABLES_ACCOUNT = FailureEntry(
    code="not_the_payables_account",
    says="{ledger} keeps what is owed on account {own} only, and this expense says account {account}.",
    fix="Ask {support} to set that account in the settings (accounts.payables). " + AGAIN,
    why="The accounting system has one account for what suppliers are owed.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Xero", "own": "2100", "account": "2105"},
)
BETWEEN_BANK_ACCOUNTS = FailureEntry(
    code="between_bank_accounts",
    says="{ledger} takes no entry between the bank accounts {one} and {other} over this connection.",
    fix="Choose another contra account in Pleo, or ask {support} to set an account there that is no bank account "
    "(accounts.clearing). " + AGAIN,
    why="A transfer between two bank accounts would stand against two bank statements.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Xero", "one": "1900", "other": "1200"},
)
TAX_WITHOUT_BASE = FailureEntry(
    code="tax_without_base",
    says="{ledger} takes no tax {code} without an amount that is taxed.",
    fix="Correct the tax of the expense in Pleo, or book it by hand in {ledger}. " + AGAIN,
    why="The accounting system books tax as a part of a line.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Xero", "code": "GB20"},
)
PAYMENT_TOO_LARGE = FailureEntry(
    code="payment_larger_than_bill",
    says="This payment is more than what {ledger} shows as open on the bills that it is for.",
    fix="Look in {ledger} whether they were paid already, or record what is missing. " + AGAIN,
    why="The accounting system takes a payment only up to what is open.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Xero"},
)
BILL_THERE_ALREADY = FailureEntry(
    code="bill_there_already",
    says="{ledger} holds {other} with the same number from the same party, within 60 days, so this was not recorded.",
    fix="If it is the same bill, take the expense out of the export in Pleo. Else correct one of the two numbers. "
    + AGAIN,
    why="The same bill may have been entered by hand. A person decides.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Xero", "other": "INV-2044"},
)
PROJECT_WITHOUT_COST_TYPE = FailureEntry(
    code="project_without_cost_type",
    says="{ledger} takes a project only with a cost type, and this expense has a tag for {given} only.",
    fix="Set both tags on the expense in Pleo, or neither. " + AGAIN,
    why="The project module of the accounting system sorts the costs of a project by their type.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "e-conomic", "given": "project"},
)
SUPPLIER_ACCOUNT = FailureEntry(
    code="supplier_on_other_account",
    says="{ledger} books what {party} is owed on account {account}, and the settings name {wanted}.",
    fix="Ask {support} to set the payables account in the settings to {ledger}'s, or put the supplier into another "
    "group there. " + AGAIN,
    why="The accounting system takes that account from the group of the supplier, and from nowhere else.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "e-conomic", "party": "Ryman", "account": "2100", "wanted": "2110"},
)
PARTY_NOT_TAKEN = FailureEntry(
    code="party_blocked_meanwhile",
    says="{party} was blocked or deleted in {ledger} while this expense was being recorded.",
    fix="Unblock it there, or choose another supplier in Pleo. " + AGAIN,
    why="A person changed the accounting system at the same moment.",
    who=WhoCanFix.IN_LEDGER,
    example={"party": "Harbour Print", "ledger": "e-conomic"},
)
VOUCHER_HAS_DOCUMENT = FailureEntry(
    code="voucher_has_document",
    says="Voucher {voucher} has another document in {ledger} already.",
    fix="Compare it with the receipts in Pleo, and attach there what is missing.",
    why="The accounting system keeps one document for each voucher. Nothing that is there is replaced.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "e-conomic", "voucher": "50117"},
)
ACCOUNT_BLOCKED = FailureEntry(
    code="account_blocked",
    says=SUBJECT + " uses account {account}, which takes no direct entries in {ledger}.",
    fix="Take the block from the account there, or choose another account in Pleo (where the settings name it, ask "
    "{support}). " + AGAIN,
    why="The accounting system books on such an account only by itself.",
    who=WhoCanFix.IN_LEDGER,
    example={"account": "2100", "ledger": "e-conomic"},
    subject='Category "Gifts"',
)
