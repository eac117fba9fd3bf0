"""Webhook subscriptions (API-7). They belong to the credential's company.

PleoForbidden at set-up says that a scope is missing: which one is open question 21.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pleo_export.pleo.models import Data, Page, Subscription, SubscriptionSecret
from pleo_export.pleo.resource import PleoResource, path_of
from pleo_export.pleo.transport import Request

NOTHING: Mapping[str, Any] = {}


class WebhookSubscriptions(PleoResource):
    """The webhook subscriptions of a company."""

    def subscriptions(self) -> list[Subscription]:
        """Return all subscriptions, active or not. List before creating: Pleo does not prevent duplicates (API-7)."""
        pages = self._pages("/v1/subscriptions", [], Page[Subscription])
        return [subscription for page in pages for subscription in page]

    def subscription(self, subscription_id: str) -> Subscription:
        """Return the subscription. Raises PleoNotFound if there is none with this id."""
        return self._get(path_of("/v1/subscriptions/{}", subscription_id), Data[Subscription]).data

    def create_subscription(
        self, endpoint_url: str, event_types: Sequence[str], credentials: Mapping[str, Any] = NOTHING
    ) -> Subscription:
        """Create a subscription, active at once.

        `credentials` are those of `webhook_authentication.subscription_credentials`, sent with each delivery. After
        PleoOutcomeUnknown list before creating again.
        """
        body = {**_subscription(endpoint_url, event_types, active=True), **credentials}
        return self._transport.send(Request("POST", "/v1/subscriptions", body=body)).read(Data[Subscription]).data

    def update_subscription(
        self,
        subscription_id: str,
        endpoint_url: str,
        event_types: Sequence[str],
        credentials: Mapping[str, Any] = NOTHING,
        *,
        active: bool = True,
    ) -> Subscription:
        """Replace the whole subscription. Fetch the secret again afterwards: whether it stays the same is open question
        22."""
        body = {**_subscription(endpoint_url, event_types, active), **credentials}
        request = Request("PUT", path_of("/v1/subscriptions/{}", subscription_id), body=body)
        return self._transport.send(request).read(Data[Subscription]).data

    def delete_subscription(self, subscription_id: str) -> None:
        """Delete the subscription. Raises PleoNotFound if it is gone already."""
        self._transport.send(Request("DELETE", path_of("/v1/subscriptions/{}", subscription_id)))

    def subscription_secret(self, subscription_id: str) -> str:
        """Return the signing secret (`whsec_…`), which `webhook_authentication.verify` needs. It goes to the
        connection's secret and nowhere else."""
        path = path_of("/v1/subscriptions/{}/secret", subscription_id)
        return self._get(path, Data[SubscriptionSecret]).data.secret_key


def _subscription(endpoint_url: str, event_types: Sequence[str], active: bool) -> dict[str, Any]:
    return {
        "endpointUrl": endpoint_url,
        "eventTypes": list(event_types),
        "status": "ACTIVE" if active else "INACTIVE",
    }
