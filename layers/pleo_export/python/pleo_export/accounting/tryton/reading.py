"""What Tryton holds of our documents, whole: for a comparison with what was booked. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property

from pleo_export.accounting.port import Capabilities, LedgerDocument, LedgerLine
from pleo_export.accounting.tryton.documents import FIELDS, INVOICE, MOVE, TrytonDocuments
from pleo_export.accounting.tryton.lookups import TrytonLookups
from pleo_export.accounting.tryton.rest import Record, TrytonRest, literal
from pleo_export.accounting.tryton.settings import TrytonSettings
from pleo_export.bookkeeping.reference import MARK

_MOVE_LINES = (
    *("lines.account.code", "lines.debit", "lines.credit", "lines.amount_second_currency"),
    *("lines.second_currency.code", "lines.tax_lines.tax"),
)
_INVOICE_LINES = (
    *("currency.code", "account.code", "lines.account.code", "lines.amount", "lines.taxes"),
    *("taxes.account.code", "taxes.amount", "taxes.tax"),
)


class TrytonReader:
    """The port's LedgerReader for Tryton; see `LedgerReader` for what each method promises."""

    def __init__(self, settings: TrytonSettings, rest: TrytonRest, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self._tryton = rest
        self._documents = TrytonDocuments(settings, rest)
        self._lookups = TrytonLookups(settings, rest)
        self._of_company = ["company", "=", settings.company]

    def read(self, references: Collection[str]) -> Mapping[str, Sequence[LedgerDocument]]:
        """Read moves and invoices by their descriptions: two calls, and two for all taxes and the currency. Raises
        AccountingError, and ValueError for more than `capabilities.max_find` references."""
        if len(references) > self.capabilities.max_find:
            raise ValueError("at most max_find references are read at once")
        wanted = list(references)
        found: dict[str, list[LedgerDocument]] = defaultdict(list)
        moves = self._documents.move_rows(wanted, (*FIELDS[MOVE], *_MOVE_LINES)) if wanted else []
        invoices = self._documents.invoice_rows(wanted, (*FIELDS[INVOICE], *_INVOICE_LINES)) if wanted else []
        for row, void in moves:
            currency, lines = self._move_lines(row)
            ref = self._documents.document(MOVE, row, void=void)
            found[ref.reference].append(LedgerDocument(ref, currency, lines))
        for row in invoices:
            ref = self._documents.document(INVOICE, row)
            found[ref.reference].append(LedgerDocument(ref, row["currency"]["code"], tuple(self._bill_lines(row))))
        return dict(found)

    def ours(self, since: date, until: date) -> Collection[str]:
        """Find the descriptions that begin with our mark: two calls. Raises AccountingError."""
        marked = ["description", "like", f"{literal(MARK)}%"]
        moves = [self._of_company, marked, ["date", ">=", since], ["date", "<=", until]]
        rows = self._tryton.search_read(MOVE, moves, ["description"])
        # Its posting date, or where a person has emptied that, the supplier's, as `read` gives it.
        dated = ["accounting_date", ">=", since], ["accounting_date", "<=", until]
        undated = ["accounting_date", "=", None], ["invoice_date", ">=", since], ["invoice_date", "<=", until]
        neither = ["accounting_date", "=", None], ["invoice_date", "=", None]
        period = ["OR", list(dated), list(undated), list(neither)]
        domain = [self._of_company, ["type", "=", "in"], marked, period]
        bills = [self._documents.document(INVOICE, row) for row in self._invoices(domain)]
        return {str(row["description"]) for row in rows} | {
            each.reference for each in bills if since <= each.date <= until
        }

    def account_names(self, codes: Collection[str]) -> Mapping[str, str]:
        """Read the accounts by their codes: one call. Raises AccountingError."""
        domain = [self._of_company, ["code", "in", sorted(codes)]]
        rows = self._tryton.search_read("account.account", domain, ["code", "name"], inactive=True) if codes else []
        return {row["code"]: row["name"] for row in rows}

    def _invoices(self, domain: Sequence[object]) -> list[Record]:
        return self._tryton.search_read(INVOICE, domain, FIELDS[INVOICE])

    def _move_lines(self, row: Record) -> tuple[str, tuple[LedgerLine, ...]]:
        """Return the currency of a move, another than the company's where all lines have it, and the lines."""
        lines = sorted(row["lines"], key=lambda line: int(line["id"]))
        seconds = {line["second_currency"]["code"] if line["second_currency"] else None for line in lines}
        (foreign,) = seconds if len(seconds) == 1 else (None,)
        return foreign or self._own_currency, tuple(
            LedgerLine(
                line["account"]["code"],
                _minor(line["amount_second_currency"] if foreign else line["debit"] - line["credit"]),
                self._tax_code([each["tax"] for each in line["tax_lines"]]),
            )
            for line in lines
        )

    def _bill_lines(self, row: Record) -> Iterator[LedgerLine]:
        """Yield the lines of a bill, its taxes, and what is owed."""
        for line in row["lines"]:
            if line["account"]:
                yield LedgerLine(line["account"]["code"], _minor(line["amount"]), self._tax_code(line["taxes"]))
        for tax in row["taxes"]:
            yield LedgerLine(tax["account"]["code"], _minor(tax["amount"]), self._tax_code([tax["tax"]]))
        yield LedgerLine(row["account"]["code"], -_minor(row["total_amount"]))

    def _tax_code(self, taxes: Sequence[int | None]) -> str | None:
        """Return the code of a line's taxes: those of a group have the group's."""
        codes = {self._tax_codes[each] for each in taxes if each in self._tax_codes}
        return " + ".join(sorted(codes)) or None

    @cached_property
    def _tax_codes(self) -> Mapping[int | None, str]:
        """The code by which people choose each tax, by its id."""
        fields = ["name", "parent"]
        taxes = {row["id"]: row for row in self._tryton.search_read("account.tax", [], fields, inactive=True)}

        def root(tax: Record) -> Record:
            return root(taxes[tax["parent"]]) if tax["parent"] in taxes else tax

        return {id_: root(tax)["name"] for id_, tax in taxes.items()}

    @cached_property
    def _own_currency(self) -> str:
        return self._lookups.currency()


def _minor(amount: Decimal | None) -> int:
    return int(((amount or Decimal(0)) * 100).to_integral_value())
