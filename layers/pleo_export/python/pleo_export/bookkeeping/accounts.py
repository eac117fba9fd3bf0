"""The account of each role (R-5b): the category's comes from the line, the others from Pleo or the settings."""

from __future__ import annotations

from pleo_export.bookkeeping.documents import Party
from pleo_export.bookkeeping.export_item import Account, ExportItem, Line
from pleo_export.bookkeeping.rules import Role
from pleo_export.bookkeeping.settings import BookkeepingSettings
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.entry import FailureText
from pleo_export.failures.expense import CATEGORY_MISSING, CATEGORY_WITHOUT_ACCOUNT
from pleo_export.failures.setup import ACCOUNT_NOT_SET, WALLET_NOT_SET, WALLET_OF_OTHER_CURRENCY

# Open question 15: Pleo's entries API writes "no category" as an account with this id.
NO_ACCOUNT_ID = "00000000-0000-0000-0000-000000000000"

# R-5b: the roles that the settings fill, and what people call them.
ROLE_NAMES = {
    Role.WALLET: "the Pleo wallet",
    Role.OUT_OF_POCKET: "what is owed to employees",
    Role.CLEARING: "money on its way to or from the Pleo wallet",
    Role.EXTERNAL_REIMBURSEMENT: "reimbursements paid outside Pleo",
    Role.PAYABLES: "suppliers",
}


def category(line: Line, name: str) -> str:
    """Return the account code of the line's category (R-4.5); `name` is what people call the line. Raises ItemRejected
    (`missing_configuration`)."""
    if line.account is None or line.account.id == NO_ACCOUNT_ID:
        raise missing(CATEGORY_MISSING.told(line=name))
    code = _code(line.account)
    if code is None:
        raise missing(CATEGORY_WITHOUT_ACCOUNT.told(category=line.account.name))
    return code


def account_of(role: Role, item: ExportItem, settings: BookkeepingSettings) -> str:
    """Return the account code of a role other than the category. Raises ItemRejected (`missing_configuration`; for the
    wallet also `invalid_configuration`)."""
    if role is Role.WALLET:
        return _wallet(item, settings)
    code: str | None = getattr(settings.accounts, role.value)
    if code is None:
        raise missing(ACCOUNT_NOT_SET.told(role=ROLE_NAMES[role], setting=f"accounts.{role.value}"))
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
        raise missing(WALLET_NOT_SET.told(currency=item.currency))
    others = [currency for currency, account in wallets.items() if account == code]
    if code != own and others:
        raise ItemRejected(
            ItemFailure.INVALID_CONFIGURATION,
            WALLET_OF_OTHER_CURRENCY.told(account=code, other=others[0], currency=item.currency),
        )
    return code


def _code(account: Account) -> str | None:
    """Return the code, else the identifier: nothing else can be what the accounting system calls the account."""
    return account.code or account.identifier


def missing(told: FailureText) -> ItemRejected:
    """Return an ItemRejected (`missing_configuration`) with this text."""
    return ItemRejected(ItemFailure.MISSING_CONFIGURATION, told)
