"""The audit exports that were made of a company: the end of the chain of their manifests, and each link of it.

`COMPANY#<id>` / `AUDIT#<n>`, written on condition that there is none of that number yet: two exports at once cannot
both follow the same one. Never changed, never deleted. A manifest that was replaced afterwards does not fit its link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, Key

from pleo_export.store.table import company_key, conditional_write, iso, moment, query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

PREFIX = "AUDIT#"


@dataclass(frozen=True)
class AuditLink:
    """One audit export, from number 1: the SHA-256 of its manifest, who made it and when (UTC)."""

    company_id: str
    number: int
    manifest_sha256: str
    made_by: str
    made_at: datetime


class AuditExports:
    """The audit exports of all companies."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def links(self, company_id: str) -> list[AuditLink]:
        """Return the links of the company's chain, first to last."""
        return [_link(record) for record in query_all(self._table, KeyConditionExpression=_of(company_id))]

    def last(self, company_id: str) -> AuditLink | None:
        """Return the last link; None before the first export."""
        page: Any = self._table.query(
            KeyConditionExpression=_of(company_id), ScanIndexForward=False, Limit=1, ConsistentRead=True
        )
        return _link(page["Items"][0]) if page["Items"] else None

    def add(self, link: AuditLink) -> bool:
        """Add the link to the chain. Returns False if another export has taken its number meanwhile."""
        return conditional_write(
            self._table.put_item,
            Item={
                **company_key(link.company_id, f"{PREFIX}{link.number:06d}"),
                "company_id": link.company_id,
                "number": link.number,
                "manifest_sha256": link.manifest_sha256,
                "made_by": link.made_by,
                "made_at": iso(link.made_at),
            },
            ConditionExpression=Attr("pk").not_exists(),
        )


def _of(company_id: str) -> Any:
    return Key("pk").eq(company_key(company_id, "")["pk"]) & Key("sk").begins_with(PREFIX)


def _link(record: Mapping[str, Any]) -> AuditLink:
    return AuditLink(
        company_id=str(record["company_id"]),
        number=int(record["number"]),
        manifest_sha256=str(record["manifest_sha256"]),
        made_by=str(record["made_by"]),
        made_at=moment(record["made_at"]),
    )
