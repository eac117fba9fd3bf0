"""The queue of wake-ups: "this company may have work". FIFO by company, so that its starts are in order."""

from __future__ import annotations

from pleo_export.services.company_queue import CompanyQueue
from pleo_export.services.wake_up import WakeUp


class WakeUps(CompanyQueue[WakeUp]):
    """The wake-ups of all companies, on their way to dispatch."""
