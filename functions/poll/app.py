"""Every minute: wake the connected companies that are due for a look. See workflow/poll.py."""

from collections.abc import Mapping

from pleo_export.services.handler import Handler
from pleo_export.services.services import Services
from pleo_export.workflow.poll import poll


def wake(event: Mapping[str, object], services: Services) -> dict[str, int]:
    """Wake companies: the due ones if the event says so, as the schedule's does, else others as well."""
    polled = poll(services, due_only=event.get("dueOnly") is True)
    return {"companies": polled.woken, "left": polled.left}


handler = Handler(lambda event: event if isinstance(event, dict) else {}, wake, lambda _event: {})
