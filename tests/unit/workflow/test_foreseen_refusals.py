"""What the ledger's lists no longer hold is refused before anything of the expense is written, named for a bookkeeper,
and without a call more where nothing is refused."""

from __future__ import annotations

from typing import Any

import pytest

from pleo_export.accounting.errors import Rejected, Unavailable
from pleo_export.bookkeeping.documents import Party
from pleo_export.operations.preview import preview
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase, purchases
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem


def tagged(item: dict[str, Any], code: str, group: str = "cost_centre") -> dict[str, Any]:
    item["accountingEntryLines"][0]["tags"] = [{"code": code, "groupCode": group}]
    return item


def refused(system: InProcessSystem, job: str, item: dict[str, Any]) -> tuple[str, str]:
    return system.failures(job)[entry_id(item)]


def exported(
    system: InProcessSystem, books: FakeAccountingSystem, *, vendor_based_bookkeeping: bool = False
) -> tuple[str, list[str]]:
    """Export all, and return the job with the effects on the books."""
    job, calls = system.export(NORTHGATE, vendor_based_bookkeeping=vendor_based_bookkeeping), list[str]()
    cross = system.effects.before

    def noted(effect: str) -> None:
        calls.append(effect)
        cross(effect)

    system.effects.before = noted  # type: ignore[method-assign]
    system.run(NORTHGATE)
    system.effects.before = cross  # type: ignore[method-assign]
    return job, calls


def test_given_a_closed_account_then_its_expense_fails_with_category_name_and_place_and_the_others_are_booked(
    system: InProcessSystem,
) -> None:
    bad, good = purchase("gift", account="6400"), purchase()
    books = system.connect(NORTHGATE, [bad, good])
    books.ledger.lists.put_account("6400", "Presents", active=False)

    job, _ = exported(system, books)

    category = bad["accountingEntryLines"][0]["account"]["name"]
    assert refused(system, job, bad) == (
        "account_unknown",
        f'Category "{category}" uses account 6400 (Presents), which is closed in Tryton. Open it again there, or give '
        "the category another account in Pleo under Settings, Accounting, Categories (where the settings name the "
        "account, ask the person who connected Pleo). Then export this expense again.",
    )
    assert system.statuses(job) == {"successful": 1, "failed": 1}
    assert len(books.documents) == 1


def test_given_a_heading_then_it_is_told_that_it_takes_no_entries(system: InProcessSystem) -> None:
    bad = purchase("gift", account="6400")
    books = system.connect(NORTHGATE, [bad])
    books.ledger.lists.put_account("6400", "All costs", postable=False)

    job, _ = exported(system, books)

    assert "account 6400 (All costs), which takes no entries of other programs" in refused(system, job, bad)[1]


def test_given_an_archived_tax_code_then_its_category_is_named(system: InProcessSystem) -> None:
    bad = purchase()
    books = system.connect(NORTHGATE, [bad])
    books.ledger.lists.end_tax("GB20")

    job, _ = exported(system, books)

    category = bad["accountingEntryLines"][0]["account"]["name"]
    kind, text = refused(system, job, bad)
    assert kind == "tax_code_unknown"
    assert text.startswith(f'Category "{category}" uses tax code GB20, which is archived in Tryton. Choose another')


def test_given_a_closed_tag_then_tag_and_group_are_named_by_code_and_name(system: InProcessSystem) -> None:
    bad = tagged(purchase(), "LON")
    books = system.connect(NORTHGATE, [bad], dimensions={"cc": "cost_centre"})
    bad = tagged(bad, "LON", "cc")
    system.service.state.put_expenses(NORTHGATE, [bad])
    books.ledger.lists.close_value("cost_centre", "LON")

    job, _ = exported(system, books)

    kind, text = refused(system, job, bad)
    assert kind == "tag_unknown"
    assert text.startswith('Tag "LON", London (group "cc", Cost Centre) is closed in Tryton. Choose another tag on the')


def test_given_an_account_that_the_ledger_never_had_then_its_own_sentence_stays(system: InProcessSystem) -> None:
    bad = purchase(account="9999")
    books = system.connect(NORTHGATE, [bad])

    job, _ = exported(system, books)

    assert refused(system, job, bad) == ("account_unknown", "account 9999 is not in the chart of accounts")


def test_nothing_of_a_refused_expense_is_written_not_even_its_intent(system: InProcessSystem) -> None:
    bad = purchase("gift", account="6400", receipts=("pret-18.45.pdf",))
    books = system.connect(NORTHGATE, [bad])
    books.ledger.lists.close_account("6400")

    job, calls = exported(system, books)

    assert system.statuses(job) == {"failed": 1}
    assert not [each for each in calls if each.startswith(("books record", "books attach", "receipt"))]
    assert system.services.postings.latest(NORTHGATE, entry_id(bad)) is None


def test_given_a_payment_on_a_closed_account_then_its_bill_is_not_booked_either(system: InProcessSystem) -> None:
    bill = purchase("bill", supplier="WeWork", method="accounts_payable")
    books = system.connect(NORTHGATE, [bill])
    books.ledger.suppliers["V-1008"] = Party("8", "WeWork", "2101")
    books.ledger.lists.close_account("1900")

    job, _ = exported(system, books, vendor_based_bookkeeping=True)

    assert refused(system, job, bill)[0] == "account_unknown"
    assert len(books.documents) == 0


def test_an_export_without_refusals_asks_no_list_and_the_ledger_once_a_chunk(system: InProcessSystem) -> None:
    books = system.connect(NORTHGATE, purchases(120))

    job, calls = exported(system, books)

    assert system.statuses(job) == {"successful": 120}
    assert calls.count("books refusals") == 2
    assert not [each for each in calls if each.startswith("books list") or each == "books dimensions"]


def test_the_lists_are_read_once_for_all_refusals_of_a_job(system: InProcessSystem) -> None:
    books = system.connect(NORTHGATE, purchases(120, account="6400"))
    books.ledger.lists.close_account("6400")

    job, calls = exported(system, books)

    assert system.statuses(job) == {"failed": 120}
    assert calls.count("books list accounts") == 1


@pytest.mark.parametrize("fault", [ValueError("a defect"), Rejected("one of them"), Unavailable("not now")])
def test_given_a_list_that_cannot_be_read_then_the_refusal_is_told_without_it(
    system: InProcessSystem, fault: Exception
) -> None:
    bad = purchase(account="6400")
    books = system.connect(NORTHGATE, [bad, purchase("lunch-2")])
    books.ledger.lists.close_account("6400")
    system.effects.on("before books list accounts", fault)

    job, _ = exported(system, books)

    assert refused(system, job, bad) == ("account_unknown", "account 6400 is not in the chart of accounts")
    assert system.statuses(job) == {"successful": 1, "failed": 1}


@pytest.mark.parametrize("fault", [ValueError("a defect"), Rejected("one of them")])
def test_given_refusals_that_cannot_be_foreseen_then_recording_finds_whose_they_are(
    system: InProcessSystem, fault: Exception
) -> None:
    bad = purchase(account="6400")
    books = system.connect(NORTHGATE, [bad, purchase("lunch-2")])
    books.ledger.lists.close_account("6400")
    system.effects.on("before books refusals", fault)

    job, _ = exported(system, books)

    assert system.statuses(job) == {"successful": 1, "failed": 1}
    assert system.job(job)["status"] == "completed_with_errors"


def test_the_preview_says_the_same_as_the_export(system: InProcessSystem) -> None:
    items = [purchase("gift", account="6400"), tagged(purchase(), "LON")]
    books = system.connect(NORTHGATE, items)
    books.ledger.lists.close_account("6400")
    books.ledger.lists.close_value("cost_centre", "LON")
    job = system.export(NORTHGATE)
    pleo = system.services.pleo(system.services.connection(NORTHGATE))

    seen = {each.entry_id: each.reason for each in preview(pleo.job(job), system.services).items}
    system.run(NORTHGATE)

    assert seen == {entry: reason for entry, (_, reason) in system.failures(job).items()}
