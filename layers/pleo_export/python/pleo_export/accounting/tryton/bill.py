"""A bill or credit note as a Tryton supplier invoice: pure, from the bill and what Tryton's codes stand for.

Tryton computes the taxes of a draft from its lines, but leaves a tax line alone whose tax, account and base are what it
would compute itself. So the invoice comes with all of its tax lines, each with Pleo's amount (R-5c.7). What Pleo books
on another account than the tax's own becomes a manual tax line, and Tryton's own line of that tax gets the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pleo_export.accounting.errors import Rejected, UnknownTaxCode
from pleo_export.accounting.tryton.move import (
    AccountRecord,
    CodeTables,
    LookupTables,
    Record,
    TaxRecord,
    require_currency,
    tax_of,
    units,
)
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.bookkeeping.documents import Bill, JournalLine, TaxRole
from pleo_export.failures.ledger import (
    ACCOUNT_NOT_PAYABLE,
    ACCOUNT_TAKES_NO_BILLS,
    ADDRESS_MISSING,
    TAX_WITHOUT_ACCOUNT,
)


@dataclass(frozen=True, slots=True)
class TaxLine:
    """A tax line of an invoice. `base` and `amount` in minor units, positive for a debit. `manual`: Tryton would not
    compute it."""

    tax: TaxRecord
    account: int
    base: int
    amount: int
    manual: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """What an invoice comes to: its total, and the tax on each tax account (by id), in units of its currency."""

    total: Decimal
    taxes: tuple[tuple[int, Decimal], ...]


def invoice(bill: Bill, tables: LookupTables, *, final: bool) -> Record:
    """Return the values of the invoice. `final`: it is posted unchanged, so Tryton itself refuses to post it with any
    other amounts. Raises UnknownAccount, UnknownTaxCode, UnknownDimension, Rejected."""
    party = tables.party(bill.party)
    if party.address is None:
        raise Rejected(ADDRESS_MISSING.told(ledger=TITLE, party=bill.party.name))
    for line in bill.lines:
        require_currency(line, bill.currency, tables.codes)
    currency = _currency(bill, tables)
    common = {"type": "line", "company": tables.company, "currency": currency}
    values: Record = {
        "company": tables.company,
        "type": "in",
        "journal": tables.journal,
        "party": party.id,
        "invoice_address": party.address,
        "currency": currency,
        "account": _payable(bill, tables.codes).id,
        "description": bill.reference,
        "reference": bill.invoice_number,
        "invoice_date": bill.document_date,
        "accounting_date": bill.posting_date,
        "payment_term_date": bill.due_date or bill.document_date,
        "comment": bill.memo,
        "lines": [["create", [common | _line(line, tables.codes) for line in bill.lines[:-1] if _is_line(line)]]],
        "taxes": [["create", [_tax_values(each) for each in tax_lines(bill, tables.codes)]]],
    }
    return values | _source_amounts(bill) if final else values


def expected_totals(bill: Bill, codes: CodeTables) -> Totals:
    """Return what the bill comes to at Pleo. Raises UnknownAccount, UnknownTaxCode."""
    return totals(-units(bill.payable.amount), [(each.account, units(each.amount)) for each in tax_lines(bill, codes)])


def totals(total: Decimal, taxes: Sequence[tuple[int, Decimal]]) -> Totals:
    """Return the totals of an invoice from its tax lines: (account id, amount)."""
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for account, amount in taxes:
        sums[account] += amount
    return Totals(total, tuple(sorted((account, amount) for account, amount in sums.items() if amount)))


def tax_lines(bill: Bill, codes: CodeTables) -> list[TaxLine]:
    """Return the tax lines that Tryton computes itself, one for each tax, account and side of the base; then those that
    it would not compute. Raises UnknownAccount, UnknownTaxCode."""
    own: dict[tuple[int, int], TaxLine] = {}
    manual: list[TaxLine] = []
    debit = True
    for line in bill.lines[:-1]:
        if line.tax is None:
            continue
        if line.tax.role is TaxRole.BASE:
            debit = line.amount > 0
            for tax in codes.tax(line.tax.code).taxes:
                account = _account_of(tax, line.tax.code, debit=debit)
                known = own.setdefault((tax.id, debit), TaxLine(tax, account, 0, 0))
                own[tax.id, debit] = replace(known, base=known.base + line.amount)
        else:
            booked = codes.account(line.account)
            tax, account = tax_of(line, line.tax, booked, codes), booked.id
            same = own.get((tax.id, debit))
            if same is not None and same.account == account:
                own[tax.id, debit] = replace(same, amount=same.amount + line.amount)
            else:
                manual.append(TaxLine(tax, account, 0, line.amount, manual=True))
    return [*own.values(), *manual]


def _currency(bill: Bill, tables: LookupTables) -> int:
    """Return the id of the bill's currency. Tryton converts at the rate of the document's date. Raises
    Rejected if there is none."""
    if bill.currency == tables.currency:
        return tables.currency_id
    tables.rate(bill.currency, bill.document_date)
    return tables.currencies[bill.currency].id


def _line(line: JournalLine, codes: CodeTables) -> Record:
    account = codes.account(line.account)
    analytic = [codes.dimension(each) for each in line.dimensions]
    if not account.billed:
        raise Rejected(ACCOUNT_TAKES_NO_BILLS.told(ledger=TITLE, account=line.account))
    values: Record = {
        "account": account.id,
        "quantity": 1 if line.amount > 0 else -1,
        "unit_price": units(abs(line.amount)),
        "description": line.text,
    }
    if line.tax:
        values["taxes"] = [["add", [codes.tax(line.tax.code).id]]]
    if analytic and account.analytic:
        entries = [{"root": each.root, "account": each.id} for each in analytic]
        values["analytic_accounts"] = [["create", entries]]
    return values


def _tax_values(line: TaxLine) -> dict[str, Any]:
    return {
        "tax": line.tax.id,
        "description": line.tax.name,
        "account": line.account,
        "base": units(line.base),
        "amount": units(line.amount),
        "manual": line.manual,
    }


def _source_amounts(bill: Bill) -> Record:
    total = -bill.payable.amount
    tax = sum(line.amount for line in bill.lines[:-1] if not _is_line(line))
    return {
        "source_untaxed_amount": units(total - tax),
        "source_tax_amount": units(tax),
        "source_total_amount": units(total),
    }


def _is_line(line: JournalLine) -> bool:
    return line.tax is None or line.tax.role is TaxRole.BASE


def _payable(bill: Bill, codes: CodeTables) -> AccountRecord:
    account = codes.account(bill.payable.account)
    if not account.payable:
        raise Rejected(ACCOUNT_NOT_PAYABLE.told(ledger=TITLE, account=bill.payable.account))
    return account


def _account_of(tax: TaxRecord, code: str, *, debit: bool) -> int:
    account = tax.invoice_account if debit else tax.credit_note_account
    if account is None:
        raise UnknownTaxCode(TAX_WITHOUT_ACCOUNT.told(ledger=TITLE, code=code, account=""))
    return account
