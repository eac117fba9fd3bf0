"""The pen of a job: whoever took it last may write intents and results for the job; a closed job has none.

A function may outlive its run: its execution was aborted, or Step Functions gave it up for lost. Then another
function works on the same items, and what it says of them must stay true. So a function takes the pen before it looks
at anything, and each of its writes holds only while the pen is still its own: in one transaction with the check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr

from pleo_export.store.table import conditional_write, job_key, transact

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

TRANSACTION_LIMIT = 100  # actions; the check is one of them


@dataclass(frozen=True)
class FencingToken:
    """`holder` is one invocation of a function."""

    job_id: str
    holder: str


class FencingTokens:
    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, job_id: str, execution: str, holder: str) -> FencingToken | None:
        """From whoever has it. None when the job is closed, or another execution's by now."""
        ours: Any = Attr("run_by").eq(execution) & Attr("closed_as").not_exists()
        taken = conditional_write(
            self._table.update_item,
            Key=job_key(job_id),
            UpdateExpression="SET pen = :holder",
            ExpressionAttributeValues={":holder": holder},
            ConditionExpression=ours,
        )
        return FencingToken(job_id, holder) if taken else None


def write(table: Table, pen: FencingToken, puts: Iterable[Mapping[str, Any]]) -> bool:
    """Put records, each `{"Item": ..., "ConditionExpression": ...}`, while the pen is ours.

    In steps of 99, each wholly or not at all; with nothing to put, the pen is checked all the same. False when the pen
    is another's, or a condition does not hold.
    """
    check = {
        "Key": job_key(pen.job_id),
        "ConditionExpression": "pen = :holder",
        "ExpressionAttributeValues": {":holder": pen.holder},
    }
    actions = [{"Put": put} for put in puts]
    for start in range(0, len(actions) or 1, TRANSACTION_LIMIT - 1):
        if not transact(table, [{"ConditionCheck": check}, *actions[start : start + TRANSACTION_LIMIT - 1]]):
            return False
    return True
