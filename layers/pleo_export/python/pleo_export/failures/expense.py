"""Failures of an expense as it is in Pleo: its amounts, lines, categories, tags and taxes."""

from __future__ import annotations

from pleo_export.failures.entry import FailureEntry, WhoCanFix

AGAIN = "Then export this expense again."
TELL_SUPPORT = "Nothing that you can correct: tell {support} and quote this sentence."
TAKE_OUT = "Take it out of the export in Pleo."

CATEGORY_MISSING = FailureEntry(
    code="category_missing",
    says="{line} has no category.",
    fix="Choose one on the expense in Pleo. " + AGAIN,
    why="The category decides on which account an expense is booked.",
    who=WhoCanFix.IN_PLEO,
    example={"line": "Line 2 of this expense"},
)
CATEGORY_WITHOUT_ACCOUNT = FailureEntry(
    code="category_without_account",
    says='Category "{category}" has no account code in Pleo.',
    fix="Enter the code of its account in Pleo under Settings, Accounting, Categories. " + AGAIN,
    why="The code is how the account is found in the accounting system.",
    who=WhoCanFix.IN_PLEO,
    example={"category": "Sundries"},
)
TAX_MISMATCH = FailureEntry(
    code="tax_mismatch",
    says="Tax code {code}: net {net} and tax {tax} do not make the {total} of {line}.",
    fix="Correct the tax amount or choose another tax code on the expense in Pleo. " + AGAIN,
    why="Tax is booked as Pleo gives it and never computed again, so the amounts have to agree.",
    who=WhoCanFix.IN_PLEO,
    example={"code": "ES21", "net": "200.00 EUR", "tax": "21.00 EUR", "total": "242.00 EUR", "line": "this expense"},
)
TAX_REVERSE_INSIDE = FailureEntry(
    code="tax_reverse_in_amount",
    says="Tax code {code} is a reverse charge, which is never part of what was paid, but the {total} of {line} hold "
    "{tax} of it.",
    fix="Correct the tax amount or choose another tax code on the expense in Pleo. " + AGAIN,
    why="Under reverse charge the company owes the tax itself; the supplier does not charge it.",
    who=WhoCanFix.IN_PLEO,
    example={"code": "RC20", "tax": "20.00 GBP", "total": "120.00 GBP", "line": "this expense"},
)
TAX_NOT_IN_AMOUNT = FailureEntry(
    code="tax_not_in_amount",
    says="Tax code {code}: the {total} of {line} are also its net amount, so the tax of {tax} has no place in it.",
    fix="Correct the tax amount or choose another tax code on the expense in Pleo. " + AGAIN,
    why="The net amount and the tax have to make the amount.",
    who=WhoCanFix.IN_PLEO,
    example={"code": "VAT20", "tax": "20.00 GBP", "total": "120.00 GBP", "line": "this expense"},
)
NET_WITHOUT_TAX = FailureEntry(
    code="net_without_tax",
    says="{line} has no tax code, but its net amount {net} is not its amount {total}.",
    fix="Choose its tax code on the expense in Pleo. " + AGAIN,
    why="Without a tax code nobody knows what the difference is.",
    who=WhoCanFix.IN_PLEO,
    example={"line": "This expense", "net": "100.00 GBP", "total": "120.00 GBP"},
)
TAX_TYPE_UNKNOWN = FailureEntry(
    code="tax_type_unknown",
    says='Tax code {code} of {line} has the type "{type}", which the integration does not know.',
    fix="Choose another tax code on the expense in Pleo. " + AGAIN,
    why="How a tax is booked depends on its type: inclusive, exclusive or reverse charge.",
    who=WhoCanFix.IN_PLEO,
    example={"code": "VAT20", "line": "this expense", "type": "flat"},
)
TAX_CODE_MISSING = FailureEntry(
    code="tax_code_missing",
    says="{line} has a tax without a code.",
    fix="Enter the code of that tax in Pleo under Settings, Accounting, Tax codes. " + AGAIN,
    why="The code is how the tax is found in the accounting system.",
    who=WhoCanFix.IN_PLEO,
    example={"line": "This expense"},
)
TAG_WITHOUT_CODE = FailureEntry(
    code="tag_without_code",
    says='{line} has a tag of the group "{group}" that has no code.',
    fix="Enter its code in Pleo under Settings, Tags. " + AGAIN,
    why="The code is how the tag is found in the accounting system.",
    who=WhoCanFix.IN_PLEO,
    example={"line": "This expense", "group": "Cost centre"},
)
TAGS_CONTRADICT = FailureEntry(
    code="tags_contradict",
    says="{line} has the tags {one} and {other}, of which {ledger} takes only one.",
    fix="Keep one of them on the expense in Pleo, or ask {support} to keep their tag groups apart in the settings. "
    + AGAIN,
    why="Both tag groups stand for the same thing in the accounting system.",
    who=WhoCanFix.IN_PLEO,
    example={"line": "This expense", "one": "P7", "other": "A1"},
)
TAG_GROUP_UNMAPPED = FailureEntry(
    code="tag_group_unmapped",
    says='The tag group "{group}" stands for nothing in {ledger}, so its tags would be lost.',
    fix="Ask {support} to name it in the settings (dimensions, or unmapped_tags: warn). " + AGAIN,
    why="The settings say that no tag may be lost.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"group": "Colour"},
)
LINE_CURRENCY = FailureEntry(
    code="line_in_other_currency",
    says="{line} has an amount in {other}, but the wallet of the expense is in {currency}.",
    fix="Correct the expense in Pleo. " + AGAIN,
    why="An entry has one currency.",
    who=WhoCanFix.IN_PLEO,
    example={"line": "Line 2 of this expense", "other": "EUR", "currency": "GBP"},
)
LINES_DO_NOT_ADD_UP = FailureEntry(
    code="lines_do_not_add_up",
    says="The lines add up to {lines}, the expense is {total}.",
    fix="Correct the split of the expense in Pleo. " + AGAIN,
    why="More than pennies are missing, so booking the lines would move another amount than was paid.",
    who=WhoCanFix.IN_PLEO,
    example={"lines": "99.00 GBP", "total": "100.00 GBP"},
)
AMOUNT_ZERO = FailureEntry(
    code="amount_zero",
    says="The amount of this expense is 0.00, so there is nothing to book.",
    fix=TAKE_OUT,
    why="An entry of nothing helps nobody.",
    who=WhoCanFix.IN_PLEO,
)
NOTHING_OWED = FailureEntry(
    code="nothing_owed",
    says="The amount of this expense is 0.00, so nobody is owed anything.",
    fix="Take it out of the export in Pleo, or set its bookkeeping method there to journal entry.",
    why="A bill of nothing cannot be paid.",
    who=WhoCanFix.IN_PLEO,
)
CANCELS_OUT = FailureEntry(
    code="cancels_out",
    says="The lines of this expense cancel out on the same account, so there is nothing to book.",
    fix=TAKE_OUT,
    why="Every account would stay as it was.",
    who=WhoCanFix.IN_PLEO,
)
INVOICE_VOIDED = FailureEntry(
    code="invoice_voided",
    says="The invoice {number} {what} in Pleo, so it was not booked.",
    fix=TAKE_OUT,
    why="An invoice that is not to be paid is not booked.",
    who=WhoCanFix.IN_PLEO,
    example={"number": "2026-117", "what": "was rejected by its approver"},
)
DATE_OUT_OF_RANGE = FailureEntry(
    code="date_out_of_range",
    says="The {what} of this expense is in the year {year}; only 1900 to 9998 can be booked.",
    fix="Correct it in Pleo. " + AGAIN,
    why="A year like that is a typing error.",
    who=WhoCanFix.IN_PLEO,
    example={"what": "due date", "year": "9999"},
)
AMOUNT_FRACTION = FailureEntry(
    code="amount_fraction",
    says="Pleo sent an amount with a fraction of a penny, so this expense was not booked ({reference}).",
    fix="Nothing that you can correct: tell {support} and quote this reference.",
    why="Amounts are whole cents. Rounding one would be a guess.",
    who=WhoCanFix.SUPPORT,
    example={"reference": "7b0f9c1e-2f4d-4a51-9a5c-0c6f2b7a1d11"},
)
MALFORMED = FailureEntry(
    code="malformed",
    says="Pleo sent this expense with some content missing or unusable ({fields}), so it was not booked: {reference}.",
    fix="If it is missing in Pleo too, enter it there and export again. Else tell {support} and quote this reference.",
    why="The data do not have the form that Pleo promises.",
    who=WhoCanFix.SUPPORT,
    example={"fields": "date, currency", "reference": "7b0f9c1e-2f4d-4a51-9a5c-0c6f2b7a1d11"},
    quotes=frozenset({"fields"}),
)
WALLET_CURRENCY = FailureEntry(
    code="wallet_currency",
    says="This expense is in {currency}, and only wallets in currencies with two decimals can be booked yet.",
    fix="Nothing that you can correct in Pleo: book it by hand, and take it out of the export.",
    why="It is not certain in which unit Pleo gives amounts of other currencies.",
    who=WhoCanFix.IN_LEDGER,
    example={"currency": "JPY"},
)
TYPE_UNKNOWN = FailureEntry(
    code="type_unknown",
    says='Pleo sent an expense of the type "{type}", which the integration does not know, so it was not booked.',
    fix="Nothing that you can correct: book it by hand, tell {support} and quote this sentence.",
    why="How it is booked is never guessed.",
    who=WhoCanFix.SUPPORT,
    example={"type": "card_gift"},
)
METHOD_UNKNOWN = FailureEntry(
    code="method_unknown",
    says='Pleo sent the bookkeeping method "{method}", which the integration does not know.',
    fix="Choose journal entry as bookkeeping method in Pleo. " + AGAIN,
    why="How it is booked is never guessed.",
    who=WhoCanFix.IN_PLEO,
    example={"method": "cash_basis"},
)
ID_TOO_LONG = FailureEntry(
    code="id_too_long",
    says="Pleo's reconciliation id of this expense is longer than the {limit} characters that {ledger} keeps.",
    fix="Nothing that you can correct: book it by hand, tell {support} and quote this sentence.",
    why="The id is how a bill and its payment find each other, so it is never cut.",
    who=WhoCanFix.SUPPORT,
    example={"limit": "250"},
)
REFERENCE_TOO_LONG = FailureEntry(
    code="reference_too_long",
    says="The reference {reference} of this expense does not fit into {ledger}.",
    fix="Nothing that you can correct: tell {support} and quote this reference.",
    why="The reference is how an entry is found again, so it is never cut.",
    who=WhoCanFix.SUPPORT,
    example={"reference": "pleo:1-2-3"},
)
UNBALANCED = FailureEntry(
    code="unbalanced",
    says="The {kind} {reference} does not balance and was not booked.",
    fix="Nothing that you can correct: tell {support} and quote this reference.",
    why="This is a fault of the integration. An entry that does not balance is never sent.",
    who=WhoCanFix.SUPPORT,
    example={"kind": "journal entry", "reference": "pleo:1-2-3"},
)
NO_DATA = FailureEntry(
    code="no_data",
    says="Pleo listed this expense in the export but sent no data for it.",
    fix="Export this expense again. If it fails again, tell {support}.",
    why="Pleo's list of the export and its data do not agree.",
    who=WhoCanFix.IN_PLEO,
)
OTHER_COMPANY = FailureEntry(
    code="other_company",
    says="Pleo sent this expense for another company than the one that is exported, so it was not booked.",
    fix=TELL_SUPPORT,
    why="Booking it would put it in the wrong company's accounts.",
    who=WhoCanFix.SUPPORT,
)
