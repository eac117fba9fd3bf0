"""The decision tables of R-5a and R-5b: how each type is booked. Data, next to its rule number.

Every pair of `type` and `subType` of API-5 that makes sense has one row. Any other pair is refused: it is
never guessed (R-0.1). Balance amendments have no type of their own: they arrive as `wallet_topup` (raises the
balance) and `wallet_unload` (lowers it), with the method `none`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Literal, NamedTuple

from pleo_export.bookkeeping.documents import DocumentKind, PartyRole, PaymentPurpose
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.expense import METHOD_UNKNOWN, TYPE_UNKNOWN


class Role(StrEnum):
    """The part an account plays in an entry (R-5b)."""

    CATEGORY = "category"
    WALLET = "wallet"
    OUT_OF_POCKET = "out_of_pocket"
    CLEARING = "clearing"
    EXTERNAL_REIMBURSEMENT = "external_reimbursement"
    PAYABLES = "payables"


class Side(IntEnum):
    """The side of an entry, as the factor of its signed amounts."""

    DEBIT = 1
    CREDIT = -1


class Sign(StrEnum):
    """The sign that Pleo's amounts have for a type (R-5b.4, open question 10); to be pinned in staging."""

    POSITIVE = "positive"  # an item that is negative as a whole is the opposite: booked reversed, with a warning
    UNKNOWN = "unknown"  # the sign says nothing: the absolute value is booked in the direction of the type


class JournalRule(NamedTuple):
    """How a type is booked as a journal entry: each item line on `lines`' account, on `side`; the total on the
    other side, on the account of `offset`."""

    type: str
    sub_type: str | None
    label: str
    lines: Role
    side: Side
    offset: Role
    sign: Sign

    @property
    def debit(self) -> Role:
        """Return the role of the account that is debited."""
        return self.lines if self.side is Side.DEBIT else self.offset

    @property
    def credit(self) -> Role:
        """Return the role of the account that is credited."""
        return self.lines if self.side is Side.CREDIT else self.offset


def _journal_rules() -> tuple[JournalRule, ...]:
    category, wallet, pocket, clearing = Role.CATEGORY, Role.WALLET, Role.OUT_OF_POCKET, Role.CLEARING
    external, payables = Role.EXTERNAL_REIMBURSEMENT, Role.PAYABLES
    debit, credit = Side.DEBIT, Side.CREDIT
    positive, unknown = Sign.POSITIVE, Sign.UNKNOWN
    to_employee, bounced, to_company = (
        "reimbursement_to_employee",
        "reimbursement_to_employee_refund",
        "reimbursement_to_company",
    )
    # fmt: off
    return tuple(JournalRule(*row) for row in (
        ("card_purchase", None, "Card purchase", category, debit, wallet, positive),  # R-5b E1
        ("card_invoice", None, "Card invoice", category, debit, wallet, positive),  # R-5b E12
        ("fee", None, "Fee", category, debit, wallet, positive),  # R-5b E20
        ("fee", "interest", "Interest", category, debit, wallet, positive),  # R-5b E20
        ("refund", None, "Refund", category, credit, wallet, unknown),  # R-5b E5
        ("chargeback", None, "Chargeback", category, credit, wallet, unknown),  # R-5b E6
        ("cashback", None, "Cashback", category, credit, wallet, unknown),  # R-5b E17
        ("atm_withdrawal", None, "Cash withdrawal", pocket, debit, wallet, positive),  # R-5b E18
        ("personal_spend", None, "Personal spend", pocket, debit, wallet, positive),  # R-5b E19
        ("out_of_pocket", None, "Out-of-pocket expense", category, debit, pocket, positive),  # R-5b E7
        ("mileage", None, "Mileage", category, debit, pocket, positive),  # R-5b E8
        ("per_diem", None, "Per diem", category, debit, pocket, positive),  # R-5b E9
        ("direct_reimbursement", None, "Reimbursement", pocket, debit, wallet, unknown),  # R-5b E10
        ("direct_reimbursement", to_employee, "Reimbursement", pocket, debit, wallet, unknown),  # R-5b E10
        ("direct_reimbursement", bounced, "Bounced reimbursement", pocket, credit, wallet, unknown),  # R-5b
        ("direct_reimbursement", to_company, "Paid back by the employee", pocket, credit, wallet, unknown),  # R-5b
        ("external_reimbursement", None, "Reimbursement", pocket, debit, external, unknown),  # R-5b E10b
        ("external_reimbursement", to_employee, "Reimbursement", pocket, debit, external, unknown),  # R-5b E10b
        ("external_reimbursement", bounced, "Bounced reimbursement", pocket, credit, external, unknown),  # R-5b
        ("external_reimbursement", to_company, "Paid back by the employee", pocket, credit, external, unknown),  # R-5b
        ("invoice", None, "Invoice", category, debit, payables, positive),  # R-5b E11
        ("invoice_payment", None, "Invoice payment", payables, debit, wallet, positive),  # R-5b E11
        ("invoice_payment", "invoice_payment_sent", "Invoice payment", payables, debit, wallet, positive),  # R-5b E11
        ("invoice_payment", "invoice_payment_returned", "Returned invoice payment",
         payables, credit, wallet, unknown),  # R-5b E11
        ("wallet_topup", None, "Wallet top-up", clearing, credit, wallet, unknown),  # R-5b E14, E16
        ("wallet_unload", None, "Wallet unload", clearing, debit, wallet, unknown),  # R-5b E15
    ))
    # fmt: on


JOURNAL_RULES = _journal_rules()
_BY_TYPE = {(each.type, each.sub_type): each for each in JOURNAL_RULES}
TYPES = tuple(dict.fromkeys(each.type for each in JOURNAL_RULES))


class Method(StrEnum):
    """How an item is booked."""

    JOURNAL = "journal"
    ACCOUNTS_PAYABLE = "accounts_payable"
    LEGACY = "legacy"  # as `legacy_vendors` in the settings says


# R-5a: what Pleo's `bookkeeping.method` means. Null is normal: Vendor Tagging is off (R-5a.2, R-5a.4).
METHODS: dict[str | None, Method] = {
    "journal": Method.JOURNAL,
    "none": Method.JOURNAL,
    None: Method.LEGACY,
    "accounts_payable": Method.ACCOUNTS_PAYABLE,
}

# R-5a.1, and R-5a's table of objects for the two card types that never have a vendor.
ALWAYS_JOURNAL = frozenset({"wallet_topup", "wallet_unload", "atm_withdrawal", "personal_spend"})

# Of those, what an employee holds or owes: under accounts payable on the employee's own account, like reimbursements.
HELD_BY_EMPLOYEE = frozenset({"atm_withdrawal", "personal_spend"})

# R-5a's table of objects: cashback comes from Pleo; it is the supplier's only where a vendor is tagged.
ONLY_WITH_VENDOR = frozenset({"cashback"})

# R-5b.6: the account for what a party is owed, if it has none of its own.
PAYABLE_ROLES = {PartyRole.SUPPLIER: Role.PAYABLES, PartyRole.EMPLOYEE: Role.OUT_OF_POCKET}

BillKind = Literal[DocumentKind.BILL, DocumentKind.CREDIT_NOTE]


class PayableRule(NamedTuple):
    """What a type becomes under accounts payable (R-5a): a bill or credit note with the item's lines, a payment, or
    both at once. The sides and the account of the money are those of its journal rule."""

    type: str
    sub_type: str | None
    party: PartyRole
    bill: BillKind | None
    payment: PaymentPurpose | None

    def reversed(self) -> PayableRule:
        """Return the rule for an item that is negative as a whole (R-5b.4): the party owes us.

        A negative payment is a refund, not a return: nothing that is settled is opened again on a guess.
        """
        return self._replace(
            bill=self.bill and DocumentKind.CREDIT_NOTE, payment=self.payment and PaymentPurpose.REFUND
        )


def _payable_rules() -> tuple[PayableRule, ...]:
    supplier, employee = PartyRole.SUPPLIER, PartyRole.EMPLOYEE
    bill: BillKind = DocumentKind.BILL
    credit_note: BillKind = DocumentKind.CREDIT_NOTE
    payment, refund, back = PaymentPurpose.PAYMENT, PaymentPurpose.REFUND, PaymentPurpose.RETURN
    to_employee, bounced, to_company = (
        "reimbursement_to_employee",
        "reimbursement_to_employee_refund",
        "reimbursement_to_company",
    )
    # fmt: off
    return (
        PayableRule("card_purchase", None, supplier, bill, payment),  # R-5b E1-AP
        PayableRule("card_invoice", None, supplier, bill, payment),  # R-5b E12
        PayableRule("fee", None, supplier, bill, payment),  # R-5a
        PayableRule("fee", "interest", supplier, bill, payment),  # R-5a
        PayableRule("refund", None, supplier, credit_note, refund),  # R-5b E5-AP
        PayableRule("chargeback", None, supplier, credit_note, refund),  # R-5a
        PayableRule("cashback", None, supplier, credit_note, refund),  # R-5a
        PayableRule("out_of_pocket", None, employee, bill, None),  # R-5a.15
        PayableRule("mileage", None, employee, bill, None),  # R-5a.16
        PayableRule("per_diem", None, employee, bill, None),  # R-5a.16
        PayableRule("direct_reimbursement", None, employee, None, payment),  # R-5a.15
        PayableRule("direct_reimbursement", to_employee, employee, None, payment),  # R-5a.15
        PayableRule("direct_reimbursement", bounced, employee, None, back),  # R-5a
        PayableRule("direct_reimbursement", to_company, employee, None, refund),  # R-5a
        PayableRule("external_reimbursement", None, employee, None, payment),  # R-5a.15
        PayableRule("external_reimbursement", to_employee, employee, None, payment),  # R-5a.15
        PayableRule("external_reimbursement", bounced, employee, None, back),  # R-5a
        PayableRule("external_reimbursement", to_company, employee, None, refund),  # R-5a
        PayableRule("invoice", None, supplier, bill, None),  # R-5b E11
        PayableRule("invoice_payment", None, supplier, None, payment),  # R-5b E11
        PayableRule("invoice_payment", "invoice_payment_sent", supplier, None, payment),  # R-5b E11
        PayableRule("invoice_payment", "invoice_payment_returned", supplier, None, back),  # R-5b E11
    )
    # fmt: on


PAYABLE_RULES = _payable_rules()
_PAYABLE = {(each.type, each.sub_type): each for each in PAYABLE_RULES}


def journal_rule(type_: str, sub_type: str | None) -> JournalRule:
    """Return the row of this type and subtype. Raises ItemRejected (`validation_failure`) naming an unknown one
    (R-0.1)."""
    rule = _BY_TYPE.get((type_, sub_type or None))
    if rule is not None:
        return rule
    what = type_ if type_ not in TYPES else f"{sub_type} of {type_}"
    raise ItemRejected(ItemFailure.VALIDATION_FAILURE, TYPE_UNKNOWN.told(type=what))


def payable_rule(rule: JournalRule) -> PayableRule:
    """Return the row of the same type under accounts payable; every type that is not always a journal entry has one."""
    return _PAYABLE[rule.type, rule.sub_type]


def method_for(type_: str, stated: str | None) -> Method:
    """Return the method for an item whose `bookkeeping.method` is `stated`. Raises ItemRejected (`validation_failure`)
    for an unknown one."""
    if type_ in ALWAYS_JOURNAL:
        return Method.JOURNAL
    method = stated_method(stated)
    if method is None:
        raise ItemRejected(ItemFailure.VALIDATION_FAILURE, METHOD_UNKNOWN.told(method=stated))
    return method


def stated_method(stated: str | None) -> Method | None:
    """Return what Pleo's `bookkeeping.method` means; None for an unknown one."""
    return METHODS.get(stated)
