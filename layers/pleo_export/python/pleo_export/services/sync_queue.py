"""The queue of syncs. FIFO by company, so that two syncs of one never overlap; beside the queue of wake-ups, so that no
export waits for a sync."""

from __future__ import annotations

from pleo_export.services.company_queue import CompanyQueue
from pleo_export.services.events import SyncRequest


class SyncQueue(CompanyQueue[SyncRequest]):
    """The requests for syncs of all companies, on their way to the function `sync`."""
