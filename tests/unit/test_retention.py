"""How long each kind of record is kept: parameters with limits, and what no parameter shortens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pleo_export.accounting.lists import LedgerList
from pleo_export.services.messages import SyncRequest
from pleo_export.store.table import HISTORY
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import client, template
from tests.system.expenses import purchases
from tests.system.in_process_system import InProcessSystem

# CloudWatch takes no other numbers of days.
LOG_DAYS = {30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
NEVER_EXPIRING = ("ENTRY#", "COMPANY#")


@pytest.mark.parametrize(
    ("name", "default", "least", "most"), [("PayloadDays", 7, 1, 30), ("HistoryDays", 400, 35, 3653)]
)
def test_a_retention_parameter_has_a_default_within_its_limits(name: str, default: int, least: int, most: int) -> None:
    parameter = template()["Parameters"][name]
    assert (parameter["Default"], parameter["MinValue"], parameter["MaxValue"]) == (default, least, most)
    assert least <= default <= most


def test_logs_are_kept_for_a_month_at_least_and_for_a_number_of_days_that_cloudwatch_takes() -> None:
    parameter = template()["Parameters"]["LogRetentionDays"]
    assert set(parameter["AllowedValues"]) <= LOG_DAYS
    assert parameter["Default"] in parameter["AllowedValues"]
    groups = [each for each in template()["Resources"].values() if each["Type"] == "AWS::Logs::LogGroup"]
    assert groups
    assert [each["Properties"]["RetentionInDays"] for each in groups] == [{"Ref": "LogRetentionDays"}] * len(groups)


def test_the_parameters_reach_what_they_are_about() -> None:
    resources = template()["Resources"]
    rules = resources["Payloads"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert {each["Prefix"]: each["ExpirationInDays"] for each in rules} == {
        "jobs/": {"Ref": "PayloadDays"},
        "syncs/": 90,
    }
    writers = {
        name
        for name, each in resources.items()
        if each.get("Properties", {}).get("Environment", {}).get("Variables", {}).get("HISTORY_DAYS")
        == {"Ref": "HistoryDays"}
    }
    assert writers == {"DispatchFunction", "RecordItemsFunction"}
    assert timedelta(days=template()["Parameters"]["HistoryDays"]["Default"]) == HISTORY


def test_jobs_and_results_expire_as_the_parameter_says_and_what_was_booked_never(system: InProcessSystem) -> None:
    system.services._environment["HISTORY_DAYS"] = "60"
    system.connect(NORTHGATE, purchases(2))
    system.export(NORTHGATE)
    system.run(NORTHGATE)

    records = system.services.table.scan()["Items"]
    began = system.clock.now()
    kept = {str(each["pk"]).partition("#")[0] + "#": each.get("expires_at") for each in records}
    assert kept.keys() >= {"ENTRY#", "COMPANY#", "JOB#"}
    expiring = [each for each in records if str(each["pk"]).startswith("JOB#")]
    for each in expiring:
        days = (float(str(each["expires_at"])) - began.timestamp()) / 86_400
        assert 59.9 < days <= 60
    stay = [each for each in records if str(each["pk"]).startswith(NEVER_EXPIRING)]
    assert {str(each["sk"]).partition("#")[0] for each in stay} >= {"REV", "SETTINGS", "CONNECTION"}
    assert [each for each in stay if "expires_at" in each] == []


def test_what_was_synced_last_expires_with_the_history_and_the_plans_lie_where_they_are_deleted(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"]})
    request = SyncRequest(company_id=NORTHGATE, lists=(LedgerList.TAGS,), run_id="run", reason="by_hand")
    system.services.sync_queue.send(request, once_per="run")
    assert system.deliver_syncs() == ["done"]

    record = system.services.table.get_item(Key={"pk": f"COMPANY#{NORTHGATE}", "sk": "SYNC#tags"})["Item"]
    kept = timedelta(seconds=float(str(record["expires_at"])) - system.clock.now().timestamp())
    assert HISTORY - timedelta(days=1) < kept <= HISTORY
    (plan,) = client("s3").list_objects_v2(Bucket=system.environment["BUCKET_NAME"])["Contents"]
    assert plan["Key"].startswith(f"syncs/{NORTHGATE}/2026-11-20/")
