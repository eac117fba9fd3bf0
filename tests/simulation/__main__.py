"""`make simulate SEEDS=10000`, or `make simulate SEED=7` to watch one run step by step."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections import Counter

from ledger_simulators.base.known import LEDGERS
from tests.simulation.checker import InvariantViolated
from tests.simulation.mutants import MUTANTS
from tests.simulation.noticing import SOON, noticed_by
from tests.simulation.simulator import Simulation

PROGRESS_SECONDS = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="this one alone, step by step")
    parser.add_argument("--ledger", choices=list(LEDGERS), help="with the connector and the simulator of this ledger")
    parser.add_argument("--mutants", action="store_true", help="print the seed that shows each safeguard's absence")
    chosen = parser.parse_args()
    gc.set_threshold(100_000, 20, 100)  # each run is garbage as a whole; collecting it more often costs a tenth
    if chosen.mutants:
        return search()
    if chosen.seed is not None:
        return replay(chosen.seed, chosen.ledger)
    return simulate(range(chosen.first, chosen.first + chosen.seeds), chosen.ledger)


def replay(seed: int, ledger: str | None = None) -> int:
    simulation = Simulation(seed, trace=print, ledger=ledger)
    broken = _broken(simulation)
    for job in simulation.pleo.all_jobs():
        print(f"job {job['id']} {job['status']} {job['failureReason'] or ''}")
        for item in job["items"]:
            words = item["externalId"] or item["failureReason"] or ""
            print(f"  item {item['accountingEntryId']} {item['status']} {words}")
    for company, books in simulation.ledgers.items():
        for document in books.documents:
            print(f"books of {company[:4]}: {document.id} {document.state} {document.reference}")
    print(f"BROKEN {broken}" if broken else "kept")
    return 1 if broken else 0


def simulate(seeds: range, ledger: str | None = None) -> int:
    injected: Counter[str] = Counter()
    began = told = time.monotonic()
    failed = 0
    for number, seed in enumerate(seeds, start=1):
        simulation = Simulation(seed, ledger=ledger)
        if broken := _broken(simulation):
            failed += 1
            print(f"SEED={seed} BROKEN {broken}", flush=True)
        injected.update(simulation.injected())
        if time.monotonic() - told > PROGRESS_SECONDS or number == len(seeds):
            told = time.monotonic()
            faults = ", ".join(f"{count} {kind}" for kind, count in injected.most_common())
            pace = number / (told - began)
            print(f"{number} seeds, {pace:.0f} a second, {failed} broken; faults: {faults}", flush=True)
    return 1 if failed else 0


def search() -> int:
    """Print what `noticing.FIRST` should hold: the seeds of the mutants that show late."""
    missed = 0
    for name in MUTANTS:
        seed = noticed_by(name)
        missed += seed is None
        if seed is None or seed > SOON:
            print(f'    "{name}": {seed},', flush=True)
    return 1 if missed else 0


def _broken(simulation: Simulation) -> str | None:
    try:
        simulation.run()
    except InvariantViolated as broken:
        return str(broken)
    return None


if __name__ == "__main__":
    sys.exit(main())
