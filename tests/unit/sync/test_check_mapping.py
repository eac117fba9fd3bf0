"""Every night each company's mapping is checked, without a write: what exports would fail for is told beforehand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest import mock
from zoneinfo import ZoneInfo

import pytest

from pleo_export.accounting.errors import AuthenticationFailed, PermissionDenied, Unavailable
from pleo_export.bookkeeping.parties import Blocked
from pleo_export.failures.entry import WhoCanFix
from pleo_export.store.mapping_health import MOST_KEPT
from pleo_export.sync import check_mapping as module
from pleo_export.sync.check_mapping import MORNING, NIGHT_HOURS, has_its_turn
from pleo_export.sync.health import MappingFinding
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.expenses import entry_id, purchase, purchases
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem
from tests.system.lambda_context import InvocationContext
from tests.unit.workflow.test_notification import published


def connected(system: InProcessSystem, company: str = NORTHGATE, **changes: object) -> FakeAccountingSystem:
    books = system.connect(company, purchases(2, company=company), **changes)
    system.subscribe(company)
    return books


def check(system: InProcessSystem, company: str = NORTHGATE) -> dict[str, int]:
    return system.check_mapping(company)


def found(system: InProcessSystem, company: str = NORTHGATE) -> list[str]:
    check(system, company)
    return [each.code for each in system.services.mapping_health.get(company).findings]


def told(system: InProcessSystem) -> str:
    check(system)
    (finding,) = system.services.mapping_health.get(NORTHGATE).findings
    return finding.told


def test_given_all_that_is_used_is_in_the_ledger_then_nothing_is_found(system: InProcessSystem) -> None:
    connected(system)
    system.export(NORTHGATE)

    assert check(system) == {"healthy": 1, "findings": 0, "later": 0, "failed": 0, "waiting": 0}
    assert published(system) == []


def test_given_an_account_of_the_settings_is_closed_then_it_is_told_with_the_setting(system: InProcessSystem) -> None:
    connected(system).ledger.lists.close_account("2250")

    assert told(system) == (
        "Account 2250 is closed in Tryton. It is used by: the setting accounts.out_of_pocket. Open it again there, or "
        "choose another one where it is used."
    )


def test_given_the_account_of_a_waiting_expense_is_closed_then_it_is_told_before_the_export(
    system: InProcessSystem,
) -> None:
    books = connected(system)
    system.export(NORTHGATE)
    books.ledger.lists.close_account("6300")

    assert "expenses that wait for their export" in told(system)
    assert not books.documents


def test_given_a_heading_then_it_is_told_that_it_takes_no_entries(system: InProcessSystem) -> None:
    connected(system).ledger.lists.put_account("2250", "Owed to people", postable=False)

    assert found(system) == ["mapped_account_takes_no_entries"]


def test_given_the_tax_code_of_a_waiting_expense_is_archived_then_it_is_told(system: InProcessSystem) -> None:
    books = connected(system)
    system.export(NORTHGATE)
    books.ledger.lists.end_tax("GB20")

    assert found(system) == ["mapped_tax_code_archived"]


def test_given_tags_of_waiting_expenses_are_closed_or_unknown_then_each_is_told(system: InProcessSystem) -> None:
    items = purchases(3)
    for item, code in zip(items, ("LON", "CPH", "XXX"), strict=True):
        item["accountingEntryLines"][0]["tags"] = [{"code": code, "groupCode": "cost_centre"}]
    books = system.connect(NORTHGATE, items)
    system.subscribe(NORTHGATE)
    system.export(NORTHGATE)
    books.ledger.lists.close_value("cost_centre", "LON")

    assert found(system) == ["mapped_tag_closed", "mapped_tag_gone"]


def test_given_the_settings_name_a_dimension_that_the_ledger_lacks_then_it_is_told(system: InProcessSystem) -> None:
    connected(system, dimensions={"department": "DEPT"})

    assert told(system).startswith('Tryton has nothing called "DEPT", to which the settings assign tags.')


def test_given_the_supplier_of_a_waiting_bill_is_archived_then_its_code_is_told_and_no_name(
    system: InProcessSystem,
) -> None:
    bill = purchase("bill", supplier="WeWork", method="accounts_payable")
    books = system.connect(NORTHGATE, [bill])
    system.subscribe(NORTHGATE)
    system.export(NORTHGATE, vendor_based_bookkeeping=True)
    books.ledger.suppliers["V-1008"] = Blocked("WeWork")

    assert found(system) == ["mapped_party_archived"]
    (finding,) = system.services.mapping_health.get(NORTHGATE).findings
    assert "WeWork" not in finding.told


def test_given_a_supplier_without_a_number_then_it_is_named_by_its_expense(system: InProcessSystem) -> None:
    bill = purchase("bill", supplier="WeWork", method="accounts_payable")
    bill["vendor"] |= {"code": None, "externalId": None, "taxRegistrationNumber": "GB123456789"}
    system.connect(NORTHGATE, [bill])
    system.subscribe(NORTHGATE)
    system.export(NORTHGATE, vendor_based_bookkeeping=True)

    assert f"does not know the supplier of expense {entry_id(bill)}." in told(system)


def test_given_no_webhook_subscription_then_it_is_told(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)

    assert found(system) == ["mapped_subscription_missing"]


def test_given_the_ledger_refuses_the_credential_then_that_is_all_that_is_told_of_it(system: InProcessSystem) -> None:
    connected(system)
    system.effects.on("before books list accounts", AuthenticationFailed("The key has been revoked."))

    assert found(system) == ["mapped_access_ended"]


def test_given_a_list_that_may_not_be_read_then_it_is_told_and_the_others_are_checked(system: InProcessSystem) -> None:
    books = connected(system)
    system.export(NORTHGATE)
    books.ledger.lists.close_account("6300")
    system.effects.on("before books list tax codes", PermissionDenied("Not allowed."))

    assert found(system) == ["mapped_list_not_read", "mapped_account_closed"]


def test_given_a_ledger_that_is_not_reached_then_what_was_found_stays_and_the_next_hour_tries_again(
    system: InProcessSystem,
) -> None:
    books = connected(system)
    books.ledger.lists.close_account("2250")
    assert found(system) == ["mapped_account_closed"]
    books.ledger.lists.put_account("2250", "Owed to people")
    system.effects.on("before books list accounts", Unavailable("Tryton cannot be reached."), times=20)

    assert check(system)["later"] == 1
    assert len(system.services.mapping_health.get(NORTHGATE).findings) == 1


def test_given_a_list_that_ends_early_then_nothing_is_concluded_from_it(system: InProcessSystem) -> None:
    lists = connected(system).ledger.lists
    for number in range(150):
        lists.put_account(f"8{number:03}", "Sundries")
    lists.misled = "missing"

    assert check(system)["later"] == 1
    assert system.services.mapping_health.get(NORTHGATE).checked_at is None


def test_given_pleo_does_not_answer_then_the_company_has_its_turn_again(system: InProcessSystem) -> None:
    connected(system)
    system.service.faults.order(Fault(effect="status", status=503, count=60))

    assert check(system)["later"] == 1


def test_given_a_finding_that_stays_then_people_are_told_once_and_again_when_it_comes_back(
    system: InProcessSystem,
) -> None:
    lists = connected(system).ledger.lists
    lists.close_account("2250")
    check(system)
    check(system)
    ((subject, text),) = published(system)
    assert subject == "Pleo export: 1 thing to put right before exports fail"
    assert "- Account 2250 is closed in Tryton." in text
    assert f"pleo-export doctor {NORTHGATE}" in text

    lists.put_account("2250", "Owed to people")
    check(system)
    lists.close_account("2250")
    check(system)
    assert len(published(system)) == 2


def test_given_more_findings_than_are_kept_then_no_night_tells_the_same_again(system: InProcessSystem) -> None:
    who = WhoCanFix.IN_LEDGER
    many = [MappingFinding(f"f{number}", "mapped_tag_gone", "A tag.", who) for number in range(MOST_KEPT + 5)]
    with mock.patch.object(module, "check_mapping", lambda *_: tuple(many)):
        connected(system)
        check(system)
        check(system)

    assert len(published(system)) == 1
    health = system.services.mapping_health.get(NORTHGATE)
    assert (len(health.findings), health.number) == (MOST_KEPT, MOST_KEPT + 5)


def test_given_a_notification_that_fails_then_the_finding_is_kept_all_the_same(system: InProcessSystem) -> None:
    system.environment["NOTIFICATION_TOPIC"] += "-gone"
    connected(system).ledger.lists.close_account("2250")

    assert found(system) == ["mapped_account_closed"]


def test_nothing_is_written_in_the_ledger_or_at_pleo(system: InProcessSystem) -> None:
    books = connected(system)
    job = system.export(NORTHGATE)
    books.ledger.lists.close_account("6300")
    before = system.job(job), dict(books.documents) if isinstance(books.documents, dict) else list(books.documents)
    calls: list[str] = []
    cross = system.effects.before

    def noted(effect: str) -> None:
        calls.append(effect)
        cross(effect)

    with mock.patch.object(system.effects, "before", noted):
        check(system)

    assert (system.job(job), list(books.documents)) == (before[0], list(before[1]))
    assert {each for each in calls if each.startswith("books")} == {
        "books list accounts",
        "books list tags",
        "books list tax codes",
        "books dimensions",
    }


def test_no_name_leaves_the_check_in_a_log_a_record_or_a_notification(
    system: InProcessSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    mark = "Ms Marked"
    bill = purchase("bill", supplier="WeWork", method="accounts_payable", note=mark)
    pocket = purchase("pocket", method="accounts_payable")
    pocket |= {"type": "out_of_pocket", "user": {"name": mark, "code": "E-marked"}}
    for item in (bill, pocket):
        item["accountingEntryLines"][0]["account"]["name"] = mark
        item["accountingEntryLines"][0]["tags"] = [{"code": "LON", "groupCode": "cost_centre"}]
    books = system.connect(NORTHGATE, [bill, pocket])
    system.export(NORTHGATE, vendor_based_bookkeeping=True)
    books.ledger.suppliers["V-1008"] = Blocked(mark)
    books.ledger.lists.put_value("cost_centre", "LON", mark, active=False)
    books.ledger.lists.put_account("6300", mark, active=False)

    codes = found(system)

    assert {"mapped_party_archived", "mapped_party_gone", "mapped_tag_closed", "mapped_account_closed"} <= set(codes)
    kept = system.services.mapping_health.get(NORTHGATE)
    for text in (capsys.readouterr().out, str(kept), str(published(system))):
        assert mark not in text
        assert "E-marked" not in text
    assert entry_id(pocket) in str(kept)


# Whose turn it is


@pytest.mark.parametrize("company", [NORTHGATE, HAVN])
def test_a_company_has_its_turn_in_one_part_of_its_own_night(company: str) -> None:
    midnight = datetime(2026, 11, 20, 0, 30, tzinfo=UTC)
    hours = [hour for hour in range(24) if has_its_turn(company, ZoneInfo("UTC"), midnight + timedelta(hours=hour))]

    assert hours == list(range(hours[0], MORNING))
    assert hours[0] < NIGHT_HOURS
    in_auckland = [
        hour
        for hour in range(24)
        if has_its_turn(company, ZoneInfo("Pacific/Auckland"), midnight + timedelta(hours=hour))
    ]
    assert {(hour + 13) % 24 for hour in in_auckland} == set(hours)


def test_the_schedule_checks_a_company_once_a_night(system: InProcessSystem) -> None:
    connected(system)
    results = []
    for _ in range(48):
        system.sleep(3600)
        results.append(system.check_mapping()["healthy"])

    assert sum(results) == 2


def test_a_company_that_was_not_begun_for_want_of_time_is_first_the_next_hour(system: InProcessSystem) -> None:
    connected(system)
    connected(system, HAVN)
    system.sleep(timedelta(hours=17, minutes=30).total_seconds())  # after five in the morning: the turn of both
    hurried = InvocationContext(lambda: 60_000)

    assert system.handlers["check_mapping"]({}, hurried)["waiting"] == 2
    assert system.check_mapping()["healthy"] == 2


def test_given_one_company_whose_settings_no_longer_fit_then_the_others_are_checked(system: InProcessSystem) -> None:
    connected(system)
    connected(system, HAVN)
    key = {"pk": f"COMPANY#{NORTHGATE}", "sk": "CONNECTION"}
    system.services.table.update_item(
        Key=key, UpdateExpression="SET settings.posting = :odd", ExpressionAttributeValues={":odd": "sometimes"}
    )
    system.sleep(timedelta(hours=17, minutes=30).total_seconds())

    answer = system.check_mapping()
    assert (answer["failed"], answer["healthy"]) == (1, 1)


@pytest.mark.parametrize("remedy", ["the account is open again", "the category has another account"])
def test_given_an_account_closed_in_the_ledger_then_night_and_export_name_it_until_it_is_put_right(
    system: InProcessSystem, remedy: str
) -> None:
    """Named at night, before anything is exported; again with the expense that fails for it; then by neither."""
    item = purchase("gift", account="6300")
    books = system.connect(NORTHGATE, [item])
    system.subscribe(NORTHGATE)
    waiting = system.export(NORTHGATE)
    assert found(system) == []
    books.ledger.lists.close_account("6300")

    night = told(system)
    system.run(NORTHGATE)

    assert night.startswith("Account 6300 is closed in Tryton. It is used by: expenses that wait for their export")
    assert "Open it again there, or choose another one where it is used." in night
    kind, text = system.failures(waiting)[entry_id(item)]
    assert kind == "account_unknown"
    assert "uses account 6300 (Account 6300), which is closed in Tryton. Open it again there, or give" in text
    assert not books.documents

    if remedy == "the account is open again":
        books.ledger.lists.put_account("6300", "Account 6300")
    else:
        system.service.state.put_expenses(NORTHGATE, [purchase("gift", account="6400")])
    again = system.export(NORTHGATE)
    assert found(system) == []
    system.run(NORTHGATE)

    assert system.statuses(again) == {"successful": 1}
    assert len(books.documents) == 1
