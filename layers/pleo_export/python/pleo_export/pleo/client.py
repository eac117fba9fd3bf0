"""The Export API v3, the webhook subscriptions and the installation, one method per call (API-2 to API-8).

Every method raises PleoError (see `pleo.errors`); ids are UUIDs as text. Lists are read to their last page, and no
page is expected to be full; a page is released before the next one is requested.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.function_time import TimeLeft, unlimited
from pleo_export.http.session import IsolatedSession
from pleo_export.pleo.accounting_entries import AccountingEntries
from pleo_export.pleo.credentials import Credential
from pleo_export.pleo.export_items import ExportItems
from pleo_export.pleo.export_jobs import ExportJobs
from pleo_export.pleo.installations import Installations
from pleo_export.pleo.subscriptions import WebhookSubscriptions
from pleo_export.pleo.transport import PleoTransport

if TYPE_CHECKING:
    import requests


class PleoClient(ExportJobs, ExportItems, AccountingEntries, Installations, WebhookSubscriptions):
    """One connection to Pleo: all resources over one transport.

    `base_url` is https://external.pleo.io or its staging twin (API-1).
    """

    def __init__(
        self,
        base_url: str,
        credential: Credential,
        *,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        time_left: TimeLeft = unlimited,
        budget: CallBudget = UNLIMITED,
    ) -> None:
        session = session or IsolatedSession()
        super().__init__(PleoTransport(base_url, credential, session, sleep, jitter, time_left, budget))
