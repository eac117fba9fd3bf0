"""`python -m local.pleo --port 8081`: the simulator until Ctrl-C."""

from __future__ import annotations

import argparse
import secrets
import signal
from threading import Event

from local.pleo.server import Simulator


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.pleo", description="A Pleo to develop against.")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data", choices=("sample", "empty"), default="sample")
    parser.add_argument("--seed", type=int, help="repeatable ids; by default each start has its own")
    parser.add_argument("--retry-scale", type=float, default=1.0, help="0.01: webhook retries a hundred times sooner")
    given = parser.parse_args()
    seed = secrets.randbits(64) if given.seed is None else given.seed
    stop = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with Simulator(given.data, given.port, given.host, seed=seed, retry_scale=given.retry_scale) as simulator:
        print(f"Pleo simulator ready at {simulator.url} (data: {given.data})", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
