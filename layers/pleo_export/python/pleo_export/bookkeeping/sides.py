"""The two sides of an entry are different accounts: an entry between an account and itself moves nothing (R-5b.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from pleo_export.bookkeeping.accounts import ROLE_NAMES
from pleo_export.bookkeeping.documents import JournalLine, PartyRole, TaxRole
from pleo_export.bookkeeping.rules import PAYABLE_ROLES, JournalRule, Role
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.entry import SUPPORT
from pleo_export.failures.expense import CANCELS_OUT
from pleo_export.failures.setup import SAME_ACCOUNT

_AS = ROLE_NAMES | {
    Role.WALLET: "the Pleo wallet (its contra account)",
    Role.PAYABLES: "what is owed to suppliers",
}


class AccountSide(NamedTuple):
    """What an account stands for in an entry, and how a person changes it; both are parts of a sentence."""

    what: str
    fix: str


def of_role(role: Role) -> AccountSide:
    """Return the side of an account that the role decides."""
    if role is Role.WALLET:
        return AccountSide(_AS[role], "choose another contra account in Pleo (Settings, Accounting, Contra accounts)")
    return AccountSide(_AS[role], f"ask {SUPPORT} to correct accounts.{role.value}")


def of_party(role: PartyRole) -> AccountSide:
    """Return the side of a party's payables account."""
    where = f"in the accounting system (or accounts.{PAYABLE_ROLES[role].value})"
    return AccountSide(f"what this {role} is owed", f"correct the payables account of this {role} {where}")


def check_lines(lines: Iterable[JournalLine], rule: JournalRule, account: str, other: AccountSide) -> None:
    """Raise ItemRejected (`invalid_configuration`) if one of `lines` is on `account`, that of the other side."""
    for line in lines:
        if line.account == account:
            check_apart(account, account, _of_line(line, rule), other)


def check_apart(one_account: str, other_account: str, one: AccountSide, other: AccountSide) -> None:
    """Raise ItemRejected (`invalid_configuration`) if both sides are the same account."""
    if one_account == other_account:
        either = f"{other.fix[:1].upper()}{other.fix[1:]}, or {one.fix}"
        raise ItemRejected(
            ItemFailure.INVALID_CONFIGURATION,
            SAME_ACCOUNT.told(account=one_account, one=one.what, other=other.what, either=either),
        )


def check_that_something_moves(lines: Iterable[JournalLine]) -> None:
    """Raise ItemRejected (`validation_failure`) if every account stays as it was."""
    moved: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        moved[line.account] += line.amount
    if not any(moved.values()):
        raise ItemRejected(
            ItemFailure.VALIDATION_FAILURE,
            CANCELS_OUT.told(),
        )


def _of_line(line: JournalLine, rule: JournalRule) -> AccountSide:
    if line.tax is not None and line.tax.role is TaxRole.TAX:
        return AccountSide(f"the tax account of tax code {line.tax.code}", "correct the account of that tax code")
    if rule.lines is Role.CATEGORY:
        return AccountSide("the category of a line", "choose another category in Pleo")
    return of_role(rule.lines)
