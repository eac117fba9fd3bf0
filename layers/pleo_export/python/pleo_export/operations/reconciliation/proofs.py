"""The sums of each account: what Pleo was told to be exported, and what the ledger counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from pleo_export.accounting.port import LedgerDocument
from pleo_export.bookkeeping.settings import Accounts
from pleo_export.operations.reconciliation.result import AccountProof, AccountRole
from pleo_export.store.booked import BookedDocument

_ORDER = list(AccountRole)


def prove(
    told: Iterable[BookedDocument], held: Iterable[LedgerDocument], accounts: Accounts, names: Mapping[str, str]
) -> tuple[AccountProof, ...]:
    """Return the sums of every account and currency that either side has moved: those of the settings first."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for booked in told:
        for amount in booked.amounts:
            sums[amount.account, booked.currency][0] += amount.amount
    for document in held:
        for line in document.lines:
            sums[line.account, document.currency][1] += line.amount
    roles = roles_of(accounts)
    proofs = (
        AccountProof(account, names.get(account, ""), roles.get(account, AccountRole.OTHER), currency, *both)
        for (account, currency), both in sums.items()
    )
    return tuple(sorted(proofs, key=lambda each: (_ORDER.index(each.role), each.account, each.currency)))


def roles_of(accounts: Accounts) -> Mapping[str, AccountRole]:
    """Return what the settings use accounts for, by account."""
    named: dict[str | None, AccountRole] = {
        accounts.external_reimbursement: AccountRole.OUTSIDE_PLEO,
        accounts.clearing: AccountRole.CLEARING,
        accounts.payables: AccountRole.PAYABLES,
        accounts.out_of_pocket: AccountRole.OUT_OF_POCKET,
        **dict.fromkeys(accounts.wallets.values(), AccountRole.WALLET),
    }
    return {account: role for account, role in named.items() if account is not None}
