"""The account of each role (R-5b): the category's comes from the line, the others from Pleo or the settings."""

from __future__ import annotations

from pleo_export.bookkeeping.documents import Party
from pleo_export.bookkeeping.export_item import Account, ExportItem, Line
from pleo_export.bookkeeping.rules import Role
from pleo_export.bookkeeping.settings import BookkeepingSettings
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.text import LONGEST_CODE, shorten

# Open question 15: Pleo's entries API writes "no category" as an account with this id.
NO_ACCOUNT_ID = "00000000-0000-0000-0000-000000000000"

# R-5b: the roles that the settings fill, and what people call them.
ROLE_NAMES = {
    Role.WALLET: "the Pleo wallet",
    Role.OUT_OF_POCKET: "what is owed to employees",
    Role.CLEARING: "money in transit to or from the Pleo wallet",
    Role.EXTERNAL_REIMBURSEMENT: "reimbursements paid outside Pleo",
    Role.PAYABLES: "suppliers",
}


def category(line: Line, number: int) -> str:
    """Return the account code of the line's category (R-4.5); `number` counts from 1. Raises ItemRejected
    (`missing_configuration`)."""
    if line.account is None or line.account.id == NO_ACCOUNT_ID:
        raise missing(f"Line {number} has no category. Choose a category for it in Pleo and export the item again.")
    code = _code(line.account)
    if code is None:
        name = shorten(line.account.name, LONGEST_CODE)
        raise missing(
            f"The category of line {number} ({name}) has no account code. Enter the code in Pleo under "
            "Settings, Accounting, Categories and export the item again."
        )
    return code


def account_of(role: Role, item: ExportItem, settings: BookkeepingSettings) -> str:
    """Return the account code of a role other than the category. Raises ItemRejected (`missing_configuration`; for the
    wallet also `invalid_configuration`)."""
    if role is Role.WALLET:
        return _wallet(item, settings)
    code: str | None = getattr(settings.accounts, role.value)
    if code is None:
        raise missing(f"There is no account for {ROLE_NAMES[role]}. Set accounts.{role.value} in the settings.")
    return code


def payable_account(party: Party, fallback: Role, item: ExportItem, settings: BookkeepingSettings) -> str:
    """Return the party's own account, else that of the role `fallback` (R-5b.6). Raises ItemRejected."""
    return (party.payable_account or "").strip() or account_of(fallback, item, settings)


def _wallet(item: ExportItem, settings: BookkeepingSettings) -> str:
    """Return Pleo's contra account, else the configured wallet of the item's currency (R-5b.2).

    A contra account that is the wallet of another currency is refused (R-5b.3). One that the accounting system does not
    have is refused there, by name: money is never booked on another bank account than Pleo says.
    """
    contra, wallets = item.contra_account, settings.accounts.wallets
    pleo = _code(contra) if contra is not None and contra.id != NO_ACCOUNT_ID else None
    own = wallets.get(item.currency)
    code = pleo or own
    if code is None:
        raise missing(
            f"There is no account for the Pleo wallet in {item.currency}. Set the contra account in Pleo under "
            f"Settings, Accounting, Contra accounts, or accounts.wallets.{item.currency} in the settings."
        )
    others = [currency for currency, account in wallets.items() if account == code]
    if code != own and others:
        raise ItemRejected(
            ItemFailure.INVALID_CONFIGURATION,
            f"The contra account {code} is the Pleo wallet in {others[0]}, but this item is in {item.currency}. Choose "
            f"the account of the wallet in {item.currency} in Pleo under Settings, Accounting, Contra accounts; if one "
            f"account holds both, set accounts.wallets.{item.currency} to it in the settings. Then export the item "
            "again.",
        )
    return code


def _code(account: Account) -> str | None:
    """Return the code, else the identifier: nothing else can be what the accounting system calls the account."""
    return account.code or account.identifier


def missing(reason: str) -> ItemRejected:
    """Return an ItemRejected (`missing_configuration`) with this reason."""
    return ItemRejected(ItemFailure.MISSING_CONFIGURATION, reason)
