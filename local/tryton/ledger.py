"""What a person would look up or do in the books, over HTTP: for demos, and to assert on in tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from local.tryton.company import INTEGRATION_USER
from local.tryton.rpc import Rpc
from local.tryton.template import Template

_LINE_FIELDS = (
    *("account.code", "account.name", "debit", "credit", "description"),
    *("second_currency.code", "amount_second_currency"),
    *("tax_lines.tax.name", "tax_lines.type", "tax_lines.amount", "analytic_lines.account.code"),
)


@dataclass(frozen=True)
class MoveLine:
    """`debit` and `credit` in the company's currency; `second_amount` signed, + debit, in `second_currency`."""

    account: str
    account_name: str
    debit: Decimal
    credit: Decimal
    text: str
    second_currency: str | None
    second_amount: Decimal | None
    taxes: tuple[tuple[str, str, Decimal], ...]
    dimensions: tuple[str, ...]


@dataclass(frozen=True)
class Move:
    """An entry as the accountant sees it. `reference` is what the connector looks for."""

    id: int
    number: str | None
    date: date
    state: str
    reference: str
    lines: tuple[MoveLine, ...]


@dataclass(frozen=True)
class Balance:
    account: str
    name: str
    debit: Decimal
    credit: Decimal


class Ledger:
    """One database of the running Tryton, and what a person would look up or do in it.

    `secret` is what the connector needs; `token`, the API key alone, is enough for it.
    """

    def __init__(self, url: str, database: str, origin: Template) -> None:
        self.url = url
        self.database = database
        self.token = origin.api_key
        self.secret = {"token": origin.api_key, "user": INTEGRATION_USER, "password": origin.password}
        self.rpc = Rpc(url, database, "admin", origin.admin_password)
        (found,) = self.rpc.search_read("company.company", [], ["id"])
        self.company: int = found["id"]
        self.rpc.context = {"company": self.company}

    def moves(self, reference: str | None = None) -> list[Move]:
        """Every entry, oldest first, or those with the reference."""
        domain = [["description", "=", reference]] if reference is not None else []
        fields = ["number", "date", "state", "description", *(f"lines.{field}" for field in _LINE_FIELDS)]
        rows = self.rpc.search_read("account.move", domain, fields, [["id", "ASC"]])
        return [_move(row) for row in rows]

    def trial_balance(self) -> list[Balance]:
        """Sums of the posted lines per account with any, in the order of the chart."""
        fields = ["account.code", "account.name", "debit", "credit"]
        lines = self.rpc.search_read("account.move.line", [["move.state", "=", "posted"]], fields)
        sums: dict[tuple[str, str], list[Decimal]] = {}
        for line in lines:
            total = sums.setdefault((line["account."]["code"], line["account."]["name"]), [Decimal(0), Decimal(0)])
            total[0] += line["debit"]
            total[1] += line["credit"]
        return [Balance(code, name, debit, credit) for (code, name), (debit, credit) in sorted(sums.items())]

    def periods(self) -> dict[str, str]:
        """Name -> open, closed or locked; for example `2026-02`."""
        rows = self.rpc.search_read("account.period", [], ["name", "state"], [["start_date", "ASC"]])
        return {row["name"]: row["state"] for row in rows}

    def close_period(self, name: str) -> None:
        self.rpc("model.account.period.close", self._period(name))

    def reopen_period(self, name: str) -> None:
        self.rpc("model.account.period.reopen", self._period(name))

    def cancel(self, reference: str) -> None:
        """What "Cancel" does in Tryton's client: a reversed copy, posted if the entry is."""
        ids = [move.id for move in self.moves(reference)]
        session, *_ = self.rpc("wizard.account.move.cancel.create")
        usual, self.rpc.context = (
            self.rpc.context,
            {
                **self.rpc.context,
                "active_model": "account.move",
                "active_id": ids[0],
                "active_ids": ids,
            },
        )
        answers = {"default": {"description": None, "reversal": True}}
        self.rpc("wizard.account.move.cancel.execute", session, answers, "cancel")
        self.rpc.context = usual

    def copy(self, reference: str) -> None:
        """What "Duplicate" does in Tryton's client: the same entry once more, as a draft."""
        self.rpc("model.account.move.copy", [move.id for move in self.moves(reference)], {})

    def withdraw_rights(self) -> None:
        """Take the integration's user out of the group Accounting."""
        group = self.rpc("model.ir.model.data.get_id", "account", "group_account")
        users = [row["id"] for row in self.rpc.search_read("res.user", [["login", "=", INTEGRATION_USER]], ["id"])]
        self.rpc("model.res.user.write", users, {"groups": [["remove", [group]]]})

    def close(self) -> None:
        self.rpc.close()

    def _period(self, name: str) -> list[int]:
        return [row["id"] for row in self.rpc.search_read("account.period", [["name", "=", name]], ["id"])]


def _move(row: dict[str, Any]) -> Move:
    lines = sorted(row["lines."], key=lambda line: int(line["id"]))
    return Move(row["id"], row["number"], row["date"], row["state"], row["description"] or "", tuple(map(_line, lines)))


def _line(row: dict[str, Any]) -> MoveLine:
    second = row["second_currency."]
    return MoveLine(
        account=row["account."]["code"],
        account_name=row["account."]["name"],
        debit=row["debit"],
        credit=row["credit"],
        text=row["description"] or "",
        second_currency=second["code"] if second else None,
        second_amount=row["amount_second_currency"],
        taxes=tuple((part["tax."]["name"], part["type"], part["amount"]) for part in row["tax_lines."]),
        dimensions=tuple(part["account."]["code"] for part in row["analytic_lines."]),
    )
