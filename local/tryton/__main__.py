"""`python -m local.tryton [PORT]`: fresh books until interrupted."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from local import interruption
from local.processes import stopping
from local.tryton.server import TrytonServer

ROOT = Path(__file__).parents[2] / ".local/tryton"


def serve(port: int | None) -> int:
    with TrytonServer(ROOT, port) as books:
        print(f"Tryton listens on {books.url}, database {books.database}")
        print(f"API key of the integration: {books.token}")
        print(f"For people: user admin, password {books.admin_password}. Ctrl-C ends it.", flush=True)
        stopping.wait()
    return 0


if __name__ == "__main__":
    sys.exit(interruption.run(partial(serve, int(sys.argv[1]) if len(sys.argv) > 1 else None)))
