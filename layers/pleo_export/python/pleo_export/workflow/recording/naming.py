"""Names what the accounting system does not know: it was asked for a code, and a bookkeeper knows the name."""

from __future__ import annotations

from pleo_export.accounting.errors import AccountingError, UnknownAccount, UnknownDimension
from pleo_export.bookkeeping.export_item import Account, ExportItem
from pleo_export.bookkeeping.settings import BookkeepingSettings
from pleo_export.failures.entry import LONGEST_NAME, FailureText
from pleo_export.text import shorten


def named(error: AccountingError, item: ExportItem, settings: BookkeepingSettings) -> FailureText:
    """Return the text of the error, with the name that the expense or the settings have for what it is about."""
    if isinstance(error, UnknownAccount) and error.unknown:
        return error.told.about(_user_of(error.unknown, item, settings))
    if isinstance(error, UnknownDimension) and error.unknown:
        wanted = error.unknown.category, error.unknown.value
        tags = (tag for line in item.lines for tag in line.tags)
        groups = (tag.group_code for tag in tags if (settings.dimensions.get(tag.group_code), tag.code) == wanted)
        group = next(groups, error.unknown.category)
        return error.told.about(f'group "{shorten(group, LONGEST_NAME)}"')
    return error.told


def _user_of(code: str, item: ExportItem, settings: BookkeepingSettings) -> str:
    """Return what uses the account of this code: a category, the contra account, a tax code or a setting."""
    for line in item.lines:
        if _has(line.account, code) and line.account is not None:
            return f'Category "{shorten(line.account.name, LONGEST_NAME)}"'
        if line.tax is not None and code in (line.tax.ingoing_tax_account, line.tax.outgoing_tax_account):
            return f"Tax code {shorten(line.tax.code or '', LONGEST_NAME)}"
    if _has(item.contra_account, code):
        return "The contra account in Pleo"
    accounts = settings.accounts.model_dump()
    wallets = accounts.pop("wallets")
    if code in wallets.values():
        return "The setting accounts.wallets"
    roles = (role for role, account in accounts.items() if account == code)
    return next((f"The setting accounts.{role}" for role in roles), "This expense")


def _has(account: Account | None, code: str) -> bool:
    return account is not None and (account.code or account.identifier) == code
