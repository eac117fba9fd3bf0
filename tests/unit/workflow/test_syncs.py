"""A sync, from what asks for it to what people find in Pleo: by hand, by the schedule, by a new vendor, by failed items."""

from __future__ import annotations

from typing import Any

from pleo_export.accounting.lists import LedgerList
from pleo_export.services.events import SyncRequest
from pleo_export.store.syncs import SyncRun
from pleo_simulator.sample import NORTHGATE
from tests.system.in_process_system import InProcessSystem


def ask(system: InProcessSystem, *lists: LedgerList, company: str = NORTHGATE, run: str = "run-1", **more: Any) -> None:
    """As `connect` and `pleo-export sync` do."""
    wanted = lists or (LedgerList.TAGS,)
    request = SyncRequest(company_id=company, lists=wanted, run_id=run, reason="by_hand", **more)
    system.services.sync_queue.send(request, once_per=run)


def last(system: InProcessSystem, synced: LedgerList = LedgerList.TAGS, company: str = NORTHGATE) -> SyncRun:
    found = system.services.syncs.get(company, synced)
    assert found is not None
    return found


def tags(system: InProcessSystem, group: str = "cost_centre", company: str = NORTHGATE) -> dict[str, str]:
    """The active tags of a group at Pleo, names by code."""
    (found,) = [each for each in system.service.tags.groups(company) if each["code"] == group]
    return {
        each["code"]: each["name"]
        for each in system.service.tags.of_group(company, found["id"])
        if not each["archived"]
    }


def test_given_a_request_when_it_is_delivered_then_pleo_has_the_ledger_s_values_and_the_run_is_on_record(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, sync={"dimensions": ["cost_centre"]})
    ask(system)

    assert system.deliver_syncs() == ["done"]

    assert tags(system) == {"LON": "London", "CPH": "Copenhagen", "MAD": "Madrid"}
    run = last(system)
    assert (run.run_id, run.reason, run.failure) == ("run-1", "by_hand", None)
    assert (run.changes, run.findings) == ({"create_group": 1, "create": 3}, {})
    assert run.good_at == run.ended_at is not None
