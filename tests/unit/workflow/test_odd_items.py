"""Whatever stands in one item, in its texts, codes, dates and ids: it gets its result, and its neighbours theirs."""

from __future__ import annotations

from typing import Any

import pytest

from pleo_export.bookkeeping.documents import Bill, Party
from pleo_export.store.results import ItemResult
from pleo_export.workflow.entry_ids import key_of, reportable
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase, purchases, reference, references
from tests.system.in_process_system import InProcessSystem

Json = dict[str, Any]
HALF = "\ud83d"
JOB = "b1f0f1c4-6f5c-4d0e-9c57-0d6a6b3f7a10"


def with_neighbours(odd: Json) -> list[Json]:
    first, last = purchases(2)
    return [first, odd, last]


def exported(system: InProcessSystem, items: list[Json], **changes: Any) -> str:
    system.connect(NORTHGATE, items, **changes)
    system.books[NORTHGATE].ledger.suppliers = {"V-1001": Party("17", "Ryman")}
    job = system.export(NORTHGATE, vendor_based_bookkeeping=True)
    system.run(NORTHGATE)
    return job


def booked(system: InProcessSystem) -> list[str]:
    return [each.reference for each in system.books[NORTHGATE].live()]


# Texts and codes


@pytest.mark.parametrize(
    "odd",
    [
        {"note": "Team lunch " + HALF},
        {"supplier": {"name": HALF + "Pret"}},
        {"user": {"name": "A\u0000da", "code": "E7" + HALF}},
        {f"new{HALF}": {HALF: [HALF]}},
        {"note": "\u0000\u200b\u202e\ufeff"},
    ],
    ids=ascii,
)
def test_given_half_an_emoji_anywhere_in_one_item_when_exported_then_all_are_booked(
    system: InProcessSystem, odd: Json
) -> None:
    items = with_neighbours(purchase("odd") | odd)
    job = exported(system, items)
    assert system.job(job)["status"] == "completed"
    assert sorted(booked(system)) == sorted(references(items))


def test_given_a_nul_in_the_vendor_s_code_when_exported_then_the_vendor_is_found(system: InProcessSystem) -> None:
    vendor = {"id": "v", "name": "Ryman", "code": "V-1001\u0000", "externalId": "\u200b", "taxRegistrationNumber": None}
    items = with_neighbours(purchase("odd") | {"vendor": vendor, "bookkeeping": {"method": "accounts_payable"}})
    job = exported(system, items)
    assert system.statuses(job) == {"successful": 3}
    assert [type(each) for each in system.books[NORTHGATE].live()].count(Bill) == 1


@pytest.mark.parametrize("date", ["9999-12-31T23:30:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:30:00-12:00"])
def test_given_the_last_day_of_the_calendar_in_a_closed_period_then_only_that_item_fails(
    system: InProcessSystem, date: str
) -> None:
    items = with_neighbours(odd := purchase("odd") | {"date": date})
    job = exported(system, items, closed_period="next_open")
    assert system.statuses(job) == {"successful": 2, "failed": 1}
    kind, reason = system.failures(job)[entry_id(odd)]
    assert (kind, "in the year" in reason) == ("validation_failure", True)


@pytest.mark.parametrize("field", ["category", "type", "tag groups"])
def test_given_a_code_of_half_a_megabyte_in_one_item_then_each_item_has_its_own_result(
    system: InProcessSystem, field: str
) -> None:
    odd = purchase("odd")
    (line,) = odd["accountingEntryLines"]
    if field == "category":
        line["account"] = line["account"] | {"code": "6" * 500_000}
    elif field == "type":
        odd["type"] = "x" * 500_000
    else:
        line["tags"] = [{"id": "t", "code": "A", "groupCode": f"{n}-" + "g" * 5_000} for n in range(200)]
    job = exported(system, with_neighbours(odd))
    assert set(system.statuses(job)) <= {"successful", "failed"}
    assert system.items(job)[entry_id(odd)]["status"] == ("successful" if field == "tag groups" else "failed")
    assert system.job(job)["status"] in ("completed", "completed_with_errors")
    stored = system.services.results.of_job(job)[entry_id(odd)]
    assert len(repr(stored).encode()) < 200_000  # a record of DynamoDB holds 400 KB, which the local one does not mind


def test_given_a_reason_and_warnings_longer_than_a_record_when_stored_then_they_are_shortened(
    system: InProcessSystem,
) -> None:
    result = ItemResult("entry", failure=None, warnings=tuple("w" * 10_000 for _ in range(300)))
    refused = ItemResult("other", failure=None, reason=HALF + "r" * 500_000)
    system.services.jobs.begin(JOB, NORTHGATE, "run", seen=None)
    token = system.services.fencing_tokens.take(JOB, "run", "call")
    assert token is not None
    assert system.services.results.put_many(token, 0, [result, refused], system.clock.now())
    stored = system.services.results.of_job(JOB)
    assert stored["entry"].warnings[-1] == "And 250 more."
    assert all(len(each) <= 500 for each in stored["entry"].warnings)
    assert len(stored["other"].reason or "") == 2_000


# Ids


def respelt(item: Json, spelling: str) -> Json:
    entry = entry_id(item)
    return item | {"accountingEntryId": entry.upper() if spelling == "capitals" else entry.replace("-", "")}


@pytest.mark.parametrize("spelling", ["capitals", "without dashes"])
def test_given_an_id_in_another_spelling_then_it_is_booked_once_and_reported_as_pleo_spells_it(
    system: InProcessSystem, spelling: str
) -> None:
    canonical = purchase("odd")
    items = with_neighbours(odd := respelt(canonical, spelling))
    job = exported(system, items)
    assert system.job(job)["status"] == "completed"
    assert system.items(job)[entry_id(odd)]["externalId"]
    assert sorted(booked(system)) == sorted(references([items[0], canonical, items[2]]))

    system.export(NORTHGATE, [entry_id(odd)])
    system.run(NORTHGATE)
    assert booked(system).count(reference(canonical)) == 1


@pytest.mark.parametrize("spelling", ["capitals", "without dashes"])
def test_given_the_two_lists_spell_an_id_differently_when_exported_then_it_is_the_same_item(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    items = purchases(2)
    listed = system.service.state.list_export_items

    def in_another_spelling(*arguments: Any, **named: Any) -> Json:
        page: Json = listed(*arguments, **named)
        return page | {"data": [respelt(item, spelling) for item in page["data"]]}

    monkeypatch.setattr(system.service.state, "list_export_items", in_another_spelling)
    job = exported(system, items)
    assert system.statuses(job) == {"successful": 2}
    assert booked(system) == references(items)


@pytest.mark.parametrize(
    "odd_id", ["17", "not-a-uuid" * 300, "entry\u0000\u200b", ""], ids=lambda each: ascii(each)[:20]
)
def test_given_an_id_that_is_no_uuid_when_exported_then_its_neighbours_are_told_and_the_job_ends(
    system: InProcessSystem, odd_id: str
) -> None:
    items = with_neighbours(purchase("odd") | {"accountingEntryId": odd_id})
    job = exported(system, items)
    told = system.items(job)
    assert [told[entry_id(items[n])]["status"] for n in (0, 2)] == ["successful", "successful"]
    assert booked(system) == references([items[0], items[2]])
    assert system.job(job)["status"] in ("failed", "completed_with_errors")
    assert system.service.state.expense_state(NORTHGATE, entry_id(items[0])) == "exported"


def test_our_key_of_an_entry_is_the_same_for_every_spelling_and_a_uuid_for_what_is_none() -> None:
    canonical = entry_id(purchase())
    spellings = [canonical, canonical.upper(), canonical.replace("-", ""), f"{{{canonical}}}"]
    assert {key_of(each) for each in spellings} == {canonical}
    assert all(map(reportable, spellings))
    odd = ["", "17", None, 17, HALF, "x" * 10_000]
    assert len({key_of(each) for each in odd} - {canonical}) == len(odd)
    assert all(len(key_of(each)) == 36 for each in odd)
    assert not any(map(reportable, ["", "17", HALF]))


# Signs


def test_given_only_negative_purchases_then_the_job_fails_unbooked_and_names_the_setting(
    system: InProcessSystem,
) -> None:
    items = [purchase(f"lunch-{n}", gross=-1845) for n in range(3)]
    job = exported(system, items)
    assert system.job(job)["status"] == "failed"
    assert system.job(job)["failureReasonType"] == "invalid_configuration"
    assert "outflow_sign" in system.job(job)["failureReason"]
    assert system.books[NORTHGATE].documents == []


def test_given_the_setting_for_negative_amounts_then_the_same_export_is_booked_as_money_spent(
    system: InProcessSystem,
) -> None:
    items = [purchase(f"lunch-{n}", gross=-1845) for n in range(3)]
    job = exported(system, items, outflow_sign="negative")
    assert system.job(job)["status"] == "completed"
    assert [each.lines[-1].amount for each in system.books[NORTHGATE].live()] == [-1845] * 3


def test_given_one_negative_purchase_among_others_then_it_alone_is_booked_the_other_way_round(
    system: InProcessSystem,
) -> None:
    items = with_neighbours(purchase("odd", gross=-1845))
    job = exported(system, items)
    assert system.job(job)["status"] == "completed"
    assert sorted(each.lines[-1].amount for each in system.books[NORTHGATE].live()) == [-1845, -1845, 1845]
