"""The pages that a person sees while they authorise us. `provider` is what people call the service: Pleo, Xero."""

from __future__ import annotations

from pleo_export.authorisation.pages import Reply, page
from pleo_export.store.authorisations import Invitation

AGAIN = "Open the link once more to try again."
STILL = "If that does not help, tell the person who sent you the link."
NOT_CONNECTED = "Not connected"
BUSY = page(503, NOT_CONNECTED, "The connection is in use at this moment.", (f"Wait a minute. {AGAIN}", STILL))
NOT_BEGUN_HERE = page(
    400,
    NOT_CONNECTED,
    "This has taken more than ten minutes, was finished before, or was begun in another browser.",
    (AGAIN, "Stay in the same browser, with cookies allowed, until you see the word Connected.", STILL),
)
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


def link_is_over(provider: str) -> Reply:
    """Say that the link leads nowhere any more."""
    return page(
        404,
        "This link is no longer good",
        "It has been used, or is older than a day.",
        (
            f"If you have connected {provider} with it before, nothing is missing: you can close this window.",
            "Otherwise ask the person who sent you the link for a new one.",
        ),
    )


def not_granted(provider: str) -> Reply:
    """Say that the person, or the provider, has declined."""
    who = "an Admin or Bookkeeper" if provider == "Pleo" else "an administrator"
    return page(
        403,
        NOT_CONNECTED,
        f"{provider} says that access was not granted. Nothing was changed.",
        (
            f"If you declined by mistake: {AGAIN.lower()}",
            f"If {provider} did not let you agree, {who} of the company has to open the link.",
        ),
    )


def refused(provider: str) -> Reply:
    """Say that the provider refuses what we asked."""
    return page(
        502,
        NOT_CONNECTED,
        f"{provider} refuses the request. Nothing is lost.",
        ("Tell the person who sent you the link. There is nothing that you can correct.",),
    )


def no_tokens(provider: str) -> Reply:
    """Say that the provider gave no tokens, or did not say what they are for."""
    return page(502, NOT_CONNECTED, f"{provider} did not confirm the authorisation.", (AGAIN, STILL))


def no_company(provider: str) -> Reply:
    """Say that the grant covers no company of the accounting system."""
    return page(
        403,
        NOT_CONNECTED,
        f"{provider} gives access to no company. Nothing was changed.",
        (f"{AGAIN} Choose a company when {provider} asks for one.", STILL),
    )


def another_ledger(provider: str) -> Reply:
    """Say that the grant does not cover the company that the settings name."""
    return page(
        403,
        NOT_CONNECTED,
        f"The link is for another company in {provider} than those that you have chosen. Nothing of them is kept here.",
        (
            f"Open the link once more, and choose the right company when {provider} asks for one.",
            "If it is not in the list, somebody who may administer it there has to open the link.",
            STILL,
        ),
    )


def connected_to_pleo(invitation: Invitation) -> Reply:
    """Say that Pleo's side is authorised."""
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
        _facts(invitation),
    )


def connected_to_ledger(invitation: Invitation, provider: str) -> Reply:
    """Say that the accounting system's side is authorised."""
    company = invitation.company_name or "your company"
    return page(
        200,
        "Connected",
        f"{provider} lets us record the expenses of {company}. You can close this window.",
        (
            "The person who sent you the link completes the connection. There is nothing more for you to do.",
            f"From then on, choose Export in Pleo: each expense is recorded in {provider}, with its receipts.",
            f"To withdraw the access later, disconnect the app in the settings of {provider}.",
        ),
        _facts(invitation),
    )


def _facts(invitation: Invitation) -> tuple[tuple[str, str], ...]:
    return (
        ("Company", invitation.company_name),
        ("Pleo's company id", invitation.company_id),
        ("Accounting system", invitation.accounting_system),
    )
