"""python -m local.demo [--ledger xero]"""

from __future__ import annotations

import argparse
import sys
from functools import partial

from local import interruption
from local.processes import ChildFailed


def main() -> int:
    """Tell the story. Its modules load in there, so that Ctrl-C is answered from the beginning."""
    parser = argparse.ArgumentParser(prog="python -m local.demo")
    parser.add_argument("--ledger", default="tryton", help="tryton, xero, e-conomic or business-central")
    chosen = parser.parse_args()
    try:
        return interruption.run(partial(_tell, chosen.ledger))
    except ChildFailed as error:
        print(f"✗ {error}")
        return 1


def _tell(ledger: str) -> int:
    from local.demo.story import tell  # noqa: PLC0415

    return tell(ledger)


if __name__ == "__main__":
    sys.exit(main())
