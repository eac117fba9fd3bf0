"""docs/bookkeeping.md, written from the decision tables and the golden documents, so that it is never wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pleo_export.bookkeeping.book import Booking
from pleo_export.bookkeeping.documents import Document, JournalEntry, Payment
from pleo_export.bookkeeping.money import format_amount
from pleo_export.bookkeeping.rules import (
    ALWAYS_JOURNAL,
    JOURNAL_RULES,
    ONLY_WITH_VENDOR,
    TYPES,
    JournalRule,
    Role,
    Sign,
    payable_rule,
)
from pleo_export.bookkeeping.taxes import TREATMENTS
from pleo_export.errors import ItemRejected
from tests.golden.cases import HERE, Case, account_name, cases, party_line

GUIDE = HERE.parents[1] / "docs" / "bookkeeping.md"

ROLES = {
    Role.CATEGORY: "category of each line, and its tax",
    Role.WALLET: "Pleo wallet",
    Role.OUT_OF_POCKET: "owed to employees",
    Role.CLEARING: "clearing",
    Role.EXTERNAL_REIMBURSEMENT: "external reimbursement",
    Role.PAYABLES: "suppliers",
}

HEAD = """\
# How Pleo's expenses are booked

For bookkeepers. Every entry on this page is what the program makes of the example, not what someone
wrote down: the page is generated from the tests (`python -m tests.golden generate`).

Each item of an export becomes one journal entry or, under accounts payable, a bill, a payment or
both, in the currency of its Pleo wallet, posted on the item's date. Every line of a split gets its
own line, with its own category, tax code and dimensions; the other side is their sum.

## The accounts

| Role | Where it comes from |
|---|---|
| category | the category of the line in Pleo; its account code, else its identifier |
| Pleo wallet | the contra account in Pleo (Settings, Accounting, Contra accounts), else `accounts.wallets.<currency>` |
| owed to employees | `accounts.out_of_pocket` |
| clearing (money on its way to or from the wallet) | `accounts.clearing` |
| external reimbursement | `accounts.external_reimbursement` |
| suppliers | the supplier's own payables account in the accounting system, else `accounts.payables` |
| owed to an employee under accounts payable | the employee's own payables account, else `accounts.out_of_pocket` |
| input tax | the tax code's ingoing account in Pleo, else `tax_accounts.<code>`, else `accounts.input_tax` |
| reverse charge tax owed | the tax code's outgoing account in Pleo, else `accounts.output_tax` |
| pennies by which a split is off | `accounts.rounding`; without it the lines are booked as they are |

Names like `accounts.clearing` are the settings of the connection. A missing account fails only the
items that need it.

- **A contra account that Pleo names** and the accounting system does not have refuses the item
  (`account_unknown`): money is never booked on another bank account than Pleo says. One that is
  another currency's wallet in the settings is refused.
- **One account on both sides** of an entry (a contra account that is the clearing account, a
  category that is the wallet) would move nothing, and is refused by name.

## What holds for every type

- **Direction** comes from the type. A card purchase, an expense or an invoice that is negative as a
  whole is booked the other way round, with a warning. If two or more, and most, items of a type in
  an export are negative, the whole export is refused before anything is booked: either Pleo's
  amounts have the other sign, which `outflow_sign: negative` says, or they are corrections, to be
  exported one at a time. For money that comes back and for transfers the sign of the amount says
  nothing: its size is booked in the direction of the type. A negative line in a split (a discount)
  is booked against the others.
- **Only the balance moves** for transfers, reimbursements, invoice payments, cash withdrawals and
  personal spend: their lines need no category; category, tax and tags of such an item are not used,
  with a warning.
- **Tax** is taken from Pleo line by line and never computed anew (table below).
- **Withholding tax** (IRPF, for example) is a negative line of its own: inside one line it does not
  add up.
- **Lines of 0.00** are left out; an item of 0.00, or of which no account moves, is refused: there
  is nothing to book.
- **Lines that do not add up** to the item's amount by at most one penny a line are booked as they
  are, with a warning; by more, the item is refused. With `accounts.rounding` set, the wallet moves
  by the item's amount and the pennies go there.
- **Voided and rejected invoices** are refused, and so are their payments. A payment that comes back
  is booked.
- **Date**: the item's moment becomes a day in `time_zone`. Exactly midnight UTC is a day already
  and never moves. Days before 1900 or after 9998 are refused.
- **Foreign currency**: the amount in the merchant's currency and the implied rate are in the memo.
  For a merchant's currency without two decimals (JPY, for example), or an amount that cannot be
  read, only its name is: these figures are booked nowhere and never refuse an item. Wallets in
  currencies without two decimals are refused, until Pleo's unit for them is confirmed. Invoices are
  booked in the wallet's currency, also where the supplier's ledger is in another.
- **Memo**: supplier (or the type), employee, note, currency, invoice, service period, settled
  expenses, attendees, and the reconciliation ID. When it is too long the note goes first, the
  reconciliation ID never. The lines' text is supplier, employee and note.
- **Tags** become dimensions by `dimensions` in the settings, on the category's line. Tags of other
  groups are ignored, with a warning, or refuse the item, as `unmapped_tags` says. A line that is
  all tax has no dimensions: a warning too.
- **Characters that cannot be seen** (control characters, half an emoji, zero-width spaces) are
  taken out of texts and codes; a code of which nothing is left counts as not given, and one of more
  than 200 characters as unknown.

## Accounts payable

Pleo's bookkeeping method decides for each item: `journal` and `none` make a journal entry,
`accounts_payable` the documents below. Transfers, cash withdrawals and personal spend are always
journal entries, the latter two under accounts payable on the employee's own account, like what pays
them back; cashback is the supplier's only if a vendor is tagged. An item without method (Vendor
Tagging is off) is a journal entry, unless `legacy_vendors: accounts_payable` is set and the
accounting system knows the supplier; expenses and reimbursements of employees without method always
are journal entries, so that both stay on one account.

- **The supplier** is looked for by the vendor's external ID, code and tax number, in this order;
  where an item has no vendor, by the supplier's code, account and tax number. **The employee** is
  looked for by the employee code. Spaces, dots, dashes, slashes and case of tax numbers do not
  count. Nobody found, several found or a blocked record: the item is refused.
- **A bill** has the lines of the journal entry, against what is owed. It is posted on the item's
  date and dated on the supplier's invoice date. Without invoice number (card purchases, expenses)
  it carries the reconciliation ID instead.
- **A payment** settles the bill of the same item, or one from another export: that with the invoice
  number, else those with the reconciliation IDs that the payment lists, else that with its own. If
  there is none yet, it stays open.
- **Drafts** (`posting: draft`): a person posts the bill and its payment in the accounting system,
  in any order. The night after both are posted they are reconciled and the bill counts as paid;
  until then it stands open, so do not pay it again. This goes on for 400 days after the export;
  what is posted later is left to you to reconcile.
- **Money back** is a credit note and its refund. **A returned payment** opens again what it had
  settled.
- **An item that is negative as a whole** becomes the opposite: a credit note instead of a bill, a
  refund instead of a payment, with a warning.
- **An item of 0.00**, also when its lines cancel out, is refused: nobody is owed anything.

## Closed periods

A document is always tried on its own date first. If the accounting system says that the period is
closed, `closed_period` decides: `fail` (the default) refuses the item; `today`, `next_open` and
`adjustment` (on `adjustment_date`) post it once on that later date, never on an earlier one. The
document keeps its own date, and the memo the original posting date.

## The types
"""


def guide() -> str:
    booked: list[tuple[Case, Booking]] = []
    refused: list[tuple[Case, ItemRejected]] = []
    for case in sorted(cases(), key=_plain_first):
        outcome = case.outcome()
        if isinstance(outcome, Booking):
            booked.append((case, outcome))
        else:
            refused.append((case, outcome))
    return "\n".join([HEAD, *_types(booked), *_taxes(), *_refusals(refused)])


def _plain_first(case: Case) -> tuple[bool, bool, str]:
    """The worked examples first, and each as a journal entry before accounts payable."""
    return not case.title.startswith("E"), " AP " in case.title, case.title


def _types(booked: Iterable[tuple[Case, Booking]]) -> Iterator[str]:
    for type_ in TYPES:
        yield f"### `{type_}`\n"
        yield "| Subtype | Debit | Credit | Accounts payable | Expected sign |\n|---|---|---|---|---|"
        for rule in (each for each in JOURNAL_RULES if each.type == type_):
            yield _rule(rule)
        yield "\n| Example | Account | Debit | Credit | Tax, dimensions |\n|---|---|---|---|---|"
        for case, booking in booked:
            if case.payload["type"] == type_:
                yield from _example(case, booking)
        yield ""


def _rule(rule: JournalRule) -> str:
    sub_type = f"`{rule.sub_type}`" if rule.sub_type else "none"
    sign = "positive" if rule.sign is Sign.POSITIVE else "either"
    return f"| {sub_type} | {ROLES[rule.debit]} | {ROLES[rule.credit]} | {_payable(rule)} | {sign} |"


def _payable(rule: JournalRule) -> str:
    if rule.type in ALWAYS_JOURNAL:
        return "journal entry as well"
    row = payable_rule(rule)
    documents = [str(each).replace("_", " ") for each in (row.bill, row.payment) if each is not None]
    condition = ", if a vendor is tagged" if rule.type in ONLY_WITH_VENDOR else ""
    return f"{' and '.join(documents)} of the {row.party}{condition}"


def _example(case: Case, booking: Booking) -> Iterator[str]:
    for document in booking.documents:
        title = f"**{case.title}**<br>{_cell(document)}"
        for line in document.lines:
            debit, credit = (format_amount(line.amount), "") if line.amount > 0 else ("", format_amount(line.amount))
            tax = [f"{line.tax.code} {line.tax.role}"] if line.tax else []
            more = ", ".join([*tax, *(f"{each.category} {each.value}" for each in line.dimensions)])
            yield f"| {title} | {line.account} {account_name(line.account)} | {debit} | {credit} | {more} |"
            title = ""
    for warning in booking.warnings:
        yield f"| | *{warning}* | | | |"


def _cell(document: Document) -> str:
    memo = document.memo if len(document.memo) <= 90 else f"{document.memo[:89]}…"
    what = "" if isinstance(document, JournalEntry) else f"{document.kind.replace('_', ' ')}, "
    party = party_line(document).strip()
    if isinstance(document, Payment) and document.settles.reference:
        party = f"{document.purpose} for the document above"
    head = f"{what}{document.posting_date}, {document.currency}: {memo}" + (f"<br>{party}" if party else "")
    return head.replace("|", "·")


def _taxes() -> Iterator[str]:
    yield "## Tax\n"
    yield "L is the line's amount, N its net amount, T its tax, as Pleo sends them. The other side is always"
    yield "L. Any other pair is refused. A line without tax has no tax code in the entry.\n"
    yield "| Type of the tax code | Pleo's amounts | Booked |\n|---|---|---|"
    for (type_, agreement), treatment in TREATMENTS.items():
        yield f"| {type_} | {agreement} | {treatment} |"
    yield ""


def _refusals(refused: Iterable[tuple[Case, ItemRejected]]) -> Iterator[str]:
    yield "## What is refused, and what Pleo shows\n"
    yield "| Case | Type | Sentence |\n|---|---|---|"
    for case, rejection in refused:
        yield f"| {case.title} | `{rejection.failure}` | {rejection.reason} |"
    yield ""
