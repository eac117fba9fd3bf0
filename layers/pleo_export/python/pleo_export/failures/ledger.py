"""Failures that the accounting system reports, or the connector for it."""

from __future__ import annotations

from pleo_export.failures.entry import SUBJECT, FailureEntry, WhoCanFix
from pleo_export.failures.expense import AGAIN, TELL_SUPPORT

LEDGER_SAYS = FailureEntry(
    code="ledger_refused",
    says="{words}",
    fix="",
    why="The accounting system refused the entry for a reason of its own, which is quoted as it is.",
    who=WhoCanFix.IN_LEDGER,
    advice="Do what the accounting system asks for, as the sentence of each expense quotes it. " + AGAIN,
    example={"words": 'The account "6100" needs a cost centre.'},
    quotes=frozenset({"words"}),
)
KIND_NOT_TAKEN = FailureEntry(
    code="kind_not_taken",
    says="{ledger} takes no {kind} over this connection.",
    fix="Choose another bookkeeping method for it in Pleo, or book it by hand in {ledger} and take the expense out of "
    "the export. Then export the others again.",
    why="The accounting system, or the connection to it, cannot do everything that Pleo can ask for.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Tryton", "kind": "credit note"},
)
CURRENCY_NOT_TAKEN = FailureEntry(
    code="currency_not_taken",
    says="{ledger} takes a {kind} in {own} only, and this expense is in {currency}.",
    fix="Book it by hand in {ledger}, and take the expense out of the export in Pleo.",
    why="The accounting system keeps such entries in its own currency, and an amount is never converted on a guess.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "kind": "journal entry", "own": "GBP", "currency": "EUR"},
)
TOO_MANY_TAGS = FailureEntry(
    code="too_many_tags",
    says="{ledger} takes {most} tags on a line, and this expense has {count}.",
    fix="Remove tags from the expense in Pleo, or ask {support} to take a tag group out of the settings (dimensions). "
    + AGAIN,
    why="Nothing is booked without a tag that the expense has.",
    who=WhoCanFix.IN_PLEO,
    example={"ledger": "Xero", "most": "2", "count": "3"},
)
NO_BILL_TO_PAY = FailureEntry(
    code="no_bill_to_pay",
    says="{ledger} holds no posted bill that this payment is for.",
    fix="Export the bill first, or post its draft in {ledger}. " + AGAIN,
    why="The accounting system takes a payment only for a document that it has posted.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Xero"},
)
NOT_REVERSIBLE = FailureEntry(
    code="not_reversible",
    says="{name} cannot be reversed in {ledger} over this connection.",
    fix="Undo it by hand there.",
    why="The accounting system has nothing that undoes such an entry, or does not offer it to other programs.",
    who=WhoCanFix.IN_LEDGER,
    example={"name": "2026/00117", "ledger": "Tryton"},
)
ACCOUNT_UNKNOWN = FailureEntry(
    code="account_unknown",
    says=SUBJECT + " uses account {account}, which does not exist in {ledger} or is inactive.",
    fix="Activate it there, or give the category another account in Pleo under Settings, Accounting, Categories (where "
    "the settings name the account, ask {support}). " + AGAIN,
    why="Nothing is booked on another account than the one that Pleo or the settings name.",
    who=WhoCanFix.IN_LEDGER,
    example={"account": "6999", "ledger": "Tryton"},
    subject='Category "Gifts"',
)
TAX_CODE_UNKNOWN = FailureEntry(
    code="tax_code_unknown",
    says=SUBJECT + " uses tax code {code}, which is not in {ledger} or is inactive.",
    fix="Create it there, or choose another tax code on the expense in Pleo. " + AGAIN,
    why="Tax is booked by the code, so that it is in the tax report.",
    who=WhoCanFix.IN_LEDGER,
    example={"code": "ES21", "ledger": "Tryton"},
    subject='Category "Gifts"',
)
TAG_UNKNOWN = FailureEntry(
    code="tag_unknown",
    says='Tag "{tag}" (' + SUBJECT + ") is not in {ledger}, or is inactive.",
    fix="Create it there, or choose another tag on the expense in Pleo. " + AGAIN,
    why="Nothing is booked without a tag that the expense has.",
    who=WhoCanFix.IN_LEDGER,
    example={"tag": "XXX", "ledger": "Tryton"},
    subject='group "Cost centre"',
)
CODE_AMBIGUOUS = FailureEntry(
    code="code_ambiguous",
    says="{ledger} has {count} records for {what}.",
    fix="Give each its own code there. " + AGAIN,
    why="None is chosen on a guess.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "count": "2", "what": "account 6100"},
)
TAX_WITHOUT_ACCOUNT = FailureEntry(
    code="tax_without_account",
    says="Tax code {code} has no account in {ledger} that fits{account}.",
    fix="Set the accounts of that tax there. " + AGAIN,
    why="The accounting system books the tax on the account that the tax names.",
    who=WhoCanFix.IN_LEDGER,
    example={"code": "VAT20", "ledger": "Tryton", "account": " account 2209"},
)
ACCOUNT_CURRENCY = FailureEntry(
    code="account_in_other_currency",
    says="Account {account} is kept in {other} in {ledger} and takes nothing in {currency}.",
    fix="Choose another account in Pleo (for the category or the contra account), or ask {support} where the settings "
    "name it. " + AGAIN,
    why="The accounting system keeps that account in one currency only.",
    who=WhoCanFix.IN_PLEO,
    example={"account": "1900", "other": "GBP", "ledger": "Tryton", "currency": "EUR"},
)
ACCOUNT_WANTS_PARTY = FailureEntry(
    code="account_wants_party",
    says="Account {account} wants a party on each line in {ledger}, which a journal entry does not have.",
    fix="Take Party Required from the account there, choose another account, or choose accounts payable as bookkeeping "
    "method in Pleo. " + AGAIN,
    why="The account is meant for what single suppliers or customers are owed.",
    who=WhoCanFix.IN_LEDGER,
    example={"account": "2100", "ledger": "Tryton"},
)
ACCOUNT_TAKES_NO_BILLS = FailureEntry(
    code="account_takes_no_bills",
    says="{ledger} takes no bill on account {account}: its type is neither Expense nor Debt.",
    fix="Tick one of them on the account's type there, or choose journal entry as bookkeeping method in Pleo. " + AGAIN,
    why="The accounting system checks what a bill may be booked on.",
    who=WhoCanFix.IN_LEDGER,
    example={"account": "1500", "ledger": "Tryton"},
)
ACCOUNT_NOT_PAYABLE = FailureEntry(
    code="account_not_payable",
    says="What a bill owes cannot be booked on account {account} in {ledger}: its type is not Payable.",
    fix="Tick Payable on the account's type there, or ask {support} to set another account. " + AGAIN,
    why="The accounting system checks on which accounts suppliers are owed.",
    who=WhoCanFix.IN_LEDGER,
    example={"account": "2105", "ledger": "Tryton"},
)
RATE_MISSING = FailureEntry(
    code="rate_missing",
    says="{ledger} has no exchange rate for {currency} on {on}.",
    fix="Enter it there under Currencies. " + AGAIN,
    why="An entry in a foreign currency is converted at the rate of its day.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "currency": "USD", "on": "2026-01-17"},
)
PERIOD_MISSING = FailureEntry(
    code="period_missing",
    says="{ledger} has no period for {on}.",
    fix="Create the fiscal year there. " + AGAIN,
    why="Nothing can be booked on a day without a period.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "on": "2026-01-17"},
)
PERIOD_CLOSED = FailureEntry(
    code="period_closed",
    says="The period {period} is {state} in {ledger}, so nothing can be booked on {on}.",
    fix="Reopen the period there. " + AGAIN,
    why="The setting closed_period could let such expenses go to a later day; it says that they fail.",
    who=WhoCanFix.IN_LEDGER,
    example={"period": "2026-01", "state": "closed", "ledger": "Tryton", "on": "2026-01-17"},
)
ADDRESS_MISSING = FailureEntry(
    code="address_missing",
    says="{party} has no address in {ledger}, which a bill needs.",
    fix="Add one there. " + AGAIN,
    why="The accounting system refuses a bill without it.",
    who=WhoCanFix.IN_LEDGER,
    example={"party": "Harbour Print", "ledger": "Tryton"},
)
PARTY_DELETED = FailureEntry(
    code="party_deleted",
    says="{party} was deleted in {ledger} while this expense was being recorded.",
    fix="Export this expense again.",
    why="A person changed the accounting system at the same moment.",
    who=WhoCanFix.IN_PLEO,
    example={"party": "Harbour Print", "ledger": "Tryton"},
)
ENTRY_DELETED = FailureEntry(
    code="deleted_meanwhile",
    says="The entry was {what} in {ledger} before it was finished.",
    fix="Export this expense again.",
    why="A person changed the accounting system at the same moment.",
    who=WhoCanFix.IN_PLEO,
    example={"what": "deleted", "ledger": "Tryton"},
)
OTHER_TOTAL = FailureEntry(
    code="bill_total_differs",
    says="{ledger} makes another total or tax of this bill than Pleo, so it was not recorded.{left}",
    fix="Compare its tax codes in Pleo with the taxes in {ledger}. " + AGAIN,
    why="The accounting system computes the tax of a bill itself. A bill with another total is never booked.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "left": ""},
    quotes=frozenset({"left"}),
)
ENTRY_DIFFERS = FailureEntry(
    code="entry_differs",
    says="{ledger} holds it as {name}, with another total, tax or currency than the expense in Pleo.",
    fix="Compare the two: cancel or delete the entry in {ledger}, or correct the expense in Pleo. " + AGAIN,
    why="Somebody changed the entry, or the expense. Neither is overwritten.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "name": "2026/00117"},
)
POSSIBLE_DUPLICATE = FailureEntry(
    code="possible_duplicate",
    says="Kept as draft {draft}, for {ledger} holds {other} with the same number from the same party, within 60 days.",
    fix="If both are right, post the draft in {ledger}; else delete it there and take the expense out of the export in "
    "Pleo.",
    why="The same bill may have been entered by hand. A person decides.",
    who=WhoCanFix.IN_LEDGER,
    example={"draft": "118", "ledger": "Tryton", "other": "2026/00090"},
)
RECORDED_TWICE = FailureEntry(
    code="recorded_twice",
    says="{ledger} holds this expense more than once: {names}.",
    fix="Cancel all but one there. " + AGAIN,
    why="A person copied the entry. Which of them counts is never guessed.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "names": "2026/00117 and draft 120"},
    quotes=frozenset({"names"}),
)
KEPT_AS_DRAFT = FailureEntry(
    code="kept_as_draft",
    says="Kept as draft {draft} in {ledger}, which does not post it: {words}",
    fix="Put that right in {ledger} and export this expense again, which posts the draft; or delete the draft there "
    "before you correct the expense in Pleo.",
    why="The accounting system took the entry, but refuses to post it.",
    who=WhoCanFix.IN_LEDGER,
    example={"draft": "118", "ledger": "Tryton", "words": 'The account "6100" needs a cost centre.'},
    quotes=frozenset({"words"}),
)
NOT_BALANCED = FailureEntry(
    code="not_balanced",
    says="This entry does not balance, so it was not sent to {ledger}.",
    fix=TELL_SUPPORT,
    why="This is a fault of the integration. An entry that does not balance is never sent.",
    who=WhoCanFix.SUPPORT,
    example={"ledger": "Tryton"},
)
NOT_RECONCILED = FailureEntry(
    code="not_reconciled",
    says="The entry could not be reconciled.",
    fix="Reconcile the bill and its payment in {ledger}.",
    why="Both are booked; only the accounting system still shows them as open.",
    who=WhoCanFix.IN_LEDGER,
)
NOT_REMOVED = FailureEntry(
    code="not_removed",
    says="{name} is {state} in {ledger}, so it was not removed.",
    fix="Remove it there, if it is not wanted.",
    why="Only drafts are removed.",
    who=WhoCanFix.IN_LEDGER,
    example={"name": "2026/00117", "state": "posted", "ledger": "Tryton"},
)
