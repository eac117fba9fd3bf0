"""What a person would look up or do in the books, over HTTP: for demos, and to assert on in tests."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from local.ledgers.books import ACCOUNTS, Balance, Deviations, Entry, EntryLine
from local.tryton.company import INTEGRATION_USER
from local.tryton.master_data import MasterData
from local.tryton.rpc import Rpc, RpcError
from local.tryton.template import Template

_BILL_FIELDS = (
    *("number", "state", "description", "reference", "comment", "party.name", "currency.code", "total_amount"),
    *("invoice_date", "accounting_date", "account.code", "move", "taxes.account.code", "taxes.amount"),
    *("lines.account.code", "lines.amount", "lines.analytic_accounts.account.code", "lines_to_pay.maturity_date"),
)
_LINE_FIELDS = (
    *("account.code", "account.name", "debit", "credit", "description"),
    *("second_currency.code", "amount_second_currency", "party.name", "reconciliation"),
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
    party: str | None
    reconciled: bool


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
class Bill:
    """A supplier invoice or, with a negative total, a credit note. `lines` and `taxes`: (account, amount), + debit, in
    `currency`. `state` is draft, posted, paid or cancelled; `move` the entry that it made, once there is one."""

    id: int
    number: str | None
    state: str
    reference: str
    supplier_number: str | None
    party: str
    currency: str
    document_date: date
    posting_date: date
    due_dates: tuple[date, ...]
    account: str
    total: Decimal
    lines: tuple[tuple[str, Decimal], ...]
    taxes: tuple[tuple[str, Decimal], ...]
    dimensions: tuple[str, ...]
    move: Move | None


class Ledger:
    """One database of the running Tryton, and what a person would look up or do in it.

    `secret` is what the connector needs; `token`, the API key alone, is enough for it.
    """

    title = "Tryton"
    deviations = Deviations()

    def __init__(self, url: str, database: str, origin: Template) -> None:
        self.url = url
        self.page = f"{url}  (database {database}, user admin, password {origin.admin_password})"
        self.database = database
        self.token = origin.api_key
        self.secret = {"token": origin.api_key, "user": INTEGRATION_USER, "password": origin.password}
        self.rpc = Rpc(url, database, "admin", origin.admin_password)
        (found,) = self.rpc.search_read("company.company", [], ["id"])
        self.company: int = found["id"]
        self.rpc.context = {"company": self.company}
        self.master_data = MasterData(self.rpc, self.company)

    def connection(self) -> dict[str, Any]:
        """The settings of a company that is connected to it."""
        system = {
            "name": "tryton",
            "url": self.url,
            "database": self.database,
            "company": self.company,
            "journal": "EXP",
        }
        return {"accounting_system": system, "accounts": ACCOUNTS}

    def entries(self) -> list[Entry]:
        """Every entry in the form that all ledgers share, oldest first."""
        files = Counter(row["resource"] for row in self.rpc.search_read("ir.attachment", [], ["resource"]))
        return [entry_of(move, files[f"account.move,{move.id}"]) for move in self.moves()]

    def moves(self, reference: str | None = None) -> list[Move]:
        """Return every entry, oldest first, or those with the reference."""
        return self._moves([["description", "=", reference]] if reference is not None else [])

    def bills(self, reference: str | None = None) -> list[Bill]:
        """Return every supplier invoice and credit note, oldest first, or those with the reference."""
        domain: list[Any] = [["type", "=", "in"]]
        if reference is not None:
            domain.append(["description", "=", reference])
        rows = self.rpc.search_read("account.invoice", domain, _BILL_FIELDS, [["id", "ASC"]])
        moves = {move.id: move for move in self._moves([["id", "in", [row["move"] for row in rows if row["move"]]]])}
        return [_bill(row, moves.get(row["move"])) for row in rows]

    def cancellations(self, reference: str) -> list[Move]:
        """Return the entries that cancel those with the reference, or those of bills with it."""
        ids = [move.id for move in self.moves(reference)]
        ids += [bill.move.id for bill in self.bills(reference) if bill.move]
        return self._moves([["origin", "in", [f"account.move,{each}" for each in ids]]])

    def files(self, reference: str) -> list[tuple[str, bytes]]:
        """Return name and content of what is attached to the documents with the reference."""
        documents = [f"account.move,{move.id}" for move in self.moves(reference)]
        documents += [f"account.invoice,{bill.id}" for bill in self.bills(reference)]
        rows = self.rpc.search_read("ir.attachment", [["resource", "in", documents]], ["name", "data"])
        return sorted((row["name"], row["data"] or b"") for row in rows)

    def trial_balance(self) -> list[Balance]:
        """Return the sums of the posted lines per account with any, in the order of the chart."""
        fields = ["account.code", "account.name", "debit", "credit"]
        lines = self.rpc.search_read("account.move.line", [["move.state", "=", "posted"]], fields)
        sums: dict[tuple[str, str], list[Decimal]] = {}
        for line in lines:
            total = sums.setdefault((line["account."]["code"], line["account."]["name"]), [Decimal(0), Decimal(0)])
            total[0] += line["debit"]
            total[1] += line["credit"]
        return [Balance(code, name, debit, credit) for (code, name), (debit, credit) in sorted(sums.items())]

    def periods(self) -> dict[str, str]:
        """Return the state of each period by its name: open, closed or locked; for example `2026-02`."""
        rows = self.rpc.search_read("account.period", [], ["name", "state"], [["start_date", "ASC"]])
        return {row["name"]: row["state"] for row in rows}

    def close_period(self, name: str) -> None:
        self.rpc("model.account.period.close", self._period(name))

    def reopen_period(self, name: str) -> None:
        self.rpc("model.account.period.reopen", self._period(name))

    def cancel(self, reference: str) -> None:
        """Do what "Cancel" does in Tryton's client: of an entry a reversed copy, posted if the entry is."""
        bills = self.bills(reference)
        if bills:
            self.rpc("model.account.invoice.cancel", [bill.id for bill in bills])
            return
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

    def post(self, reference: str) -> None:
        """Do what "Post" does in Tryton's client, by a person who says yes where it warns."""
        documents = {
            "move": [move.id for move in self.moves(reference) if move.state == "draft"],
            "invoice": [bill.id for bill in self.bills(reference) if bill.state == "draft"],
        }
        for model, ids in documents.items():
            try:
                self.rpc(f"model.account.{model}.post", ids)
            except RpcError as error:
                warning = re.search(r"\['UserWarning', \['([^']+)'", str(error))
                if warning is None:
                    raise
                (user,) = self.rpc.search_read("res.user", [["login", "=", "admin"]], ["id"])
                self.rpc.create("res.user.warning", {"user": user["id"], "name": warning[1], "always": False})
                self.rpc(f"model.account.{model}.post", ids)

    def change_amount(self, reference: str) -> None:
        """Make the first line of the draft, and what balances it, one unit of its currency larger."""
        for bill in self.bills(reference):
            (line, *_) = self.rpc.search_read(
                "account.invoice.line", [["invoice", "=", bill.id]], ["unit_price"], [["id", "ASC"]]
            )
            self.rpc("model.account.invoice.line.write", [line["id"]], {"unit_price": line["unit_price"] + 1})
        for move in self.moves(reference):
            fields = ["debit", "credit", "amount_second_currency"]
            rows = self.rpc.search_read("account.move.line", [["move", "=", move.id]], fields, [["id", "ASC"]])
            first, last = rows[0], rows[-1]
            changes = [["write", [row["id"]], _larger(row)] for row in (first, last)]
            self.rpc("model.account.move.write", [move.id], {"lines": changes})

    def recategorise(self, reference: str, old: str, new: str) -> None:
        """Move the lines of the draft on one account to another."""
        (account,) = self.rpc.search_read("account.account", [["code", "=", new]], ["id"])
        documents = (
            ("account.invoice.line", "invoice", [bill.id for bill in self.bills(reference)]),
            ("account.move.line", "move", [move.id for move in self.moves(reference)]),
        )
        for model, parent, ids in documents:
            domain = [[parent, "in", ids], ["account.code", "=", old]]
            lines = [row["id"] for row in self.rpc.search_read(model, domain, ["id"])]
            if lines:
                self.rpc(f"model.{model}.write", lines, {"account": account["id"]})

    def redate(self, reference: str, to: date) -> None:
        """Move the draft to another day, and to its period."""
        (period,) = self._period(f"{to:%Y-%m}")
        for move in self.moves(reference):
            self.rpc("model.account.move.write", [move.id], {"period": period, "date": to})
        for bill in self.bills(reference):
            self.rpc("model.account.invoice.write", [bill.id], {"accounting_date": to})

    def delete(self, reference: str) -> None:
        """Do what "Delete" does in Tryton's client, which takes drafts only."""
        self.rpc("model.account.move.delete", [move.id for move in self.moves(reference)])
        self.rpc("model.account.invoice.delete", [bill.id for bill in self.bills(reference)])

    def clear_invoice_date(self, reference: str) -> None:
        bills = [bill.id for bill in self.bills(reference)]
        self.rpc("model.account.invoice.write", bills, {"invoice_date": None})

    def copy(self, reference: str) -> None:
        """Do what "Duplicate" does in Tryton's client: the same document once more, as a draft."""
        self.rpc("model.account.move.copy", [move.id for move in self.moves(reference)], {})
        self.rpc("model.account.invoice.copy", [bill.id for bill in self.bills(reference)], {})

    def withdraw_rights(self) -> None:
        """Take the integration's user out of the group Accounting."""
        group = self.rpc("model.ir.model.data.get_id", "account", "group_account")
        users = [row["id"] for row in self.rpc.search_read("res.user", [["login", "=", INTEGRATION_USER]], ["id"])]
        self.rpc("model.res.user.write", users, {"groups": [["remove", [group]]]})

    def close(self) -> None:
        self.rpc.close()

    def _moves(self, domain: list[Any]) -> list[Move]:
        fields = ["number", "date", "state", "description", *(f"lines.{field}" for field in _LINE_FIELDS)]
        rows = self.rpc.search_read("account.move", domain, fields, [["id", "ASC"]])
        return [_move(row) for row in rows]

    def _period(self, name: str) -> list[int]:
        return [row["id"] for row in self.rpc.search_read("account.period", [["name", "=", name]], ["id"])]


def entry_of(move: Move, files: int = 0) -> Entry:
    """The move in the form that all ledgers share."""
    lines = [(line, line.debit - line.credit) for line in move.lines]
    return Entry(
        move.reference,
        move.number,
        tuple(
            EntryLine(line.account, line.account_name, base if line.second_amount is None else line.second_amount, base)
            for line, base in lines
        ),
        files,
    )


def _larger(line: dict[str, Any]) -> dict[str, Any]:
    """Return the line with one unit more on its side."""
    side = "debit" if line["debit"] else "credit"
    values = {side: line[side] + 1}
    if line["amount_second_currency"]:
        values["amount_second_currency"] = line["amount_second_currency"] + (1 if side == "debit" else -1)
    return values


def _move(row: dict[str, Any]) -> Move:
    lines = sorted(row["lines."], key=lambda line: int(line["id"]))
    return Move(row["id"], row["number"], row["date"], row["state"], row["description"] or "", tuple(map(_line, lines)))


def _bill(row: dict[str, Any], move: Move | None) -> Bill:
    entries = [entry for line in row["lines."] for entry in line["analytic_accounts."]]
    return Bill(
        id=row["id"],
        number=row["number"],
        state=row["state"],
        reference=row["description"] or "",
        supplier_number=row["reference"],
        party=row["party."]["name"],
        currency=row["currency."]["code"],
        document_date=row["invoice_date"],
        posting_date=row["accounting_date"] or row["invoice_date"],
        due_dates=tuple(line["maturity_date"] for line in row["lines_to_pay."]),
        account=row["account."]["code"],
        total=row["total_amount"],
        lines=tuple((line["account."]["code"], line["amount"]) for line in row["lines."]),
        taxes=tuple((tax["account."]["code"], tax["amount"]) for tax in row["taxes."]),
        dimensions=tuple(entry["account."]["code"] for entry in entries if entry["account."]),
        move=move,
    )


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
        party=row["party."]["name"] if row["party."] else None,
        reconciled=row["reconciliation"] is not None,
    )
