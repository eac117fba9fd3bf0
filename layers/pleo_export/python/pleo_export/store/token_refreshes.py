"""The state of a grant's refreshes: only the holder of the company's secret lock reads and writes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pleo_export.store.table import company_key, iso, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from pleo_export.store.secrets import GrantOwner

KEPT = timedelta(days=7)


@dataclass(frozen=True)
class RefreshState:
    """The refreshes of one grant.

    `tries` counts the requests since the last success that were not answered; no other may be sent before `not_before`
    (UTC). `last_used_refresh_token` is the fingerprint of the refresh token that was replaced last, at `last_used_at`;
    `after_refusal` tells that it was replaced because an access token was refused before its end. `life` is that of
    the newest access token in seconds; 0 if it is not known.
    """

    tries: int = 0
    not_before: datetime | None = None
    last_used_refresh_token: str = ""
    last_used_at: datetime | None = None
    after_refusal: bool = False
    life: int = 0


class RefreshStates:
    """The refresh states of all grants."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, company_id: str, grant_owner: GrantOwner) -> RefreshState:
        """Return the state of this grant's refreshes; an empty one if none is stored."""
        record = self._table.get_item(Key=_key(company_id, grant_owner), ConsistentRead=True).get("Item")
        if record is None:
            return RefreshState()
        return RefreshState(
            tries=int(str(record["tries"])),
            not_before=_moment(record["not_before"]),
            last_used_refresh_token=str(record["spent"]),
            last_used_at=_moment(record["spent_at"]),
            after_refusal=bool(record["after_refusal"]),
            life=int(str(record.get("life", 0))),
        )

    def put(self, company_id: str, grant_owner: GrantOwner, known: RefreshState, now: datetime) -> None:
        """Store the state of this grant's refreshes, for KEPT."""
        self._table.put_item(
            Item={
                **_key(company_id, grant_owner),
                "tries": known.tries,
                "not_before": _iso(known.not_before),
                "spent": known.last_used_refresh_token,
                "spent_at": _iso(known.last_used_at),
                "after_refusal": known.after_refusal,
                "life": known.life,
                "expires_at": int((now + KEPT).timestamp()),
            }
        )


def _key(company_id: str, grant_owner: GrantOwner) -> dict[str, str]:
    return company_key(company_id, f"REFRESH#{grant_owner}")


def _iso(at: datetime | None) -> str:
    return iso(at) if at else ""


def _moment(text: object) -> datetime | None:
    return moment(str(text)) if text else None
