"""What the simulator does where Pleo's documents are silent.

Each value carries the number of the open question. The default is the stricter reading, so that a
client that passes here does not depend on leniency; a test may build a state with another reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

DEFAULT_LIMIT = 20  # question 1
MAX_LIMIT = 100  # question 1: a larger limit is cut to it, not refused
MAX_ITEMS_PER_UPDATE = 100
EXPIRY = timedelta(hours=1)  # question 3: from creation on, for a pending job too; only writes restart it
MAX_ACTIVE_TAGS = 5000  # question 31
FILE_LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Readings that a test may turn around."""

    pending_job_may_fail: bool = False
    """Question 4: is `failed` legal for a job that was never `started`?"""

    completion_needs_final_items: bool = True
    """Question 6: are both `completed` events refused (422) while an item is `pending` or `in_progress`, and is
    `completed` refused when an item is `failed` or `abandoned`?"""

    final_item_may_be_repeated: bool = False
    """Question 6, 7: may a `successful` or `failed` item be reported again with the same status? If not, the repeat
    of an update whose answer was lost comes back under `errors`."""

    updates_need_a_started_job: bool = True
    """Are item updates refused (422) while the job is still `pending`?"""

    accounts_need_known_tax_codes: bool = True
    """Question 42: is an account refused (400; in a batch OTHER) whose tax code is none of the company's?"""

    vendors_with_external_id_are_active: bool = False
    """Question 37: is a vendor that is created with an external id ACTIVE at once?"""
