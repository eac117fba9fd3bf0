"""The credentials of a connection as the other functions use them: valid for a while, and refreshed by one function.

Nothing here writes. A token that is about to end, or that was refused, is replaced by the one function that may
(`authorisation/refresh_tokens.py`); then the secret is read afresh.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pleo_export.errors import Disconnected
from pleo_export.oauth.grant import grant_in
from pleo_export.observability import logger

if TYPE_CHECKING:
    from pleo_export.services.token_refresher import Refresher
    from pleo_export.store.connections import Connection
    from pleo_export.store.secrets import GrantOwner, Secrets

# How much longer a token must be good for. An accounting system's: longer than RecordItems may run, since a connector
# cannot renew itself. Pleo's client can (it repeats a request after a 401), so that half a minute is enough; much more
# would make more versions of the secret in a day than Secrets Manager keeps (docs/operate.md).
MARGIN: Mapping[GrantOwner, timedelta] = {"pleo": timedelta(seconds=30), "accounting_system": timedelta(minutes=5)}
# Secrets Manager keeps 100 versions of a secret and drops none that is younger than a day; each refresh makes one.
BETWEEN_VERSIONS = timedelta(days=1) / 100
FRESH_SECONDS = 5  # after a credential is corrected the next export follows at once, in warm functions
IDLE = timedelta(days=6)  # after a token's end: at least weekly, so that a refresh token's 60 days never pass


class Tokens:
    """Hands out a connection's credentials, and has them refreshed in time. `clock` gives UTC."""

    def __init__(self, secrets: Secrets, refresher: Refresher, clock: Callable[[], datetime]) -> None:
        self._secrets = secrets
        self._refresher = refresher
        self._clock = clock

    def secret_of(self, connection: Connection, grant_owner: GrantOwner) -> Mapping[str, str]:
        """Return that part of the secret. Raises Disconnected, TryAgain, InvalidSettings, Misconfigured."""
        _refuse_ended(connection, grant_owner)
        section = self._secrets.get(connection.secret_arn, FRESH_SECONDS).of(grant_owner)
        grant = grant_in(section)
        if grant is None or self._clock() < grant.expires_at - MARGIN[grant_owner]:
            return section
        self._refresher.refresh(connection.company_id, grant_owner, grant.access_token)
        return self._now(connection, grant_owner)

    def token_after_refusal(self, connection: Connection, grant_owner: GrantOwner, refused: str) -> str | None:
        """Return another access token than the refused one: the stored one, if another function has refreshed it
        meanwhile, else a new one. None if even a new one is refused. Raises as `secret_of` does."""
        token = self._now(connection, grant_owner).get("access_token")
        if token == refused:
            self._refresher.refresh(connection.company_id, grant_owner, refused, refused=True)
            token = self._now(connection, grant_owner).get("access_token")
        return None if token == refused else token

    def keep_alive(self, connection: Connection, grant_owner: GrantOwner) -> None:
        """Refresh a grant that nobody uses, once a week. Raises as `secret_of` does."""
        if grant_owner in connection.ended:
            return
        grant = grant_in(self._secrets.get(connection.secret_arn).of(grant_owner))
        if grant is not None and self._clock() > grant.expires_at + IDLE:
            self._refresher.refresh(connection.company_id, grant_owner, grant.access_token)

    def _now(self, connection: Connection, grant_owner: GrantOwner) -> Mapping[str, str]:
        return self._secrets.get(connection.secret_arn, 0).of(grant_owner)


def _refuse_ended(connection: Connection, grant_owner: GrantOwner) -> None:
    if grant_owner in connection.ended:
        raise Disconnected(connection.ended[grant_owner].reason)


def too_short(grant_owner: GrantOwner, life: timedelta) -> bool:
    """Return whether tokens of that life make more versions of the secret in a busy day than Secrets Manager keeps.
    Then new tokens can no longer be stored, and the grant ends."""
    return life - MARGIN[grant_owner] < BETWEEN_VERSIONS


def warn_of_short_life(company_id: str, grant_owner: GrantOwner, life: timedelta) -> None:
    """Log a warning if tokens of that life are too short-lived; see `too_short`."""
    if too_short(grant_owner, life):
        seconds = int(life.total_seconds())
        logger.warning(
            "tokens live too short", extra={"company_id": company_id, "which": grant_owner, "seconds": seconds}
        )
