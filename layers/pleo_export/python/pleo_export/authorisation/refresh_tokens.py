"""RefreshTokens: the only place where the tokens of a grant are replaced (R-10.3 to R-10.6).

A refresh kills all earlier tokens at once, and a refresh token that is used twice kills the grant. So there is one
holder at a time (a lock per company), who reads the secret again once it holds the lock, sends the refresh token once,
and writes both new tokens in one write before anybody uses them.

What a holder that dies leaves behind, by the moment of its death, and what the next one does:

| Death                                   | Left behind           | The next holder                              |
|-----------------------------------------|-----------------------|----------------------------------------------|
| with the lock, before the request       | the old tokens, good  | waits for the lock's end, refreshes          |
| request sent, not carried out           | the old tokens, good  | the same                                     |
| request carried out, answer not stored  | the old tokens, dead  | is refused: the grant has ended, reconnect   |
| none, but the answer cannot be stored   | the old tokens, known | never sends them: reconnect, once it is sure |
|                                         | to be spent           | that the secret was not written after all    |
| secret written, lock not given back     | the new tokens        | is not needed: everybody reads the new ones  |

No answer (time-out, 5xx) is the second or the third row, nobody knows which: to try again can do no harm that is not
done. Each try is counted before it is sent, the pauses between them double from 30 seconds to 15 minutes, and after
TRIES the grant counts as ended. What surely was not carried out (not reached, 429) is not counted.

A grant has ended when the provider says so. Then the connection is marked, so that neither the poll nor a job asks
again, and one line of the log raises the alarm (`ENDED_LINE`, see template.yaml). An access token that Pleo refuses
although it is new is no such word: it is replaced once, and not again before its end.

That is Pleo's way. Other providers return the same refresh token, for a day or always, or none, which means the same
(RFC 6749, section 6): then nothing is dead or spent, and each death is only another try.

A client that gets tokens for itself has no refresh token at all: each request stands alone. Its id and secret are the
customer's, so a refusal of them is for a person of that company, as the end of a grant is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from pleo_export.errors import InvalidSettings, Misconfigured
from pleo_export.oauth.grant import NOT_YET, Grant, fingerprint, grant_in
from pleo_export.oauth.token_endpoint import ClientRefused, GrantEnded, NoAnswer, OAuthError
from pleo_export.observability import logger, measure, measure_seconds
from pleo_export.services.services import Services
from pleo_export.services.token_refresher import RefreshOutcome, RefreshRequest
from pleo_export.services.tokens import warn_of_short_life
from pleo_export.store.secrets import ConnectionSecrets
from pleo_export.store.token_refreshes import RefreshState

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)
TRIES = 24  # about five hours of a provider that takes requests and does not answer
STORED_BY_NOW = timedelta(minutes=2)  # a write whose reply was lost can be read by then
ENDED_LINE = "reconnect needed"
UNUSED_LIFE = timedelta(days=60)  # of a refresh token, at least

Answer = dict[str, str]
FRESH: Answer = {"outcome": RefreshOutcome.FRESH}
LATER: Answer = {"outcome": RefreshOutcome.LATER}


def refresh_tokens(wanted: RefreshRequest, services: Services) -> Answer:
    """`outcome`, and for a person the `reason` where it is ended or misconfigured."""
    ended = services.connections.ended(wanted.company_id).get(wanted.grant_owner)
    if ended:
        return {"outcome": RefreshOutcome.ENDED, "reason": ended.reason}

    def still_seen() -> bool:
        return _grant(wanted, _secrets(wanted, services)) is not None

    with services.secret_locks.held(wanted.company_id, services.clock, services.sleep, still_seen) as held:
        if held:
            return _refresh_under_lock(wanted, services)
    return LATER if still_seen() else FRESH


def _secrets(wanted: RefreshRequest, services: Services) -> ConnectionSecrets:
    return services.secrets.get(services.secret_name(wanted.company_id), 0)


def _grant(wanted: RefreshRequest, secrets: ConnectionSecrets) -> Grant | None:
    """The grant, if it is still the one that was seen."""
    grant = grant_in(secrets.of(wanted.grant_owner))
    return grant if grant and fingerprint(grant.access_token) == wanted.seen else None


def _refresh_under_lock(wanted: RefreshRequest, services: Services) -> Answer:
    """Nobody else changes the secret meanwhile."""
    secrets = _secrets(wanted, services)
    grant = _grant(wanted, secrets)
    known = services.refresh_states.get(wanted.company_id, wanted.grant_owner)
    now = services.clock()
    if grant is None or (wanted.refused and known.after_refusal and now < grant.expires_at):
        return FRESH
    if known.last_used_refresh_token == fingerprint(grant.refresh_token):
        stored_by = (known.last_used_at or now) + STORED_BY_NOW
        return LATER if now < stored_by else _ended(wanted, services, "The new tokens could not be stored.")
    if known.not_before and now < known.not_before:
        return LATER
    _measure(wanted, grant, known, now)
    if known.tries >= TRIES:
        return _ended(wanted, services, "The sign-in service has not answered for hours.")
    return _send(wanted, services, secrets, grant, known)


def _measure(wanted: RefreshRequest, grant: Grant, known: RefreshState, now: datetime) -> None:
    """Measure the age of the tokens, and how near the grant is to its end: by time, and by tries without an answer.
    An access token's life is unknown before the first refresh; then the age counts from its end."""
    past_end = timedelta() if grant.expires_at == NOT_YET else now - grant.expires_at
    measure_seconds("TokenAgeSeconds", max(0, past_end.total_seconds() + known.life), system=wanted.grant_owner)
    if grant.refresh_token:
        measure("GrantDaysLeft", round((UNUSED_LIFE - past_end) / timedelta(days=1), 1))
    measure("RefreshesUnanswered", known.tries)


def _send(
    wanted: RefreshRequest, services: Services, secrets: ConnectionSecrets, grant: Grant, known: RefreshState
) -> Answer:
    try:
        endpoint = services.token_endpoint(wanted.company_id, wanted.grant_owner)
    except (InvalidSettings, Misconfigured) as error:
        return _misconfigured(str(error))
    tried = replace(known, tries=known.tries + 1)
    _note(wanted, services, tried)
    asked_at = services.clock()
    try:
        new = endpoint.renew(grant)
    except GrantEnded as error:
        return _ended(wanted, services, f"The grant was revoked or has expired: {error}.")
    except OAuthError as error:
        _note(wanted, services, _with_pause(tried if isinstance(error, NoAnswer) else known, services))
        if isinstance(error, ClientRefused) and not grant.refresh_token:
            return _ended(wanted, services, f"The client id or its secret is refused: {error}.")
        if isinstance(error, ClientRefused):
            return _misconfigured(f"the OAuth client of this installation is refused: {error}")
        logger.warning(
            "tokens not refreshed", extra={"which": wanted.grant_owner, "reason": str(error), "try": tried.tries}
        )
        return LATER
    life = new.expires_at - asked_at
    spent = RefreshState(
        last_used_refresh_token=_spent(grant, new),
        last_used_at=services.clock(),
        after_refusal=wanted.refused,
        life=int(life.total_seconds()),
    )
    unstored = spent if spent.last_used_refresh_token else _with_pause(known, services)
    stored = False
    try:
        _store(wanted, services, secrets, new)
        stored = True
    finally:
        _note(wanted, services, spent if stored else unstored)
    if known.life != spent.life:
        warn_of_short_life(wanted.company_id, wanted.grant_owner, life)
    logger.info("tokens refreshed", extra={"which": wanted.grant_owner, "expires_at": new.expires_at.isoformat()})
    return FRESH


def _spent(old: Grant, new: Grant) -> str:
    """The fingerprint of the refresh token that must never be sent again. None where the provider has returned the
    same, or none (RFC 6749, section 6): that one stays good."""
    return "" if new.refresh_token == old.refresh_token else fingerprint(old.refresh_token)


def _store(wanted: RefreshRequest, services: Services, secrets: ConnectionSecrets, new: Grant) -> None:
    """Both tokens in one write; what else the section holds stays."""
    section = {**secrets.of(wanted.grant_owner), **new.as_secret()}
    services.secrets.put(services.secret_name(wanted.company_id), secrets.with_secret_of(wanted.grant_owner, section))


def _with_pause(known: RefreshState, services: Services) -> RefreshState:
    pause: timedelta = min(FIRST_PAUSE * 2 ** max(known.tries - 1, 0), LONGEST_PAUSE)
    return replace(known, not_before=services.clock() + pause)


def _note(wanted: RefreshRequest, services: Services, known: RefreshState) -> None:
    services.refresh_states.put(wanted.company_id, wanted.grant_owner, known, services.clock())


def _ended(wanted: RefreshRequest, services: Services, reason: str) -> Answer:
    # The alarm comes first: once the connection is marked, nobody refreshes, so nobody would raise it.
    logger.error(ENDED_LINE, extra={"which": wanted.grant_owner, "reason": reason})
    _note(wanted, services, RefreshState())  # the next grant starts from the beginning
    services.connections.grant_ended(wanted.company_id, wanted.grant_owner, reason, services.clock())
    return {"outcome": RefreshOutcome.ENDED, "reason": reason}


def _misconfigured(reason: str) -> Answer:
    logger.error("tokens cannot be refreshed", extra={"reason": reason})
    return {"outcome": RefreshOutcome.MISCONFIGURED, "reason": reason}
