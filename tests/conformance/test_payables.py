"""The port's contract for accounts payable (R-5a): whom, what is owed, what settles it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from pleo_export.accounting.errors import (
    AccountingError,
    KeptAsDraft,
    OutcomeUnknown,
    PeriodClosed,
    PossibleDuplicate,
    Rejected,
    Unavailable,
    UnknownAccount,
    UnknownTaxCode,
)
from pleo_export.accounting.port import AccountingSystem, DocumentRef, DocumentState, PeriodState, SettlementSupport
from pleo_export.bookkeeping.documents import (
    Bill,
    Dimension,
    Document,
    DocumentKind,
    JournalEntry,
    JournalLine,
    Party,
    PartyRole,
    Payment,
    PaymentPurpose,
    SettlementTarget,
    TaxPart,
    TaxRole,
)
from pleo_export.bookkeeping.parties import Ambiguous, Blocked, KeyKind, NotFound, PartyKey, PartyQuery
from pleo_export.failures.ledger import OTHER_TOTAL
from tests.conformance.connector_fixture import (
    AMELIA,
    BLOCKED,
    CLOSED,
    NORTHWIND,
    OPEN,
    RYMAN,
    TOM,
    TWICE,
    Act,
    Trouble,
)
from tests.conformance.declared import DeclaredFixture, RefusedAsDeclared
from tests.conformance.expected import check_link, check_number, comes_to, draft_of, one_step, posting_acts

INVOICED, DUE = date(2026, 2, 1), date(2026, 3, 1)
PAPER = (
    JournalLine("6100", 5305, "Paper", TaxPart("GB20", TaxRole.BASE), (Dimension("cost_centre", "LON"),)),
    JournalLine("2200", 1061, "Paper", TaxPart("GB20", TaxRole.TAX)),
)


def asked(*keys: tuple[KeyKind, str], role: PartyRole = PartyRole.SUPPLIER) -> PartyQuery:
    return PartyQuery(role, "somebody", tuple(PartyKey(kind, value) for kind, value in keys), required=True)


def party(system: AccountingSystem, code: str) -> Party:
    question = asked((KeyKind.CODE, code), role=PartyRole.EMPLOYEE if code.startswith("E") else PartyRole.SUPPLIER)
    try:
        answer = system.find_parties([question])[question]
    except RefusedAsDeclared:  # nobody is known: the bill itself has to be refused
        return Party(code, "Northwind Office Supplies")
    assert isinstance(answer, Party), answer
    return answer


def a_bill(owed_to: Party, *lines: JournalLine, account: str = "2100", **changes: object) -> Bill:
    """E1-AP of the worked examples, on the party's own account or the fallback one (R-5b.6)."""
    lines, identity = lines or PAPER, f"BK-{uuid4().hex[:8]}"
    owed = JournalLine(owed_to.payable_account or account, -sum(line.amount for line in lines), "Paper")
    bill = Bill(
        kind=DocumentKind.BILL if owed.amount < 0 else DocumentKind.CREDIT_NOTE,
        reference=f"pleo:{uuid4()}",
        party=owed_to,
        invoice_number=f"INV-{identity}",
        reconciliation_id=identity,
        posting_date=OPEN,
        document_date=INVOICED,
        due_date=DUE,
        currency="GBP",
        lines=(*lines, owed),
        memo=f"Northwind | Ann | {identity}",
    )
    return replace(bill, **changes)  # type: ignore[arg-type]


def a_payment(bill: Bill, settles: SettlementTarget | None = None, **changes: object) -> Payment:
    """Of the whole bill; it comes with it, unless `settles` says otherwise."""
    settles = settles or SettlementTarget(bill.reference, bill.invoice_number, (bill.reconciliation_id,))
    amount = -bill.payable.amount
    made = Payment(
        purpose=PaymentPurpose.PAYMENT if bill.kind is DocumentKind.BILL else PaymentPurpose.REFUND,
        reference=f"{bill.reference}:pay" if settles.reference else f"pleo:{uuid4()}",
        party=bill.party,
        settles=settles,
        posting_date=OPEN,
        document_date=OPEN,
        currency=bill.currency,
        lines=(
            JournalLine(bill.payable.account, amount, "Paper"),
            JournalLine({"GBP": "1900", "EUR": "1901"}[bill.currency], -amount, "Paper"),
        ),
        memo=f"Northwind | Ann | {uuid4().hex[:8]}",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def that_came_back(paid: Payment) -> Payment:
    first, second = paid.lines
    return replace(
        paid,
        purpose=PaymentPurpose.RETURN,
        reference=f"pleo:{uuid4()}",
        settles=replace(paid.settles, reconciliation_ids=(*paid.settles.reconciliation_ids, "BK-back")),
        lines=(replace(first, amount=-first.amount), replace(second, amount=-second.amount)),
    )


def by_number(bill: Bill) -> SettlementTarget:
    return SettlementTarget(None, bill.invoice_number, ("BK-of-the-payment",))


def recorded(
    system: AccountingSystem, documents: Iterable[Document], state: DocumentState = DocumentState.POSTED
) -> list[DocumentRef]:
    outcomes = system.record_many(list(documents), state).values()
    assert not [each for each in outcomes if isinstance(each, AccountingError)], outcomes
    return [each for each in outcomes if isinstance(each, DocumentRef)]


def found(system: AccountingSystem, references: Iterable[str]) -> list[DocumentRef]:
    return [each for each in system.find_many(list(references)).values() if isinstance(each, DocumentRef)]


def refused(system: AccountingSystem, document: Document) -> AccountingError:
    outcome = system.record_many([document], DocumentState.POSTED)[document.reference]
    assert isinstance(outcome, AccountingError), outcome
    return outcome


def still_open(fixture: DeclaredFixture, *documents: Document) -> list[int]:
    if fixture.capabilities.settlement is SettlementSupport.NONE:
        _nothing_is_settled(fixture, documents)
    return [sum(held.open for held in fixture.held(document.reference)) for document in documents]


def _nothing_is_settled(fixture: DeclaredFixture, documents: Iterable[Document]) -> None:
    """Each is open as it was booked, and a person settles it."""
    for each in documents:
        for held in fixture.held(each.reference):
            owed = each.lines[0 if isinstance(each, Payment) else -1].amount
            assert held.open == (owed if held.state is DocumentState.POSTED else 0)
    raise RefusedAsDeclared("a person reconciles")


class TestFindParties:
    @pytest.mark.parametrize(
        "keys",
        [
            [(KeyKind.EXTERNAL_ID, NORTHWIND)],
            [(KeyKind.CODE, NORTHWIND)],
            [(KeyKind.TAX_NUMBER, "GB112233445")],
            [(KeyKind.ACCOUNT, "K-17")],
            [(KeyKind.EXTERNAL_ID, "V-0"), (KeyKind.CODE, NORTHWIND)],
            [(KeyKind.CODE, NORTHWIND), (KeyKind.TAX_NUMBER, TWICE)],
        ],
        ids=["external id", "code", "tax number", "account", "second key", "first of two keys"],
    )
    def test_given_a_supplier_when_asked_for_then_it_is_known_with_its_payables_account(
        self, fixture: DeclaredFixture, keys: list[tuple[KeyKind, str]]
    ) -> None:
        question = asked(*keys)

        answer = fixture.connector().find_parties([question])[question]

        if not {kind for kind, value in keys if value != "V-0"} & fixture.traits.party_keys:
            assert answer == NotFound()  # suppliers have no such key here
            return
        assert isinstance(answer, Party)
        assert answer.name == "Northwind Office Supplies"
        assert answer.payable_account == fixture.traits.supplier_account

    def test_given_many_questions_when_asked_then_each_has_its_answer(self, fixture: DeclaredFixture) -> None:
        ryman, tom = asked((KeyKind.CODE, RYMAN)), asked((KeyKind.CODE, TOM), role=PartyRole.EMPLOYEE)
        blocked, unknown = asked((KeyKind.CODE, BLOCKED)), asked((KeyKind.CODE, "V-0"))
        twice, wildcard = asked((KeyKind.TAX_NUMBER, TWICE)), asked((KeyKind.TAX_NUMBER, "GB%"))

        answers = fixture.connector().find_parties([ryman, tom, blocked, unknown, twice, wildcard])

        own = ["2100", fixture.traits.employee_account] if fixture.traits.accounts_of_all else [None, None]
        assert [getattr(answers[each], "payable_account", "") for each in (ryman, tom)] == own
        assert answers[blocked] == Blocked("Paper Trail (blocked)")
        assert answers[unknown] == answers[wildcard] == NotFound()
        ambiguous = answers[twice]
        if KeyKind.TAX_NUMBER not in fixture.traits.party_keys:
            assert ambiguous == NotFound()
            return
        assert isinstance(ambiguous, Ambiguous)
        assert ["North" in ambiguous.names[0], "South" in ambiguous.names[1]] == [True, True]

    def test_given_a_suppliers_code_when_an_employee_is_asked_for_then_nobody_is_known(
        self, fixture: DeclaredFixture
    ) -> None:
        question = asked((KeyKind.CODE, RYMAN), role=PartyRole.EMPLOYEE)

        assert fixture.connector().find_parties([question]) == {question: NotFound()}

    @pytest.mark.parametrize("kind", [KeyKind.CODE, KeyKind.EXTERNAL_ID])
    def test_given_an_employees_code_when_a_supplier_is_asked_for_then_nobody_is_known(
        self, fixture: DeclaredFixture, kind: KeyKind
    ) -> None:
        question = asked((kind, AMELIA))

        assert fixture.connector().find_parties([question]) == {question: NotFound()}

    def test_given_an_employees_code_first_when_a_supplier_is_asked_for_then_the_next_key_decides(
        self, fixture: DeclaredFixture
    ) -> None:
        question = asked((KeyKind.CODE, AMELIA), (KeyKind.TAX_NUMBER, "GB112233445"))

        answer = fixture.connector().find_parties([question])[question]

        known = KeyKind.TAX_NUMBER in fixture.traits.party_keys
        assert getattr(answer, "name", None) == ("Northwind Office Supplies" if known else None)

    @pytest.mark.parametrize("number", ["GB242742186", "GB 242.742-186", "gb/242742186"])
    def test_given_a_tax_number_written_in_another_way_when_asked_for_then_it_is_the_same(
        self, fixture: DeclaredFixture, number: str
    ) -> None:
        """In the books it is "GB 242.7421-86"."""
        question = asked((KeyKind.TAX_NUMBER, number))

        answer = fixture.connector().find_parties([question])[question]

        known = KeyKind.TAX_NUMBER in fixture.traits.party_keys
        assert getattr(answer, "name", None) == ("Ryman" if known else None)

    @pytest.mark.parametrize("poison", ["V-\0", "V-\ud83d"], ids=["NUL", "half an emoji"])
    @pytest.mark.parametrize("kind", KeyKind)
    def test_given_a_key_that_the_books_cannot_take_when_asked_then_the_other_questions_are_answered(
        self, fixture: DeclaredFixture, poison: str, kind: KeyKind
    ) -> None:
        ryman, bad = asked((KeyKind.CODE, RYMAN)), asked((kind, poison))

        answers = fixture.connector().find_parties([bad, ryman])

        assert isinstance(answers[ryman], Party)
        assert answers[bad] == NotFound()

    def test_given_no_questions_when_asked_then_there_is_nothing_to_ask(self, fixture: DeclaredFixture) -> None:
        assert fixture.connector().find_parties([]) == {}

    def test_given_no_server_when_asked_then_nobody_could_look(self, fixture: DeclaredFixture) -> None:
        with pytest.raises(Unavailable):
            fixture.connector(url="http://127.0.0.1:9").find_parties([asked((KeyKind.CODE, RYMAN))])


def refuse_other_tax(fixture: DeclaredFixture, bill: Bill) -> None:
    """Where the ledger computes the tax itself, a bill with another one is refused, and the test ends."""
    if bill.kind not in fixture.capabilities.kinds or bill.kind in fixture.capabilities.tax_as_given:
        return
    outcome = refused(fixture.connector(), bill)
    assert outcome.told.code == OTHER_TOTAL.code, outcome
    assert fixture.held(bill.reference) == []
    raise RefusedAsDeclared("the ledger computes the tax of a bill")


def refuse_more_than_is_owed(fixture: DeclaredFixture, bill: Bill, payment: Payment) -> None:
    """Where a payment needs its bills, it is not taken for more than they owe, and the test ends."""
    takes = fixture.capabilities
    if takes.settlement is SettlementSupport.BILL_FIRST and payment.kind in takes.kinds:
        recorded(fixture.connector(), [bill])
        assert isinstance(refused(fixture.connector(), payment), Rejected)
        assert fixture.held(payment.reference) == []
        raise RefusedAsDeclared("a payment needs its bills first")


def nothing_to_say(fixture: DeclaredFixture, payment: DocumentRef) -> None:
    """Where a person reconciles, it is not known whether a bill fits, and the test ends."""
    if fixture.capabilities.settlement is SettlementSupport.NONE:
        assert payment.warnings == ()
        raise RefusedAsDeclared("a person reconciles")


class TestBills:
    def test_given_a_bill_when_posted_then_the_books_hold_it_with_number_dates_and_party(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))

        (document,) = recorded(system, [bill])

        (held,) = fixture.held(bill.reference)
        assert held.state is document.state is DocumentState.POSTED
        check_number(fixture, held, document)
        assert held.date == document.date == OPEN
        assert comes_to(held.lines) == {"6100": 5305, "2200": 1061, bill.payable.account: -6366}
        assert held.open == -6366
        assert document.kind is DocumentKind.BILL
        check_link(fixture, document)
        assert held.bill is not None
        assert (held.bill.party, held.bill.number) == ("Northwind Office Supplies", bill.invoice_number)
        assert held.bill.due == DUE
        assert held.bill.document_date == (OPEN if fixture.traits.one_date else INVOICED)
        assert held.bill.dimensions == ("LON",)

    def test_given_a_party_without_own_account_when_posted_then_the_bill_is_on_the_fallback(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, RYMAN))

        recorded(system, [bill])

        (held,) = fixture.held(bill.reference)
        assert comes_to(held.lines)["2100"] == -6366

    def test_given_a_bill_when_recorded_as_draft_then_a_person_has_to_post_it(self, fixture: DeclaredFixture) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))

        (document,) = recorded(system, [bill], DocumentState.DRAFT)

        (held,) = fixture.held(bill.reference)
        assert held.state is document.state is draft_of(fixture, bill.kind)
        assert comes_to(held.lines) == {"6100": 5305, "2200": 1061, bill.payable.account: -6366}

    def test_given_a_credit_note_when_posted_then_the_party_owes_us(self, fixture: DeclaredFixture) -> None:
        system = fixture.connector()
        credit = a_bill(party(system, NORTHWIND), *(replace(line, amount=-line.amount) for line in PAPER))

        (document,) = recorded(system, [credit])

        (held,) = fixture.held(credit.reference)
        assert document.kind is DocumentKind.CREDIT_NOTE
        assert comes_to(held.lines) == {"6100": -5305, "2200": -1061, credit.payable.account: 6366}

    def test_given_a_reverse_charge_when_posted_then_both_halves_are_booked(self, fixture: DeclaredFixture) -> None:
        system = fixture.connector()
        base, tax = TaxPart("RC20", TaxRole.BASE), TaxPart("RC20", TaxRole.TAX)
        lines = [
            JournalLine("6500", 10000, tax=base),
            JournalLine("2201", 2000, tax=tax),
            JournalLine("2202", -2000, tax=tax),
        ]
        bill = a_bill(party(system, NORTHWIND), *lines)

        recorded(system, [bill])

        (held,) = fixture.held(bill.reference)
        halves = {"2201": 2000, "2202": -2000} if fixture.capabilities.tax_accounts else {}  # or both on one account
        lines_held = comes_to(held.lines)
        if not fixture.capabilities.tax_accounts:
            assert sum(amount for account, amount in lines_held.items() if account.startswith("22")) == 0
            lines_held = {account: amount for account, amount in lines_held.items() if not account.startswith("22")}
        assert lines_held == {"6500": 10000, **halves, bill.payable.account: -10000}

    def test_given_taxes_that_the_system_would_compute_otherwise_when_posted_then_they_are_pleos(
        self, fixture: DeclaredFixture
    ) -> None:
        """E3: 20 % of 8.32 is 1.66, not 1.68."""
        system = fixture.connector()
        lines = [
            each
            for net in (277, 277, 278)
            for each in (
                JournalLine("6100", net, tax=TaxPart("GB20", TaxRole.BASE)),
                JournalLine("2200", 56, tax=TaxPart("GB20", TaxRole.TAX)),
            )
        ]
        bill = a_bill(party(system, NORTHWIND), *lines)
        refuse_other_tax(fixture, bill)

        recorded(system, [bill])

        (held,) = fixture.held(bill.reference)
        assert comes_to(held.lines) == {"6100": 832, "2200": 168, bill.payable.account: -1000}

    def test_given_no_tax_in_a_taxed_line_when_posted_then_none_is_added(self, fixture: DeclaredFixture) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND), JournalLine("6100", 1000, tax=TaxPart("GB20", TaxRole.BASE)))
        refuse_other_tax(fixture, bill)

        recorded(system, [bill])

        (held,) = fixture.held(bill.reference)
        assert comes_to(held.lines) == {"6100": 1000, bill.payable.account: -1000}

    def test_given_a_bill_in_another_currency_when_paid_at_another_rate_then_it_is_paid(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        lines = [
            JournalLine("6400", 20000, tax=TaxPart("ES21", TaxRole.BASE)),
            JournalLine("2200", 4200, tax=TaxPart("ES21", TaxRole.TAX)),
        ]
        bill = a_bill(party(system, NORTHWIND), *lines, currency="EUR")
        paid = a_payment(bill, posting_date=date(2026, 7, 2))

        recorded(system, [bill, paid])

        (held,) = fixture.held(bill.reference)
        assert comes_to(held.foreign) == {"6400": 20000, "2200": 4200, bill.payable.account: -24200}
        assert sum(amount for _, amount in held.lines) == 0
        assert still_open(fixture, bill, paid) == [0, 0]

    @pytest.mark.with_login
    def test_given_one_bad_bill_of_three_when_recorded_then_the_others_and_their_payments_are_there(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        northwind = party(system, NORTHWIND)
        bills = [a_bill(northwind) for _ in range(3)]
        bills[1] = a_bill(northwind, JournalLine(fixture.traits.not_on_bills, 100))
        payments = [a_payment(bill) for bill in bills]

        pairs: list[Document] = [each for pair in zip(bills, payments, strict=True) for each in pair]
        outcomes = system.record_many(pairs, DocumentState.POSTED)

        assert [isinstance(outcomes[bill.reference], DocumentRef) for bill in bills] == [True, False, True]
        assert [isinstance(outcomes[each.reference], DocumentRef) for each in payments] == [True, False, True]
        refusal = outcomes[payments[1].reference]
        assert isinstance(refusal, Rejected)
        assert fixture.traits.not_on_bills in refusal.message
        assert [len(fixture.held(each.reference)) for each in pairs] == [1, 1, 0, 0, 1, 1]

    @pytest.mark.parametrize(
        ("changes", "error", "named"),
        [
            ({"account": "6999"}, UnknownAccount, "6999"),
            ({"tax": TaxPart("XX99", TaxRole.BASE)}, UnknownTaxCode, "XX99"),
        ],
    )
    def test_given_an_unknown_code_when_recorded_then_the_error_names_it(
        self, fixture: DeclaredFixture, changes: dict[str, object], error: type[AccountingError], named: str
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND), replace(PAPER[0], **changes), PAPER[1])  # type: ignore[arg-type]

        outcome = refused(system, bill)

        assert type(outcome) is error
        assert named in outcome.message
        assert fixture.held(bill.reference) == []

    def test_given_a_closed_period_when_recorded_then_the_error_names_the_date(self, fixture: DeclaredFixture) -> None:
        system = fixture.connector()

        bill = a_bill(party(system, NORTHWIND), posting_date=CLOSED)
        if system.period_state(CLOSED) is PeriodState.UNKNOWN:
            (document,) = recorded(system, [bill])
            assert [held.date for held in fixture.held(bill.reference)] == [document.date] == [CLOSED]
            raise RefusedAsDeclared("no day is known to be closed")

        error = refused(system, bill)

        assert isinstance(error, PeriodClosed)
        assert error.on == CLOSED

    def test_given_an_invoice_date_in_a_closed_period_when_recorded_then_the_posting_date_counts(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND), document_date=CLOSED)

        (document,) = recorded(system, [bill])

        assert document.date == OPEN


class TestPayments:
    def test_given_a_bill_with_its_payment_when_posted_then_nothing_is_open(self, fixture: DeclaredFixture) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))

        documents = recorded(system, [bill, a_payment(bill)])

        (held,) = fixture.held(f"{bill.reference}:pay")
        assert comes_to(held.lines) == {bill.payable.account: 6366, "1900": -6366}
        assert [document.kind for document in documents] == [DocumentKind.BILL, DocumentKind.PAYMENT]
        assert still_open(fixture, bill, a_payment(bill)) == [0, 0]

    def test_given_a_credit_note_with_its_refund_when_posted_then_nothing_is_open(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        credit = a_bill(party(system, RYMAN), *(replace(line, amount=-line.amount) for line in PAPER))
        refund = a_payment(credit)

        recorded(system, [credit, refund])

        assert still_open(fixture, credit, refund) == [0, 0]

    @pytest.mark.parametrize("code", [NORTHWIND, RYMAN])
    @pytest.mark.parametrize("key", ["number", "reconciliation id"])
    def test_given_a_bill_when_its_payment_comes_later_then_it_is_found(
        self, fixture: DeclaredFixture, code: str, key: str
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, code))
        settles = by_number(bill) if key == "number" else SettlementTarget(None, None, (bill.reconciliation_id,))
        paid = a_payment(bill, settles)
        recorded(system, [bill])

        recorded(fixture.connector(), [paid])

        assert still_open(fixture, bill, paid) == [0, 0]

    @pytest.mark.parametrize("code", [NORTHWIND, RYMAN])
    def test_given_a_payment_when_its_bill_comes_later_then_it_is_found(
        self, fixture: DeclaredFixture, code: str
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, code))
        paid = a_payment(bill, by_number(bill))
        recorded(system, [paid])
        assert still_open(fixture, paid) == [6366]

        recorded(fixture.connector(), [bill])

        assert still_open(fixture, bill, paid) == [0, 0]

    def test_given_another_partys_bill_with_the_number_when_paid_then_it_stays_open(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, RYMAN))
        other = a_bill(party(system, "V-1002"), invoice_number=bill.invoice_number)
        paid = a_payment(other, by_number(other))

        recorded(system, [bill, paid])

        assert still_open(fixture, bill, paid) == [-6366, 6366]

    def test_given_a_part_payment_when_posted_then_the_bill_is_open_until_the_rest_comes(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))
        parts = [
            a_payment(
                bill, by_number(bill), lines=(JournalLine(bill.payable.account, part), JournalLine("1900", -part))
            )
            for part in (6000, 366)
        ]
        recorded(system, [bill, parts[0]])
        assert still_open(fixture, bill, parts[0]) == ([-366, 0] if fixture.traits.settles_parts else [-6366, 6000])

        recorded(system, [parts[1]])

        assert still_open(fixture, bill, *parts) == [0, 0, 0]

    def test_given_expenses_of_an_employee_when_reimbursed_then_all_are_settled(self, fixture: DeclaredFixture) -> None:
        system = fixture.connector()
        tom = party(system, TOM)
        account = fixture.traits.employee_account
        bills = [a_bill(tom, JournalLine("6200", amount, "Taxi"), account=account) for amount in (2400, 1250)]
        bills = [replace(bill, invoice_number=bill.reconciliation_id) for bill in bills]
        both = tuple(bill.reconciliation_id for bill in bills)
        lines = JournalLine(account, 3650), JournalLine("1900", -3650)
        reimbursement = a_payment(bills[0], SettlementTarget(None, None, both), lines=lines)
        refuse_more_than_is_owed(fixture, bills[0], reimbursement)
        recorded(system, [bills[0], reimbursement])
        assert still_open(fixture, bills[0], reimbursement) == [-2400, 3650]

        recorded(system, [bills[1]])

        assert still_open(fixture, *bills, reimbursement) == [0, 0, 0]

    def test_given_the_account_of_employees_when_a_journal_entry_uses_it_then_it_needs_no_party(
        self, fixture: DeclaredFixture
    ) -> None:
        lines = JournalLine("6200", 2400), JournalLine("2250", -2400)
        entry = JournalEntry(f"pleo:{uuid4()}", OPEN, OPEN, "GBP", lines, "Taxi | Tom")

        recorded(fixture.connector(), [entry])

        (held,) = fixture.held(entry.reference)
        assert comes_to(held.lines) == {"6200": 2400, "2250": -2400}

    @pytest.mark.parametrize("code", [NORTHWIND, RYMAN])
    def test_given_a_paid_bill_when_the_payment_comes_back_then_it_is_open_until_paid_again(
        self, fixture: DeclaredFixture, code: str
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, code))
        paid = a_payment(bill, by_number(bill))
        back, again = that_came_back(paid), a_payment(bill, by_number(bill))
        recorded(system, [bill, paid])

        recorded(fixture.connector(), [back])
        assert still_open(fixture, bill, paid, back) == ([-6366, 0, 0] if fixture.traits.reopens else [0, 0, -6366])

        recorded(system, [again])
        assert still_open(fixture, bill, paid, back, again) == [0, 0, 0, 0]

    @pytest.mark.with_login
    @pytest.mark.parametrize("code", [NORTHWIND, RYMAN])
    def test_given_a_bill_paid_returned_and_paid_again_at_once_when_posted_then_nothing_is_open(
        self, fixture: DeclaredFixture, code: str
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, code))
        paid = a_payment(bill, by_number(bill))
        documents: list[Document] = [bill, paid, that_came_back(paid), a_payment(bill, by_number(bill))]

        recorded(system, documents)

        assert still_open(fixture, *documents) == [0, 0, 0, 0]

    def test_given_a_payment_without_its_bill_when_it_comes_back_then_the_two_settle_each_other(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))
        paid = a_payment(bill, by_number(bill))
        back = that_came_back(paid)

        recorded(system, [paid])
        recorded(system, [back])
        recorded(system, [bill])

        assert still_open(fixture, bill, paid, back) == [-6366, 0, 0]

    def test_given_a_draft_bill_then_its_posted_payment_stays_open_until_the_bill_is_posted(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))
        paid = a_payment(bill, by_number(bill))
        (draft,) = recorded(system, [bill], DocumentState.DRAFT)
        recorded(system, [paid])
        assert still_open(fixture, bill, paid) == ([0, 6366] if draft.state is DocumentState.DRAFT else [0, 0])

        system.post_many([draft])

        assert still_open(fixture, bill, paid) == [0, 0]

    def test_given_a_payment_without_its_bill_when_posted_then_that_is_said(self, fixture: DeclaredFixture) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))
        paid = a_payment(bill, by_number(bill))

        (document,) = recorded(system, [paid])

        nothing_to_say(fixture, document)
        (warning,) = document.warnings
        assert bill.payable.account in warning
        assert "no bill" in warning

    @pytest.mark.with_login
    def test_given_a_bill_booked_as_a_journal_entry_when_paid_then_that_is_said(self, fixture: DeclaredFixture) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))
        owed = JournalLine("2100", -6366)
        entry = JournalEntry(f"pleo:{uuid4()}", OPEN, OPEN, "GBP", (*PAPER, owed), bill.memo)

        _, document = recorded(system, [entry, a_payment(bill, by_number(bill))])

        nothing_to_say(fixture, document)
        assert len(document.warnings) == 1

    def test_given_a_payment_of_some_pennies_too_much_when_posted_then_that_is_said(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))
        lines = JournalLine(bill.payable.account, 6368), JournalLine("1900", -6368)
        paid = a_payment(bill, by_number(bill), lines=lines)
        refuse_more_than_is_owed(fixture, bill, paid)

        billed, document = recorded(system, [bill, paid])

        nothing_to_say(fixture, document)
        (warning,) = document.warnings
        assert "more than" in warning
        assert billed.warnings == ()
        assert still_open(fixture, bill, paid) == [-6366, 6368]

    @pytest.mark.with_login
    def test_given_a_payment_that_settles_or_pays_a_part_when_posted_then_there_is_nothing_to_say(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bills = [a_bill(party(system, NORTHWIND)) for _ in range(2)]
        lines = JournalLine(bills[1].payable.account, 60), JournalLine("1900", -60)
        part = a_payment(bills[1], by_number(bills[1]), lines=lines)

        documents = recorded(system, [*bills, a_payment(bills[0]), part])

        assert [document.warnings for document in documents] == [()] * 4

    def test_given_a_draft_bill_and_payment_posted_by_hand_when_finalised_then_nothing_is_open(
        self, fixture: DeclaredFixture
    ) -> None:
        bill = a_bill(party(fixture.connector(), NORTHWIND))
        paid = a_payment(bill)
        recorded(fixture.connector(), [bill, paid], DocumentState.DRAFT)
        for document in (paid, bill):
            fixture.post_by_hand(document.reference)
        assert still_open(fixture, bill, paid) == [-6366, 6366]

        system = fixture.connector()
        posted = found(system, [bill.reference, paid.reference])
        assert [document.state for document in posted] == [DocumentState.POSTED, DocumentState.POSTED]
        outcomes = system.post_many(posted)

        assert [getattr(each, "warnings", None) for each in outcomes.values()] == [(), ()]
        assert still_open(fixture, bill, paid) == [0, 0]

    def test_given_drafts_of_a_bill_and_its_payment_when_finalised_then_nothing_is_open(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, RYMAN))
        paid = a_payment(bill)
        drafts = recorded(system, [bill, paid], DocumentState.DRAFT)

        outcomes = fixture.connector().post_many(drafts)

        assert [getattr(each, "state", None) for each in outcomes.values()] == [
            DocumentState.POSTED,
            DocumentState.POSTED,
        ]
        assert [getattr(each, "kind", None) for each in outcomes.values()] == [DocumentKind.BILL, DocumentKind.PAYMENT]
        assert still_open(fixture, bill, paid) == [0, 0]


class TestFindPayables:
    @pytest.mark.with_login
    def test_given_bills_and_payments_when_searched_then_they_are_found_as_they_were_recorded(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        northwind = party(system, NORTHWIND)
        bill, draft = a_bill(northwind), a_bill(northwind)
        credit = a_bill(northwind, *(replace(line, amount=-line.amount) for line in PAPER))
        documents = recorded(system, [bill, a_payment(bill), credit])
        documents += recorded(system, [draft], DocumentState.DRAFT)

        found = fixture.connector().find_many([document.reference for document in documents])

        assert found == {document.reference: document for document in documents}

    @pytest.mark.parametrize("state", [DocumentState.DRAFT, DocumentState.POSTED])
    def test_given_a_voided_bill_when_searched_then_it_is_void_and_may_be_recorded_again(
        self, fixture: DeclaredFixture, state: DocumentState
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))
        (document,) = recorded(system, [bill], state)
        fixture.void(bill.reference)

        void = {bill.reference: replace(document, state=DocumentState.VOID)}
        gone = state is DocumentState.DRAFT and fixture.traits.deletes_drafts
        assert system.find_many([bill.reference]) == ({} if gone else void)
        recorded(system, [replace(bill, reference=f"{bill.reference}:r2")])

    def test_given_two_bills_with_one_reference_when_searched_then_a_person_has_to_decide(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))
        (document,) = recorded(system, [bill])
        fixture.duplicate(bill.reference)

        found = system.find_many([bill.reference])[bill.reference]

        assert isinstance(found, PossibleDuplicate)
        assert document.number is None or document.number in found.message


class TestPostedByHand:
    """Under `posting: draft` a person posts, and nothing is settled by that; a nightly run hands us what is posted."""

    def test_given_drafts_that_a_person_has_posted_when_finalised_then_nothing_is_open(
        self, fixture: DeclaredFixture
    ) -> None:
        bill = a_bill(party(fixture.connector(), NORTHWIND))
        paid = a_payment(bill)
        recorded(fixture.connector(), [bill, paid], DocumentState.DRAFT)
        fixture.post_by_hand(bill.reference)
        fixture.post_by_hand(paid.reference)
        assert still_open(fixture, bill, paid) == [-6366, 6366]

        documents = found_posted(fixture, bill, paid)
        outcomes = fixture.connector().post_many(documents)

        assert still_open(fixture, bill, paid) == [0, 0]
        assert list(outcomes.values()) == documents

    def test_given_a_bill_in_another_currency_when_finalised_twice_then_its_difference_is_booked_once(
        self, fixture: DeclaredFixture
    ) -> None:
        bill = a_bill(party(fixture.connector(), NORTHWIND), currency="EUR")
        paid = a_payment(bill, posting_date=date(2026, 7, 2))
        recorded(fixture.connector(), [bill, paid], DocumentState.DRAFT)
        fixture.post_by_hand(bill.reference)
        fixture.post_by_hand(paid.reference)

        documents = found_posted(fixture, bill, paid)
        for _ in range(2):
            fixture.connector().post_many(documents)

        assert still_open(fixture, bill, paid) == [0, 0]

    def test_given_the_payment_only_was_posted_when_the_bill_is_too_then_either_of_them_settles_both(
        self, fixture: DeclaredFixture
    ) -> None:
        bill = a_bill(party(fixture.connector(), RYMAN))
        paid = a_payment(bill)
        recorded(fixture.connector(), [bill, paid], DocumentState.DRAFT)
        fixture.post_by_hand(paid.reference)
        fixture.connector().post_many(found_posted(fixture, paid))
        assert [held.state for held in fixture.held(bill.reference)] == [DocumentState.DRAFT]
        fixture.post_by_hand(bill.reference)

        fixture.connector().post_many(found_posted(fixture, bill))

        assert still_open(fixture, bill, paid) == [0, 0]

    def test_given_a_person_posted_a_bill_though_its_number_is_there_when_finalised_then_it_is_settled(
        self, fixture: DeclaredFixture
    ) -> None:
        first = a_bill(party(fixture.connector(), NORTHWIND))
        second = a_bill(first.party, invoice_number=first.invoice_number)
        paid = a_payment(second)
        recorded(fixture.connector(), [first])
        recorded(fixture.connector(), [second, paid], DocumentState.DRAFT)
        fixture.post_by_hand(second.reference)
        fixture.post_by_hand(paid.reference)

        outcomes = fixture.connector().post_many(found_posted(fixture, second))

        assert isinstance(outcomes[second.reference], DocumentRef)
        assert still_open(fixture, first, second, paid) == [-6366, 0, 0]


def found_posted(fixture: DeclaredFixture, *documents: Document) -> list[DocumentRef]:
    found = fixture.connector().find_many([each.reference for each in documents])
    refs = [each for each in (found[document.reference] for document in documents) if isinstance(each, DocumentRef)]
    assert [each.state for each in refs] == [DocumentState.POSTED] * len(documents)
    return refs


class TestDuplicates:
    """R-8.5: the same number from the same party, under another reference."""

    def test_given_the_bill_under_another_reference_then_it_is_named_and_the_draft_stays(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        first = a_bill(party(system, NORTHWIND))
        second = a_bill(first.party, invoice_number=first.invoice_number)
        (document,) = recorded(system, [first])

        outcomes = system.record_many([second, a_payment(second)], DocumentState.POSTED)

        error = outcomes[second.reference]
        assert document.number is None or document.number in getattr(error, "message", "")
        if one_step(fixture, second.kind):
            assert type(error) is PossibleDuplicate
            assert fixture.held(second.reference) == []
            return
        assert type(error) is KeptAsDraft
        assert error.document.id in error.message
        assert found(system, [second.reference]) == [error.document]
        assert [held.state for held in fixture.held(second.reference)] == [DocumentState.DRAFT]
        assert isinstance(outcomes[f"{second.reference}:pay"], Rejected)
        assert fixture.held(f"{second.reference}:pay") == []

    @pytest.mark.with_login
    def test_given_two_bills_with_one_number_when_posted_together_then_only_the_first_is(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bills = [a_bill(party(system, NORTHWIND), invoice_number=f"INV-{uuid4()}") for _ in range(2)]
        bills[1] = replace(bills[1], invoice_number=bills[0].invoice_number)

        outcomes = system.record_many(bills, DocumentState.POSTED)

        refusal = PossibleDuplicate if one_step(fixture, DocumentKind.BILL) else KeptAsDraft
        assert [type(outcomes[bill.reference]) for bill in bills] == [DocumentRef, refusal]

    @pytest.mark.with_login
    def test_given_a_draft_without_a_date_and_a_bill_of_its_number_then_a_person_has_to_decide(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        first = a_bill(party(system, NORTHWIND))
        second, other = a_bill(first.party, invoice_number=first.invoice_number), a_bill(first.party)
        drafts = recorded(system, [first, second, other], DocumentState.DRAFT)
        for each in (first, second):
            fixture.clear_document_date(each.reference)

        outcomes = system.post_many(drafts)

        assert [type(outcomes[each.reference]) for each in (second, other)] == [KeptAsDraft, DocumentRef]
        assert isinstance(system.find_many([first.reference])[first.reference], DocumentRef)

    def test_given_a_credit_note_or_an_old_bill_with_the_number_when_posted_then_it_is_no_duplicate(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))
        turned = [replace(line, amount=-line.amount) for line in PAPER]
        credit = a_bill(bill.party, *turned, invoice_number=bill.invoice_number)
        later = a_bill(bill.party, invoice_number=bill.invoice_number, document_date=date(2026, 5, 1))

        recorded(system, [bill])
        recorded(system, [credit])
        if fixture.traits.number_once:
            assert isinstance(refused(system, later), KeptAsDraft)
            return
        recorded(system, [later])


class TestLostAnswersToPayables:
    """The reply is lost after the effect (R-8.3)."""

    @pytest.mark.with_login
    def test_given_a_lost_answer_to_create_when_finalised_then_each_is_there_once_and_paid(
        self, fixture: DeclaredFixture
    ) -> None:
        bills = [a_bill(party(fixture.connector(), NORTHWIND)) for _ in range(2)]
        payments = [a_payment(bill) for bill in bills]
        with fixture.troubled(lambda act, _: Trouble.LOST if act is Act.CREATE else None) as way:
            outcomes = way.system.record_many([*bills, *payments], DocumentState.POSTED)
        assert [type(outcomes[bill.reference]) for bill in bills] == [OutcomeUnknown, OutcomeUnknown]
        assert [type(outcomes[each.reference]) for each in payments] == [Unavailable, Unavailable]

        system = fixture.connector()
        drafts = [each for each in system.find_many(list(outcomes)).values() if isinstance(each, DocumentRef)]
        system.post_many(drafts)
        recorded(system, payments)

        assert [[held.state for held in fixture.held(bill.reference)] for bill in bills] == [[DocumentState.POSTED]] * 2
        assert still_open(fixture, *bills, *payments) == [0, 0, 0, 0]

    @pytest.mark.with_login
    def test_given_a_lost_answer_to_post_when_finalised_then_each_is_posted_once(
        self, fixture: DeclaredFixture
    ) -> None:
        bills = [a_bill(party(fixture.connector(), NORTHWIND)) for _ in range(2)]
        acts = posting_acts(fixture, DocumentKind.BILL)
        with fixture.troubled(lambda act, _: Trouble.LOST if act in acts else None) as way:
            outcomes = way.system.record_many(bills, DocumentState.POSTED)

        assert {type(outcome) for outcome in outcomes.values()} == {OutcomeUnknown}
        system = fixture.connector()
        found = system.find_many(list(outcomes)).values()
        system.post_many([document for document in found if isinstance(document, DocumentRef)])
        assert [[held.state for held in fixture.held(bill.reference)] for bill in bills] == [[DocumentState.POSTED]] * 2
