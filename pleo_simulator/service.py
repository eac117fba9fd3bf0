"""All parts of the simulator, joined. Still no HTTP server: `server` puts it on a port."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from pleo_simulator.accounts import Accounts
from pleo_simulator.assumptions import Assumptions
from pleo_simulator.clock import Clock
from pleo_simulator.credentials import Credentials
from pleo_simulator.deliveries import Deliveries
from pleo_simulator.fault_queue import FaultQueue
from pleo_simulator.installations import Installations
from pleo_simulator.limits import RequestLimit
from pleo_simulator.oauth import OAuth
from pleo_simulator.pleo_state import PleoState
from pleo_simulator.receipt_files import ReceiptFiles
from pleo_simulator.seeded_ids import SeededIds
from pleo_simulator.subscriptions import Subscriptions
from pleo_simulator.tags import Tags
from pleo_simulator.tax_codes import TaxCodes
from pleo_simulator.vendors import Vendors

REQUESTS_REMEMBERED = 10_000


@dataclass(frozen=True)
class PleoService:
    """`requests` is the log of what callers sent, newest last: time, method, path, query, status, effect of a fault."""

    clock: Clock
    state: PleoState
    oauth: OAuth
    credentials: Credentials
    limit: RequestLimit
    files: ReceiptFiles
    installations: Installations
    subscriptions: Subscriptions
    deliveries: Deliveries
    tags: Tags
    accounts: Accounts
    tax_codes: TaxCodes
    vendors: Vendors
    faults: FaultQueue = field(default_factory=FaultQueue)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REQUESTS_REMEMBERED))


def build_service(
    clock: Clock | None = None, seed: int = 0, retry_scale: float = 1.0, assumptions: Assumptions | None = None
) -> PleoService:
    """Build a Pleo. `clock` is the movable one of its state; deliveries run on real time."""
    clock, ids = clock or Clock(), SeededIds(seed)
    state = PleoState(clock, ids, assumptions)
    oauth = OAuth(clock, ids)
    subscriptions = Subscriptions(clock, ids)
    deliveries = Deliveries(subscriptions, ids, Clock(), scale=retry_scale)
    tax_codes = TaxCodes(clock, ids)
    vendors = Vendors(clock, ids, state.assumptions)
    vendors.on_created.append(deliveries.announce_vendor)
    state.on_job_created.append(deliveries.announce_job)
    return PleoService(
        clock=clock,
        state=state,
        oauth=oauth,
        credentials=Credentials(oauth.access_token),
        limit=RequestLimit(clock),
        files=ReceiptFiles(clock, ids.raw("file-links", 32)),
        installations=Installations(clock, ids, oauth.revoke),
        subscriptions=subscriptions,
        deliveries=deliveries,
        tags=Tags(clock, ids, state.expenses),
        accounts=Accounts(clock, ids, state.expenses, tax_codes, state.assumptions),
        tax_codes=tax_codes,
        vendors=vendors,
    )
