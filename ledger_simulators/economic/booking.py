"""How drafts become lines of the general ledger, and how open items of suppliers are matched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from ledger_simulators.economic.chart import SUPPLIER_INVOICE, SUPPLIER_PAYMENT, SYSTEM, rounded
from ledger_simulators.economic.entries import Booked, Draft
from ledger_simulators.economic.problems import Problem

if TYPE_CHECKING:
    from ledger_simulators.economic.ledger import EconomicLedger

_DEBTS = (SUPPLIER_INVOICE, SUPPLIER_PAYMENT)


def require_open(ledger: EconomicLedger, on: date) -> None:
    """Refuse a day that nothing can be booked on. Raises Problem."""
    year, period = ledger.year_of(on), ledger.period_of(on)
    if year is None or period is None:
        raise Problem(
            400, "The entry date's accounting year does not exist", "JournalEntryDateAccountingYearDoesNotExist", "date"
        )
    if year.closed:
        raise Problem(400, "The entry date's accounting year is closed", "JournalEntryDateAccountingYearClosed", "date")
    if period.closed or period.barred:
        raise Problem(
            400,
            "The entry date is within a period that is barred",
            "JournalEntryDateAccountingYearPeriodBarred",
            "date",
        )


def vat_entries(ledger: EconomicLedger, draft: Draft) -> list[Booked]:
    """Return the lines that an entry makes: its account without VAT, the VAT, and the same for its contra account. They
    have no numbers yet."""
    lines: list[Booked] = []
    account = draft.account
    if draft.type in _DEBTS and draft.supplier is not None:
        account = ledger.groups[ledger.suppliers[draft.supplier].group].account
    if account is not None:
        lines += _side(ledger, draft, account, draft.amount, draft.vat_code)
    if draft.contra_account is not None:
        lines += _side(ledger, draft, draft.contra_account, -draft.amount, draft.contra_vat_code)
    if draft.type in _DEBTS and lines:
        first = lines[0]
        first.supplier, first.invoice, first.due = draft.supplier, draft.invoice, draft.due
        first.remainder, first.base_remainder = first.amount, first.base
    return lines


def book(ledger: EconomicLedger, drafts: Sequence[Draft]) -> None:
    """Book the drafts, all or none. Raises Problem where a day is closed or a voucher does not balance."""
    vouchers: dict[tuple[int, date], list[Draft]] = defaultdict(list)
    for each in drafts:
        vouchers[each.voucher, each.date].append(each)
    made = []
    for key, entries in vouchers.items():
        require_open(ledger, key[1])
        lines = [line for each in entries for line in vat_entries(ledger, each)]
        if sum(line.amount for line in lines) != 0 or len({line.currency for line in lines}) > 1:
            raise Problem(400, f"Voucher {key[0]} does not balance", "JournalVoucherDataIntegrityError")
        _balance_base(lines)
        made.append(lines)
    for lines in made:
        for line in lines:
            add(ledger, line)
    for each in drafts:
        del ledger.drafts[each.entry]


def add(ledger: EconomicLedger, line: Booked) -> Booked:
    """Put a line into the general ledger, under a number of its own."""
    ledger.last_booked += 1
    line.entry = ledger.last_booked
    ledger.booked[line.entry] = line
    return line


def match(ledger: EconomicLedger, numbers: Sequence[int]) -> None:
    """Match open entries of one supplier against each other. Raises Problem."""
    if not numbers:
        raise _no_match("ENTRYMATCHING_ERROR_SELECTATLEASTONEENTRY", "Select at least one entry")
    found = [ledger.booked[number] for number in numbers if number in ledger.booked]
    if len(found) < len(numbers):
        raise _no_match("ENTRYMATCHING_ERROR_ENTRIESNOTFOUND", "No entries found")
    if any(each.supplier is None for each in found):
        raise _no_match("ENTRYMATCHING_ERROR_NO_CUSTOMER_OR_SUPPLIER_ENTRIES", "No customer or supplier entries")
    debits = [each for each in found if each.remainder > 0]
    credits = [each for each in found if each.remainder < 0]
    alike = len({(each.supplier, each.currency) for each in found}) == 1
    if not alike or not debits or not credits:
        raise _no_match("ENTRYMATCHING_ERROR_NO_MATCHES", "No matches found")
    for debit in debits:
        for credit in credits:
            _settle(ledger, debit, credit)


def _side(ledger: EconomicLedger, draft: Draft, account: int, amount: Decimal, code: str | None) -> list[Booked]:
    vat = ledger.vat_accounts.get(code or "")
    if vat is None:
        return [_line(draft, account, amount)]
    tax = vat.vat_of(amount)
    if vat.contra_account is not None:
        lines = [_line(draft, account, amount), _line(draft, vat.account, tax)]
        lines.append(_line(draft, vat.contra_account, -tax))
    else:
        lines = [_line(draft, account, amount - tax), _line(draft, vat.account, tax)]
    lines = [line for line in lines if line.amount or line is lines[0]]
    lines[0].vat_code = vat.code
    return lines


def _line(draft: Draft, account: int, amount: Decimal) -> Booked:
    return Booked(
        0,
        account,
        amount,
        rounded(amount * draft.rate / 100),
        draft.currency,
        draft.date,
        draft.type,
        draft.voucher,
        draft.text,
        project=draft.project,
        dimensions=dict(draft.dimensions),
    )


def _balance_base(lines: Sequence[Booked]) -> None:
    """Put a rounding of the conversion on the largest line."""
    rest = sum((line.base for line in lines), Decimal(0))
    if rest:
        largest = max(lines, key=lambda line: abs(line.base))
        largest.base -= rest
        if largest.supplier is not None:
            largest.base_remainder = largest.base


def _settle(ledger: EconomicLedger, debit: Booked, credit: Booked) -> None:
    settled = min(debit.remainder, -credit.remainder)
    if settled <= 0:
        return
    ledger.matches.append((debit.entry, credit.entry))
    gone = []
    for each, sign in ((debit, 1), (credit, -1)):
        whole = each.remainder == sign * settled
        base = each.base_remainder if whole else rounded(each.base_remainder * settled / abs(each.remainder))
        each.remainder -= sign * settled
        each.base_remainder -= base
        gone.append(base)
    difference = sum(gone, Decimal(0))
    if difference:  # e-conomic books what the currency has gained or lost, by itself
        later = max(debit, credit, key=lambda each: each.date)
        for account, base in ((later.account, -difference), (ledger.exchange_account, difference)):
            add(
                ledger,
                Booked(
                    0, account, Decimal(0), base, later.currency, later.date, SYSTEM, later.voucher, "Kursdifference"
                ),
            )


def _no_match(code: str, message: str) -> Problem:
    return Problem(400, message, code)
