"""Which account plays which role (R-5b): the category from the line, the others from Pleo or the settings."""

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
    """The account code of the line's category (R-4.5). Raises ItemRejected (`missing_configuration`)."""
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
    """The account code of a role other than the category. Raises ItemRejected (`missing_configuration`)."""
    if role is Role.WALLET:
        return _wallet(item, settings)
    code: str | None = getattr(settings.accounts, role.value)
    if code is None:
        raise missing(f"There is no account for {ROLE_NAMES[role]}. Set accounts.{role.value} in the settings.")
    return code


def payable_account(party: Party, fallback: Role, item: ExportItem, settings: BookkeepingSettings) -> str:
    """R-5b.6: the party's own account, else that of the role `fallback`. Raises ItemRejected."""
    return (party.payable_account or "").strip() or account_of(fallback, item, settings)


def _wallet(item: ExportItem, settings: BookkeepingSettings) -> str:
    """R-5b.2: Pleo's contra account, else the configured wallet of the item's currency. R-5b.3: a contra account that
    is another currency's wallet is refused. One that the accounting system does not have is refused there, by name:
    money is never booked on another bank account than Pleo says."""
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
    """Either of the two may be what the accounting system calls the account; nothing else ever is."""
    return account.code or account.identifier


def missing(reason: str) -> ItemRejected:
    return ItemRejected(ItemFailure.MISSING_CONFIGURATION, reason)
