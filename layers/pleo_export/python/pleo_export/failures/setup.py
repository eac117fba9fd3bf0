"""Failures of accounts, suppliers and employees that an expense needs, in Pleo or in the settings."""

from __future__ import annotations

from pleo_export.failures.entry import FailureEntry, WhoCanFix
from pleo_export.failures.expense import AGAIN

ACCOUNT_NOT_SET = FailureEntry(
    code="account_not_set",
    says="There is no account for {role} (setting {setting}).",
    fix="Ask {support} to set it. " + AGAIN,
    why="Pleo does not name this account, so the settings of the connection have to.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"role": "suppliers", "setting": "accounts.payables"},
)
WALLET_NOT_SET = FailureEntry(
    code="wallet_account_missing",
    says="There is no account for the Pleo wallet in {currency}.",
    fix="Choose it in Pleo under Settings, Accounting, Contra accounts, or ask {support} to set it (accounts.wallets). "
    + AGAIN,
    why="The wallet is the other side of everything that is paid by card.",
    who=WhoCanFix.IN_PLEO,
    example={"currency": "GBP"},
)
WALLET_OF_OTHER_CURRENCY = FailureEntry(
    code="contra_account_of_other_currency",
    says="The contra account {account} is the Pleo wallet in {other}, but this expense is in {currency}.",
    fix="Choose the account of the right wallet in Pleo under Settings, Accounting, Contra accounts; if one account "
    "holds both, ask {support} to allow that (accounts.wallets). " + AGAIN,
    why="Money would be booked on the wrong bank account.",
    who=WhoCanFix.IN_PLEO,
    example={"account": "1900", "other": "GBP", "currency": "EUR"},
)
SAME_ACCOUNT = FailureEntry(
    code="same_account_on_both_sides",
    says="Account {account} is on both sides of this entry, as {one} and as {other}, so nothing would move. {either}.",
    fix=AGAIN,
    why="An entry between an account and itself moves nothing. One of the two has to be another account.",
    who=WhoCanFix.IN_PLEO,
    advice="Use another account for one of the two sides. " + AGAIN,
    example={
        "account": "1950",
        "one": "money on its way to or from the wallet",
        "other": "the Pleo wallet",
        "either": "Choose another contra account in Pleo (Settings, Accounting, Contra accounts)",
    },
    quotes=frozenset({"either"}),
)
INPUT_TAX_NOT_SET = FailureEntry(
    code="input_tax_account_missing",
    says="There is no account for the input tax of tax code {code}.",
    fix="Ask {support} to set one (accounts.input_tax, or tax_accounts for this code). " + AGAIN,
    why="Neither Pleo's tax code nor the settings name the account.",
    who=WhoCanFix.ADMINISTRATOR,
    example={"code": "VAT20"},
)
OUTPUT_TAX_NOT_SET = FailureEntry(
    code="output_tax_account_missing",
    says="There is no account for the reverse charge tax of tax code {code}.",
    fix="Set its outgoing tax account in Pleo under Settings, Accounting, Tax codes, or ask {support} to set one "
    "(accounts.output_tax). " + AGAIN,
    why="Under reverse charge the tax is booked twice: as deductible and as owed.",
    who=WhoCanFix.IN_PLEO,
    example={"code": "RC20"},
)
VENDOR_MISSING = FailureEntry(
    code="vendor_missing",
    says="This expense has no vendor.",
    fix="Choose its vendor in Pleo. " + AGAIN,
    why="Under accounts payable a bill needs somebody who is owed.",
    who=WhoCanFix.IN_PLEO,
)
VENDOR_WITHOUT_CODE = FailureEntry(
    code="vendor_without_code",
    says="The {party} has neither a code nor a tax number in Pleo, so it cannot be found in {ledger}.",
    fix="Enter one of them in Pleo, or choose another vendor there. " + AGAIN,
    why="Names are never compared: two suppliers may have the same one.",
    who=WhoCanFix.IN_PLEO,
    example={"party": "vendor Market stall"},
)
EMPLOYEE_WITHOUT_CODE = FailureEntry(
    code="employee_without_code",
    says="The employee of this expense has no employee code in Pleo, so {ledger} cannot tell who is owed.",
    fix="Enter the code in Pleo under People. " + AGAIN,
    why="Names are never compared: two people may have the same one.",
    who=WhoCanFix.IN_PLEO,
)
PARTY_UNKNOWN = FailureEntry(
    code="party_unknown",
    says="{ledger} does not know the {party} ({keys}).",
    fix="Create the record there, or correct it in Pleo. " + AGAIN,
    why="Nobody is created from an expense: who is owed money is entered by a person.",
    who=WhoCanFix.IN_LEDGER,
    example={"party": "vendor New Shop", "keys": "code V99, tax number GB99"},
    quotes=frozenset({"keys"}),
)
PARTY_BLOCKED = FailureEntry(
    code="party_blocked",
    says="The {party} is blocked in {ledger}{named}.",
    fix="Unblock the record there, or choose another in Pleo. " + AGAIN,
    why="Somebody has decided that nothing is booked on this record.",
    who=WhoCanFix.IN_LEDGER,
    example={"party": "vendor Old Printers", "named": " (Old Printers Ltd)"},
)
PARTY_AMBIGUOUS = FailureEntry(
    code="party_ambiguous",
    says="{ledger} has several records for the {party}{named}, and none is chosen on a guess.",
    fix="Give each its own code there. " + AGAIN,
    why="Booking on the wrong one would pay the wrong supplier.",
    who=WhoCanFix.IN_LEDGER,
    example={"party": "vendor Coastal Rail", "named": " (Coastal Rail and Coastal Rail (old))"},
    quotes=frozenset({"named"}),
)
NO_BILLS = FailureEntry(
    code="payables_not_supported",
    says="This expense would be booked as a bill, which this connection cannot record.",
    fix="Set its bookkeeping method to journal entry in Pleo, or turn Vendor Tagging off there. " + AGAIN,
    why="The accounting system, or the connection to it, takes journal entries only.",
    who=WhoCanFix.IN_PLEO,
)
NO_BILLS_BY_DEFAULT = FailureEntry(
    code="legacy_payables_not_supported",
    says="This expense would be booked as a bill, which this connection cannot record.",
    fix="Ask {support} to set legacy_vendors to journal. " + AGAIN,
    why="The settings ask for bills where Pleo names no bookkeeping method.",
    who=WhoCanFix.ADMINISTRATOR,
)
