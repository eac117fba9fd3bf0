"""The restore drill finds what a restored table lacks, has too much, or holds otherwise."""

from __future__ import annotations

from typing import Any

from local.restore_drill import differences, records, restore
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import client
from tests.system.expenses import purchases
from tests.system.in_process_system import InProcessSystem


def restored(system: InProcessSystem) -> tuple[str, str]:
    system.connect(NORTHGATE, purchases(3))
    system.export(NORTHGATE)
    system.run(NORTHGATE)
    source: str = system.environment["TABLE_NAME"]
    client("dynamodb").update_continuous_backups(
        TableName=source, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    return source, restore(client("dynamodb"), source)


def found(source: str, target: str) -> list[str]:
    return list(differences(records(client("dynamodb"), source), records(client("dynamodb"), target)))


def test_a_table_that_was_restored_whole_is_what_it_was(system: InProcessSystem) -> None:
    source, target = restored(system)
    assert target != source
    assert len(records(client("dynamodb"), target)) > 6
    assert found(source, target) == []


def test_a_posting_that_is_missing_changed_or_added_is_named(system: InProcessSystem) -> None:
    source, target = restored(system)
    postings = [key for key in records(client("dynamodb"), target) if key[0].startswith("ENTRY#")]
    lost, changed, _ = ({"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in postings)
    client("dynamodb").delete_item(TableName=target, Key=lost)
    _set(target, changed, "document_id")
    added = {"pk": {"S": "ENTRY#x#y"}, "sk": {"S": "REV#0001"}}
    _set(target, added, "document_id")

    assert found(source, target) == [
        f"{lost['pk']['S']} REV#0001 is only in the table",
        f"{changed['pk']['S']} REV#0001 differs",
        "ENTRY#x#y REV#0001 is only in the restored table",
    ]


def test_a_table_without_postings_proves_nothing(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)
    table = system.environment["TABLE_NAME"]
    assert found(table, table) == ["there is no posting record to compare"]


def _set(table: str, key: dict[str, Any], name: str) -> None:
    client("dynamodb").update_item(
        TableName=table, Key=key, UpdateExpression=f"SET {name} = :x", ExpressionAttributeValues={":x": {"S": "x"}}
    )
