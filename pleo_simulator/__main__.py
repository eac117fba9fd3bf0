"""`python -m pleo_simulator --port 8081`: the simulator until Ctrl-C."""

from __future__ import annotations

import argparse
import secrets
import sys
from functools import partial

from local import interruption
from local.processes import stopping
from pleo_simulator.server import Simulator


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pleo_simulator", description="A Pleo to develop against.")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data", choices=("sample", "empty"), default="sample")
    parser.add_argument("--seed", type=int, help="repeatable ids; by default each start has its own")
    parser.add_argument("--retry-scale", type=float, default=1.0, help="0.01: webhook retries a hundred times sooner")
    given = parser.parse_args()
    seed = secrets.randbits(64) if given.seed is None else given.seed
    sys.exit(interruption.run(partial(serve, given, seed)))


def serve(given: argparse.Namespace, seed: int) -> int:
    with Simulator(given.data, given.port, given.host, seed=seed, retry_scale=given.retry_scale) as simulator:
        print(f"Pleo simulator ready at {simulator.url} (data: {given.data})", flush=True)
        stopping.wait()
    return 0


if __name__ == "__main__":
    main()
