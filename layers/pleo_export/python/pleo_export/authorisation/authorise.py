"""A person lets us act for their company at Pleo or at its accounting system: authorisation code with PKCE S256 and
`state` (R-10.2, API-1).

    the link with an invitation -> 302 to the provider -> the person consents -> 302 back with a code -> tokens, stored

| Safeguard                                                                | Against                                   |
|--------------------------------------------------------------------------|-------------------------------------------|
| the invitation is for one company, and the tokens are checked against it | connecting another company than was meant |
| `state` is good once, for ten minutes                                    | a redirect that is played again           |
| a cookie of the browser that began has to come with it                   | finishing another's authorisation         |
| each provider has a redirect address of its own                          | a code that one provider got for another  |
| PKCE                                                                     | a code that was read on its way           |
| the client's secret and the tokens never reach the browser               | everything else there                     |

The link may be opened any number of times (mail scanners do) until it has led to tokens. Pages say what happened and
what to do; they show nothing that came with the request.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlencode

from pleo_export.accounting.errors import AccountingError
from pleo_export.authorisation import replies
from pleo_export.authorisation.pages import Reply, redirect
from pleo_export.authorisation.providers import Provider, provider_of, title_of
from pleo_export.oauth.grant import Grant
from pleo_export.oauth.token_endpoint import OAuthError
from pleo_export.observability import logger
from pleo_export.pleo.errors import PleoError
from pleo_export.services.services import Services
from pleo_export.services.tokens import warn_of_short_life
from pleo_export.store.authorisations import AUTHORISATION_LIFE, Invitation
from pleo_export.store.token_refreshes import RefreshState


def start_authorisation(provider_name: str, token: str, services: Services) -> Reply:
    """The link was opened: on to the provider."""
    invitation = services.authorisations.invitation(token, services.clock())
    if invitation is None or invitation.used or invitation.provider != provider_name:
        return replies.link_is_over(title_of(provider_name))
    provider = provider_of(invitation)
    verifier = secrets.token_urlsafe(64)
    state, browser = services.authorisations.begin(invitation, verifier, services.clock())
    question = {
        "response_type": "code",
        "client_id": invitation.client_id,
        "redirect_uri": invitation.redirect_uri,
        "scope": " ".join(provider.scopes),
        "state": state,
        "code_challenge_method": "S256",
        "code_challenge": challenge(verifier),
    }
    logger.info("authorisation begun", extra={"company_id": invitation.company_id, "which": provider.grant_owner})
    address = f"{provider.authorize_url(services)}?{urlencode(question)}"
    return redirect(address, browser, int(AUTHORISATION_LIFE.total_seconds()))


def handle_callback(provider_name: str, answer: Mapping[str, str], browser: str, services: Services) -> Reply:
    """The provider sent the person back. `answer` is the redirect's query."""
    title = title_of(provider_name)
    if "error" in answer:
        denied = answer["error"] == "access_denied"
        logger.warning("authorisation refused", extra={"denied_by_person": denied})
        return replies.not_granted(title) if denied else replies.refused(title)
    begun = services.authorisations.finish(answer.get("state", ""), browser, services.clock())
    if begun is None or not answer.get("code"):
        return replies.NOT_BEGUN_HERE
    invitation = services.authorisations.invitation_by_id(begun.invitation_id, services.clock())
    if invitation is None or invitation.used or invitation.provider != provider_name:
        return replies.link_is_over(title)
    with services.secret_locks.held(invitation.company_id, services.clock, services.sleep) as held:
        return _connect(invitation, answer["code"], begun.verifier, services) if held else replies.BUSY


def challenge(verifier: str) -> str:
    """PKCE, S256 (RFC 7636)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def _connect(invitation: Invitation, code: str, verifier: str, services: Services) -> Reply:
    """Nobody else changes the company's secret meanwhile."""
    company_id, asked_at, provider = invitation.company_id, services.clock(), provider_of(invitation)
    try:
        grant = provider.endpoint(company_id, services).exchange(code, invitation.redirect_uri, verifier)
        refusal = provider.refusal(grant.access_token, invitation, services)
    except (OAuthError, PleoError, AccountingError) as error:
        shown = type(error).__name__ if isinstance(error, AccountingError) else str(error)
        logger.warning("authorisation failed", extra={"company_id": company_id, "error": shown})
        return replies.no_tokens(provider.title)
    if refusal:
        logger.warning("authorisation for another company, not stored", extra={"company_id": company_id})
        return refusal
    life = grant.expires_at - asked_at
    warn_of_short_life(company_id, provider.grant_owner, life)
    _store(invitation, provider, grant, life, services)
    logger.info("authorised", extra={"company_id": company_id, "which": provider.grant_owner})
    return provider.connected(invitation)


def _store(invitation: Invitation, provider: Provider, grant: Grant, life: timedelta, services: Services) -> None:
    """The tokens first; until the last step the link can be used again."""
    company_id, owner, name = invitation.company_id, provider.grant_owner, services.secret_name(invitation.company_id)
    services.secrets.put(name, services.secrets.get(name, 0).with_secret_of(owner, grant.as_secret()))
    services.refresh_states.put(company_id, owner, RefreshState(life=int(life.total_seconds())), services.clock())
    services.connections.grant_given(company_id, owner)
    services.authorisations.use(invitation)
