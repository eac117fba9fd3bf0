"""The queue of syncs. FIFO by company, so that two syncs of one never overlap; beside the queue of wake-ups, so that no
export waits for a sync."""

from __future__ import annotations

from pleo_export.services.company_queue import CompanyQueue, Message


class SyncQueue(CompanyQueue[Message]):
    """The requests for syncs of all companies (`events.SyncRequest`), on their way to the function `sync`."""
