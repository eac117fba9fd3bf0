"""What people do with Pleo's lists: look at them, and choose from them for an expense."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from pleo_simulator.errors import Refused
from pleo_simulator.service import PleoService

Json = dict[str, Any]


def all_lists(service: PleoService, company_id: str) -> Json:
    """Everything in the lists of the company, archived elements included; each tag group has its `tags`, and each tag
    the number of expenses that carry it (`usedBy`)."""
    groups = []
    for group in service.tags.groups(company_id, include_archived=True):
        used = {each["id"]: each["count"] for each in service.tags.usage(company_id, group["id"])}
        tags = service.tags.of_group(company_id, group["id"])
        groups.append(group | {"tags": [tag | {"usedBy": used.get(tag["id"], 0)} for tag in tags]})
    return {
        "tagGroups": groups,
        "accounts": service.accounts.rows.of(company_id),
        "taxCodes": service.tax_codes.rows.of(company_id),
        "vendors": service.vendors.rows.of(company_id),
    }


def choose_for(
    service: PleoService,
    company_id: str,
    entry_id: str,
    *,
    tags: Sequence[tuple[str, str]] | None = None,
    account: str | None = None,
    vendor: str | None = None,
) -> Json:
    """Choose tags (group code and code) and an account for each line of an expense, and its vendor, all by code, and
    return the expense. Raises Refused 404 for what is not in the lists, or archived. A running job keeps what it
    locked."""
    expenses = service.state.company(company_id).expenses
    if entry_id not in expenses:
        raise Refused(404, "ACCOUNTING_ENTRY_NOT_FOUND", "Accounting entry not found.")
    item = deepcopy(expenses[entry_id])
    for line in item["accountingEntryLines"]:
        if tags is not None:
            line["tags"] = [service.tags.reference(company_id, group, code) for group, code in tags]
        if account is not None:
            line["account"] = service.accounts.reference(company_id, account)
    if vendor is not None:
        item["vendor"] = service.vendors.reference(company_id, vendor)
    service.state.put_expenses(company_id, [item])
    return item
