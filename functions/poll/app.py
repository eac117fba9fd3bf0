"""Every minute: wake the connected companies that are due for a look. See workflow/poll.py."""

from pleo_export.services.events import PollRequest
from pleo_export.services.handler import state_handler
from pleo_export.services.services import Services
from pleo_export.workflow.poll import poll


def look_at_companies(request: PollRequest, services: Services) -> dict[str, int]:
    """Return how many companies were woken, and how many are left."""
    polled = poll(request, services)
    return {"companies": polled.woken, "left": polled.left}


handler = state_handler(PollRequest, look_at_companies)
