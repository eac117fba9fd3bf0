"""The chart of accounts: known by the accounting system's id, which is unique and never changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pleo_simulator.assumptions import Assumptions
from pleo_simulator.clock import Clock
from pleo_simulator.errors import Refused, already_exists, bad_request
from pleo_simulator.list_rows import Key, ListRows, among, equal
from pleo_simulator.paging import PageRequest
from pleo_simulator.seeded_ids import SeededIds
from pleo_simulator.tax_codes import TaxCodes

Json = dict[str, Any]

LONGEST = 255
_OPTIONAL: Json = {"code": None, "taxCodeExternalId": None, "metadata": None}


class Accounts:
    """`expenses` gives the export items of a company: an account that one of them names cannot be deleted."""

    def __init__(
        self,
        clock: Clock,
        ids: SeededIds,
        expenses: Callable[[str], Iterable[Json]],
        tax_codes: TaxCodes,
        assumptions: Assumptions,
    ) -> None:
        self.rows = ListRows("ACCOUNT", clock, ids, lambda row: [_key(row)])
        self._expenses = expenses
        self._tax_codes = tax_codes
        self._assumptions = assumptions

    def create(self, caller: str, body: Json) -> tuple[Json, bool]:
        """The account, and whether it is new: one that is there with the same values is found instead."""
        with self.rows.lock:
            self._check_tax_code(caller, body)
            values = {name: value for name, value in body.items() if name != "companyId"}
            there = self.rows.find(caller, _key(body))
            if there is None:
                return self._add(caller, values), True
            if any(there[name] != value for name, value in (_OPTIONAL | values).items()):
                raise already_exists(f"An account with the externalId {body['externalId']} exists.")
            return there, False

    def create_several(self, caller: str, items: Sequence[Json]) -> Json:
        """Each item succeeds or fails by itself."""
        created: list[Json] = []
        failed: list[Json] = []
        with self.rows.lock:
            for item in items:
                reasons = list(self._reasons(caller, item))
                if reasons:
                    failed.append({"request": item, "reasons": reasons})
                else:
                    created.append(self._add(caller, item))
        return {"created": created, "failed": failed}

    def replace(self, caller: str, account_id: str, body: Json) -> Json:
        with self.rows.lock:
            self.rows.get(caller, account_id)
            self._check_tax_code(caller, body)
            return self.rows.change(caller, account_id, _OPTIONAL | body)

    def delete(self, caller: str, account_id: str) -> None:
        with self.rows.lock:
            account = self.rows.get(caller, account_id)
            if self._linked(caller, account) or self._is_contra_account(caller, account):
                raise Refused(409, "ACCOUNT_LINKED", "The account is linked to accounting entries.")
            self.rows.delete(caller, account_id)

    def search(self, caller: str, page: PageRequest, wanted: Json) -> Json:
        """An account counts as assigned to a category when a line of an expense names it, and to a contra account when
        an expense has it as such."""
        of_categories = wanted["excludeIfAssignedToCategory"]
        of_contra_accounts = wanted["excludeIfAssignedToContraAccount"]
        name = (wanted.get("name") or "").casefold()

        def fits(row: Json) -> bool:
            return (
                equal(row["archived"], wanted.get("archived"))
                and among(row["code"], wanted.get("codes"))
                and equal(row["code"], wanted.get("code"))
                and among(row["id"], wanted.get("ids"))
                and equal(row["externalId"], wanted.get("externalId"))
                and name in row["name"].casefold()
                and not (of_categories and self._linked(caller, row))
                and not (of_contra_accounts and self._is_contra_account(caller, row))
            )

        return self.rows.search(caller, page, fits)

    def reference(self, company_id: str, code: str) -> Json:
        """The account as an export item names it. Raises Refused 404 for one that is unknown or archived."""
        for row in self.rows.of(company_id):
            if row["code"] == code and not row["archived"]:
                return {"id": row["id"], "name": row["name"], "code": code, "identifier": row["externalId"]}
        raise Refused(404, "ACCOUNT_NOT_FOUND", "Account not found.")

    def _add(self, caller: str, values: Json) -> Json:
        return self.rows.add(caller, {"accountingSystem": None} | _OPTIONAL | values)

    def _reasons(self, caller: str, item: Json) -> Iterator[str]:
        if not item["externalId"]:
            yield "EXTERNAL_ID_EMPTY"
        if len(item["externalId"]) > LONGEST:
            yield "EXTERNAL_ID_TOO_LONG"
        if self.rows.find(caller, _key(item)):
            yield "EXTERNAL_ID_ALREADY_EXISTS"
        if not item["name"]:
            yield "NAME_EMPTY"
        if len(item["name"]) > LONGEST:
            yield "NAME_TOO_LONG"
        if len(item.get("code") or "") > LONGEST:
            yield "CODE_TOO_LONG"
        if not self._tax_code_exists(caller, item):
            yield "OTHER"

    def _check_tax_code(self, caller: str, body: Json) -> None:
        if not self._tax_code_exists(caller, body):
            raise bad_request(f"There is no tax code {body['taxCodeExternalId']}.")

    def _tax_code_exists(self, caller: str, body: Json) -> bool:
        code = body.get("taxCodeExternalId")
        known = not self._assumptions.accounts_need_known_tax_codes or self._tax_codes.exists(caller, code or "")
        return code is None or known

    def _linked(self, caller: str, account: Json) -> bool:
        named = (line["account"] or {} for item in self._expenses(caller) for line in item["accountingEntryLines"])
        return any(each.get("id") == account["id"] or _same_code(each, account) for each in named)

    def _is_contra_account(self, caller: str, account: Json) -> bool:
        named = (item.get("contraAccount") or {} for item in self._expenses(caller))
        return any(each.get("id") == account["id"] or _same_code(each, account) for each in named)


def _key(row: Json) -> Key:
    return "externalId", row["externalId"]


def _same_code(named: Json, account: Json) -> bool:
    return account["code"] is not None and named.get("code") == account["code"]
