"""A person lets us act for their company at Pleo: authorisation code with PKCE S256 and `state` (R-10.2, API-1).

    the link with an invitation -> 302 to Pleo -> the person consents -> 302 back with a code -> tokens, stored

| Safeguard                                                                | Against                                   |
|--------------------------------------------------------------------------|-------------------------------------------|
| the invitation is for one company, and the tokens are checked against it | connecting another company than was meant |
| `state` is good once, for ten minutes                                    | a redirect that is played again           |
| a cookie of the browser that began has to come with it                   | finishing another's authorisation         |
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

from pleo_export.authorisation.pages import Reply, page, redirect
from pleo_export.oauth.grant import Grant
from pleo_export.oauth.token_endpoint import OAuthError
from pleo_export.observability import logger
from pleo_export.pleo.credentials import SCOPES, BearerToken
from pleo_export.pleo.errors import PleoError
from pleo_export.services.services import Services
from pleo_export.services.tokens import warn_of_short_life
from pleo_export.store.authorisations import AUTHORISATION_LIFE, Invitation
from pleo_export.store.token_refreshes import RefreshState

AGAIN = "Open the link once more to try again."
STILL = "If that does not help, tell the person who sent you the link."
NOT_CONNECTED = "Not connected"
LINK_IS_OVER = page(
    404,
    "This link is no longer good",
    "It has been used, or is older than a day.",
    (
        "If you have connected Pleo with it before, nothing is missing: you can close this window.",
        "Otherwise ask the person who sent you the link for a new one.",
    ),
)
NOT_BEGUN_HERE = page(
    400,
    NOT_CONNECTED,
    "This has taken more than ten minutes, was finished before, or was begun in another browser.",
    (AGAIN, "Stay in the same browser, with cookies allowed, until you see the word Connected.", STILL),
)
NOT_GRANTED = page(
    403,
    NOT_CONNECTED,
    "Pleo says that access was not granted. Nothing was changed.",
    (
        f"If you declined by mistake: {AGAIN.lower()}",
        "If Pleo did not let you agree, an Admin or Bookkeeper of the company has to open the link.",
    ),
)
PLEO_REFUSES = page(
    502,
    NOT_CONNECTED,
    "Pleo refuses the request. Nothing is lost.",
    ("Tell the person who sent you the link. There is nothing that you can correct.",),
)
NO_TOKENS = page(502, NOT_CONNECTED, "Pleo did not confirm the authorisation.", (AGAIN, STILL))
BUSY = page(503, NOT_CONNECTED, "The connection is in use at this moment.", (f"Wait a minute. {AGAIN}", STILL))
ANOTHER_COMPANY = page(
    403,
    NOT_CONNECTED,
    "The link is for another Pleo company than the one that you have authorised. Nothing of that company is kept here.",
    (
        "If that company does not use this integration, remove the integration there, in its Pleo settings, to "
        "withdraw the access.",
        "Sign in to Pleo as a member of the company that the link is for, and open the link once more.",
    ),
)


def start_authorisation(token: str, services: Services) -> Reply:
    """The link was opened: on to Pleo."""
    invitation = services.authorisations.invitation(token, services.clock())
    if invitation is None or invitation.used:
        return LINK_IS_OVER
    verifier = secrets.token_urlsafe(64)
    state, browser = services.authorisations.begin(invitation, verifier, services.clock())
    question = {
        "response_type": "code",
        "client_id": invitation.client_id,
        "redirect_uri": invitation.redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
        "code_challenge_method": "S256",
        "code_challenge": challenge(verifier),
    }
    logger.info("authorisation begun", extra={"company_id": invitation.company_id})
    address = f"{services.pleo_auth_url}/oauth/authorize?{urlencode(question)}"
    return redirect(address, browser, int(AUTHORISATION_LIFE.total_seconds()))


def handle_callback(answer: Mapping[str, str], browser: str, services: Services) -> Reply:
    """Pleo sent the person back. `answer` is the redirect's query."""
    if "error" in answer:
        denied = answer["error"] == "access_denied"
        logger.warning("authorisation refused", extra={"denied_by_person": denied})
        return NOT_GRANTED if denied else PLEO_REFUSES
    begun = services.authorisations.finish(answer.get("state", ""), browser, services.clock())
    if begun is None or not answer.get("code"):
        return NOT_BEGUN_HERE
    invitation = services.authorisations.invitation_by_id(begun.invitation_id, services.clock())
    if invitation is None or invitation.used:
        return LINK_IS_OVER
    with services.secret_locks.held(invitation.company_id, services.clock, services.sleep) as held:
        return _connect(invitation, answer["code"], begun.verifier, services) if held else BUSY


def challenge(verifier: str) -> str:
    """PKCE, S256 (RFC 7636)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def _connect(invitation: Invitation, code: str, verifier: str, services: Services) -> Reply:
    """Nobody else changes the company's secret meanwhile."""
    company_id, asked_at = invitation.company_id, services.clock()
    try:
        endpoint = services.token_endpoint(company_id, "pleo")
        grant = endpoint.exchange(code, invitation.redirect_uri, verifier)
        owner = services.pleo_with(BearerToken(grant.access_token)).introspect().company_id
    except (OAuthError, PleoError) as error:
        logger.warning("authorisation failed", extra={"company_id": company_id, "error": str(error)})
        return NO_TOKENS
    if owner != company_id:
        # Not revoked: Pleo documents no revocation of a token (RFC 7009), and deleting the installation with it ends
        # all tokens of the client, which may be another customer's.
        logger.warning("authorisation for another company, not stored", extra={"company_id": company_id})
        return ANOTHER_COMPANY
    life = grant.expires_at - asked_at
    warn_of_short_life(company_id, "pleo", life)
    _store(invitation, grant, life, services)
    logger.info("authorised", extra={"company_id": company_id})
    return _connected(invitation)


def _connected(invitation: Invitation) -> Reply:
    company = invitation.company_name or "your company"
    ledger = invitation.accounting_system or "the accounting system"
    return page(
        200,
        "Connected",
        f"Pleo lets us export the expenses of {company} to {ledger}. You can close this window.",
        (
            "The person who sent you the link completes the connection. There is nothing more for you to do.",
            f"From then on, choose Export in Pleo: each expense is recorded in {ledger}, with its receipts.",
            f"Pleo shows for each expense a link to its entry in {ledger}, or what to correct.",
            "To withdraw the access later, remove the integration in the settings of Pleo.",
        ),
        (
            ("Company", invitation.company_name),
            ("Pleo's company id", invitation.company_id),
            ("Accounting system", invitation.accounting_system),
        ),
    )


def _store(invitation: Invitation, grant: Grant, life: timedelta, services: Services) -> None:
    """The tokens first; until the last step the link can be used again."""
    company_id, name = invitation.company_id, services.secret_name(invitation.company_id)
    services.secrets.put(name, services.secrets.get(name, 0).with_secret_of("pleo", grant.as_secret()))
    services.refresh_states.put(company_id, "pleo", RefreshState(life=int(life.total_seconds())), services.clock())
    services.connections.grant_given(company_id, "pleo")
    services.authorisations.use(invitation)
