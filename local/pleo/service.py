"""Everything that the simulator plays, joined. Still no HTTP server: `server` puts it on a port."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from local.pleo.assumptions import Assumptions
from local.pleo.clock import Clock
from local.pleo.credentials import Credentials
from local.pleo.deliveries import Deliveries
from local.pleo.faults import FaultBoard
from local.pleo.files import FileShelf
from local.pleo.installations import Installations
from local.pleo.limits import RequestLimit
from local.pleo.mint import Mint
from local.pleo.oauth import OAuth
from local.pleo.subscriptions import Subscriptions
from local.pleo.world import World

REQUESTS_REMEMBERED = 10_000


@dataclass(frozen=True)
class PleoService:
    """`requests` is the log of what callers sent, newest last: time, method, path, query, status, effect of a fault."""

    clock: Clock
    world: World
    oauth: OAuth
    credentials: Credentials
    limit: RequestLimit
    files: FileShelf
    installations: Installations
    subscriptions: Subscriptions
    deliveries: Deliveries
    faults: FaultBoard = field(default_factory=FaultBoard)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REQUESTS_REMEMBERED))


def build_service(
    clock: Clock | None = None, seed: int = 0, retry_scale: float = 1.0, assumptions: Assumptions | None = None
) -> PleoService:
    """`clock` is the world's, movable; deliveries run on real time."""
    clock, mint = clock or Clock(), Mint(seed)
    world = World(clock, mint, assumptions)
    oauth = OAuth(clock, mint)
    subscriptions = Subscriptions(clock, mint)
    deliveries = Deliveries(subscriptions, mint, Clock(), scale=retry_scale)
    world.on_job_created.append(deliveries.announce_job)
    return PleoService(
        clock=clock,
        world=world,
        oauth=oauth,
        credentials=Credentials(oauth.access_token),
        limit=RequestLimit(clock),
        files=FileShelf(clock, mint.raw("file-links", 32)),
        installations=Installations(clock, mint, oauth.revoke),
        subscriptions=subscriptions,
        deliveries=deliveries,
    )
