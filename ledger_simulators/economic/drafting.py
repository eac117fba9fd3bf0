"""What the journals API takes: the checks of a draft entry, as its published error codes name them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ledger_simulators.economic.booking import require_open
from ledger_simulators.economic.chart import (
    BOOKABLE,
    CUSTOMER_PAYMENT,
    FINANCE_VOUCHER,
    SUPPLIER_INVOICE,
    SUPPLIER_PAYMENT,
)
from ledger_simulators.economic.entries import Draft
from ledger_simulators.economic.ledger import EconomicLedger
from ledger_simulators.economic.problems import Problem

TYPES = frozenset({CUSTOMER_PAYMENT, SUPPLIER_INVOICE, SUPPLIER_PAYMENT, FINANCE_VOUCHER, 10})
LONGEST_TEXT, LONGEST_INVOICE = 250, 30
Json = Mapping[str, Any]


def new_draft(ledger: EconomicLedger, sent: Json, *, taken: frozenset[int] = frozenset()) -> Draft:
    """Return the entry that the body asks for, without a number. `taken` are voucher numbers given in this request.
    Raises Problem."""
    for name, value in sent.items():
        if value is None:
            raise _invalid(name, f"{name}: null is not accepted; leave the property out")
    for name in ("entryTypeNumber", "journalNumber", "date", "amount", "currency"):
        if name not in sent:
            raise _invalid(name, f"The {name} field is required.")
    journal = ledger.journals.get(_whole(sent, "journalNumber"))
    if journal is None:
        raise Problem(400, "Journal does not exist", "JournalDoesNotExist", "journalNumber")
    kind = _whole(sent, "entryTypeNumber")
    if kind not in TYPES or journal.allowed_entry_type not in (0, kind):
        raise Problem(400, "The journal entry type is incorrect", "JournalEntryTypeNotCorrect", "entryTypeNumber")
    on = _day(sent, "date")
    require_open(ledger, on)
    number = _voucher(ledger, sent, taken)
    currency = str(sent["currency"])
    rate = _rate(ledger, sent, currency)
    draft = Draft(0, kind, number, journal.number, on, _amount(sent), currency, rate, _text(sent))
    draft.account = _account(ledger, sent, "accountNumber", "Account")
    draft.contra_account = _account(ledger, sent, "contraAccountNumber", "ContraAccount")
    draft.vat_code = _vat(ledger, sent, "vatCode", draft.account)
    draft.contra_vat_code = _vat(ledger, sent, "contraVatCode", None)
    if kind in (SUPPLIER_INVOICE, SUPPLIER_PAYMENT):
        _supplier(ledger, sent, draft)
    elif draft.account is None and draft.contra_account is None:
        raise Problem(
            400,
            "Neither the account nor the contra account is set for the journal entry",
            "JournalEntryAccountAndContraAccountNotSet",
        )
    _project(ledger, sent, draft)
    return draft


def _whole(sent: Json, name: str) -> int:
    value = sent[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise _invalid(name, f"The JSON value could not be converted to a whole number: {name}")
    return value


def _day(sent: Json, name: str) -> date:
    try:
        return date.fromisoformat(str(sent[name])[:10])
    except ValueError:
        raise _invalid(name, f"The JSON value could not be converted to a date: {name}") from None


def _amount(sent: Json) -> Decimal:
    value = sent["amount"]
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _invalid("amount", "The JSON value could not be converted to a number: amount")
    amount = Decimal(value)
    if amount == 0:
        raise Problem(
            400, "Neither the amounts for the journal entry are set", "JournalEntryEitherAmountsNotSet", "amount"
        )
    if len(amount.as_tuple().digits) > 18:
        raise Problem(400, "The amount cannot be more than 18 digits", "JournalEntryAmountExceedsDigitLimit", "amount")
    return amount.quantize(Decimal("0.01"))


def _text(sent: Json) -> str:
    text = str(sent.get("text", ""))
    if len(text) > LONGEST_TEXT:
        raise Problem(400, "The text for the journal entry is too long", "JournalEntryTextTooLong", "text")
    if "\0" in text:
        raise _invalid("text", "The text contains a character that is not allowed.")
    return text


def _voucher(ledger: EconomicLedger, sent: Json, taken: frozenset[int]) -> int:
    journal = ledger.journals[_whole(sent, "journalNumber")]
    if "voucherNumber" not in sent:
        used = taken | {each.voucher for each in ledger.drafts.values()}
        used |= {each.voucher for each in ledger.booked.values()}
        number = journal.next_voucher
        while number in used:
            number += 1
    else:
        number = _whole(sent, "voucherNumber")
    if not journal.lowest <= number <= min(journal.highest, 999_999_999):
        raise Problem(
            400,
            "The voucher number for the journal entry is not within the allowed boundaries",
            "JournalEntryVoucherNumberNotWithinBoundaries",
            "voucherNumber",
        )
    if "voucherNumber" not in sent:
        journal.next_voucher = number + 1
    return number


def _rate(ledger: EconomicLedger, sent: Json, currency: str) -> Decimal:
    if currency == ledger.base_currency:
        if Decimal(sent.get("exchangeRate", 100)) != 100:
            raise Problem(
                400,
                "Exchange rate must be 100 for base currency",
                "JournalEntryExchangeRateMustBeOneHundredForBaseCurrency",
                "exchangeRate",
            )
        return Decimal(100)
    if currency not in ledger.rates:
        raise Problem(
            400, "The currency for the journal entry could not be found", "JournalEntryCurrencyNotFound", "currency"
        )
    return Decimal(sent.get("exchangeRate", ledger.rates[currency]))


def _account(ledger: EconomicLedger, sent: Json, name: str, code: str) -> int | None:
    if name not in sent:
        return None
    account = ledger.accounts.get(_whole(sent, name))
    words = "account" if code == "Account" else "contra account"
    if account is None:
        raise Problem(400, f"The {words} for the journal entry could not be found", f"JournalEntry{code}NotFound", name)
    if account.barred:
        raise Problem(
            400, f"The {words} for the journal entry is not accessible", f"JournalEntry{code}NotAccessible", name
        )
    if account.type not in BOOKABLE:
        kind = "JournalEntryWrongAccountType" if code == "Account" else "JournalEntryWrongContraAccountType"
        raise Problem(400, f"The {words} type is incorrect", kind, name)
    if account.blocked:
        raise Problem(
            400, f"The {words} is blocked for direct entries", f"JournalEntry{code}IsBlockedForDirectEntries", name
        )
    if account.currency is not None and account.currency != sent["currency"]:
        raise _invalid(name, f"The {words} is kept in another currency than the entry.")
    return account.number


def _vat(ledger: EconomicLedger, sent: Json, name: str, account: int | None) -> str | None:
    """Return the VAT code; the one that the account proposes where the property is left out."""
    if name not in sent:
        return ledger.accounts[account].vat_code if account is not None else None
    code = str(sent[name])
    if not code:
        return None
    vat = ledger.vat_accounts.get(code)
    if vat is None or vat.barred:
        raise _invalid(name, "The VAT code for the journal entry could not be found")
    return code


def _supplier(ledger: EconomicLedger, sent: Json, draft: Draft) -> None:
    if "supplierNumber" not in sent:
        raise Problem(
            400, "The supplier for the journal entry is not set", "JournalEntrySupplierNotSet", "supplierNumber"
        )
    supplier = ledger.suppliers.get(_whole(sent, "supplierNumber"))
    if supplier is None:
        raise Problem(
            400,
            "The supplier for the journal entry could not be found",
            "JournalEntrySupplierNotFound",
            "supplierNumber",
        )
    if supplier.barred:
        raise Problem(
            400,
            "The supplier for the journal entry is not accessible",
            "JournalEntrySupplierNotAccessible",
            "supplierNumber",
        )
    draft.supplier = supplier.number
    draft.invoice = str(sent["supplierInvoiceNumber"]) if "supplierInvoiceNumber" in sent else None
    if len(draft.invoice or "") > LONGEST_INVOICE:
        raise Problem(
            400,
            "The supplier invoice for the journal entry is too large",
            "JournalEntrySupplierInvoiceTooBig",
            "supplierInvoiceNumber",
        )
    if "dueDate" in sent:
        due = draft.due = _day(sent, "dueDate")
        if due < draft.date:
            raise Problem(
                400,
                "The due date for the journal entry is not within the allowed range",
                "JournalEntryDueDateNotInRange",
                "dueDate",
            )


def _project(ledger: EconomicLedger, sent: Json, draft: Draft) -> None:
    if ("projectNumber" in sent) != ("costTypeNumber" in sent):
        raise Problem(
            400,
            "Mismatch between the project and cost type in the journal entry",
            "JournalEntryProjectCostTypeSetMismatch",
        )
    if "projectNumber" not in sent:
        return
    if not ledger.project_module:
        raise Problem(
            400,
            "Project ID is set without module access in the journal entry",
            "JournalEntryProjectIdSetWithoutModuleAccess",
            "projectNumber",
        )
    project = ledger.projects.get(_whole(sent, "projectNumber"))
    kind = ledger.cost_types.get(_whole(sent, "costTypeNumber"))
    if project is None:
        raise Problem(
            400, "The project for the journal entry could not be found", "JournalEntryProjectNotFound", "projectNumber"
        )
    if project.closed:
        raise Problem(
            400, "The project set for the journal entry is closed", "JournalEntryProjectSetIsClosed", "projectNumber"
        )
    if kind is None or kind.barred:
        raise Problem(
            400,
            "The cost type for the journal entry could not be found",
            "JournalEntryCostTypeNotFound",
            "costTypeNumber",
        )
    draft.project, draft.cost_type = project.number, kind.number


def _invalid(name: str, message: str) -> Problem:
    """Return a refusal that no published code is known for."""
    return Problem(400, message, "ValidationFailed", name)
