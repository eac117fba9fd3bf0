"""What the settings, Pleo's lists and the expenses of unfinished jobs use of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pleo_export.bookkeeping.documents import PartyRole
from pleo_export.bookkeeping.export_item import Account, ExportItem, parse_export_item
from pleo_export.bookkeeping.parties import KeyKind, PartyQuery, party_query
from pleo_export.errors import ItemRejected
from pleo_export.pleo.errors import PleoForbidden
from pleo_export.settings import Settings
from pleo_export.sync.health import MappedKind, MappedUse, UnreadList

if TYPE_CHECKING:
    from pleo_export.pleo.list_models import PleoAccount
    from pleo_export.pleo.lists_client import PleoLists

CATEGORY, CONTRA_ACCOUNT = "a category in Pleo", "a contra account in Pleo"
EXPENSES = "expenses that wait for their export"


@dataclass
class UsedOfLedger:
    """What is used. `parties` are the questions for suppliers and employees, with what the findings call each; `unread`
    are lists of Pleo that the credential may not read."""

    uses: list[MappedUse] = field(default_factory=list)
    parties: dict[PartyQuery, tuple[MappedKind, str]] = field(default_factory=dict)
    unread: list[UnreadList] = field(default_factory=list)

    @property
    def account_codes(self) -> set[str]:
        """The codes of all accounts that are used."""
        return {each.code for each in self.uses if each.kind is MappedKind.ACCOUNT}


def used_by_settings(settings: Settings) -> Iterator[MappedUse]:
    """Yield the accounts, tax codes and dimensions that the settings name."""
    accounts = settings.accounts.model_dump(exclude_none=True)
    wallets: Mapping[str, str] = accounts.pop("wallets")
    for code in wallets.values():
        yield MappedUse(MappedKind.ACCOUNT, code, "the setting accounts.wallets")
    for role, code in accounts.items():
        yield MappedUse(MappedKind.ACCOUNT, code, f"the setting accounts.{role}")
    for tax_code, account in settings.tax_accounts.items():
        yield MappedUse(MappedKind.TAX_CODE, tax_code, "the setting tax_accounts")
        yield MappedUse(MappedKind.ACCOUNT, account, "the setting tax_accounts")
    for group, wanted in settings.dimensions.items():
        yield MappedUse(MappedKind.TAG, "", f"tag group {group}", within=wanted)


def add_items(items: Iterable[Mapping[str, Any]], settings: Settings, used: UsedOfLedger) -> None:
    """Add what the expenses use. One that cannot be read is left out: the export says why."""
    for raw in items:
        try:
            item = parse_export_item(raw)
            query = party_query(item, settings)
        except ItemRejected:
            continue
        used.uses += _used_by_item(item, settings)
        if query is not None:
            kind, code = used.parties.setdefault(query, _party(query, item))
            used.uses.append(MappedUse(kind, code, EXPENSES))


def _party(query: PartyQuery, item: ExportItem) -> tuple[MappedKind, str]:
    """Return what a finding calls the party: a supplier by its number, which is no person's; else by an expense."""
    kind = MappedKind.EMPLOYEE if query.role is PartyRole.EMPLOYEE else MappedKind.SUPPLIER
    numbers = [key.value for key in query.keys if key.kind in (KeyKind.EXTERNAL_ID, KeyKind.CODE)]
    if kind is MappedKind.EMPLOYEE or not numbers:
        return kind, f"of expense {item.accounting_entry_id}"
    return kind, numbers[0]


def _used_by_item(item: ExportItem, settings: Settings) -> Iterator[MappedUse]:
    for line in item.lines:
        account = _code(line.account)
        yield from _accounts(account)
        if line.tax is not None and line.tax.code:
            yield MappedUse(MappedKind.TAX_CODE, line.tax.code, EXPENSES, within=account or "")
            yield from _accounts(line.tax.ingoing_tax_account, line.tax.outgoing_tax_account)
        for tag in line.tags:
            if tag.code and (wanted := settings.dimensions.get(tag.group_code)):
                yield MappedUse(MappedKind.TAG, tag.code, EXPENSES, within=wanted)
    yield from _accounts(_code(item.contra_account))


def _accounts(*codes: str | None) -> Iterator[MappedUse]:
    yield from (MappedUse(MappedKind.ACCOUNT, code, EXPENSES) for code in codes if code)


def _code(account: Account | None) -> str | None:
    return (account.code or account.identifier) if account is not None else None


def add_pleos_lists(lists: PleoLists, company_id: str, settings: Settings, used: UsedOfLedger) -> None:
    """Add the accounts that Pleo's categories and contra accounts name, and the tags that expenses carry. Raises
    PleoError."""
    wanted = settings.sync
    try:
        used.uses += _used_by_chart(lists, company_id, settings)
    except PleoForbidden:
        used.unread += [UnreadList("accounts", "Pleo")] if wanted.accounts else []
    try:
        used.uses += _used_tags(lists, company_id, settings)
    except PleoForbidden:
        used.unread += [UnreadList("tags", "Pleo")] if wanted.dimensions else []


def _used_by_chart(lists: PleoLists, company_id: str, settings: Settings) -> list[MappedUse]:
    every = _chart(lists.accounts(company_id))
    unused = {
        CATEGORY: _chart(lists.accounts(company_id, unassigned_to="category")),
        CONTRA_ACCOUNT: _chart(lists.accounts(company_id, unassigned_to="contra account")),
    }
    uses: list[MappedUse] = []
    for place, others in unused.items():
        for account in (each for id_, each in every.items() if id_ not in others):
            code = account.code or account.external_id
            uses.append(MappedUse(MappedKind.ACCOUNT, code, place))
            if settings.sync.accounts and account.tax_code_external_id:  # ours; of others it may be another key
                uses.append(MappedUse(MappedKind.TAX_CODE, account.tax_code_external_id, place, within=code))
    return uses


def _chart(pages: Iterable[list[PleoAccount]]) -> dict[str, PleoAccount]:
    return {each.id: each for page in pages for each in page}


def _used_tags(lists: PleoLists, company_id: str, settings: Settings) -> list[MappedUse]:
    uses: list[MappedUse] = []
    for group in lists.tag_groups(company_id):
        wanted = settings.dimensions.get(group.code)
        if group.archived or wanted is None:
            continue
        usage = lists.tag_usage(group.id)
        tags = (tag for page in lists.tags(group.id) for tag in page)
        uses += (
            MappedUse(MappedKind.TAG, tag.code, f"tag group {group.code}", within=wanted)
            for tag in tags
            if tag.code and not tag.archived and usage.get(tag.id)
        )
    return uses
