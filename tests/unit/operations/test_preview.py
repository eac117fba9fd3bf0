"""Preview: the same lines as the export books afterwards, and not one write."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from pleo_export.bookkeeping.documents import Document, Party
from pleo_export.errors import ItemFailure, JobFailure
from pleo_export.operations.preview import JobPreview, NothingToPreview, find_job, preview
from pleo_export.operations.preview_items import (
    AccountTotal,
    ItemPreview,
    PreviewState,
    TaxTotal,
    account_names,
    account_totals,
    tax_totals,
)
from pleo_simulator.every_type import every_type
from pleo_simulator.sample import NORTHGATE, sample_items
from pleo_simulator.sample_catalogue import PEOPLE, SUPPLIERS
from tests.golden.cases import Case, cases
from tests.golden.parties import answer
from tests.system.effects import OF_BUDGET
from tests.system.expenses import FIRST_DAY, entry_id, purchase, purchases, reference
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem

READS = (
    *("dynamodb GetItem", "dynamodb BatchGetItem", "dynamodb Query", "secretsmanager GetSecretValue", "pleo GET "),
    *("books check", "books find", "books differences", "books refusals", "books list", "books dimensions"),
)


def previewed(system: InProcessSystem, job_id: str | None = None, company_id: str = NORTHGATE) -> JobPreview:
    """Preview as a function's invocation, whose effects are counted."""
    system.effects.log.clear()
    with system.effects.of_function():
        return preview(find_job(system.services, job_id, None if job_id else company_id), system.services)


def writes(system: InProcessSystem) -> list[str]:
    return [each for each in system.effects.log if not each.startswith(READS) and not each.endswith(OF_BUDGET)]


def by_id(result: JobPreview) -> dict[str, ItemPreview]:
    return {each.entry_id: each for each in result.items}


def as_booked(document: Document) -> object:
    """What an accountant compares: the kind, the dates, the currency, the party and every line."""
    party = getattr(document, "party", None)
    dates = document.posting_date, document.document_date
    return document.reference, document.kind, dates, document.currency, party, document.memo, document.lines


def expected_lines(result: JobPreview) -> dict[str, object]:
    return {each.reference: as_booked(each) for item in result.items for each in item.to_book}


def held_lines(books: FakeAccountingSystem) -> dict[str, object]:
    return {each.reference: as_booked(each) for each in books.live()}


def assert_preview_is_booked(system: InProcessSystem, books: FakeAccountingSystem, job: str) -> JobPreview:
    """Preview, export, compare: the lines of every document, and the sentence of every failure."""
    result = previewed(system, job)
    assert writes(system) == []
    assert books.documents == []
    system.run(NORTHGATE)
    assert expected_lines(result) == held_lines(books)
    told = {each.entry_id: (each.failure, each.reason) for each in result.items if each.fails}
    assert told == system.failures(job)
    return result


def with_parties(books: FakeAccountingSystem) -> FakeAccountingSystem:
    books.ledger.suppliers = {
        supplier.vendor: Party(supplier.vendor, name) for name, supplier in SUPPLIERS.items() if supplier.vendor
    }
    books.ledger.employees = {person.code: Party(person.code, name) for name, person in PEOPLE.items()}
    return books


@pytest.mark.parametrize("posting", ["posted", "draft"])
@pytest.mark.parametrize("method", ["journal", "accounts_payable"])
def test_given_a_month_of_every_type_then_the_preview_is_what_is_booked_line_for_line(
    system: InProcessSystem, method: str, posting: str
) -> None:
    books = with_parties(system.connect(NORTHGATE, every_type(NORTHGATE, method), posting=posting))
    job = system.export(NORTHGATE, vendor_based_bookkeeping=True)

    result = assert_preview_is_booked(system, books, job)

    assert {each.state for each in result.items} == {PreviewState.NEW}


@pytest.mark.parametrize("vendor_based", [False, True], ids=["journal", "accounts payable"])
def test_given_the_sample_company_then_the_preview_is_what_is_booked_and_what_fails(
    system: InProcessSystem, vendor_based: bool
) -> None:
    books = with_parties(system.connect(NORTHGATE, list(sample_items(NORTHGATE, 60, 7))))
    job = system.export(NORTHGATE, vendor_based_bookkeeping=vendor_based)

    assert_preview_is_booked(system, books, job)


# Without those that Pleo itself refuses to show: without a currency, or with one that has no contra account there.
WALLETS = ("GBP", "EUR")
GOLDEN = [case for case in cases() if case.payload["amount"]["inWalletCurrency"].get("currency") in WALLETS]


@pytest.mark.parametrize("folder", sorted({case.path.parent.name for case in GOLDEN}))
def test_given_the_golden_items_of_a_folder_then_the_preview_is_what_is_booked(
    system: InProcessSystem, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [case for case in GOLDEN if case.path.parent.name == folder]
    company_id = str(chosen[0].settings.company_id)
    books = connected_with(system, chosen, company_id)
    monkeypatch.setattr(FakeAccountingSystem, "find_parties", lambda _, wanted: {each: answer(each) for each in wanted})
    job = system.export(company_id, vendor_based_bookkeeping=True)

    result = previewed(system, job)

    assert writes(system) == []
    system.run(company_id)
    assert expected_lines(result) == held_lines(books)
    if result.rejected is None:
        told = {each.entry_id: (each.failure, each.reason) for each in result.items if each.fails}
        assert told == system.failures(job)


def connected_with(system: InProcessSystem, chosen: list[Case], company_id: str) -> FakeAccountingSystem:
    entered: Mapping[str, Any] = yaml.safe_load((chosen[0].path.parent / "settings.yaml").read_text())
    rest = {name: value for name, value in entered.items() if name not in ("company_id", "accounting_system")}
    sent = [json.loads(case.path.read_text()) for case in chosen]
    items = {item["accountingEntryId"]: item for item in sent}
    return system.connect(company_id, list(items.values()), **rest)


@pytest.mark.parametrize("strategy", ["fail", "today", "next_open"])
def test_given_a_closed_period_then_the_date_or_the_refusal_is_seen_beforehand(
    system: InProcessSystem, strategy: str
) -> None:
    books = system.connect(NORTHGATE, purchases(2), closed_period=strategy)
    books.closed_until = FIRST_DAY
    job = system.export(NORTHGATE)

    result = assert_preview_is_booked(system, books, job)

    closed = result.items[0]
    if strategy == "fail":
        assert (closed.failure, closed.to_book) == (ItemFailure.ACCOUNTING_SYSTEM_VALIDATION_FAILURE, ())
        return
    day = date(2026, 11, 20) if strategy == "today" else FIRST_DAY + timedelta(days=1)
    (document,) = closed.documents
    assert (document.own_date, document.document.posting_date) == (FIRST_DAY, day)
    assert closed.warnings == (f"Posted on {day}: the period of {FIRST_DAY} is closed.",)


def test_given_unknown_codes_then_each_fails_with_the_sentence_that_pleo_gets(system: InProcessSystem) -> None:
    items = [purchase("a", account="9999"), purchase("b"), purchase("c", account=None)]
    books = system.connect(NORTHGATE, items)

    result = assert_preview_is_booked(system, books, system.export(NORTHGATE))

    states = by_id(result)
    assert [states[entry_id(each)].state for each in items] == [
        PreviewState.FAILS,
        PreviewState.NEW,
        PreviewState.FAILS,
    ]


def test_given_a_second_export_then_what_is_booked_already_is_nothing_to_do(system: InProcessSystem) -> None:
    items = purchases(2)
    system.connect(NORTHGATE, items)
    system.export(NORTHGATE, [entry_id(items[0])])
    system.run(NORTHGATE)

    result = previewed(system, system.export(NORTHGATE, [entry_id(each) for each in items]))

    states = by_id(result)
    assert [states[entry_id(each)].state for each in items] == [PreviewState.NOTHING_TO_DO, PreviewState.NEW]
    assert states[entry_id(items[0])].documents[0].held is not None
    assert [each.reference for item in result.items for each in item.to_book] == [reference(items[1])]
    assert account_totals(result.items) == [
        AccountTotal("GBP", "1900", 0, 1845),
        AccountTotal("GBP", "2200", 308, 0),
        AccountTotal("GBP", "6300", 1537, 0),
    ]
    assert tax_totals(result.items) == [TaxTotal("GBP", "GB20", 1537, 308)]


def test_given_a_started_job_that_broke_off_then_the_rest_is_shown(system: InProcessSystem) -> None:
    items = purchases(3)
    books = system.connect(NORTHGATE, items)
    job = system.export(NORTHGATE)
    system.effects.on("before books post", ValueError(), nth=1, times=9)
    system.wake(NORTHGATE)
    system.effects.on("before pleo PUT", KeyError(), times=99)
    system.run_executions()
    assert system.job(job)["status"] in ("in_progress", "failed", "completed_with_errors")
    before = len(books.documents)

    if system.job(job)["status"] == "in_progress":
        assert len(previewed(system, job).items) == 3
    else:
        with pytest.raises(NothingToPreview, match="until it is over"):
            previewed(system, job)
    assert writes(system) == []
    assert len(books.documents) == before


def test_given_a_job_that_would_fail_as_a_whole_then_its_reason_is_shown(system: InProcessSystem) -> None:
    items = [{**each, "accountingEntryLines": each["accountingEntryLines"]} for each in purchases(2)]
    system.connect(NORTHGATE, items, outflow_sign="negative")

    result = previewed(system, system.export(NORTHGATE))

    assert result.rejected is not None
    assert result.rejected.failure is JobFailure.INVALID_CONFIGURATION
    assert result.items == ()


def test_given_a_job_that_would_fail_as_a_whole_then_the_reason_is_the_one_that_pleo_gets(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(2), outflow_sign="negative", support_contact="Finance Systems")
    job = system.export(NORTHGATE)

    foreseen = previewed(system, job).reason
    system.run(NORTHGATE)

    assert foreseen == system.job(job)["failureReason"]
    assert "Finance Systems" in str(foreseen)


def test_given_no_waiting_job_then_the_refusal_says_so(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)

    with pytest.raises(NothingToPreview, match="is waiting"):
        previewed(system)
    with pytest.raises(NothingToPreview, match="no connected company"):
        previewed(system, "99999999-9999-4999-8999-999999999999")


def test_given_a_company_then_its_oldest_waiting_job_is_taken(system: InProcessSystem) -> None:
    items = purchases(2)
    system.connect(NORTHGATE, items)
    first = system.export(NORTHGATE, [entry_id(items[0])])
    system.sleep(1)
    system.export(NORTHGATE, [entry_id(items[1])])

    assert previewed(system).job.id == first


def test_an_account_that_the_chart_lacks_has_the_name_of_its_setting(system: InProcessSystem) -> None:
    books = system.connect(NORTHGATE)
    accounts = [each for each in books.accounts() if each.code != "1900"]

    names = account_names(accounts, system.services.connection(NORTHGATE).settings.accounts)

    assert names["6300"] == "Account 6300"
    assert names["1900"] == "not in the chart (accounts.wallets.GBP)"


WRITERS: dict[str, Callable[[InProcessSystem], object]] = {
    "dynamodb": lambda system: system.services.reconciliations.begin(NORTHGATE, system.clock.now()),
    "s3": lambda system: system.services.payloads.write_chunk("job", "run", 0, []),
    "ledger": lambda system: system.books[NORTHGATE].attach,
}


@pytest.mark.parametrize("where", ["dynamodb", "s3"])
def test_the_count_of_writes_sees_one(system: InProcessSystem, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that nothing is written would fail if something were."""
    system.connect(NORTHGATE, purchases(1))
    job = system.export(NORTHGATE)
    check = FakeAccountingSystem.check
    monkeypatch.setattr(FakeAccountingSystem, "check", lambda books: (check(books), WRITERS[where](system)))

    previewed(system, job)

    assert len(writes(system)) == 1
