"""The lines of a document as Xero has them: a taxed amount and its tax are one line item.

Pleo's tax is sent as it is, never computed again. Xero books it on its own tax account. Both halves of a reverse charge
are Xero's own doing, so such a line has no tax amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pleo_export.accounting.errors import Rejected, UnknownAccount, UnknownDimension, UnknownTaxCode
from pleo_export.accounting.xero.lookups import XeroAccount, XeroLookups
from pleo_export.accounting.xero.rest import Record
from pleo_export.accounting.xero.title import TITLE
from pleo_export.bookkeeping.documents import Dimension, JournalLine, TaxRole
from pleo_export.failures.ledger import ACCOUNT_UNKNOWN, CODE_AMBIGUOUS, TAG_UNKNOWN, TAX_CODE_UNKNOWN
from pleo_export.failures.ledger_rules import ACCOUNT_OF_LEDGER, TAX_CODE_NOT_FOR_ACCOUNT, TAX_WITHOUT_BASE

NO_TAX = "NONE"
_NO_TEXT = "Pleo"  # an item needs a description


@dataclass(slots=True)
class XeroItem:
    """One line item. `amount` (without tax) and `tax` in minor units: + debit, - credit."""

    account: str
    amount: int
    text: str
    tax_code: str | None = None
    tax: int = 0
    dimensions: tuple[Dimension, ...] = field(default=())


def known(lines: Iterable[JournalLine], lookups: XeroLookups) -> list[JournalLine]:
    """Return the lines, whose tax codes exist. Raises UnknownTaxCode."""
    found = list(lines)
    for line in found:
        tax = lookups.taxes.get(line.tax.code) if line.tax else None
        if line.tax and (tax is None or not tax.active):
            raise UnknownTaxCode(TAX_CODE_UNKNOWN.told(code=line.tax.code, ledger=TITLE), unknown=line.tax.code)
    return found


def merged(lines: Iterable[JournalLine]) -> list[XeroItem]:
    """Return the items of these lines: a tax line goes to the taxed line of its code that stands before it. Raises
    Rejected for tax without any."""
    items: list[XeroItem] = []
    for line in lines:
        if line.tax is None or line.tax.role is TaxRole.BASE:
            code = line.tax.code if line.tax else None
            items.append(XeroItem(line.account, line.amount, line.text, code, 0, line.dimensions))
            continue
        base = next((each for each in reversed(items) if each.tax_code == line.tax.code), None)
        if base is None:
            raise Rejected(TAX_WITHOUT_BASE.told(ledger=TITLE, code=line.tax.code))
        base.tax += line.amount
    return items


def account_named(lookups: XeroLookups, code: str) -> XeroAccount:
    """Return the account of a code. Raises UnknownAccount."""
    found = [each for each in lookups.accounts.get(code, ()) if each.active]
    if len(found) > 1:
        raise UnknownAccount(CODE_AMBIGUOUS.told(ledger=TITLE, count=len(found), what=f"account {code}"))
    if not found:
        raise UnknownAccount(ACCOUNT_UNKNOWN.told(account=code, ledger=TITLE), unknown=code)
    return found[0]


def line_items(items: Sequence[XeroItem], lookups: XeroLookups, sign: int, first_text: str) -> list[Record]:
    """Return the items as Xero takes them in bank transactions, bills and credit notes. `sign` is 1 where a debit is
    positive there. The first has the text of the whole document. Raises Rejected for what Xero would refuse."""
    records = []
    for number, item in enumerate(items):
        account = _bookable(item, lookups)
        records.append(
            {
                "Description": (first_text if number == 0 else item.text) or _NO_TEXT,
                "Quantity": Decimal(1),
                "UnitAmount": units(sign * item.amount),
                "LineAmount": units(sign * item.amount),
                **_named(account),
                "TaxType": item.tax_code or NO_TAX,
                "TaxAmount": units(sign * item.tax),
                **_tracking(item, lookups),
            }
        )
    return records


def journal_lines(items: Sequence[XeroItem], lookups: XeroLookups) -> list[Record]:
    """Return the items as the lines of a manual journal, + debit. Xero computes their tax. Raises Rejected."""
    return [
        {
            "Description": item.text,
            "LineAmount": units(item.amount),
            **_named(_bookable(item, lookups)),
            "TaxType": item.tax_code or NO_TAX,
            "TaxAmount": units(item.tax),
            **_tracking(item, lookups),
        }
        for item in items
    ]


def units(minor: int) -> Decimal:
    """Return minor units as an amount with two decimals."""
    return Decimal(minor).scaleb(-2)


def minor(amount: object) -> int:
    """Return an amount of Xero's in minor units."""
    return int((Decimal(str(amount or 0)) * 100).to_integral_value())


def _bookable(item: XeroItem, lookups: XeroLookups) -> XeroAccount:
    account = account_named(lookups, item.account)
    if not account.takes_lines:
        raise UnknownAccount(ACCOUNT_OF_LEDGER.told(ledger=TITLE, account=item.account))
    if item.tax_code is not None and account.class_ not in lookups.taxes[item.tax_code].classes:
        told = TAX_CODE_NOT_FOR_ACCOUNT.told(code=item.tax_code, account=item.account, ledger=TITLE)
        raise UnknownTaxCode(told)
    return account


def _named(account: XeroAccount) -> Record:
    """Return how a line names its account: by code, or by id where it has none."""
    return {"AccountID": account.id} if account.code == account.id else {"AccountCode": account.code}


def _tracking(item: XeroItem, lookups: XeroLookups) -> Record:
    for each in item.dimensions:
        if each.value not in lookups.tracking.get(each.category, ()):
            told = TAG_UNKNOWN.told(ledger=TITLE, tag=each.value).about(each.category)
            raise UnknownDimension(told, unknown=each)
    tracking = [{"Name": each.category, "Option": each.value} for each in item.dimensions]
    return {"Tracking": tracking} if tracking else {}
