"""Fencing tokens: only the call that took a job's token last may write intents and results for the job.

A function may outlive its run: its execution was aborted, or Step Functions gave it up for lost. Then another
function works on the same items, and what it reports of them must stay true. So a function takes the token before it
reads anything, and each of its writes holds only while the token is still its own, checked in the same transaction. A
closed job gives no token.
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
# The attribute's name in the release before, whose functions may still be running while this one is deployed. Written
# and checked beside the new name for one release (CHANGELOG.md).
FORMER_NAME = "pen"


@dataclass(frozen=True)
class FencingToken:
    """The right to write for a job, in one of its executions. `holder` is the request id of one invocation of a
    function."""

    job_id: str
    execution: str
    holder: str


class FencingTokens:
    """The tokens of all jobs, one attribute of each job's record."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, job_id: str, execution: str, holder: str) -> FencingToken | None:
        """Take the token from its present holder. Return None when the job is closed, or another execution's by now."""
        ours: Any = Attr("run_by").eq(execution) & Attr("closed_as").not_exists()
        taken = conditional_write(
            self._table.update_item,
            Key=job_key(job_id),
            UpdateExpression=f"SET fencing_token = :holder, {FORMER_NAME} = :holder",
            ExpressionAttributeValues={":holder": holder},
            ConditionExpression=ours,
        )
        return FencingToken(job_id, execution, holder) if taken else None


def write(table: Table, token: FencingToken, puts: Iterable[Mapping[str, Any]]) -> bool:
    """Put records, each `{"Item": ..., "ConditionExpression": ...}`, while the token is the caller's.

    Writes in steps of 99, each completely or not at all; with nothing to put, the token is checked all the same.
    Return False when the token is another call's, or a condition does not hold.
    """
    check = {
        "Key": job_key(token.job_id),
        "ConditionExpression": f"fencing_token = :holder AND {FORMER_NAME} = :holder",
        "ExpressionAttributeValues": {":holder": token.holder},
    }
    actions = [{"Put": put} for put in puts]
    for start in range(0, len(actions) or 1, TRANSACTION_LIMIT - 1):
        if not transact(table, [{"ConditionCheck": check}, *actions[start : start + TRANSACTION_LIMIT - 1]]):
            return False
    return True
