"""The general ledger behind the documents: what each comes to on the accounts, in the organisation's own currency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ledger_simulators.xero.books import XeroBooks, XeroKind
from ledger_simulators.xero.wire import Json, money


@dataclass(frozen=True, slots=True)
class XeroPosting:
    """One line of the ledger: + debit, - credit. `foreign` is the same in the document's currency."""

    account: str
    amount: Decimal
    foreign: Decimal


def postings(books: XeroBooks, kind: XeroKind, row: Json) -> list[XeroPosting]:
    """Return what the document is on the accounts, as if it counted: drafts and void ones too."""
    rate = row.get("CurrencyRate", Decimal(1))
    if kind.endpoint == "Payments":
        return _paid(books, row)
    sign = _sign(row)
    made = list(_lines(books, row, sign, rate))
    other = _other_side(books, row)
    if other is not None:
        total = -sign * row["Total"]
        made.append(XeroPosting(other, -sum((each.amount for each in made), Decimal(0)), total))
    return made


def balances(books: XeroBooks) -> Counter[str]:
    """Return what is on each account, in minor units of the organisation's own currency. Drafts do not count."""
    sums: Counter[str] = Counter()
    for kind, row in books.all_documents():
        if row["Status"] in kind.void or row["Status"] in ("DRAFT", "SUBMITTED"):
            continue
        for each in postings(books, kind, row):
            sums[each.account] += int(each.amount * 100)
    return sums


def _sign(row: Json) -> int:
    return -1 if row.get("Type") in ("RECEIVE", "ACCPAYCREDIT") else 1


def _lines(books: XeroBooks, row: Json, sign: int, rate: Decimal) -> Iterator[XeroPosting]:
    tax_account = str(books.system_account("GST")["Code"])
    for line in row.get("JournalLines") or row.get("LineItems") or []:
        net = line["LineAmount"]
        if row["LineAmountTypes"] == "Inclusive":
            net -= line["TaxAmount"]
        yield _posting(str(line["AccountCode"]), sign * net, rate)
        if line["TaxAmount"]:
            yield _posting(tax_account, sign * line["TaxAmount"], rate)


def _other_side(books: XeroBooks, row: Json) -> str | None:
    if "BankAccount" in row:
        return str(row["BankAccount"]["Code"])
    return str(books.system_account("CREDITORS")["Code"]) if "Contact" in row else None


def _paid(books: XeroBooks, row: Json) -> list[XeroPosting]:
    """Return a payment, with the exchange difference that Xero books itself."""
    bill = row.get("Invoice")
    owed, sign = (bill, 1) if bill else (row["CreditNote"], -1)
    foreign = sign * row["Amount"]
    at_bill, at_payment = money(foreign / owed["CurrencyRate"]), money(foreign / row["CurrencyRate"])
    made = [
        XeroPosting(str(books.system_account("CREDITORS")["Code"]), at_bill, foreign),
        XeroPosting(str(row["Account"]["Code"]), -at_payment, -foreign),
    ]
    if at_bill != at_payment:
        gain = str(books.system_account("REALISEDCURRENCYGAIN")["Code"])
        made.append(XeroPosting(gain, at_payment - at_bill, Decimal(0)))
    return made


def _posting(account: str, foreign: Decimal, rate: Decimal) -> XeroPosting:
    return XeroPosting(account, money(foreign / rate), foreign)
