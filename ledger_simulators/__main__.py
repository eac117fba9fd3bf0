"""`python -m ledger_simulators xero --port 8082`: serve one ledger's simulator until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import threading

from ledger_simulators.base.known import LEDGERS, LedgerSimulator

_LOOK_SECONDS = 0.1


def main() -> None:
    """Serve the ledger that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m ledger_simulators", description="A ledger to develop against.")
    parser.add_argument("name", choices=sorted(LEDGERS))
    parser.add_argument("--port", type=int, default=8082)
    parser.add_argument("--host", default="127.0.0.1")
    given = parser.parse_args()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with LedgerSimulator(given.name, given.port, given.host) as simulator:
        print(f"Simulator of {given.name} ready at {simulator.url}", flush=True)
        while not stopping.wait(_LOOK_SECONDS):
            pass  # Python runs a signal's handler between two waits: a wait without a limit can miss it


if __name__ == "__main__":
    main()
