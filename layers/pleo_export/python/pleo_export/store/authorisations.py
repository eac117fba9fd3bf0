"""Invitations to authorise us, and authorisations that have begun: short-lived records.

| Record        | pk                     | sk            | Lives      | Found by                                  |
|---------------|------------------------|---------------|------------|-------------------------------------------|
| invitation    | INVITATION#<hash>      | INVITATION    | 24 hours   | the link that was sent to a person        |
| authorisation | AUTHORISATION#<hash>   | AUTHORISATION | 10 minutes | the `state` that comes back from the provider |

Only a hash of the token that finds them is stored: a person who reads the table can neither follow a link nor finish
another's authorisation.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

from pleo_export.store.table import condition_failed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

INVITATION_LIFE = timedelta(hours=24)
AUTHORISATION_LIFE = timedelta(minutes=10)
PLEO = "pleo"
BYTES = 32  # of randomness in each token


@dataclass(frozen=True)
class Invitation:
    """An invitation for one company, valid once. `client_id` and `redirect_uri` are those that the provider will be
    sent; `company_name` and `accounting_system` are what the pages call the two sides, or "" where nobody said.
    `provider` is `pleo`, or the name of the accounting system at which the person authorises us: then `settings` are
    the company's settings for it, as JSON. `scopes` are what is asked for beside what every connection needs."""

    id: str
    company_id: str
    client_id: str
    redirect_uri: str
    used: bool
    company_name: str = ""
    accounting_system: str = ""
    provider: str = PLEO
    settings: Mapping[str, Any] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Authorisation:
    """An authorisation that has begun. `verifier` is PKCE's: only the holder can exchange the code."""

    invitation_id: str
    verifier: str = field(repr=False)


class Authorisations:
    """The records of invitations and authorisations."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def invite(
        self,
        company_id: str,
        client_id: str,
        redirect_uri: str,
        now: datetime,
        company_name: str = "",
        accounting_system: str = "",
        settings: Mapping[str, Any] | None = None,
        scopes: Sequence[str] = (),
    ) -> str:
        """Store an invitation and return the token for its link, which is stored nowhere. With `settings` it is for the
        accounting system that they name, else for Pleo."""
        token = secrets.token_urlsafe(BYTES)
        self._table.put_item(
            Item={
                **_key("INVITATION", _hash(token)),
                "company_id": company_id,
                "client_id": client_id,
                "redirect_uri": redirect_uri,
                "company_name": company_name,
                "accounting_system": accounting_system,
                "settings": dict(settings or {}),
                "scopes": list(scopes),
                "used": False,
                "expires_at": int((now + INVITATION_LIFE).timestamp()),
            }
        )
        return token

    def invitation(self, token: str, now: datetime) -> Invitation | None:
        """Return the invitation of this token; None if it is unknown or too old."""
        return self.invitation_by_id(_hash(token), now)

    def invitation_by_id(self, invitation_id: str, now: datetime) -> Invitation | None:
        """Return the invitation with this id (the token's hash); None if it is unknown or too old."""
        record = self._table.get_item(Key=_key("INVITATION", invitation_id), ConsistentRead=True).get("Item")
        if record is None or int(str(record["expires_at"])) <= now.timestamp():
            return None
        settings: Any = record.get("settings", {})
        scopes: Any = record.get("scopes", ())
        return Invitation(
            id=invitation_id,
            company_id=str(record["company_id"]),
            client_id=str(record["client_id"]),
            redirect_uri=str(record["redirect_uri"]),
            used=bool(record["used"]),
            company_name=str(record.get("company_name", "")),
            accounting_system=str(record.get("accounting_system", "")),
            provider=str(settings.get("name", PLEO)),
            settings=settings,
            scopes=tuple(scopes),
        )

    def use(self, invitation: Invitation) -> None:
        """Mark the invitation as used."""
        self._table.update_item(
            Key=_key("INVITATION", invitation.id),
            UpdateExpression="SET used = :yes",
            ExpressionAttributeValues={":yes": True},
        )

    def begin(self, invitation: Invitation, verifier: str, now: datetime) -> tuple[str, str]:
        """Store an authorisation; return the `state` that travels to the provider and back, and the secret that the
        browser keeps: both are needed to finish."""
        state, browser = secrets.token_urlsafe(BYTES), secrets.token_urlsafe(BYTES)
        self._table.put_item(
            Item={
                **_key("AUTHORISATION", _hash(state)),
                "invitation": invitation.id,
                "verifier": verifier,
                "browser": _hash(browser),
                "expires_at": int((now + AUTHORISATION_LIFE).timestamp()),
            }
        )
        return state, browser

    def finish(self, state: str, browser: str, now: datetime) -> Authorisation | None:
        """Delete and return the authorisation with that state; None if there is none, if it is too old, or if the
        browser is another."""
        ours: Any = Attr("browser").eq(_hash(browser)) & Attr("expires_at").gt(int(now.timestamp()))
        try:
            gone = self._table.delete_item(
                Key=_key("AUTHORISATION", _hash(state)), ConditionExpression=ours, ReturnValues="ALL_OLD"
            )
        except ClientError as error:
            if condition_failed(error):
                return None
            raise
        record = gone["Attributes"]
        return Authorisation(str(record["invitation"]), str(record["verifier"]))


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _key(record: str, identifier: str) -> dict[str, str]:
    return {"pk": f"{record}#{identifier}", "sk": record}
