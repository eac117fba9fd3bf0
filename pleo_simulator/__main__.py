"""`python -m pleo_simulator --port 8081`: serve the simulator until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import secrets
import signal
import threading

from pleo_simulator.server import Simulator

_LOOK_SECONDS = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pleo_simulator", description="A Pleo to develop against.")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data", choices=("sample", "empty"), default="sample")
    parser.add_argument("--seed", type=int, help="repeatable ids; by default each start has its own")
    parser.add_argument("--retry-scale", type=float, default=1.0, help="0.01: webhook retries a hundred times sooner")
    given = parser.parse_args()
    seed = secrets.randbits(64) if given.seed is None else given.seed
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with Simulator(given.data, given.port, given.host, seed=seed, retry_scale=given.retry_scale) as simulator:
        print(f"Pleo simulator ready at {simulator.url} (data: {given.data})", flush=True)
        while not stopping.wait(_LOOK_SECONDS):
            pass  # Python runs a signal's handler between two waits: a wait without a limit can miss it


if __name__ == "__main__":
    main()
