"""Names what the accounting system refuses: it was asked for a code, and a bookkeeper knows the name. Where its lists
say why (closed, archived, a heading), the text says that instead of "does not exist or is inactive"."""

from __future__ import annotations

from pleo_export.accounting.errors import AccountingError, UnknownAccount, UnknownDimension, UnknownTaxCode
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.bookkeeping.documents import Dimension
from pleo_export.bookkeeping.export_item import Account, ExportItem
from pleo_export.failures.entry import LONGEST_NAME, FailureText
from pleo_export.failures.mapping import (
    CATEGORY_ACCOUNT_CLOSED,
    CATEGORY_ACCOUNT_NOT_POSTABLE,
    TAG_VALUE_CLOSED,
    TAX_CODE_ARCHIVED,
)
from pleo_export.settings import Settings
from pleo_export.sync.refused_codes import LedgerNames, NoNames
from pleo_export.sync.standing import Standing
from pleo_export.text import shorten

NO_NAMES = NoNames()


def named(error: AccountingError, item: ExportItem, settings: Settings, names: LedgerNames = NO_NAMES) -> FailureText:
    """Return the text of the error, with the name that the expense or the settings have for what it is about, and with
    the reason that the ledger's lists give."""
    ledger = CONNECTORS[settings.accounting_system.name].title
    if isinstance(error, UnknownAccount) and error.unknown:
        return _account(error.unknown, error.told, ledger, names).about(_user_of(error.unknown, item, settings))
    if isinstance(error, UnknownTaxCode) and error.unknown:
        return _tax_code(error.unknown, error.told, ledger, names).about(_taxed(error.unknown, item))
    if isinstance(error, UnknownDimension) and error.unknown:
        group = f'group "{shorten(_group_of(error.unknown, item, settings), LONGEST_NAME)}"'
        return _tag(error.unknown, error.told, ledger, names, group)
    return error.told


def _account(code: str, told: FailureText, ledger: str, names: LedgerNames) -> FailureText:
    standing, name = names.account(code)
    values = {"account": code, "name": f" ({name})" if name else "", "ledger": ledger}
    if standing is Standing.CLOSED:
        return CATEGORY_ACCOUNT_CLOSED.told(**values)
    return CATEGORY_ACCOUNT_NOT_POSTABLE.told(**values) if standing is Standing.NOT_POSTABLE else told


def _tax_code(code: str, told: FailureText, ledger: str, names: LedgerNames) -> FailureText:
    standing, _ = names.tax_code(code)
    return TAX_CODE_ARCHIVED.told(code=code, ledger=ledger) if standing is Standing.CLOSED else told


def _tag(unknown: Dimension, told: FailureText, ledger: str, names: LedgerNames, group: str) -> FailureText:
    """Return the text with the tag group, and with the ledger's name of that and of the tag where they say more."""
    standing, name = names.tag(unknown.category, unknown.value)
    dimension = names.dimension(unknown.category)
    if dimension and dimension.casefold() not in group.casefold():
        group = f"{group}, {shorten(dimension, LONGEST_NAME)}"
    if standing is not Standing.CLOSED:
        return told.about(group)
    shown = f", {name}" if name and name != unknown.value else ""
    return TAG_VALUE_CLOSED.told(tag=unknown.value, name=shown, ledger=ledger).about(group)


def _group_of(unknown: Dimension, item: ExportItem, settings: Settings) -> str:
    """Return the code of the tag group that the tag was chosen from."""
    wanted = unknown.category, unknown.value
    tags = (tag for line in item.lines for tag in line.tags)
    groups = (tag.group_code for tag in tags if (settings.dimensions.get(tag.group_code), tag.code) == wanted)
    return next(groups, unknown.category)


def _taxed(code: str, item: ExportItem) -> str:
    """Return the category of the line that has the tax code."""
    for line in item.lines:
        if line.tax is not None and line.tax.code == code and line.account is not None:
            return f'Category "{shorten(line.account.name, LONGEST_NAME)}"'
    return "This expense"


def _user_of(code: str, item: ExportItem, settings: Settings) -> str:
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
