"""What the ledger no longer takes of what the settings and Pleo use: told every night before an export can fail for it,
and of the single expense that an export refuses beforehand."""

from __future__ import annotations

from pleo_export.failures.entry import SUBJECT, FailureEntry, WhoCanFix
from pleo_export.failures.expense import AGAIN

_ELSEWHERE = "choose another one where it is used."
_NIGHTLY = "The nightly check has found this before an export fails for it."
_BEFOREHAND = "The list of the accounting system was compared with the expense before anything was written."

# Found by the nightly check: no expense has failed yet.
ACCOUNT_GONE = FailureEntry(
    code="mapped_account_gone",
    says="{ledger} has no account {account}. It is used by: {where}.",
    fix="Create it there, or " + _ELSEWHERE,
    why=_NIGHTLY,
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "account": "6100", "where": "a category in Pleo"},
    quotes=frozenset({"where"}),
)
ACCOUNT_CLOSED = FailureEntry(
    code="mapped_account_closed",
    says="Account {account} is closed in {ledger}. It is used by: {where}.",
    fix="Open it again there, or " + _ELSEWHERE,
    why=_NIGHTLY,
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "account": "6100", "where": "a category in Pleo"},
    quotes=frozenset({"where"}),
)
ACCOUNT_NOT_POSTABLE = FailureEntry(
    code="mapped_account_takes_no_entries",
    says="Account {account} takes no entries of other programs in {ledger}. It is used by: {where}.",
    fix="Allow entries on it there, or " + _ELSEWHERE,
    why=_NIGHTLY + " It is a heading, or only the accounting system itself books on it.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "account": "6000", "where": "the setting accounts.payables"},
    quotes=frozenset({"where"}),
)
ACCOUNT_SEVERAL = FailureEntry(
    code="mapped_account_ambiguous",
    says="{ledger} has several accounts with the code {account}. It is used by: {where}.",
    fix="Give each its own code there.",
    why=_NIGHTLY + " None of several is chosen on a guess.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "account": "6100", "where": "a category in Pleo"},
    quotes=frozenset({"where"}),
)
TAX_CODE_GONE = FailureEntry(
    code="mapped_tax_code_gone",
    says="{ledger} has no tax code {code}. It is used by: {where}.",
    fix="Create it there, or " + _ELSEWHERE,
    why=_NIGHTLY,
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "code": "ES21", "where": "a category in Pleo"},
    quotes=frozenset({"where"}),
)
TAX_CODE_CLOSED = FailureEntry(
    code="mapped_tax_code_archived",
    says="Tax code {code} is archived in {ledger}. It is used by: {where}.",
    fix="Activate it there, or " + _ELSEWHERE,
    why=_NIGHTLY,
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "code": "ES21", "where": "a category in Pleo"},
    quotes=frozenset({"where"}),
)
TAX_CODE_SEVERAL = FailureEntry(
    code="mapped_tax_code_ambiguous",
    says="{ledger} has several tax codes {code}. It is used by: {where}.",
    fix="Give each its own code there.",
    why=_NIGHTLY + " None of several is chosen on a guess.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "code": "VAT20", "where": "a category in Pleo"},
    quotes=frozenset({"where"}),
)
TAX_CODE_NOT_ALLOWED = FailureEntry(
    code="mapped_tax_code_not_allowed",
    says="Tax code {code} may not be used on account {account} in {ledger}. Both together are used by: {where}.",
    fix="Allow it there, or choose another tax code for the category in Pleo.",
    why=_NIGHTLY,
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Xero", "code": "INPUT2", "account": "4000", "where": "a category in Pleo"},
    quotes=frozenset({"where"}),
)
TAG_GROUP_GONE = FailureEntry(
    code="mapped_tag_group_gone",
    says='{ledger} has nothing called "{wanted}", to which the settings assign tags. It is used by: {where}.',
    fix="Ask {support} to correct the settings (dimensions), or create it there.",
    why=_NIGHTLY,
    who=WhoCanFix.ADMINISTRATOR,
    example={"ledger": "Tryton", "wanted": "CC", "where": "tag group cost_centre"},
    quotes=frozenset({"where"}),
)
TAG_GONE = FailureEntry(
    code="mapped_tag_gone",
    says='Tag "{tag}" of "{wanted}" is not in {ledger}. It is used by: {where}.',
    fix="Create it there, or archive the tag in Pleo so that nobody chooses it.",
    why=_NIGHTLY,
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "tag": "SALES", "wanted": "CC", "where": "tag group cost_centre"},
    quotes=frozenset({"where"}),
)
TAG_CLOSED = FailureEntry(
    code="mapped_tag_closed",
    says='Tag "{tag}" of "{wanted}" is closed in {ledger}. It is used by: {where}.',
    fix="Open it again there, or archive the tag in Pleo so that nobody chooses it.",
    why=_NIGHTLY,
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "tag": "SALES", "wanted": "CC", "where": "tag group cost_centre"},
    quotes=frozenset({"where"}),
)
TAG_SEVERAL = FailureEntry(
    code="mapped_tag_ambiguous",
    says='{ledger} has tag "{tag}" of "{wanted}" several times. It is used by: {where}.',
    fix="Give each its own code there.",
    why=_NIGHTLY + " None of several is chosen on a guess.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "tag": "SALES", "wanted": "CC", "where": "tag group cost_centre"},
    quotes=frozenset({"where"}),
)
PARTY_GONE = FailureEntry(
    code="mapped_party_gone",
    says="{ledger} does not know the {party} {code}. It is used by: {where}.",
    fix="Create the record there, or correct it in Pleo.",
    why=_NIGHTLY,
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "party": "supplier", "code": "V17", "where": "expenses that wait for their export"},
    quotes=frozenset({"where"}),
)
PARTY_CLOSED = FailureEntry(
    code="mapped_party_archived",
    says="The {party} {code} is archived or blocked in {ledger}. It is used by: {where}.",
    fix="Activate the record there, or choose another in Pleo.",
    why=_NIGHTLY,
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "party": "supplier", "code": "V17", "where": "expenses that wait for their export"},
    quotes=frozenset({"where"}),
)
PARTY_SEVERAL = FailureEntry(
    code="mapped_party_ambiguous",
    says="{ledger} has several records for the {party} {code}. It is used by: {where}.",
    fix="Give each its own code there.",
    why=_NIGHTLY + " Booking on the wrong one would pay the wrong supplier.",
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "party": "supplier", "code": "V17", "where": "expenses that wait for their export"},
    quotes=frozenset({"where"}),
)
DAY_CLOSED = FailureEntry(
    code="mapped_day_closed",
    says="Nothing can be booked in {ledger} on {on}: the day is locked.",
    fix="Open the period there, if expenses of that day are still to be exported.",
    why=_NIGHTLY,
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "on": "2026-12-01"},
)
DAY_WITHOUT_PERIOD = FailureEntry(
    code="mapped_day_without_period",
    says="{ledger} has no period for {on}.",
    fix="Create the fiscal year there.",
    why=_NIGHTLY,
    who=WhoCanFix.IN_LEDGER,
    example={"ledger": "Tryton", "on": "2027-01-01"},
)
NO_SUBSCRIPTION = FailureEntry(
    code="mapped_subscription_missing",
    says="Pleo no longer tells this installation of new exports (its webhook subscription is {state}).",
    fix="Ask {support} to connect the company again. Until then exports start a few minutes late.",
    why=_NIGHTLY + " The poll finds exports without it.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"state": "missing"},
)
ACCESS_ENDED = FailureEntry(
    code="mapped_access_ended",
    says="The access to {system} has ended.",
    fix="Ask {support} to connect the company again.",
    why=_NIGHTLY + " Nothing is exported until then.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"system": "Pleo"},
)
ACCESS_UNUSED = FailureEntry(
    code="mapped_access_unused",
    says="The access to {system} was not renewed for {days} days, and ends if that goes on.",
    fix="Ask {support} to look why its tokens are not refreshed.",
    why=_NIGHTLY,
    who=WhoCanFix.ADMINISTRATOR,
    example={"system": "Pleo", "days": "50"},
)
LIST_NOT_READ = FailureEntry(
    code="mapped_list_not_read",
    says="The list of {what} could not be read from {system}, so it was not checked.",
    fix="Ask {support} to give the connection the right to read it.",
    why=_NIGHTLY + " Nothing is known of what could not be read.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"what": "tax codes", "system": "Xero"},
)

# Found at the start of an export: the expense is refused before anything of it is written.
CATEGORY_ACCOUNT_CLOSED = FailureEntry(
    code="account_closed",
    says=SUBJECT + " uses account {account}{name}, which is closed in {ledger}.",
    fix="Open it again there, or give the category another account in Pleo under Settings, Accounting, Categories "
    "(where the settings name the account, ask {support}). " + AGAIN,
    why=_BEFOREHAND,
    who=WhoCanFix.IN_LEDGER,
    example={"account": "6999", "name": " (Gifts)", "ledger": "Tryton"},
    subject='Category "Gifts"',
)
CATEGORY_ACCOUNT_NOT_POSTABLE = FailureEntry(
    code="account_takes_no_entries",
    says=SUBJECT + " uses account {account}{name}, which takes no entries of other programs in {ledger}.",
    fix="Give the category another account in Pleo under Settings, Accounting, Categories (where the settings name the "
    "account, ask {support}), or allow entries on it there. " + AGAIN,
    why=_BEFOREHAND + " It is a heading, or only the accounting system itself books on it.",
    who=WhoCanFix.IN_PLEO,
    example={"account": "6000", "name": " (Costs)", "ledger": "Tryton"},
    subject='Category "Gifts"',
)
TAX_CODE_ARCHIVED = FailureEntry(
    code="tax_code_archived",
    says=SUBJECT + " uses tax code {code}, which is archived in {ledger}.",
    fix="Choose another tax code on the expense in Pleo, and for its category under Settings, Accounting, Categories; "
    "or activate it there. " + AGAIN,
    why=_BEFOREHAND,
    who=WhoCanFix.IN_PLEO,
    example={"code": "ES21", "ledger": "Tryton"},
    subject='Category "Gifts"',
)
TAG_VALUE_CLOSED = FailureEntry(
    code="tag_closed",
    says='Tag "{tag}"{name} (' + SUBJECT + ") is closed in {ledger}.",
    fix="Choose another tag on the expense in Pleo, and archive this one under Settings, Tags; or open it again there. "
    + AGAIN,
    why=_BEFOREHAND,
    who=WhoCanFix.IN_PLEO,
    example={"tag": "SALES", "name": ", Sales", "ledger": "Tryton"},
    subject='group "Cost centre"',
)
